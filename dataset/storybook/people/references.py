"""What a question is about: things by kind, colour, size or place, whatever they are called.

A reference is looked up in the scene. "The animal" is asked about where there is one animal alone.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from dataset.storybook.colours import COLOURS
from dataset.storybook.kinds import KINDS
from dataset.storybook.world import NEVER_SEEN, SIZES, Scene, Thing, make_scene

THING = "thing"
HYPERNYMS: dict[str, frozenset[str]] = {
    "animal": frozenset("fish cat bird butterfly rabbit snail turtle elephant".split()),
    "vehicle": frozenset("car boat plane rocket".split()),
    "fruit": frozenset({"apple"}),
    "insect": frozenset({"butterfly"}),
    "instrument": frozenset({"guitar"}),
    "furniture": frozenset({"chair"}),
}
STRANGERS = (
    "dog horse train banana lion bicycle person table ball cow truck lamp monkey drum man woman boy girl "
    "child baby dragon robot king shark bee bear pig sheep duck frog mouse snake bus bench phone shoe "
    "cake spider"
).split()
STRANGE_COLOURS = ("black", "grey", "brown")
SIDES = {"left": ("column", 0), "right": ("column", 2), "top": ("row", 0), "bottom": ("row", 2)}
ABSENT = {"kind in a colour": 6, "size": 1, "kind": 10, "hypernym": 2, "colour": 4, "stranger": 4}  # weights
TALLIED, TRIES = 500, 8


@dataclass(frozen=True)
class Reference:
    """Things of a concept: a kind, one of HYPERNYMS, "thing" (all) or a stranger (none)."""

    concept: str
    colour: str | None = None
    size: str | None = None
    place: str | None = None

    def fits(self, thing: Thing) -> bool:
        return (
            self.concept in (THING, thing.kind, *_above(thing.kind))
            and self.colour in (None, thing.colour)
            and self.size in (None, thing.size)
            and self.place in (None, thing.place)
        )

    def found(self, scene: Scene) -> list[Thing]:
        return [thing for thing in scene.things if self.fits(thing)]

    def count(self, scene: Scene) -> int:
        return len(self.found(scene))


@cache
def _above(kind: str) -> tuple[str, ...]:
    return tuple(name for name, kinds in HYPERNYMS.items() if kind in kinds)


def concepts_of(thing: Thing) -> list[str]:
    return [thing.kind, *_above(thing.kind), THING]


def references_to(thing: Thing, scene: Scene, hidden: str = "") -> Iterator[Reference]:
    """All that fit this thing alone, and do not tell attribute `hidden`."""
    colours = (None,) if hidden == "colour" else (None, thing.colour)
    sizes = (None,) if hidden == "size" else (None, thing.size)
    for concept in concepts_of(thing):
        if hidden == "kind" and concept != THING:
            continue
        for colour in colours:
            for size in sizes:
                reference = Reference(concept, colour, size)
                if reference.count(scene) == 1 and (concept != THING or colour or size):
                    yield reference
    if hidden != "place" and not asked_loosely(scene, thing.place):
        yield Reference(THING, place=thing.place)


def reference_to(thing: Thing, scene: Scene, rng: random.Random, hidden: str = "") -> Reference | None:
    """One of them, most often by its kind."""
    some = list(references_to(thing, scene, hidden))
    weights = [6 if r.concept in KINDS else 1 if r.concept == THING else 3 for r in some]
    return rng.choices(some, weights)[0] if some else None


def pick(scene: Scene, rng: random.Random, hidden: str = "") -> tuple[Thing, Reference] | None:
    """A thing and a reference that fits it alone; None where no thing has one."""
    for thing in rng.sample(scene.things, len(scene.things)):
        if reference := reference_to(thing, scene, rng, hidden):
            return thing, reference
    return None


def pair(
    scene: Scene, rng: random.Random, hidden: str = ""
) -> tuple[Thing, Thing, Reference, Reference] | None:
    """Two things with a reference to each."""
    named = []
    for thing in rng.sample(scene.things, len(scene.things)):
        if reference := reference_to(thing, scene, rng, hidden):
            named.append((thing, reference))
        if len(named) == 2:
            (one, its), (other, others) = named
            return one, other, its, others
    return None


def asked_loosely(scene: Scene, place: str) -> bool:
    """Is "on the left" open to doubt here, because the corners on the left are taken, too?"""
    return place in SIDES and any(thing.place != place for thing in at_side(scene, place))


def at_side(scene: Scene, side: str) -> list[Thing]:
    """All that is on the left, say, in the corners, too."""
    line, number = SIDES[side]
    return [thing for thing in scene.things if getattr(thing, line) == number]


def place_words(scene: Scene, place: str) -> str:
    """The section that names a place so that no other is meant."""
    return f"exactly {place}" if asked_loosely(scene, place) else f"at {place}"


def present(scene: Scene, rng: random.Random) -> Reference:
    """One or several things that are there, by kind or by colour."""
    thing = rng.choice(scene.things)
    if rng.random() < 0.12:
        return Reference(THING, thing.colour)
    keys = rng.choices([(), ("colour",), ("size",), ("colour", "size")], [9, 8, 1, 1])[0]
    return Reference(thing.kind, **{key: getattr(thing, key) for key in keys})


def absent(scene: Scene, rng: random.Random, without: tuple[str, ...] = ()) -> Reference:
    """What is not there: another kind, a kind that is there in another colour, or no thing of this world.

    Never a kind in a colour that is held out: it would be learnt that what it names is not there.
    """
    weights = {key: weight for key, weight in ABSENT.items() if key not in without}
    while True:
        (manner,) = rng.choices(list(weights), list(weights.values()))
        reference = _unlikely(manner, rng.choice(scene.things), scene, rng)
        if not reference.count(scene) and (reference.concept, reference.colour) not in NEVER_SEEN:
            return reference


def _unlikely(manner: str, near: Thing, scene: Scene, rng: random.Random) -> Reference:
    """A reference that may be to nothing; `near` is something that is there."""
    colour = rng.choice([*(t.colour for t in scene.things), *COLOURS])
    if manner == "colour":
        return Reference(THING, colour)
    if manner == "size":
        return Reference(near.kind, size=rng.choice(list(SIZES)))
    if manner == "kind in a colour":
        return Reference(near.kind, colour, near.size if rng.random() < 0.1 else None)
    if manner == "kind":
        return Reference(rng.choice(list(KINDS)), colour if rng.random() < 0.3 else None)
    return Reference(rng.choice(list(HYPERNYMS) if manner == "hypernym" else STRANGERS))


@cache
def prior(reference: Reference) -> float:
    """The share of scenes that show it."""
    return sum(reference.count(scene) > 0 for scene in _tallied()) / TALLIED


@cache
def _tallied() -> tuple[Scene, ...]:
    return tuple(make_scene("train", number) for number in range(TALLIED))


def hypernym(scene: Scene, rng: random.Random) -> Reference | None:
    """An animal, a red fruit: as often there as not, because what few scenes show is seldom asked about."""
    for _ in range(TRIES):
        reference = Reference(rng.choice(list(HYPERNYMS)), rng.choice([None, rng.choice(list(COLOURS))]))
        share = prior(reference)
        odds = (1 - share) / share if reference.count(scene) else share / (1 - share)
        if rng.random() < odds:
            return reference
    return None


def some(scene: Scene, rng: random.Random, least: int = 0, named: bool = False) -> Reference:
    """Things to count: how many there are, 0 to 6, is about equally likely, as far as the scene has it.

    `named`: of a kind or a wider class, if any are; else they may be "things".
    """
    by_number: dict[int, list[Reference]] = {}
    for thing in scene.things:
        for concept in concepts_of(thing):
            if named and concept == THING:
                continue
            for colour, size in ((None, None), (thing.colour, None), (None, thing.size)):
                reference = Reference(concept, colour, size)
                by_number.setdefault(reference.count(scene), []).append(reference)
    if least == 0:
        by_number[0] = [absent(scene, rng, without=("stranger",))]
    numbers = [number for number in sorted(by_number) if number >= least]
    if not numbers:
        return Reference(THING)
    (number,) = rng.choices(numbers, [1 if n else 0.5 for n in numbers])
    return rng.choice(by_number[number])


def other_colour(thing: Thing, rng: random.Random, strange: float = 0.1) -> str:
    """A colour that this thing does not have."""
    if rng.random() < strange:
        return rng.choice(STRANGE_COLOURS)
    return rng.choice([c for c in COLOURS if c != thing.colour and (thing.kind, c) not in NEVER_SEEN])


def other_size(thing: Thing, rng: random.Random) -> str:
    return rng.choice([size for size in SIZES if size != thing.size])
