"""Follow-ups: questions that lean on the turn before, with "it", "they", "the other one", "and the fish?"."""

import random
from dataclasses import replace

from dataset.storybook.colours import COLOURS
from dataset.storybook.people.family import all_of, coin, colours, full, number, places, right, there
from dataset.storybook.people.places import neighbours, place, rank, stands
from dataset.storybook.people.references import (
    THING,
    Reference,
    absent,
    other_colour,
    other_size,
    pair,
    pick,
    place_words,
    present,
    reference_to,
    some,
)
from dataset.storybook.people.things import attribute_of, is_at
from dataset.storybook.people.tongue import Tongue
from dataset.storybook.people.wording import Question
from dataset.storybook.questions import OPPOSITES, SCENERY, scenery_word
from dataset.storybook.world import PLACES, Scene, Thing

ALIKE = 0.5  # of the questions whether different things are alike are asked
AGAIN = 0.1  # of the answers are asked for once more
NAMED_FIRST = 0.3  # of those about "it" begin with whether it is there: it always is
HIDDEN = {"colour": "colour", "size": "size", "position": "place"}


def follow_up(scene: Scene, tongue: Tongue, rng: random.Random) -> list[Question]:
    """A question and one to three that follow it."""
    makers = [of_it, of_others, of_them, of_the_other, of_their_number]
    makers += [of_found, of_more, of_places, of_scenery, of_its_company, of_its_like]
    for maker in rng.sample(makers, len(makers)):
        if questions := maker(scene, tongue, rng):
            return questions + doubts(tongue, rng, questions[-1].answer)
    return []


def doubts(tongue: Tongue, rng: random.Random, answer: str) -> list[Question]:
    """ "Say that again", "Are you sure?", "Why?", of the answer before: it was true."""
    again = [Question("again", answer)] if rng.random() < AGAIN else []
    asked = [key for key in ("sure", "why") if rng.random() < 0.25]
    return [*again, *(Question(key, tongue.answers[key]) for key in asked)]


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
    if coin(rng):
        return Question(f"{key}_it", attribute_of(thing, key, tongue))
    truth = coin(rng)
    if key == "position":
        said = rng.choice([where for where in PLACES if is_at(thing, where) == truth])
        return Question("check_position_it", right(tongue, truth), {"place": f"at {said}"})
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
    then = [Question("they_colours", colours(found, tongue)), Question("they_places", places(found, tongue))]
    if not reference.colour:
        colour = rng.choice([rng.choice(found).colour, rng.choice(list(COLOURS))])
        count = sum(thing.colour == colour for thing in found)
        said = tongue.language.numbers[count] + (unit if count else "")
        slots = {"it": reference, "colour": f"colour {colour}"}
        then.append(Question("they_in_colour", said, slots))
        if count < len(found):
            then.append(Question("they_any_colour", there(tongue, count > 0), slots))
        if count in (0, len(found)):
            then.append(Question("they_all_colour", right(tongue, count > 0), slots))
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


def of_found(scene: Scene, tongue: Tongue, rng: random.Random) -> list[Question]:
    """What is the biggest thing? Where is it?"""
    thing, (hidden, first) = rng.choice(scene.things), ("position", None)
    if coin(rng):
        first = Question("place", full(thing, tongue), {"place": place_words(scene, thing.place)})
    elif picked := pick(scene, rng, "kind"):
        thing, reference = picked
        hidden = "position" if reference.place else ""
        first = Question("identity", full(thing, tongue), {"it": reference})
    if not first:
        return []
    keys = rng.sample(sorted(set(HIDDEN) - {hidden}), rng.randint(1, 2))
    return [first, *(of_its(thing, key, tongue, rng) for key in keys)]


def of_more(scene: Scene, tongue: Tongue, rng: random.Random) -> list[Question]:
    """Is there a cat? And a dog? How many cats are there? And birds?"""
    counting = coin(rng)
    without = ("stranger",) if counting else ()
    some = [present(scene, rng) if coin(rng) else absent(scene, rng, without) for _ in range(3)]
    first, *others = (
        Question("count", number(reference, scene, tongue), {"it": reference})
        if counting
        else Question("existence", there(tongue, reference.count(scene) > 0), {"it": reference})
        for reference in dict.fromkeys(some)
    )
    return [first, *(replace(other, section=f"and_{other.section}") for other in others)]


def of_places(scene: Scene, tongue: Tongue, rng: random.Random) -> list[Question]:
    """What is on the left? And on the right?"""
    some = [place(scene, tongue, rng) for _ in range(3)]
    first, *others = {question.slots["place"]: question for question in some}.values()
    return [first, *(replace(other, section="and_place") for other in others)]


def of_scenery(scene: Scene, tongue: Tongue, rng: random.Random) -> list[Question]:
    """What time of day is it? And the weather?"""
    keys = rng.sample(SCENERY, rng.randint(2, len(SCENERY)))
    first, *others = (Question(key, scenery_word(scene, key, tongue.language)) for key in keys)
    return [first, *(replace(other, section=f"and_{other.section}") for other in others)]


def of_its_company(scene: Scene, tongue: Tongue, rng: random.Random) -> list[Question]:
    """Is there a cat? What is to the left of it? Is it bigger than the car?"""
    if not (two := pair(scene, rng, "size")):
        return []
    thing, other, its, others = two
    questions = [Question("existence", there(tongue, True), {"it": its})]
    if not its.colour:
        questions.append(Question("colour", attribute_of(thing, "colour", tongue), {"it": its}))
    side, truth = rng.choice(stands(thing, other)), coin(rng)
    asked = side if truth else OPPOSITES[side]
    then = [Question("check_beside_it", right(tongue, truth), {"other": others, "beside": f"beside {asked}"})]
    if thing.size != other.size:
        asked = rng.choice(["big", "small"])
        truth = rank(thing, asked) > rank(other, asked)
        then.append(
            Question("check_bigger_it", right(tongue, truth), {"other": others, "than": f"than {asked}"})
        )
    if drawn := neighbours(thing, scene, rng):
        answer = all_of(drawn[1], tongue, tongue.language.answers["nothing"])
        then.append(Question("beside_it", answer, {"beside": f"beside {drawn[0]}"}))
    return [rng.choice(questions), *rng.sample(then, rng.randint(1, len(then)))]


def of_its_like(scene: Scene, tongue: Tongue, rng: random.Random) -> list[Question]:
    """What colour is the cat? Is there another? What else has that colour?"""
    if not (picked := pick(scene, rng, "colour")):
        return []
    thing, reference = picked
    others = [other for other in scene.things if other is not thing]
    alike = [other for other in others if other.colour == thing.colour]
    another = any(other.kind == thing.kind for other in others)
    first = Question("colour", attribute_of(thing, "colour", tongue), {"it": reference})
    then = [
        Question("another", there(tongue, another), {"it": Reference(thing.kind)}),
        Question("else_in_colour", all_of(alike, tongue, tongue.answers["nothing_else"])),
    ]
    return [first, *rng.sample(then, rng.randint(1, 2))]
