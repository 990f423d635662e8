"""Lists, two questions in one, and the picture as a whole."""

import random

from dataset.storybook.colours import COLOURS
from dataset.storybook.people.family import (
    all_of,
    coin,
    colours,
    family,
    full,
    number,
    one_of,
    places,
    there,
)
from dataset.storybook.people.references import (
    SIDES,
    THING,
    Reference,
    absent,
    at_side,
    pair,
    pick,
    present,
    some,
)
from dataset.storybook.people.things import attribute_of
from dataset.storybook.people.tongue import Tongue
from dataset.storybook.people.wording import Question
from dataset.storybook.questions import SCENERY, describe, scenery, scenery_word
from dataset.storybook.world import Scene

PARTS = {  # two questions in one, and which of a thing they ask for
    "colour_and_place": ("colour", "position"),
    "colour_and_size": ("colour", "size"),
    "size_and_place": ("size", "position"),
}
SCENERIES = {
    "place_and_weather": ("setting", "weather"),
    "place_and_time": ("setting", "time"),
    "time_and_weather": ("time", "weather"),
}


@family
def listing(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    makers = {
        list_all: 4,
        list_of: 4,
        list_coloured: 2,
        list_and_colours: 2,
        colours_of: 3,
        list_colours: 1,
        list_besides: 2,
        list_on_side: 2,
        places_of: 2,
    }
    return one_of(makers, scene, tongue, rng)


def list_all(scene: Scene, tongue: Tongue, rng: random.Random) -> Question:
    return Question("list_all", all_of(list(scene.things), tongue))


def list_of(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    reference = some(scene, rng)
    if reference == Reference(THING):
        return None
    answer = all_of(reference.found(scene), tongue, tongue.answers["none"])
    return Question("list_of", answer, {"it": reference})


def list_coloured(scene: Scene, tongue: Tongue, rng: random.Random) -> Question:
    """Everything that is red."""
    colour = rng.choice(scene.things).colour if rng.random() < 0.8 else rng.choice(list(COLOURS))
    answer = all_of(Reference(THING, colour).found(scene), tongue, tongue.answers["none"])
    return Question("list_coloured", answer, {"colour": f"colour {colour}"})


def list_and_colours(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    """Which animals are there, and in what colours?"""
    reference = some(scene, rng, least=1)
    if reference.colour or reference.size:
        return None
    return Question("list_and_colours", all_of(reference.found(scene), tongue), {"it": reference})


def colours_of(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    reference = some(scene, rng, least=2)
    if reference.concept == THING or reference.colour or reference.count(scene) < 2:
        return None
    return Question("colours_of", colours(reference.found(scene), tongue), {"it": reference})


def list_colours(scene: Scene, tongue: Tongue, rng: random.Random) -> Question:
    return Question("list_colours", colours(list(scene.things), tongue))


def list_besides(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    """Everything but the cats; where that is nothing, not every time."""
    reference = present(scene, rng)
    rest = [thing for thing in scene.things if not reference.fits(thing)]
    if not rest and coin(rng):
        return None
    section = "list_besides" if reference.count(scene) > 1 else "list_besides_one"
    return Question(section, all_of(rest, tongue, tongue.answers["nothing_else"]), {"it": reference})


def list_on_side(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    side = rng.choice(list(SIDES))
    if not at_side(scene, side) and coin(rng):
        return None
    answer = all_of(at_side(scene, side), tongue, tongue.language.answers["nothing"])
    return Question("list_on_side", answer, {"side": f"side {side}"})


def places_of(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    """Where are the cats?"""
    reference = some(scene, rng, least=2)
    if reference.concept == THING or reference.count(scene) < 2:
        return None
    return Question("places_of", places(reference.found(scene), tongue), {"it": reference})


@family
def two_parts(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    """What colour is it, and where? One answer after the other."""
    makers = {
        of_a_thing: 4,
        what_and_where: 2,
        two_colours: 3,
        is_there_and: 3,
        how_many_and: 2,
        two_counts: 2,
        two_sceneries: 2,
        all_sceneries: 1,
        how_many_and_where: 1,
    }
    return one_of(makers, scene, tongue, rng)


def of_a_thing(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    section, (one, other) = rng.choice(list(PARTS.items()))
    picked = pick(scene, rng, one)
    if not picked or getattr(picked[1], other if other != "position" else "place"):
        return None
    answer = tongue.both(attribute_of(picked[0], one, tongue), attribute_of(picked[0], other, tongue))
    return Question(section, answer, {"it": picked[1]})


def what_and_where(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    """What is the red thing, and where?"""
    picked = pick(scene, rng, "kind")
    if not picked or picked[1].place:
        return None
    answer = tongue.both(full(picked[0], tongue), attribute_of(picked[0], "position", tongue))
    return Question("identity_and_place", answer, {"it": picked[1]})


def two_colours(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    """What colour are the cat and the car?"""
    if not (two := pair(scene, rng, "colour")):
        return None
    one, other, its, others = two
    answer = tongue.both(*(attribute_of(thing, "colour", tongue) for thing in (one, other)))
    return Question("two_colours", answer, {"it": its, "other": others})


def is_there_and(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    """Is there one, and what colour or where? "no" says both where there is none."""
    section, asked = rng.choice([("there_and_colour", "colour"), ("there_and_place", "position")])
    if coin(rng):
        reference = absent(scene, rng)
        if reference.colour and asked == "colour":
            return None
        return Question(section, there(tongue, False), {"it": reference})
    picked = pick(scene, rng, asked if asked == "colour" else "place")
    if not picked or picked[1].place:
        return None
    answer = tongue.both(there(tongue, True), attribute_of(picked[0], asked, tongue))
    return Question(section, answer, {"it": picked[1]})


def how_many_and(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    reference = some(scene, rng, least=1)
    if reference.concept == THING or reference.colour:
        return None
    answer = tongue.both(number(reference, scene, tongue), colours(reference.found(scene), tongue))
    return Question("count_and_colours", answer, {"it": reference})


def two_counts(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    one = present(scene, rng)
    other = present(scene, rng) if coin(rng) else absent(scene, rng, without=("stranger",))
    if one == other:
        return None
    said = [
        tongue.counted(tongue.language, r.count(scene), r, tongue.named(tongue.grammar, r, None))
        for r in (one, other)
    ]
    return Question("two_counts", tongue.both(*said), {"it": one, "other": other})


def two_sceneries(scene: Scene, tongue: Tongue, rng: random.Random) -> Question:
    section, keys = rng.choice(list(SCENERIES.items()))
    return Question(section, tongue.both(*(scenery_word(scene, key, tongue.language) for key in keys)))


def all_sceneries(scene: Scene, tongue: Tongue, rng: random.Random) -> Question:
    """Where is it, at what time of day, and how is the weather?"""
    place, time, weather = (scenery_word(scene, key, tongue.language) for key in SCENERY)
    return Question("place_time_and_weather", tongue.both(tongue.both(place, time), weather))


def how_many_and_where(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    reference = some(scene, rng, least=1)
    if reference.concept == THING:
        return None
    answer = tongue.both(number(reference, scene, tongue), places(reference.found(scene), tongue))
    return Question("count_and_places", answer, {"it": reference})


@family
def description(scene: Scene, tongue: Tongue, rng: random.Random) -> Question:
    return Question("description", describe(scene, tongue.language))


@family
def summary(scene: Scene, tongue: Tongue, rng: random.Random) -> Question:
    language = tongue.language
    counted = language.counted(len(scene.things))
    return Question("summary", language.summary(scenery(scene, language), counted))
