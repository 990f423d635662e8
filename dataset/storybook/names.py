"""What a thing is called: names that fit it alone, and names that fit nothing in a scene."""

import random

from dataset.storybook.colours import COLOURS
from dataset.storybook.kinds import KINDS
from dataset.storybook.language import Language
from dataset.storybook.world import NEVER_SEEN, Scene, Thing

Name = dict[str, str | None]  # what is said of a thing: its kind, colour, size


def the(language: Language, name: Name) -> str:
    return language.the(language.noun(**name))


def a(language: Language, name: Name) -> str:
    return language.a(language.noun(**name), name["kind"])


def full_name(thing: Thing) -> Name:
    return {"kind": thing.kind, "colour": thing.colour, "size": thing.size}


def fits(thing: Thing, name: Name) -> bool:
    return all(value is None or getattr(thing, key) == value for key, value in name.items())


def number_of(scene: Scene, name: Name) -> int:
    return sum(fits(thing, name) for thing in scene.things)


def unique_name(scene: Scene, thing: Thing, rng: random.Random | None, hidden: str = "") -> Name | None:
    """A name that fits this thing alone and does not tell attribute `hidden`; without rng the shortest."""
    wordings = [("kind",), ("kind", "colour"), ("kind", "size"), ("kind", "colour", "size")]
    if rng:
        rng.shuffle(wordings)
    for keys in wordings:
        name = {key: getattr(thing, key) for key in keys}
        if hidden not in keys and number_of(scene, name) == 1:
            return name
    return None


def named_things(scene: Scene, rng: random.Random | None, hidden: str = "") -> list[tuple[Thing, Name]]:
    """All things that have a unique name, with it."""
    named = [(thing, unique_name(scene, thing, rng, hidden)) for thing in scene.things]
    return [(thing, name) for thing, name in named if name]


def pick(scene: Scene, rng: random.Random, hidden: str = "") -> tuple[Thing, Name] | None:
    """A thing and a unique name for it."""
    things = named_things(scene, rng, hidden)
    return rng.choice(things) if things else None


def absent_name(scene: Scene, rng: random.Random) -> Name:
    """A name that fits nothing: another kind, or a kind that is there in a colour that it does not have.

    Never one that is held out: it would be learnt that what it names is not there.
    """
    while True:
        near = scene.things and rng.random() < 0.5
        kind = rng.choice(scene.things).kind if near else rng.choice(list(KINDS))
        name = {"kind": kind}
        if near or rng.random() < 0.5:
            name["colour"] = rng.choice([t.colour for t in scene.things] + [rng.choice(list(COLOURS))])
        if not number_of(scene, name) and (kind, name.get("colour")) not in NEVER_SEEN:
            return name
