"""Follow-ups: questions that lean on the turn before, with "it", "they", "the other one", "and the fish?"."""

import random

from dataset.storybook.people.family import all_of, coin, colours, right, there
from dataset.storybook.people.references import (
    THING,
    Reference,
    other_colour,
    other_size,
    pick,
    reference_to,
    some,
)
from dataset.storybook.people.things import attribute_of
from dataset.storybook.people.tongue import Tongue
from dataset.storybook.people.wording import Question
from dataset.storybook.world import Scene, Thing

ALIKE = 0.5  # of the questions whether different things are alike are asked
NAMED_FIRST = 0.3  # of those about "it" begin with whether it is there: it always is
HIDDEN = {"colour": "colour", "size": "size", "position": "place"}


def follow_up(scene: Scene, tongue: Tongue, rng: random.Random) -> list[Question]:
    """A question and one to three that follow it."""
    makers = [of_it, of_others, of_them, of_the_other, of_their_number]
    for maker in rng.sample(makers, len(makers)):
        if questions := maker(scene, tongue, rng):
            return questions + doubts(tongue, rng)
    return []


def doubts(tongue: Tongue, rng: random.Random) -> list[Question]:
    """ "Are you sure?", "Why?", of the answer before: it was true."""
    asked = [key for key in ("sure", "why") if rng.random() < 0.25]
    return [Question(key, tongue.answers[key]) for key in asked]


def of_it(scene: Scene, tongue: Tongue, rng: random.Random) -> list[Question]:
    """It is named once, then it is "it"."""
    if not (picked := pick(scene, rng)):
        return []
    thing, reference = picked
    known = {key for key, hidden in HIDDEN.items() if getattr(reference, hidden)}
    asked = rng.sample(sorted(set(HIDDEN) - known), 3 - len(known))
    first = asked.pop() if len(asked) > 1 and rng.random() > NAMED_FIRST else None
    if first:
        questions = [Question(first, attribute_of(thing, first, tongue), {"it": reference})]
    else:
        questions = [Question("existence", there(tongue, True), {"it": reference})]
    if not first and rng.random() < 0.3:
        others = [other for other in scene.things if other is not thing]
        return [*questions, Question("what_else", all_of(others, tongue, tongue.answers["nothing_else"]))]
    return [*questions, *(of_its(thing, key, tongue, rng) for key in asked[: rng.randint(1, 2)])]


def of_its(thing: Thing, key: str, tongue: Tongue, rng: random.Random) -> Question:
    """What colour is it? Is it red?"""
    if key == "position" or coin(rng):
        return Question(f"{key}_it", attribute_of(thing, key, tongue))
    truth = coin(rng)
    other = other_colour(thing, rng) if key == "colour" else other_size(thing, rng)
    said = getattr(thing, key) if truth else other
    return Question(f"check_{key}_it", right(tongue, truth), {key: f"{key} {said}"})


def of_others(scene: Scene, tongue: Tongue, rng: random.Random) -> list[Question]:
    """Where is the cat? And the fish?"""
    key = rng.choice(list(HIDDEN))
    named = [(thing, reference_to(thing, scene, rng, HIDDEN[key])) for thing in scene.things]
    named = [(thing, reference) for thing, reference in named if reference]
    if len(named) < 2:
        return []
    (thing, reference), *others = rng.sample(named, min(3, len(named)))
    first = Question(key, attribute_of(thing, key, tongue), {"it": reference})
    return [first, *(Question("and_the", attribute_of(t, key, tongue), {"it": r}) for t, r in others)]


def of_them(scene: Scene, tongue: Tongue, rng: random.Random) -> list[Question]:
    """How many cats are there? What colours are they?"""
    reference = some(scene, rng, least=2)
    found = reference.found(scene)
    if len(found) < 2 or reference.concept == THING:
        return []
    unit = tongue.named(tongue.grammar, reference, None).get("unit", "")
    first = Question("count", tongue.language.numbers[len(found)] + unit, {"it": reference})
    places = tongue.listed([tongue.language.at(thing.place) for thing in found])
    then = [Question("they_colours", colours(found, tongue)), Question("they_places", places)]
    for key in ("colour", "size"):
        same = len({getattr(thing, key) for thing in found}) == 1
        if same or rng.random() < ALIKE:  # two things are seldom alike
            then.append(Question(f"they_same_{key}", right(tongue, same)))
    return [first, *rng.sample(then, rng.randint(1, 2))]


def of_their_number(scene: Scene, tongue: Tongue, rng: random.Random) -> list[Question]:
    """Are there cats? How many?"""
    reference = some(scene, rng)
    if reference.concept == THING or not (found := reference.found(scene)):
        return []
    unit = tongue.named(tongue.grammar, reference, None).get("unit", "")
    asked = Question("existence", there(tongue, True), {"it": reference})
    return [asked, Question("they_number", tongue.language.numbers[len(found)] + unit)]


def of_the_other(scene: Scene, tongue: Tongue, rng: random.Random) -> list[Question]:
    """Of two cats one is asked about, then the other."""
    kinds = [thing.kind for thing in scene.things]
    twos = sorted({kind for kind in kinds if kinds.count(kind) == 2})
    if not twos:
        return []
    one, other = rng.sample(Reference(rng.choice(twos)).found(scene), 2)
    tells = [key for key in ("colour", "size") if getattr(one, key) != getattr(other, key)]
    if not tells:
        return []
    tell = rng.choice(tells)
    reference = Reference(one.kind, **{tell: getattr(one, tell)})
    key = rng.choice([key for key in HIDDEN if key != tell])
    return [
        Question(key, attribute_of(one, key, tongue), {"it": reference}),
        Question("other_one", attribute_of(other, key, tongue), {"it": Reference(one.kind)}),
    ]
