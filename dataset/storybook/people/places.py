"""What is where, how things stand to each other, which is bigger, which is biggest or furthest."""

import random
from collections import Counter
from itertools import combinations
from math import hypot

from dataset.storybook.people.family import all_of, coin, even, family, full, number, numbered, one_of, right
from dataset.storybook.people.references import THING, Reference, pair, pick, place_words
from dataset.storybook.people.tongue import Tongue
from dataset.storybook.people.wording import Question
from dataset.storybook.questions import OPPOSITES, thought, which_more
from dataset.storybook.world import PLACES, SIZES, Scene, Thing

APART = 8.0  # pixels of a 128-pixel picture between the thing furthest to a side and the next
NOTHING_SHARE = 0.25
ENDS = {"left": ("x", -1), "right": ("x", 1), "top": ("y", -1), "bottom": ("y", 1)}


@family
def place(scene: Scene, tongue: Tongue, rng: random.Random) -> Question:
    """What is at a place?"""
    there = {thing.place: thing for thing in scene.things}
    free = [where for where in PLACES if where not in there]
    where = rng.choice(free if rng.random() < NOTHING_SHARE else list(there))
    answer = full(there[where], tongue) if where in there else tongue.language.answers["nothing"]
    return Question("place", answer, {"place": place_words(scene, where)})


