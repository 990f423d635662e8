"""A picture that is seen several times: in tiles, row by row, and as a whole (Idefics3, SmolVLM).

    picture -> its long side `longest` -> sides that are multiples of S -> tiles S x S, and all of it squashed

        +---+---+---+
        | 1 | 2 | 3 |      Grid(2, 3): seven frames, the whole picture last
        +---+---+---+
        | 4 | 5 | 6 |      Grid(0, 0), of every other model: one frame
        +---+---+---+

S side of the square that the vision tower sees. Here a picture's shape decides how many frames it is; the
preprocessor makes as many, and the chat writes as many runs of placeholders. Laurençon et al. 2024 (Building
and better understanding vision-language models), section 3; roundings as in transformers' PIL processor.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from PIL import Image

FILE = "preprocessor_config.json"  # in a checkpoint folder
LARGEST = 4096  # a longer side is made shorter again by transformers; here it is refused


class Grid(NamedTuple):
    """Rows and columns of tiles; none where a picture is one frame."""

    rows: int = 0
    columns: int = 0

    @property
    def frames(self) -> int:
        return self.rows * self.columns + 1


@dataclass(frozen=True)
class Tiling:
    """`longest` is what the long side becomes, in pixels, whatever it was; without `cut` there are no tiles,
    and the picture is squashed to one frame from there."""

    longest: int = 4 * 364
    cut: bool = True

    def most(self, side: int) -> int:
        """Rows and columns of the largest grid."""
        return math.ceil(self.longest / side) if self.cut else 0

    def grid(self, size: tuple[int, int], side: int) -> Grid:
        """Of a picture of `size` (width, height)."""
        width, height = multiples(lengthened(size, self.longest), side)
        return Grid(height // side, width // side) if self.cut and max(width, height) > side else Grid()

    def frames(self, image: Image.Image, side: int, resample: int) -> list[Image.Image]:
        """As many as the grid says, `side` x `side`: the tiles in reading order, then the whole picture."""
        grid = self.grid(image.size, side)
        image = image.resize(lengthened(image.size, self.longest), resample)
        if self.cut:
            image = image.resize(multiples(image.size, side), resample)
        corners = [(side * x, side * y) for y in range(grid.rows) for x in range(grid.columns)]
        tiles = [image.crop((left, top, left + side, top + side)) for left, top in corners]
        return [*tiles, image.resize((side, side), resample)]


def lengthened(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """(width, height) with the long side `longest`; the short one is rounded down, then up to an even one."""
    width, height = size
    aspect = width / height
    if width >= height:
        return longest, max(1, even(int(longest / aspect)))
    return max(1, even(int(longest * aspect))), longest


def multiples(size: tuple[int, int], side: int) -> tuple[int, int]:
    """(width, height) made larger until both are multiples of `side`, the long one first."""
    width, height = size
    aspect = width / height
    if width >= height:
        width = up_to(width, side)
        return width, up_to(int(width / aspect), side)
    height = up_to(height, side)
    return up_to(int(height * aspect), side), height


def even(number: int) -> int:
    return number + number % 2


def up_to(number: int, side: int) -> int:
    return math.ceil(number / side) * side


def placeholders(grids: Sequence[Grid], image_tokens: int) -> list[int]:
    """Of each picture, where a frame has `image_tokens`."""
    return [grid.frames * image_tokens for grid in grids]
