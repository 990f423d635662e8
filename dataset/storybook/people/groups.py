"""Of several things: are they alike, is there more than one, is it all there is?"""

import random

from dataset.storybook.colours import COLOURS
from dataset.storybook.kinds import KINDS
from dataset.storybook.people.family import even, family, one_of, right, there, units
from dataset.storybook.people.references import (
    HYPERNYMS,
    THING,
    Reference,
    absent,
    other_colour,
    pair,
    place_words,
)
from dataset.storybook.people.tongue import Tongue
from dataset.storybook.people.wording import Question
from dataset.storybook.world import PLACES, Scene

NUMBERS = (2, 3, 4, 5, 6)
UNLIKE = {  # so many of the times that the answer is no are asked about: few things are alike
    "same_colour": 0.2,
    "same_size": 0.2,
    "differ_colour": 4,
    "differ_size": 1.8,
    "pair": 0.4,
    "both_colour": 0.25,
    "all_colour": 0.1,
    "only_kind": 0.6,
}


def groups(scene: Scene) -> list[Reference]:
    """Two things or more of a kind or of a wider one, or all there are."""
    kinds = sorted({thing.kind for thing in scene.things})
    return [r for r in map(Reference, (*kinds, *HYPERNYMS, THING)) if r.count(scene) > 1]