@family
def relation(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    return one_of({side_of: 3, check_beside: 3, beside: 2, further: 3, nearest: 1}, scene, tongue, rng)


def stands(one: Thing, other: Thing) -> list[str]:
    """Of "left", "right", "above" and "below" what one thing is to another."""
    sides = ["left"] * (one.column < other.column) + ["right"] * (one.column > other.column)
    return sides + ["above"] * (one.row < other.row) + ["below"] * (one.row > other.row)


def side_of(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    if not (two := pair(scene, rng)):
        return None
    side = rng.choice(stands(*two[:2]))
    section = "choose_side" if side in ("left", "right") else "choose_height"
    return Question(section, tongue.language.answers[side], {"it": two[2], "other": two[3]})


def further(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    """Which of two things is higher, lower, further to the left, or to the right?"""
    if not (two := pair(scene, rng)):
        return None
    side = rng.choice(stands(*two[:2]))
    asked, found = (side, two[2]) if coin(rng) else (OPPOSITES[side], two[3])
    slots = {"it": two[2], "other": two[3], "further": f"further {asked}"}
    return Question("which_further", tongue.plain(found), slots)


def check_beside(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    if not (two := pair(scene, rng)):
        return None
    side, truth = rng.choice(stands(*two[:2])), coin(rng)
    asked = side if truth else OPPOSITES[side]
    slots = {"it": two[2], "other": two[3], "beside": f"toward {asked}"}
    return Question("check_beside", right(tongue, truth), slots)


def beside(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    """What is to the left of it? What is level with it, or nothing where nothing at all is to the left."""
    if not (picked := pick(scene, rng)):
        return None
    thing, reference = picked
    if not (drawn := neighbours(thing, scene, rng)):
        return None
    side, found = drawn
    answer = all_of(found, tongue, tongue.language.answers["nothing"])
    return Question("beside", answer, {"it": reference, "beside": f"beside {side}"})


def neighbours(thing: Thing, scene: Scene, rng: random.Random) -> tuple[str, list[Thing]] | None:
    """A side of a thing and what stands there, now and then nothing."""
    found = {}
    for side in OPPOSITES:
        level = "row" if side in ("left", "right") else "column"
        some = [other for other in scene.things if side in stands(other, thing)]
        at_level = [other for other in some if getattr(other, level) == getattr(thing, level)]
        if at_level or not some:
            found[side] = at_level
    something = [side for side, some in found.items() if some]
    if not something and (not found or rng.random() > NOTHING_SHARE):
        return None
    side = rng.choice(something or list(found))
    return side, found[side]


def nearest(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    """What is closest to it, where that is plain to see?"""
    if not (picked := pick(scene, rng)):
        return None
    thing, reference = picked
    others = [other for other in scene.things if other is not thing]
    if len(others) < 2:
        return None
    between = {hypot(o.x - thing.x, o.y - thing.y): o for o in others}
    gaps = {distance - SIZES[o.size]: o for distance, o in between.items()}
    (middle, next_middle), (edge, next_edge) = sorted(between)[:2], sorted(gaps)[:2]
    if between[middle] is not gaps[edge] or min(next_middle - middle, next_edge - edge) < APART:
        return None
    return Question("nearest", full(gaps[edge], tongue), {"it": reference})


@family
def comparison(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    makers = {compared_sizes: 3, compared_numbers: 3, check_bigger: 2, check_more: 2, as_many: 1, more_by: 1}
    return one_of(makers, scene, tongue, rng)


def compared_sizes(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    if not (two := pair(scene, rng, "size")):
        return None
    asked, names = rng.choice(["big", "small"]), [tongue.plain(reference) for reference in two[2:]]
    ranks = [rank(thing, asked) for thing in two[:2]]
    said = [tongue.language.sizes[thing.size] for thing in two[:2]]
    answer = which_more(names, ranks, tongue.language.answers["same_size"])
    answer = thought(tongue.language, "bigger", names, said, answer)
    return Question("which_bigger", answer, {"it": two[2], "other": two[3], "more": f"more {asked}"})


def rank(thing: Thing, asked: str) -> int:
    """How big it is, or if that is asked how small."""
    rank = list(SIZES).index(thing.size)
    return rank if asked == "big" else -rank


def kinds_and_colours(scene: Scene) -> tuple[list[Reference], list[Reference]]:
    """What things can be counted by."""
    kinds = [Reference(kind) for kind in sorted({t.kind for t in scene.things})]
    return kinds, [Reference(THING, colour) for colour in sorted({t.colour for t in scene.things})]


def two_numbers(scene: Scene, rng: random.Random) -> tuple[Reference, Reference] | None:
    """Two kinds or two colours that are there, in unequal numbers if there are."""
    some = [names for names in kinds_and_colours(scene) if len(names) > 1]
    if not some:
        return None
    names = rng.sample(rng.choice(some), 2)
    if names[0].count(scene) == names[1].count(scene):  # most often one of each: try again
        names = rng.sample(rng.choice(some), 2)
    return names[0], names[1]


def compared_numbers(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    if not (two := two_numbers(scene, rng)):
        return None
    names = [tongue.plain(reference, "many") for reference in two]
    answer = which_more(names, [r.count(scene) for r in two], tongue.language.answers["same"])
    said = [number(reference, scene, tongue) for reference in two]
    answer = thought(tongue.language, "more_of", names, said, answer)
    return Question("which_more", answer, {"it": two[0], "other": two[1]})


def check_bigger(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    two = pair(scene, rng, "size")
    if not two or two[0].size == two[1].size:
        return None
    asked = rng.choice(["big", "small"])
    truth = rank(two[0], asked) > rank(two[1], asked)
    words = {"than": f"than {asked}"}
    return Question("check_bigger", right(tongue, truth), {"it": two[2], "other": two[3], **words})


def check_more(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    two = two_numbers(scene, rng)
    if not two or two[0].count(scene) == two[1].count(scene):
        return None
    truth = two[0].count(scene) > two[1].count(scene)
    return Question("check_more", right(tongue, truth), {"it": two[0], "other": two[1]})


def as_many(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    """Are there as many cats as cars?"""
    some = [two for names in kinds_and_colours(scene) for two in combinations(names, 2)]
    true = [two for two in some if two[0].count(scene) == two[1].count(scene)]
    if not (drawn := even(true, [two for two in some if two not in true], rng)):
        return None
    (one, other), truth = rng.sample(drawn[0], 2), drawn[1]
    return Question("as_many", right(tongue, truth), {"it": one, "other": other})


def more_by(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    """How many more cats than cars are there?"""
    if not (two := two_numbers(scene, rng)):
        return None
    fewer, more = sorted(two, key=lambda reference: reference.count(scene))
    by = more.count(scene) - fewer.count(scene)
    if not by or (by == 1 and coin(rng)):
        return None
    return Question("more_by", numbered(by, more, tongue), {"it": more, "other": fewer})


@family
def superlative(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    makers = {biggest: 4, biggest_of: 2, furthest: 4, most_kind: 1, most_colour: 1}
    return one_of(makers, scene, tongue, rng)


def biggest(scene: Scene, tongue: Tongue, rng: random.Random) -> Question:
    """The biggest or the smallest thing; several, where they are as big."""
    asked = rng.choice(["big", "small"])
    best = most([rank(thing, asked) for thing in scene.things], list(scene.things))
    alike = len(best) == len(scene.things) > 1
    answer = tongue.answers["all_same_size"] if alike else all_of(best, tongue)
    return Question("superlative", answer, {"most": f"most {asked}"})


def biggest_of(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    """Of some things the biggest, where there is one."""
    asked = rng.choice(["big", "small"])
    some = [Reference("animal"), Reference("vehicle"), *(Reference(t.kind) for t in scene.things)]
    for reference in rng.sample(some, len(some)):
        found = reference.found(scene)
        best = most([rank(thing, asked) for thing in found], found)
        if len(found) > 1 and len(best) == 1:
            return Question(
                "superlative_of", full(best[0], tongue), {"it": reference, "most": f"most {asked}"}
            )
    return None


def most(values: list[float], things: list[Thing]) -> list[Thing]:
    return [thing for thing, value in zip(things, values, strict=True) if value == max(values)]


def furthest(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    """The thing furthest to one side, where it is plain to see."""
    end = rng.choice(list(ENDS))
    axis, sign = ENDS[end]
    first, *rest = sorted(scene.things, key=lambda t: -sign * getattr(t, axis))
    if rest and abs(getattr(first, axis) - getattr(rest[0], axis)) < APART:
        return None
    return Question("furthest", full(first, tongue), {"most": f"most {end}"})


def most_kind(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    kind = most_common([thing.kind for thing in scene.things])
    return kind and Question("most_kind", tongue.plain(Reference(kind), "many"))


def most_colour(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    colour = most_common([thing.colour for thing in scene.things])
    return colour and Question("most_colour", tongue.language.colours[colour])


def most_common(values: list[str]) -> str | None:
    """What occurs more often than all else."""
    counted = Counter(values).most_common(2)
    return counted[0][0] if counted[0][1] > 1 and [n for _, n in counted].count(counted[0][1]) == 1 else None
