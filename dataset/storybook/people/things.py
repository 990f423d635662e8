"""Of one thing or some: is it there, how many, what colour, how big, where, is that so, which of two."""

import random

from dataset.storybook.people.family import (
    coin,
    family,
    full,
    number,
    one_of,
    right,
    shuffled,
    there,
    units,
)
from dataset.storybook.people.references import (
    SIDES,
    absent,
    at_side,
    hypernym,
    other_colour,
    other_size,
    pair,
    pick,
    present,
    some,
)
from dataset.storybook.people.tongue import Tongue
from dataset.storybook.people.wording import Question
from dataset.storybook.world import PLACES, Scene, Thing

HYPERNYMS_SHARE = 0.2  # of the questions whether something is there


@family
def existence(scene: Scene, tongue: Tongue, rng: random.Random) -> Question:
    reference = hypernym(scene, rng) if rng.random() < HYPERNYMS_SHARE else None
    if not reference:
        reference = present(scene, rng) if coin(rng) else absent(scene, rng, without=("hypernym",))
    return Question("existence", there(tongue, reference.count(scene) > 0), {"it": reference})


@family
def count(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    return one_of({how_many: 8, besides: 1, on_a_side: 1}, scene, tongue, rng)


def how_many(scene: Scene, tongue: Tongue, rng: random.Random) -> Question:
    reference = some(scene, rng)
    return Question("count", number(reference, scene, tongue), {"it": reference})


def besides(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    """How many things are not cats?"""
    reference = present(scene, rng)
    there_are = reference.count(scene)
    if there_are == len(scene.things) and coin(rng):
        return None
    section = "count_besides" if there_are > 1 else "count_besides_one"
    return Question(section, units(len(scene.things) - there_are, tongue), {"it": reference})


def on_a_side(scene: Scene, tongue: Tongue, rng: random.Random) -> Question:
    """How many things are on the left side?"""
    side = rng.choice(list(SIDES))
    return Question("count_on_side", units(len(at_side(scene, side)), tongue), {"side": f"side {side}"})


@family
def colour(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    return of_one(scene, tongue, rng, "colour")


@family
def size(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    return of_one(scene, tongue, rng, "size")


@family
def position(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    return of_one(scene, tongue, rng, "position", hidden="place")


def of_one(
    scene: Scene, tongue: Tongue, rng: random.Random, attribute: str, hidden: str = ""
) -> Question | None:
    """One attribute of a thing by name."""
    picked = pick(scene, rng, hidden or attribute)
    return picked and Question(attribute, attribute_of(picked[0], attribute, tongue), {"it": picked[1]})


def attribute_of(thing: Thing, attribute: str, tongue: Tongue) -> str:
    if attribute == "position":
        return tongue.language.at(thing.place)
    words = {"colour": tongue.language.colours, "size": tongue.language.sizes}[attribute]
    return words[getattr(thing, attribute)]


@family
def check(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    """Is what somebody says of a thing so?"""
    return one_of({check_colour: 3, check_size: 2, check_place: 2}, scene, tongue, rng)


def check_colour(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    if not (picked := pick(scene, rng, "colour")):
        return None
    (thing, reference), truth = picked, coin(rng)
    said = thing.colour if truth else other_colour(thing, rng)
    return Question("check_colour", right(tongue, truth), {"it": reference, "colour": f"colour {said}"})


def check_size(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    if not (picked := pick(scene, rng, "size")):
        return None
    (thing, reference), truth = picked, coin(rng)
    said = thing.size if truth else other_size(thing, rng)
    return Question("check_size", right(tongue, truth), {"it": reference, "size": f"size {said}"})


def check_place(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    """ "On the left" is true of all that is on the left, at the top left as well."""
    if not (picked := pick(scene, rng, "place")):
        return None
    (thing, reference), truth = picked, coin(rng)
    said = rng.choice([place for place in PLACES if is_at(thing, place) == truth])
    return Question("check_place", right(tongue, truth), {"it": reference, "place": f"at {said}"})


def is_at(thing: Thing, place: str) -> bool:
    row, column = divmod(PLACES.index(place), 3)
    if place in ("left", "right"):
        return thing.column == column
    if place in ("top", "bottom"):
        return thing.row == row
    return thing.place == place


@family
def choice(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    """Which of two that are named in the question?"""
    return one_of({choose_colour: 3, choose_size: 1, choose_place: 2, which_is: 3}, scene, tongue, rng)


def choose_colour(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    if not (picked := pick(scene, rng, "colour")):
        return None
    thing, reference = picked
    others = list(dict.fromkeys(other_colour(thing, rng, strange=0) for _ in range(rng.randint(1, 2))))
    words = shuffled(rng, *(f"colour {colour}" for colour in (thing.colour, *others)))
    section = "choose_of_three" if len(others) > 1 else "choose_colour"
    return Question(section, tongue.language.colours[thing.colour], {"it": reference, **words})


def choose_size(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    if not (picked := pick(scene, rng, "size")):
        return None
    thing, reference = picked
    words = shuffled(rng, f"size {thing.size}", f"size {other_size(thing, rng)}")
    return Question("choose_size", tongue.language.sizes[thing.size], {"it": reference, **words})


def choose_place(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    """Two places, of which one is true and the other is not, however loosely it is taken."""
    if not (picked := pick(scene, rng, "place")):
        return None
    thing, reference = picked
    wrong = rng.choice([place for place in PLACES if not is_at(thing, place)])
    words = shuffled(rng, f"at {thing.place}", f"at {wrong}")
    return Question("choose_place", tongue.language.at(thing.place), {"it": reference, **words})


def which_is(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    """Which of two things is red, or big? The question names neither's."""
    key = rng.choice(["colour", "size"])
    if not (two := pair(scene, rng, key)):
        return None
    one, other, its, others = two
    if getattr(one, key) == getattr(other, key):
        return None
    asked = {"property": f"{key} {getattr(one, key)}"}
    slots = {"it": its, "other": others} if coin(rng) else {"it": others, "other": its}
    return Question("which_is", tongue.plain(its), {**slots, **asked})


@family
def identity(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    """What is the red thing?"""
    picked = pick(scene, rng, "kind")
    return picked and Question("identity", full(picked[0], tongue), {"it": picked[1]})


@family
def missing(scene: Scene, tongue: Tongue, rng: random.Random) -> Question:
    """What is asked of a thing that is not there."""
    reference = absent(scene, rng)
    sections = ["position", "doing"]
    if not reference.size:
        sections += ["size"]
    if not reference.colour:
        sections += ["colour", "colour", "colour_and_place"]
    return Question(rng.choice(sections), tongue.language.answers["unknown"], {"it": reference})
