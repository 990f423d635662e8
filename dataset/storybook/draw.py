"""A picture of a scene: the background of its setting, then its things one over another.

setting -> background (size, size, 3)      thing -> tile, SUPER times too large -> reduced -> shadow, pasted
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, radians

import numpy as np
from PIL import Image, ImageChops, ImageDraw

from dataset.storybook.colours import BLACK, COLOURS
from dataset.storybook.kinds import KINDS
from dataset.storybook.pen import Pen
from dataset.storybook.settings import SETTINGS
from dataset.storybook.weather import TIMES, WEATHERS

CANVAS = 128  # the canvas that `Placed` is measured in, in pixels
SUPER = 3  # a thing is drawn this many times too large, then reduced: anti-aliasing
MARGIN = 1.12  # of the radius: room for corners that turn out of the unit square
JITTER = 8  # largest change of a colour channel
TURN = 6.0  # largest rotation, in degrees
SHADOW = 76  # strength of a shadow, out of 255


@dataclass(frozen=True)
class Placed:
    """A thing in a scene; x, y (its centre) and radius are in pixels of the 128-pixel canvas."""

    kind: str
    colour: str
    x: float
    y: float
    radius: float
    flip: bool = False


def draw(
    setting: str,
    things: Sequence[Placed],
    seed: int,
    size: int = CANVAS,
    time: str = "day",
    weather: str = "clear",
) -> Image.Image:
    """The RGB picture (size, size) of a scene, later things over earlier; a pure function of arguments."""
    rng = np.random.default_rng(seed)
    picture = as_picture(TIMES[time](rng, SETTINGS[setting].draw(rng, size)))
    for thing in things:
        paste(picture, thing, rng, size / CANVAS)
    return as_picture(WEATHERS[weather](rng, np.asarray(picture)))


def as_picture(canvas: np.ndarray) -> Image.Image:
    return Image.fromarray(np.clip(canvas, 0, 255).astype(np.uint8))


def paste(picture: Image.Image, thing: Placed, rng: np.random.Generator, scale: float) -> None:
    """Draw one thing with its shadow into the picture, `scale` times the size of the 128-pixel canvas."""
    x, y, radius = thing.x * scale, thing.y * scale, thing.radius * scale
    half = MARGIN * radius + 1
    left, top = floor(x - half), floor(y - half)
    side = ceil(2 * half) + 1
    body = np.clip(np.add(COLOURS[thing.colour], rng.integers(-JITTER, JITTER + 1, 3)), 0, 255).tolist()
    turn = radians(rng.uniform(-TURN, TURN))

    large = Image.new("RGBA", (side * SUPER, side * SUPER))
    centre = ((x - left) * SUPER, (y - top) * SUPER)
    KINDS[thing.kind].draw(Pen(ImageDraw.Draw(large), tuple(body), centre, radius * SUPER, turn, thing.flip))
    tile = large.reduce(SUPER)
    drop = max(1, round(0.08 * radius))
    shadow = ImageChops.multiply(tile.getchannel("A"), Image.new("L", tile.size, SHADOW))
    picture.paste(BLACK, (left + drop, top + drop), shadow)
    picture.paste(tile, (left, top), tile)
