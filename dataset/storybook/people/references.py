"""What a question is about: things by kind, colour, size or place, whatever they are called.

A reference is looked up in the scene. "The animal" is asked about where there is one animal alone.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from dataset.storybook.colours import COLOURS
from dataset.storybook.kinds import KINDS
from dataset.storybook.world import NEVER_SEEN, SIZES, Scene, Thing

THING = "thing"
HYPERNYMS: dict[str, frozenset[str]] = {
    "animal": frozenset("fish cat bird butterfly rabbit snail turtle elephant".split()),
    "vehicle": frozenset("car boat plane rocket".split()),
    "fruit": frozenset({"apple"}),
    "insect": frozenset({"butterfly"}),
    "instrument": frozenset({"guitar"}),
    "furniture": frozenset({"chair"}),
}
STRANGERS = "dog horse train banana lion bicycle person table ball cow truck lamp monkey drum".split()
STRANGE_COLOURS = ("black", "grey", "brown")


@dataclass(frozen=True)
class Reference:
    """Things of a concept: a kind, one of HYPERNYMS, "thing" (all) or a stranger (none)."""

    concept: str
    colour: str | None = None
    size: str | None = None
    place: str | None = None

    def fits(self, thing: Thing) -> bool:
        kinds = HYPERNYMS.get(self.concept, frozenset({self.concept}))
        return (self.concept == THING or thing.kind in kinds) and all(
            asked is None or asked == has
            for asked, has in (
                (self.colour, thing.colour),
                (self.size, thing.size),
                (self.place, thing.place),
            )
        )

    def found(self, scene: Scene) -> list[Thing]:
        return [thing for thing in scene.things if self.fits(thing)]

    def count(self, scene: Scene) -> int:
        return len(self.found(scene))


def concepts_of(thing: Thing) -> list[str]:
    return [thing.kind, *(name for name, kinds in HYPERNYMS.items() if thing.kind in kinds), THING]


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
    named = [(t, reference_to(t, scene, rng, hidden)) for t in scene.things]
    named = [(thing, reference) for thing, reference in named if reference]
    if len(named) < 2:
        return None
    (one, its), (other, others) = rng.sample(named, 2)
    return one, other, its, others


def asked_loosely(scene: Scene, place: str) -> bool:
    """Is "on the left" open to doubt here, because the corners on the left are taken, too?"""
    sides = {"left": ("column", 0), "right": ("column", 2), "top": ("row", 0), "bottom": ("row", 2)}
    if place not in sides:
        return False
    line, number = sides[place]
    return any(getattr(t, line) == number and t.place != place for t in scene.things)


def place_words(scene: Scene, place: str) -> str:
    """The section that names a place so that no other is meant."""
    return f"exactly {place}" if asked_loosely(scene, place) else f"at {place}"


def present(scene: Scene, rng: random.Random) -> Reference:
    """One or several things that are there."""
    thing = rng.choice(scene.things)
    concept = rng.choices(
        concepts_of(thing), [6, *[2] * (len(concepts_of(thing)) - 2), 1] if len(concepts_of(thing)) > 1 else [1]
    )[0]
    colour = thing.colour if concept == THING or rng.random() < 0.4 else None
    size = thing.size if rng.random() < 0.1 else None
    return Reference(concept, colour, size)


def absent(scene: Scene, rng: random.Random, strangers: bool = True) -> Reference:
    """What is not there: another kind, a kind that is there in another colour, or no thing of this world.

    Never a kind in a colour that is held out: it would be learnt that what it names is not there.
    """
    while True:
        manner, colour = rng.random(), rng.choice([*(t.colour for t in scene.things), *COLOURS])
        near = rng.choice(scene.things)
        if manner < 0.35:
            reference = Reference(near.kind, colour, near.size if rng.random() < 0.1 else None)
        elif manner < 0.7:
            reference = Reference(rng.choice(list(KINDS)), colour if rng.random() < 0.3 else None)
        elif manner < 0.85:
            reference = Reference(rng.choice(list(HYPERNYMS)), colour if rng.random() < 0.4 else None)
        elif manner < 0.93 or not strangers:
            reference = Reference(THING, colour)
        else:
            reference = Reference(rng.choice(STRANGERS))
        if not reference.count(scene) and (reference.concept, reference.colour) not in NEVER_SEEN:
            return reference


def some(scene: Scene, rng: random.Random, least: int = 0) -> Reference:
    """Things to count: how many there are, 0 to 6, is about equally likely, as far as the scene has it."""
    by_number: dict[int, list[Reference]] = {}
    for thing in scene.things:
        for concept in concepts_of(thing):
            for colour, size in ((None, None), (thing.colour, None), (None, thing.size)):
                reference = Reference(concept, colour, size)
                by_number.setdefault(reference.count(scene), []).append(reference)
    if least == 0:
        by_number[0] = [absent(scene, rng, strangers=False)]
    numbers = [number for number in sorted(by_number) if number >= least]
    return rng.choice(sorted(by_number[rng.choice(numbers)], key=repr)) if numbers else Reference(THING)


def other_colour(thing: Thing, rng: random.Random, strange: float = 0.1) -> str:
    """A colour that this thing does not have."""
    if rng.random() < strange:
        return rng.choice(STRANGE_COLOURS)
    return rng.choice([c for c in COLOURS if c != thing.colour and (thing.kind, c) not in NEVER_SEEN])


def other_size(thing: Thing, rng: random.Random) -> str:
    return rng.choice([size for size in SIZES if size != thing.size])
