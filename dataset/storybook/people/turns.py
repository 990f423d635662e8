"""Follow-ups: questions that lean on the turn before, with "it", "they", "the other one", "and the fish?"."""

import random
from dataclasses import replace

from dataset.storybook.colours import COLOURS
from dataset.storybook.people.family import (
    all_of,
    coin,
    colours,
    even,
    full,
    number,
    numbered,
    one_of,
    places,
    right,
    there,
)
from dataset.storybook.people.places import most, neighbours, place, rank, stands
from dataset.storybook.people.references import (
    THING,
    Reference,
    absent,
    other_colour,
    other_size,
    pair,
    pick,
    present,
    reference_to,
    some,
)
from dataset.storybook.people.things import attribute_of, is_at
from dataset.storybook.people.tongue import Tongue
from dataset.storybook.people.wording import Question
from dataset.storybook.questions import OPPOSITES, SCENERY, scenery_word
from dataset.storybook.world import NEVER_SEEN, PLACES, Scene, Thing

ALIKE = 0.5  # of the questions whether different things are alike are asked
AGAIN = 0.1  # of the answers are asked for once more
TOLD = 0.3  # of the things that were found are asked what is known of them
NAMED_FIRST = 0.3  # of those about "it" begin with whether it is there: it always is
HIDDEN = {"colour": "colour", "size": "size", "position": "place"}


def follow_up(scene: Scene, tongue: Tongue, rng: random.Random) -> list[Question]:
    """A question and one to three that follow it."""
    of_one_thing = {of_it: 4, of_found: 1, of_its_company: 2, of_its_like: 2}
    of_several = {of_others: 2, of_them: 4, of_the_other: 3, of_their_number: 1, of_more: 2}
    makers = {**of_one_thing, **of_several, of_places: 1, of_scenery: 1}
    questions = one_of(makers, scene, tongue, rng)
    return questions + doubts(tongue, rng, questions[-1].answer) if questions else []


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
    reference = some(scene, rng, least=2, named=True)
    found = reference.found(scene)
    if reference.concept == THING:
        return []
    first = Question("count", number(reference, scene, tongue), {"it": reference})
    then = [Question("they_colours", colours(found, tongue)), Question("they_places", places(found, tongue))]
    then += in_colour(reference, found, tongue, rng)
    for key in ("colour", "size"):
        same = len({getattr(thing, key) for thing in found}) == 1
        if same or rng.random() < ALIKE:  # two things are seldom alike
            then.append(Question(f"they_same_{key}", right(tongue, same)))
    return [first, *rng.sample(then, rng.randint(1, 2))]


def in_colour(reference: Reference, found: list[Thing], tongue: Tongue, rng: random.Random) -> list[Question]:
    """How many of them are red? Are any, or all?"""
    if reference.colour:
        return []
    theirs = sorted({thing.colour for thing in found})
    others = [c for c in COLOURS if c not in theirs and (reference.concept, c) not in NEVER_SEEN]
    colour, there_is = even(theirs, others, rng)
    slots = {"it": reference, "colour": f"colour {colour}"}
    count = sum(thing.colour == colour for thing in found)
    questions = [Question("they_in_colour", numbered(count, reference, tongue), slots)]
    if len(theirs) > 1:
        questions.append(Question("they_any_colour", there(tongue, there_is), slots))
    else:
        questions.append(Question("they_all_colour", right(tongue, there_is), slots))
    return questions


def of_their_number(scene: Scene, tongue: Tongue, rng: random.Random) -> list[Question]:
    """Are there cats? How many?"""
    reference = some(scene, rng, least=1, named=True)
    if reference.concept == THING:
        return []
    asked = Question("existence", there(tongue, True), {"it": reference})
    return [asked, Question("they_number", number(reference, scene, tongue))]


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
    """What is the biggest thing? Where is it? What the answer tells already is seldom asked."""
    size = rng.choice(["big", "small"])
    best = most([rank(thing, size) for thing in scene.things], list(scene.things))
    if len(best) == 1 < len(scene.things):
        first = Question("superlative", full(best[0], tongue), {"most": f"most {size}"})
    elif (picked := pick(scene, rng, "kind")) and not picked[1].place:
        best = [picked[0]]
        first = Question("identity", full(best[0], tongue), {"it": picked[1]})
    else:
        return []
    told = [rng.choice(["colour", "size"])] if rng.random() < TOLD else []
    return [first, *(of_its(best[0], key, tongue, rng) for key in ["position", *told])]


