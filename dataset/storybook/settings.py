"""The settings of the storybook world: muted backgrounds that vary with their random generator.

    sky gradient -> ridges filled below with ground -> small details -> grain        all (size, size, 3)

None of them shows anything that could be taken for a thing, and none is as saturated as a thing.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dataset.storybook.colours import Colour

Draw = Callable[[np.random.Generator, int], np.ndarray]


@dataclass(frozen=True)
class Setting:
    """A setting: its English and Chinese name, and `draw(rng, size)` -> uint8 (size, size, 3)."""

    name: str
    zh: str
    draw: Draw


SETTINGS: dict[str, Setting] = {}


def setting(name: str, zh: str) -> Callable[[Draw], Draw]:
    """Register the decorated function, which may return floats out of range, in `SETTINGS`."""

    def register(paint: Draw) -> Draw:
        def draw(rng: np.random.Generator, size: int) -> np.ndarray:
            return np.clip(paint(rng, size), 0, 255).astype(np.uint8)

        SETTINGS[name] = Setting(name, zh, draw)
        return paint

    return register


def gradient(size: int, top: Colour, bottom: Colour) -> np.ndarray:
    """Float (size, size, 3), fading from `top` to `bottom`."""
    down = np.linspace(0, 1, size, dtype=np.float32)[:, None]
    rows = (1 - down) * np.float32(top) + down * np.float32(bottom)  # (size, 3)
    return np.repeat(rows[:, None], size, axis=1)


def ridge(rng: np.random.Generator, size: int, level: float, height: float) -> np.ndarray:
    """A wavy horizon: (size,) heights in pixels around `level` (a share of the size, give or take 0.04)."""
    along = np.linspace(0, 2 * np.pi, size, dtype=np.float32)
    phases = rng.uniform(0, 2 * np.pi, 2)
    waves = np.sin(rng.uniform(0.6, 1.4) * along + phases[0]) + 0.5 * np.sin(2.7 * along + phases[1])
    return size * (level + rng.uniform(-0.04, 0.04) + height * waves)


def fill_below(canvas: np.ndarray, line: np.ndarray, top: Colour, bottom: Colour) -> None:
    """Paint the part of the canvas under `line` (size,), in place, with a gradient over the whole height."""
    size = len(canvas)
    start = max(0, int(line.min()))  # no ground above
    under = np.arange(start, size)[:, None] > line  # (size - start, size)
    np.copyto(canvas[start:], gradient(size, top, bottom)[start:], where=under[..., None])


def grain(rng: np.random.Generator, size: int, strength: float, high: int = 1, wide: int = 1) -> np.ndarray:
    """Grey noise (size, size, 1) of standard deviation `strength`, in blocks of `high` x `wide` pixels."""
    blocks = rng.standard_normal((-(-size // high), -(-size // wide)), dtype=np.float32) * strength
    return blocks.repeat(high, axis=0).repeat(wide, axis=1)[:size, :size, None]


def dots(rng: np.random.Generator, canvas: np.ndarray, count: int, bottom: float, colour: Colour) -> None:
    """Scatter `count` one-pixel dots above the share `bottom` of the canvas, in place, mixed in."""
    size = len(canvas)
    rows, columns = rng.integers(0, int(size * bottom), count), rng.integers(0, size, count)
    share = rng.uniform(0.4, 0.9, (count, 1)).astype(np.float32)
    canvas[rows, columns] += share * (np.float32(colour) - canvas[rows, columns])


def ripples(rng: np.random.Generator, size: int, strength: float, period: float) -> np.ndarray:
    """Rows of wavelets (size, size, 1), `period` rows apart on a canvas of 128."""
    across, down = (
        np.arange(size, dtype=np.float32) * 128 / size,
        np.arange(size, dtype=np.float32) * 128 / size,
    )
    bend = 1.6 * np.sin(across / rng.uniform(5, 7) + rng.uniform(0, 6))  # (size,)
    return strength * np.sin((down[:, None] + bend) * (2 * np.pi / period))[..., None]


@setting("meadow", zh="草地")
def meadow(rng: np.random.Generator, size: int) -> np.ndarray:
    canvas = gradient(size, (176, 204, 222), (214, 224, 220))
    fill_below(canvas, ridge(rng, size, 0.34, 0.035), (158, 182, 150), (158, 182, 150))
    line = ridge(rng, size, 0.44, 0.025)
    fill_below(canvas, line, (172, 194, 132), (128, 160, 96))
    blades = grain(rng, size, 7, high=4)
    return canvas + blades * (np.arange(size)[:, None] > line)[..., None]


@setting("beach", zh="海滩")
def beach(rng: np.random.Generator, size: int) -> np.ndarray:
    canvas = gradient(size, (186, 210, 226), (226, 226, 218))
    fill_below(canvas, np.full(size, size * rng.uniform(0.24, 0.3)), (142, 178, 190), (142, 178, 190))
    shore = ridge(rng, size, 0.44, 0.02)
    fill_below(canvas, shore - 0.025 * size, (214, 224, 224), (214, 224, 224))  # foam
    fill_below(canvas, shore, (222, 206, 172), (204, 182, 146))
    return canvas + grain(rng, size, 5)


@setting("snow", zh="雪地")
def snow(rng: np.random.Generator, size: int) -> np.ndarray:
    canvas = gradient(size, (138, 150, 168), (184, 194, 206))
    fill_below(canvas, ridge(rng, size, 0.4, 0.04), (190, 200, 212), (196, 206, 218))
    fill_below(canvas, ridge(rng, size, 0.5, 0.03), (220, 228, 236), (196, 208, 222))
    dots(rng, canvas, 140, 1.0, (250, 252, 255))
    return canvas + grain(rng, size, 2.5, 2, 2)


@setting("city", zh="城市")
def city(rng: np.random.Generator, size: int) -> np.ndarray:
    canvas = gradient(size, (186, 186, 192), (212, 200, 188))
    pixel, street = size / 128, int(size * rng.uniform(0.56, 0.62))
    step = max(3, round(5 * pixel))
    pane = np.arange(size) % step < step // 2
    window = (pane[:, None] & pane)[..., None].astype(np.float32)  # (size, size, 1), a lattice of panes
    left = 0
    while left < size:
        right, top = left + int(rng.integers(11, 20) * pixel), int(size * rng.uniform(0.14, 0.44))
        canvas[top:street, left:right] = rng.uniform(140, 166) + np.float32([0, 1, 6])
        lit = grain(rng, size, 1, step, step)[top + step : street - step, left + 1 : right - 1] > 0
        glass = window[top + step : street - step, left + 1 : right - 1]
        canvas[top + step : street - step, left + 1 : right - 1] += glass * np.where(lit, 20, -20)
        left = right
    canvas[street:] = np.float32([150, 150, 152])
    canvas[street : street + max(1, round(5 * pixel))] = np.float32([184, 182, 178])  # pavement
    lane = street + int(0.2 * size)
    for start in range(int(rng.integers(0, 12)), size, max(4, round(22 * pixel))):
        canvas[lane : lane + max(1, round(2 * pixel)), start : start + round(11 * pixel)] = 188
    return canvas + grain(rng, size, 4)


@setting("sea", zh="大海")
def sea(rng: np.random.Generator, size: int) -> np.ndarray:
    canvas = gradient(size, (190, 208, 218), (214, 220, 220))
    level = int(size * rng.uniform(0.18, 0.26))
    canvas[level:] = gradient(size, (138, 176, 184), (92, 136, 152))[level:]
    canvas[level:] += ripples(rng, size, 7, rng.uniform(8, 11))[level:]
    return canvas + grain(rng, size, 4, 1, 4)


@setting("desert", zh="沙漠")
def desert(rng: np.random.Generator, size: int) -> np.ndarray:
    canvas = gradient(size, (196, 208, 214), (230, 220, 198))
    for level, height, colour in ((0.42, 0.06, (216, 184, 140)), (0.54, 0.05, (206, 170, 124))):
        fill_below(canvas, ridge(rng, size, level, height), colour, (188, 150, 106))
    line = ridge(rng, size, 0.68, 0.04)
    fill_below(canvas, line, (214, 180, 134), (196, 158, 112))
    waves = ripples(rng, size, 5, rng.uniform(5, 7))
    return canvas + waves * (np.arange(size)[:, None] > line)[..., None] + grain(rng, size, 4)


@setting("forest", zh="森林")
def forest(rng: np.random.Generator, size: int) -> np.ndarray:
    canvas = gradient(size, (150, 172, 158), (172, 188, 166))
    ground = int(size * rng.uniform(0.62, 0.7))
    for shade in (0, 1):  # far trunks, then near ones
        for _ in range(int(rng.integers(7, 10))):
            left, width = rng.uniform(-0.05, 1) * size, size * rng.uniform(0.02, 0.035) * (1 + shade)
            columns = slice(max(0, int(left)), max(0, int(left + width)))
            canvas[:ground, columns] = np.float32([112, 112, 96]) - 18 * shade + rng.uniform(-6, 6)
    leaves = grain(rng, size, 10, 5, 5)
    crowns = (np.arange(size)[:, None] < ridge(rng, size, 0.2, 0.05))[..., None]
    canvas = np.where(crowns, np.float32([104, 136, 100]) + leaves, canvas)
    canvas[ground:] = gradient(size, (134, 136, 100), (104, 108, 76))[ground:]
    return canvas + grain(rng, size, 5)