@family
def alike(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    makers = {same: 3, differ: 2, pair_same: 2, both_in_colour: 3}
    return one_of({**makers, all_in_colour: 10}, scene, tongue, rng)  # the last seldom finds any


def same(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    """Are the cats of one colour, or size?"""
    key = rng.choice(["colour", "size"])
    true = [reference for reference in groups(scene) if variety(reference, scene, key) == 1]
    false = [reference for reference in groups(scene) if reference not in true]
    if not (drawn := even(true, false, rng, UNLIKE[f"same_{key}"])):
        return None
    return Question(f"same_{key}", right(tongue, drawn[1]), {"it": drawn[0]})


def differ(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    """Are the cats of different colours, or sizes? Where some are alike and some are not, who knows."""
    key = rng.choice(["colour", "size"])
    false = [reference for reference in groups(scene) if variety(reference, scene, key) == 1]
    true = [r for r in groups(scene) if variety(r, scene, key) == r.count(scene)]
    if not (drawn := even(true, false, rng, UNLIKE[f"differ_{key}"])):
        return None
    return Question(f"differ_{key}", right(tongue, drawn[1]), {"it": drawn[0]})


def variety(reference: Reference, scene: Scene, key: str) -> int:
    """How many colours, or sizes, they have."""
    return len({getattr(thing, key) for thing in reference.found(scene)})


def pair_same(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    """Has the cat the colour, or size, of the car?"""
    key = rng.choice(["colour", "size"])
    if not (two := pair(scene, rng, key)):
        return None
    truth = getattr(two[0], key) == getattr(two[1], key)
    if not truth and rng.random() > UNLIKE["pair"]:
        return None
    return Question(f"pair_same_{key}", right(tongue, truth), {"it": two[2], "other": two[3]})


def both_in_colour(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    """Are both red? As often as not: "both" alone tells nothing."""
    two = [reference for reference in groups(scene) if reference.count(scene) == 2]
    return in_colour("both_colour", two, scene, tongue, rng)


def all_in_colour(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    """Are all red? As often as not."""
    more = [reference for reference in groups(scene) if reference.count(scene) > 2]
    return in_colour("all_colour", more, scene, tongue, rng)


def in_colour(
    section: str, some: list[Reference], scene: Scene, tongue: Tongue, rng: random.Random
) -> Question | None:
    true, false = [], []
    for reference in some:
        found = reference.found(scene)
        colours = {thing.colour for thing in found}
        if len(colours) == 1:
            true.append((reference, found[0].colour))
            false.append((reference, other_colour(found[0], rng)))
        else:
            false += [(reference, colour) for colour in sorted(colours)]
    if not (drawn := even(true, false, rng, UNLIKE[section])):
        return None
    (reference, colour), truth = drawn
    return Question(section, right(tongue, truth), {"it": reference, "colour": f"colour {colour}"})


@family
def amount(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    makers = {number: 3, several: 3, only: 2, kinds: 1, anything: 3, coloured: 3}
    return one_of({**makers, both_there: 2, which_there: 2}, scene, tongue, rng)


def number(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    """There are three cats, right?"""
    if not (some := groups(scene)):
        return None
    reference, truth = rng.choice(some), rng.random() < 0.5
    there_are = reference.count(scene)
    said = there_are if truth else rng.choice([n for n in NUMBERS if n != there_are])
    return Question("check_number", right(tongue, truth), {"it": reference, "number": f"number {said}"})


def several(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    """Is there more than one cat?"""
    one = [Reference(thing.kind) for thing in scene.things if Reference(thing.kind).count(scene) == 1]
    one.append(absent(scene, rng, without=("stranger", "colour")))
    drawn = even([r for r in groups(scene) if r.concept != THING], one, rng)
    return drawn and Question("several", there(tongue, drawn[1]), {"it": drawn[0]})


def only(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    """Are there only cats?"""
    true, false = [], []
    for concept in sorted({thing.kind for thing in scene.things} | set(HYPERNYMS)):
        reference = Reference(concept)
        if number := reference.count(scene):
            (true if number == len(scene.things) else false).append(reference)
    drawn = even(true, false, rng, UNLIKE["only_kind"])
    return drawn and Question("only_kind", right(tongue, drawn[1]), {"it": drawn[0]})


def kinds(scene: Scene, tongue: Tongue, rng: random.Random) -> Question:
    number = len({thing.kind for thing in scene.things})
    return Question("how_many_kinds", tongue.answers["kinds"].format(tongue.language.numbers[number]))


def anything(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    """Is there anything on the left?"""
    taken = [thing.place for thing in scene.things]
    drawn = even(taken, [place for place in PLACES if place not in taken], rng)
    if not drawn:
        return None
    where, truth = drawn
    return Question("anything_at", there(tongue, truth), {"place": place_words(scene, where)})


def coloured(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    """Is anything red? How many are?"""
    there_are = sorted({thing.colour for thing in scene.things})
    if rng.random() < 0.4:
        colour = rng.choice(there_are)
        count = Reference(THING, colour).count(scene)
        return Question("count_coloured", units(count, tongue), {"colour": f"colour {colour}"})
    colour, truth = even(there_are, [c for c in COLOURS if c not in there_are], rng)
    return Question("anything_coloured", there(tongue, truth), {"colour": f"colour {colour}"})


def both_there(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    """Are there both a cat and a car? Either may be the one that is not there."""
    kinds = sorted({thing.kind for thing in scene.things})
    if len(kinds) < 2:
        return None
    one, other = (rng.choice(Reference(kind).found(scene)) for kind in rng.sample(kinds, 2))
    named = [Reference(thing.kind, rng.choice([None, thing.colour])) for thing in (one, other)]
    truth = rng.random() < 0.5
    while not truth and (named[1].concept == one.kind or named[1].count(scene)):
        named[1] = absent(scene, rng, without=("hypernym", "stranger", "size", "colour"))
    slots = dict(zip(("it", "other"), rng.sample(named, 2), strict=True))
    return Question("both_there", there(tongue, truth), slots)


def which_there(scene: Scene, tongue: Tongue, rng: random.Random) -> Question:
    """Is it a cat or a car that is there?"""
    found = Reference(rng.choice(scene.things).kind)
    other = Reference(rng.choice([kind for kind in KINDS if not Reference(kind).count(scene)]))
    answer = tongue.plain(found, "a" if found.count(scene) == 1 else "many")
    slots = dict(zip(("it", "other"), rng.sample([found, other], 2), strict=True))
    return Question("which_there", answer, slots)
