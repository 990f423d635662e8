"""Pictures that are no scenes of the storybook: an empty page, noise, text, windows, clouds of colour.

A model that has only seen scenes finds cats in a blank page. Some kinds are held out (HELD_OUT), for what a
scene looks like is to be learnt, and not these.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from dataset.storybook.people.conversation import NAMES, TONGUES, Turn, asked
from dataset.storybook.world import make_scene

SIDE = 128  # pixels
HELD_OUT = ("waves", "windows")
SPEAKING = ("talk", "too_early", "one_picture", "follow_up")  # families that ask about no one picture
WORDS = (
    "the of and to in is it you that he was for on are with his they at be this from have or by one".split()
)


def blank(rng: np.random.Generator) -> np.ndarray:
    return np.broadcast_to(colour(rng), (SIDE, SIDE, 3))


def noise(rng: np.random.Generator) -> np.ndarray:
    """Of single pixels or of blocks, in grey or in colour."""
    block, channels = 2 ** int(rng.integers(0, 5)), int(rng.choice([1, 3]))
    small = rng.uniform(0, 255, (SIDE // block, SIDE // block, channels))
    return small.repeat(block, 0).repeat(block, 1).repeat(3 // channels, 2)


def gradient(rng: np.random.Generator) -> np.ndarray:
    across, down = np.meshgrid(np.linspace(0, 1, SIDE), np.linspace(0, 1, SIDE))
    share = rng.uniform()
    mixed = (share * across + (1 - share) * down)[..., None]
    return (1 - mixed) * colour(rng) + mixed * colour(rng)


def clouds(rng: np.random.Generator) -> np.ndarray:
    """Noise whose strength falls with frequency, as that of photographs does (Field 1987)."""
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(SIDE), np.fft.fftfreq(SIDE)))[..., None]
    spectrum = np.fft.fft2(rng.standard_normal((SIDE, SIDE, 3)), axes=(0, 1))
    field = np.fft.ifft2(spectrum / (frequency + 1 / SIDE) ** rng.uniform(0.8, 1.9), axes=(0, 1)).real
    light, tint = field[..., :1], rng.uniform(0, 0.7)
    field = (1 - tint) * light * rng.uniform(0.6, 1.4, 3) + tint * field
    return colour(rng) + rng.uniform(15, 70) * field / field.std()


def leaves(rng: np.random.Generator) -> np.ndarray:
    """Discs and boxes that hide one another, many small and few large, grainy: photographs' statistics, with
    edges (dead leaves; Lee, Mumford & Huang 2001)."""
    picture = Image.fromarray(np.clip(clouds(rng), 0, 255).astype(np.uint8))
    pen, tints = ImageDraw.Draw(picture), [colour(rng) for _ in range(rng.integers(3, 9))]
    for _ in range(rng.integers(20, 200)):
        half = min(60.0, 3 / np.sqrt(rng.uniform(0.002, 1)))
        (x, y), tint = rng.uniform(0, SIDE, 2), tints[rng.integers(len(tints))] + rng.uniform(-30, 30, 3)
        flat = rng.uniform(0.4, 1.6)
        draw = pen.ellipse if rng.random() < 0.6 else pen.rectangle
        draw(
            (x - half, y - half * flat, x + half, y + half * flat),
            fill=tuple(np.clip(tint, 0, 255).astype(int)),
        )
    soft = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0, 2)))
    return np.asarray(soft) + rng.normal(0, rng.uniform(0, 15), (SIDE, SIDE, 3))


def hills(rng: np.random.Generator) -> np.ndarray:
    """A rough surface lit from one side (Lambert): cloth, sand, leaves close by."""
    height = clouds(rng)[..., 0]
    down, across = np.gradient(height)
    turn, steep = rng.uniform(0, 2 * np.pi), rng.uniform(0.01, 0.12)
    slope = steep * (across * np.cos(turn) + down * np.sin(turn))
    light = (1 + slope) / np.sqrt(1 + steep**2 * (across**2 + down**2))
    return colour(rng) * np.clip(light, 0, 2)[..., None] + rng.normal(0, rng.uniform(0, 8), (SIDE, SIDE, 3))


def landscape(rng: np.random.Generator) -> np.ndarray:
    """A smooth sky above a rough ground, and a few dark shapes where they meet."""
    line = int(rng.uniform(0.15, 0.8) * SIDE)
    sky, ground = gradient(rng), clouds(rng)
    sky = sky + rng.uniform(0, 0.5) * (clouds(rng) - sky)
    ridge = line + np.cumsum(rng.normal(0, rng.uniform(0, 2), SIDE))
    below = (np.arange(SIDE)[:, None] > ridge[None])[..., None]
    picture = Image.fromarray(np.clip(np.where(below, ground, sky), 0, 255).astype(np.uint8))
    bodies_on(picture, rng, line)
    soft = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0, 1.5)))
    return np.asarray(soft) + rng.normal(0, rng.uniform(0, 10), (SIDE, SIDE, 3))


def bodies(rng: np.random.Generator) -> np.ndarray:
    """A few round, shaded bodies in front of something out of focus: a portrait, an animal, a dish."""
    behind = Image.fromarray(np.clip(leaves(rng), 0, 255).astype(np.uint8))
    picture = behind.filter(ImageFilter.GaussianBlur(rng.uniform(1, 6)))
    bodies_on(picture, rng, SIDE // 2)
    return np.asarray(picture) + rng.normal(0, rng.uniform(0, 10), (SIDE, SIDE, 3))


def bodies_on(picture: Image.Image, rng: np.random.Generator, line: int) -> None:
    """Paste heads, trunks and limbs: ellipses that turn from light to dark, in any direction."""
    x, y = rng.uniform(0, SIDE), rng.normal(line, 15)
    for _ in range(rng.integers(1, 9)):
        wide, high = (max(4, int(side)) for side in rng.uniform(4, 60, 2))
        light = np.linspace(rng.uniform(0.7, 1.4), rng.uniform(0.3, 1), high)[:, None, None]
        tint = np.broadcast_to(np.clip(colour(rng) * light, 0, 255), (high, wide, 3)).astype(np.uint8)
        mask = Image.new("L", (wide, high))
        ImageDraw.Draw(mask).ellipse((0, 0, wide - 1, high - 1), fill=255)
        turn = rng.uniform(0, 360)
        body, mask = (one.rotate(turn, expand=True) for one in (Image.fromarray(tint), mask))
        picture.paste(body, (int(x - body.width / 2), int(y - body.height / 2)), mask)
        x, y = x + rng.normal(0, 22), y + rng.normal(0, 22)


def waves(rng: np.random.Generator) -> np.ndarray:
    across, down = np.meshgrid(np.arange(SIDE), np.arange(SIDE))
    turn, period = rng.uniform(0, np.pi), rng.uniform(4, 40)
    wave = np.sin(2 * np.pi * (across * np.cos(turn) + down * np.sin(turn)) / period)[..., None]
    return colour(rng) + rng.uniform(30, 120) * (np.sign(wave) if rng.random() < 0.5 else wave)


def page(rng: np.random.Generator) -> np.ndarray:
    """Lines of words, dark on light or light on dark."""
    dark, light = int(rng.integers(0, 60)), int(rng.integers(200, 256))
    ink, paper = (dark, light) if rng.random() < 0.7 else (light, dark)
    picture, size = Image.new("L", (SIDE, SIDE), paper), int(rng.integers(8, 16))
    for top in range(3, SIDE, size + 3):
        ImageDraw.Draw(picture).text((4, top), " ".join(rng.choice(WORDS, 8)), fill=ink, font_size=size)
    return np.asarray(picture)[..., None].repeat(3, 2)


def windows(rng: np.random.Generator) -> np.ndarray:
    """Rectangles with bars on top, one over another, as on a screen."""
    picture = Image.new("RGB", (SIDE, SIDE), shade(rng))
    pen = ImageDraw.Draw(picture)
    for _ in range(rng.integers(2, 7)):
        left, top = rng.integers(0, 90, 2).tolist()
        right, bottom = left + int(rng.integers(25, 90)), top + int(rng.integers(20, 80))
        pen.rectangle((left, top, right, bottom), fill=shade(rng), outline=(90, 90, 90))
        pen.rectangle((left, top, right, top + 7), fill=shade(rng))
        pen.text((left + 3, top + 9), str(rng.choice(WORDS)), fill=shade(rng), font_size=9)
    return np.asarray(picture)


def colour(rng: np.random.Generator) -> np.ndarray:
    """More or less grey: few of a photograph's are pure."""
    return rng.uniform(0, 255) + rng.uniform() * rng.uniform(-128, 128, 3)