def of_more(scene: Scene, tongue: Tongue, rng: random.Random) -> list[Question]:
    """Is there a cat? And a dog? How many cats are there? And birds? "Cats" come before "red cats"."""
    if counting := coin(rng):
        named = [some(scene, rng) for _ in range(3)]
    else:
        named = [present(scene, rng) if coin(rng) else absent(scene, rng, ("hypernym",)) for _ in range(3)]
    questions = [
        Question("count", number(reference, scene, tongue), {"it": reference})
        if counting
        else Question("existence", there(tongue, reference.count(scene) > 0), {"it": reference})
        for reference in sorted(dict.fromkeys(named), key=details)
    ]
    return and_more(questions)


def details(reference: Reference) -> int:
    """How much a reference tells of what it is about."""
    return (reference.colour is not None) + (reference.size is not None)


def and_more(questions: list[Question]) -> list[Question]:
    """The first as it is, the others shortened to "and ...?"."""
    first, *others = questions
    return [first, *(replace(other, section=f"and_{other.section}") for other in others)] if others else []


def of_places(scene: Scene, tongue: Tongue, rng: random.Random) -> list[Question]:
    """What is on the left? And on the right?"""
    asked = [place(scene, tongue, rng) for _ in range(3)]
    return and_more(list({question.slots["place"]: question for question in asked}.values()))


def of_scenery(scene: Scene, tongue: Tongue, rng: random.Random) -> list[Question]:
    """What time of day is it? And the weather?"""
    keys = rng.sample(SCENERY, rng.randint(2, len(SCENERY)))
    return and_more([Question(key, scenery_word(scene, key, tongue.language)) for key in keys])


def of_its_company(scene: Scene, tongue: Tongue, rng: random.Random) -> list[Question]:
    """What colour is the cat? What is to the left of it? Is it bigger than the car?"""
    if not (two := pair(scene, rng, "size")):
        return []
    thing, other, its, others = two
    if its.colour or rng.random() < NAMED_FIRST:
        first = Question("existence", there(tongue, True), {"it": its})
    else:
        first = Question("colour", attribute_of(thing, "colour", tongue), {"it": its})
    then = compared(thing, other, others, tongue, rng)
    if drawn := neighbours(thing, scene, rng):
        answer = all_of(drawn[1], tongue, tongue.language.answers["nothing"])
        then.append(Question("beside_it", answer, {"beside": f"beside {drawn[0]}"}))
    return [first, *rng.sample(then, rng.randint(1, len(then)))]


def compared(
    thing: Thing, other: Thing, others: Reference, tongue: Tongue, rng: random.Random
) -> list[Question]:
    """Is it to the left of another thing? Is it bigger?"""
    side, truth = rng.choice(stands(thing, other)), coin(rng)
    asked = side if truth else OPPOSITES[side]
    slots = {"other": others, "beside": f"toward {asked}"}
    questions = [Question("check_beside_it", right(tongue, truth), slots)]
    if thing.size != other.size:
        asked = rng.choice(["big", "small"])
        truth = rank(thing, asked) > rank(other, asked)
        slots = {"other": others, "than": f"than {asked}"}
        questions.append(Question("check_bigger_it", right(tongue, truth), slots))
    return questions


def of_its_like(scene: Scene, tongue: Tongue, rng: random.Random) -> list[Question]:
    """What colour is the big cat? Is there another cat? What else has that colour?"""
    by_size = {thing: Reference(thing.kind, size=thing.size) for thing in scene.things}
    alone = [thing for thing, reference in by_size.items() if reference.count(scene) == 1]
    one_of_more = [thing for thing in alone if Reference(thing.kind).count(scene) > 1]
    if not (drawn := even(one_of_more, [thing for thing in alone if thing not in one_of_more], rng)):
        return []
    thing, another = drawn
    first = Question("colour", attribute_of(thing, "colour", tongue), {"it": by_size[thing]})
    then = [Question("another", there(tongue, another), {"it": Reference(thing.kind)})]
    same = [other for other in scene.things if other is not thing and other.colour == thing.colour]
    if same or coin(rng):
        then.append(Question("else_in_colour", all_of(same, tongue, tongue.answers["nothing_else"])))
    return [first, *rng.sample(then, rng.randint(1, len(then)))]
