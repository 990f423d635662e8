"""Time of day and weather, which change how a whole picture looks.

background -> time of day -> things -> weather                all uint8 or float (size, size, 3)
"""

from collections.abc import Callable

import numpy as np

from dataset.storybook.colours import Colour

Light = Callable[[np.random.Generator, np.ndarray], np.ndarray]


def day(rng: np.random.Generator, canvas: np.ndarray) -> np.ndarray:
    return canvas


def evening(rng: np.random.Generator, canvas: np.ndarray) -> np.ndarray:
    """Warm light from a low sun, warmest at the top."""
    warm = fading(len(canvas), 0.62, 0.3)
    return canvas * (1 - warm) + warm * canvas * np.float32([1.12, 0.74, 0.52])


def night(rng: np.random.Generator, canvas: np.ndarray) -> np.ndarray:
    """Dark and bluish, with stars in the upper part."""
    dark = canvas * np.float32([0.24, 0.26, 0.38]) + np.float32([2, 4, 14])
    rows, columns = rng.integers(0, len(canvas) // 3, 40), rng.integers(0, len(canvas), 40)
    dark[rows, columns] = rng.uniform(110, 215, (40, 1))
    return dark


def clear(rng: np.random.Generator, canvas: np.ndarray) -> np.ndarray:
    return canvas


def rain(rng: np.random.Generator, canvas: np.ndarray) -> np.ndarray:
    """Thin slanted streaks over everything, as thin for any size of the picture."""
    size = len(canvas)
    wide = range(max(1, round(size / 128)))
    streak = [(step, step // 3 + across) for step in range(max(4, size // 14)) for across in wide]
    return scattered(rng, canvas, 150, streak, 0.5)


def snow(rng: np.random.Generator, canvas: np.ndarray) -> np.ndarray:
    """White flakes over everything."""
    side = max(2, round(len(canvas) / 60))
    return scattered(rng, canvas, 110, [(row, column) for row in range(side) for column in range(side)], 0.9)


def fog(rng: np.random.Generator, canvas: np.ndarray) -> np.ndarray:
    """A grey veil, thickest at the top."""
    veil = fading(len(canvas), 0.36, 0.2)
    return canvas * (1 - veil) + veil * np.float32([198, 202, 206])


def fading(size: int, top: float, bottom: float) -> np.ndarray:
    """Shares (size, 1, 1) from `top` down to `bottom`."""
    return np.linspace(top, bottom, size, dtype=np.float32)[:, None, None]


def scattered(
    rng: np.random.Generator,
    canvas: np.ndarray,
    count: int,
    shape: list[tuple[int, int]],
    strength: float,
    colour: Colour = (236, 240, 246),
) -> np.ndarray:
    """`count` copies of a small shape of (row, column) pixels, mixed in; those at the edge are cut off."""
    size = len(canvas)
    places = rng.integers(-3, size, (count, 1, 2)) + np.array(shape)  # (count, pixels, 2)
    rows, columns = places[((places >= 0) & (places < size)).all(-1)].T
    canvas = canvas.astype(np.float32)
    canvas[rows, columns] += strength * (np.float32(colour) - canvas[rows, columns])
    return canvas


TIMES: dict[str, Light] = {"day": day, "evening": evening, "night": night}
WEATHERS: dict[str, Light] = {"clear": clear, "rain": rain, "snow": snow, "fog": fog}