def shade(rng: np.random.Generator) -> tuple[int, ...]:
    return tuple(rng.integers(0, 256, 3).tolist())


ALL = (blank, noise, gradient, clouds, leaves, hills, landscape, bodies, page, waves, windows)
PAINTERS: dict[str, Callable[[np.random.Generator], np.ndarray]] = {p.__name__: p for p in ALL}


@dataclass(frozen=True)
class Strange:
    """One of the pictures to train on, or of those that are held out."""

    number: int
    measuring: bool

    def draw(self) -> Image.Image:
        kinds = [kind for kind in PAINTERS if (kind in HELD_OUT) == self.measuring]
        rng = np.random.default_rng([self.number, self.measuring])
        canvas = PAINTERS[kinds[self.number % len(kinds)]](rng)
        return Image.fromarray(np.clip(canvas, 0, 255).astype(np.uint8))


def turns(number: int, code: str, measuring: bool, questions: int) -> list[Turn]:
    """What people ask of a scene, and the answer that this is none."""
    rng, tongue = random.Random(f"strange {number} {code} {measuring}"), TONGUES[code]
    names = [name for name in NAMES if name not in SPEAKING]
    made: list[Turn] = []
    while len(made) < questions:
        scene = make_scene("train", rng.randrange(1_000_000))
        made += asked(rng.choice(names), scene, tongue, rng, measuring)
    return [(question, tongue.answers["no_scene"]) for question, _ in made]
