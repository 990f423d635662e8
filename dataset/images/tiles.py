"""A picture that is seen several times: in tiles, row by row, and as a whole (Idefics3, SmolVLM, nanoVLM).

    picture -> its long side `longest` -> sides that are multiples of S -> tiles S x S, and all of it squashed

        +---+---+---+
        | 1 | 2 | 3 |      Grid(2, 3): seven frames, the whole picture last; nanoVLM's first
        +---+---+---+
        | 4 | 5 | 6 |      Grid(0, 0), of every other model: one frame
        +---+---+---+

S side of the square that the vision tower sees. Here a picture's shape decides how many frames it is; the
preprocessor makes as many, and the chat writes as many runs of placeholders. Laurençon et al. 2024 (Building
and better understanding vision-language models), section 3; roundings as in transformers' PIL processor, and
as in data/custom_transforms.py of huggingface/nanoVLM.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
from PIL import Image

FILE = "preprocessor_config.json"  # in a checkpoint folder
LARGEST = 4096  # a longer side is made shorter again by transformers; here it is refused
T = TypeVar("T")


class Grid(NamedTuple):
    """Rows and columns of tiles; none where a picture is one frame."""

    rows: int = 0
    columns: int = 0
    whole_first: bool = False  # the whole picture is the first frame, not the last

    @property
    def frames(self) -> int:
        return self.rows * self.columns + 1

    @property
    def whole(self) -> int:
        """Which of the frames is the whole picture, as an index."""
        return 0 if self.whole_first else self.frames - 1

    def ordered(self, tiles: list[T], whole: list[T]) -> list[T]:
        """What there is of each, in the order of the frames."""
        return whole + tiles if self.whole_first else tiles + whole


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

    def frames(self, image: Image.Image, side: int, resample: int) -> list[Image.Image | np.ndarray]:
        """As many as the grid says, `side` x `side`, 0 to 255."""
        grid = self.grid(image.size, side)
        image = image.resize(lengthened(image.size, self.longest), resample)
        if self.cut:
            image = image.resize(multiples(image.size, side), resample)
        return grid.ordered(tiles(image, grid, side), [image.resize((side, side), resample)])


@dataclass(frozen=True)
class NanoTiling(Tiling):
    """nanoVLM's: both sides become multiples of S in one step, the long one `longest`, which is a multiple;
    with `enlarged` false, no longer than it needs to be. A picture of one tile is one frame."""

    longest: int = 2048
    enlarged: bool = True

    def most(self, side: int) -> int:
        """Of a square, rounding may make a row more: 187 * (96 / 187) is larger than 96."""
        rows = super().most(side)
        return rows + 1 if rows & (rows - 1) else rows

    def grid(self, size: tuple[int, int], side: int) -> Grid:
        short, long = sorted(size)
        longest = self.longest if self.enlarged else min(self.longest, up_to(long, side))
        shares = longest // side, max(1, math.ceil(short * (longest / long) / side))
        columns, rows = shares if size[0] >= size[1] else shares[::-1]
        return Grid(rows, columns, whole_first=True) if self.cut and rows * columns > 1 else Grid()

    def frames(self, image: Image.Image, side: int, resample: int) -> list[Image.Image | np.ndarray]:
        grid = self.grid(image.size, side)
        image = image.resize((side * max(1, grid.columns), side * max(1, grid.rows)), resample)
        return grid.ordered(tiles(image, grid, side), [unrounded(image, side) if grid.rows else image])


def tiles(image: Image.Image, grid: Grid, side: int) -> list[Image.Image]:
    """Of a picture that the grid fills, in reading order."""
    corners = [(side * x, side * y) for y in range(grid.rows) for x in range(grid.columns)]
    return [image.crop((left, top, left + side, top + side)) for left, top in corners]


def unrounded(image: Image.Image, side: int) -> np.ndarray:
    """(S, S, 3), squashed as torch does it: bilinear, and no step of it is rounded to bytes."""
    bands = [band.convert("F").resize((side, side), Image.Resampling.BILINEAR) for band in image.split()]
    return np.stack(bands, axis=-1)


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
