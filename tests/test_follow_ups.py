"""Follow-ups in people's words: whether their answers are true, read another way than they were made."""

import random
from collections import Counter

from dataset.storybook.people.turns import follow_up
from dataset.storybook.people.wording import Question
from dataset.storybook.records import CROWD_OF_FEW
from dataset.storybook.world import SIZES, Scene, Thing, make_scene
from tests.test_people import ENGLISH, MORE_SCENES, corner, listed, name, plain, said_of, things_called, where

ATTRIBUTES = {"colour": "colour", "size": "size", "position": "place"}
SHORTENED = ("existence", "count", "place", "setting", "time", "weather")  # to "and ...?"
SIDE_OF = {"left": ("x", -1), "right": ("x", 1), "above": ("y", -1), "below": ("y", 1)}


def test_follow_ups_agree_with_the_truth_read_another_way() -> None:
    """What "it" and "they" mean is kept as a reader keeps it, from the first words or their answer."""
    checked, rng = Counter(), random.Random(0)
    crowds = [make_scene("train", 10_000 + index, **CROWD_OF_FEW) for index in range(1500)]
    for scene in MORE_SCENES * 2 + crowds:
        first, *others = follow_up(scene, ENGLISH, rng) or [None]
        before = first
        for question in others:
            expected = followed(question, first, before, scene)
            assert question.answer == expected, (first, question, plain(question), scene)
            checked[question.section] += 1
            before = question
    assert min(checked.values()) > 20 and len(checked) == 31, checked


def followed(question: Question, first: Question, before: Question, scene: Scene) -> str:
    """The answer to a follow-up, found by the words of it and of the question that it follows."""
    words, asked = plain(question), question.section
    they = meant(first, scene)
    if asked in ("sure", "why"):
        return ENGLISH.answers[asked]
    if asked == "again":
        return before.answer
    if asked.startswith("and_") and (rest := asked.removeprefix("and_")) in SHORTENED:
        return said_of(Question(rest, "", question.slots), scene) or scenery(rest, scene)
    if asked == "and_the":
        return attribute(things_called(words["thing"], scene)[0], first.section)
    if asked == "other_one":
        (other,) = (t for t in things_called(words["thing"], scene) if t not in they)
        return attribute(other, first.section)
    if asked.startswith("they_"):
        return of_all(asked, words, they)
    (it,) = they
    rest = [t for t in scene.things if t is not it]
    if asked == "what_else":
        return listed(list(map(name, rest))) or "nothing else"
    if asked == "else_in_colour":
        return listed([name(t) for t in rest if t.colour == it.colour]) or "nothing else"
    if asked == "another":
        return yes(any(t.kind == it.kind for t in rest))
    return of_one(asked, words, it, rest, scene)


def meant(first: Question, scene: Scene) -> list[Thing]:
    """What the first question is about: what it names, or what its answer names."""
    named = [t for t in scene.things if name(t) == first.answer]
    return named or things_called(plain(first).get("thing", "thing"), scene)


def of_all(asked: str, words: dict[str, str], they: list[Thing]) -> str:
    said = ENGLISH.language
    colours = [t.colour for t in they]
    match asked, words:
        case "they_number", _:
            return said.numbers[len(they)]
        case "they_places", _:
            return listed([said.at(t.place) for t in they])
        case "they_colours", _:
            return listed(sorted(set(colours), key=colours.index))
        case "they_same_colour", _:
            return yes(len(set(colours)) == 1)
        case "they_same_size", _:
            return yes(len({t.size for t in they}) == 1)
        case "they_in_colour", {"colour": colour}:
            return said.numbers[colours.count(colour)]
        case "they_any_colour", {"colour": colour}:
            return yes(colour in colours)
        case "they_all_colour", {"colour": colour}:
            return yes(set(colours) == {colour})
    raise AssertionError(asked)


def of_one(asked: str, words: dict[str, str], it: Thing, rest: list[Thing], scene: Scene) -> str:
    match asked, words:
        case "colour_it" | "size_it" | "position_it", _:
            return attribute(it, asked.removesuffix("_it"))
        case "check_colour_it", {"colour": colour}:
            return yes(it.colour == colour)
        case "check_size_it", {"size": size}:
            return yes(it.size == size)
        case "check_position_it", {"place": place}:
            return yes(corner(place) <= where(it) if corner(place) else not where(it))
        case "check_beside_it", {"beside": beside, "thing_other": other}:
            return yes(stands(it, beside, things_called(other, scene)[0]))
        case "check_bigger_it", {"than": than, "thing_other": other}:
            by = SIZES[it.size] - SIZES[things_called(other, scene)[0].size]
            return yes(by > 0 if than.startswith("bigger") else by < 0)
        case "beside_it", {"beside": beside}:
            return listed([name(t) for t in rest if stands(t, beside, it, in_line=True)]) or "nothing"
    raise AssertionError(asked)


def stands(one: Thing, beside: str, other: Thing, in_line: bool = False) -> bool:
    """Whether one is on a side of the other, by thirds of the picture; `in_line`: and level with it."""
    (side,) = (word for word in SIDE_OF if word in beside)
    axis, sign = SIDE_OF[side]
    level = "y" if axis == "x" else "x"
    if in_line and third(getattr(one, level)) != third(getattr(other, level)):
        return False
    return sign * (third(getattr(one, axis)) - third(getattr(other, axis))) > 0


def third(pixel: float) -> int:
    return (pixel > 42.7) + (pixel > 85.3)


def attribute(thing: Thing, asked: str) -> str:
    value = getattr(thing, ATTRIBUTES[asked])
    return ENGLISH.language.at(value) if asked == "position" else value


def scenery(key: str, scene: Scene) -> str:
    said = ENGLISH.language
    words = {"setting": said.settings, "time": said.times, "weather": said.weathers}
    return words[key][getattr(scene, key)]


def yes(truth: bool) -> str:
    return "yes" if truth else "no"
