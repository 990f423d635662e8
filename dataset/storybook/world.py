"""Scenes and their truth: which things stand where. A pure function of (split, index), so nothing is stored.

Splits are names: `train` to train on, `val` to look at meanwhile, all others are held out for scores.
In `combinations` kinds have colours that they have nowhere else (as in CLEVR-CoGenT, Johnson et al. 2017).

A picture is divided into 3 x 3 places, and no place holds the centre of two things: "the top left" has
one answer. Things keep clear of the lines between places and of the edge; they may overlap a little.
"""

import random
from dataclasses import dataclass, replace
from functools import cache

from PIL import Image

from dataset.storybook.colours import COLOURS
from dataset.storybook.draw import Placed, draw
from dataset.storybook.kinds import KINDS
from dataset.storybook.settings import SETTINGS
from dataset.storybook.weather import TIMES, WEATHERS

SIZES = {"small": 11.0, "medium": 17.0, "big": 25.0}  # radius in pixels of a 128-pixel picture
PLACES = ("top left", "top", "top right", "left", "centre", "right", "bottom left", "bottom", "bottom right")
CANVAS, CELL = 128.0, 128.0 / 3
CLEAR_OF_LINES = 4.0  # pixels between a thing's centre and the next place
OVERLAP = 0.82  # of their radii's sum: how near two centres may come
MAX_THINGS = 6
ALIKE, HUED = 0.35, 0.25  # of the things, as a rule, are of a kind, or in a colour, that is there already
NEVER_SEEN = {(kind, list(COLOURS)[(3 * i) % len(COLOURS)]) for i, kind in enumerate(KINDS)}


@dataclass(frozen=True)
class Thing:
    """One thing and the truth about it; x, y its centre in pixels of a 128-pixel picture."""

    kind: str
    colour: str
    size: str
    x: float
    y: float
    flip: bool

    @property
    def column(self) -> int:
        return int(self.x // CELL)

    @property
    def row(self) -> int:
        return int(self.y // CELL)

    @property
    def place(self) -> str:
        return PLACES[3 * self.row + self.column]

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom in pixels of a 128-pixel picture."""
        radius = SIZES[self.size]
        return self.x - radius, self.y - radius, self.x + radius, self.y + radius


@dataclass(frozen=True)
class Scene:
    """A setting and the things in it, in reading order of their places."""

    setting: str
    time: str
    weather: str
    things: tuple[Thing, ...]
    seed: int

    def draw(self, size: int = 128) -> Image.Image:
        placed = [Placed(t.kind, t.colour, t.x, t.y, SIZES[t.size], t.flip) for t in self.things]
        return draw(self.setting, placed, self.seed, size, self.time, self.weather)


@cache
def _names() -> tuple[tuple[str, ...], ...]:
    return tuple(SETTINGS), tuple(TIMES), tuple(WEATHERS), tuple(KINDS), tuple(COLOURS), tuple(SIZES)


def make_scene(
    split: str,
    index: int,
    max_things: int = MAX_THINGS,
    min_things: int = 1,
    alike: float = ALIKE,
    hued: float = HUED,
) -> Scene:
    """Scene number `index` of a split: the same wherever and whenever it is asked for.

    `min_things` are tried; a full picture may have room for fewer. `alike`: how many are of a kind that is
    there already, or there would be nothing to count; `hued`: how many are in a colour that is.
    """
    rng = random.Random(f"{split}/{index}")
    setting, time, weather = (rng.choice(names) for names in _names()[:3])
    things: list[Thing] = []
    for _ in range(rng.randint(min_things, max_things)):
        thing = _place(rng, things, alike, hued, unseen=split == "combinations")
        if thing:
            things.append(thing)
    things.sort(key=lambda t: (t.row, t.column))
    return Scene(setting, time, weather, tuple(things), rng.getrandbits(32))


def make_pair(split: str, first: int, second: int) -> tuple[Scene, Scene]:
    """Two scenes that may share place, time of day and weather."""
    one, other = make_scene(split, first), make_scene(split, second)
    rng = random.Random(f"{split}/{first}/{second}")
    shared = {key: getattr(one, key) for key in ("setting", "time", "weather") if rng.random() < 0.4}
    return one, replace(other, **shared)


def _place(
    rng: random.Random, others: list[Thing], alike: float, hued: float, unseen: bool, tries: int = 40
) -> Thing | None:
    *_, kinds, colours, sizes = _names()
    kind, colour, size = rng.choice(kinds), rng.choice(colours), rng.choice(sizes)
    if others and rng.random() < alike:
        kind = rng.choice(others).kind
    if others and rng.random() < hued:
        colour = rng.choice(others).colour
    while ((kind, colour) in NEVER_SEEN) != unseen:
        colour = rng.choice(colours)
    radius = SIZES[size]
    for _ in range(tries):
        x, y = (rng.uniform(radius + 1, CANVAS - radius - 1) for _ in "xy")
        thing = Thing(kind, colour, size, x, y, rng.random() < 0.5)
        if _clear(thing, others):
            return thing
    return None


def _clear(thing: Thing, others: list[Thing]) -> bool:
    for value in (thing.x, thing.y):
        if min(abs(value - CELL), abs(value - 2 * CELL)) < CLEAR_OF_LINES:
            return False
    for other in others:
        apart = OVERLAP * (SIZES[thing.size] + SIZES[other.size])
        if thing.place == other.place or (thing.x - other.x) ** 2 + (thing.y - other.y) ** 2 < apart**2:
            return False
    return True


def twin(scene: Scene, number: int) -> Scene:
    """The same scene but for the kind of one thing; number 0 is the scene itself, no two are alike."""
    if number == 0:
        return scene
    rng = random.Random(scene.seed)
    at = rng.randrange(len(scene.things))
    thing = scene.things[at]
    others = [k for k in KINDS if k != thing.kind and (k, thing.colour) not in NEVER_SEEN]
    kind = rng.sample(others, len(others))[number - 1]
    things = (*scene.things[:at], replace(thing, kind=kind), *scene.things[at + 1 :])
    return replace(scene, things=things)
