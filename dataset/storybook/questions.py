"""Questions about scenes, with answers derived from the truth. One function for each family.

    family(scene, language, rng) -> (question, answer), or None where the scene has nothing to ask

Exact by construction: a thing is asked about only under a name that fits it alone.
"""

import random
from collections.abc import Callable

from dataset.storybook.colours import COLOURS
from dataset.storybook.kinds import KINDS
from dataset.storybook.language import Language
from dataset.storybook.names import (
    Name,
    a,
    absent_name,
    full_name,
    named_things,
    number_of,
    pick,
    the,
    unique_name,
)
from dataset.storybook.words import LANGUAGES
from dataset.storybook.world import PLACES, SIZES, Scene, Thing

QA = tuple[str, str] | None
Family = Callable[[Scene, Language, random.Random], QA]
FAMILIES: dict[str, Family] = {}
ABSENT_SHARE = 0.3  # of the answers about things by name: one of them is not there
SCENERY = ("setting", "time", "weather")
OPPOSITES = {"left": "right", "right": "left", "above": "below", "below": "above"}


def family(function: Family) -> Family:
    FAMILIES[function.__name__] = function
    return function


def ask(language: Language, phrasing: str, rng: random.Random, **slots: str) -> str:
    return rng.choice(language.questions[phrasing]).format(**slots)


@family
def existence(scene: Scene, language: Language, rng: random.Random) -> QA:
    yes = rng.random() < 0.5
    if yes:
        thing = rng.choice(scene.things)
        keys = rng.choice([("kind",), ("kind", "colour")])
        name = {key: getattr(thing, key) for key in keys}
    else:
        name = absent_name(scene, rng)
    return ask(language, "existence", rng, a=a(language, name)), language.answers["yes" if yes else "no"]


@family
def count(scene: Scene, language: Language, rng: random.Random) -> QA:
    thing, about = rng.choice(scene.things), rng.random()
    if about < 0.3:
        name = {"kind": None}
    elif about < 0.6:
        name = {"kind": thing.kind if rng.random() < 0.8 else rng.choice(list(KINDS))}
    elif about < 0.8:
        name = {"kind": None, "colour": thing.colour if rng.random() < 0.8 else rng.choice(list(COLOURS))}
    else:
        name = {"kind": thing.kind, "colour": thing.colour}
    number = number_of(scene, name)
    unit = language.unit(name["kind"])
    answer = language.numbers[number] + (unit if number else "")
    return ask(language, "count", rng, many=language.many(**name), unit=unit), answer


@family
def colour(scene: Scene, language: Language, rng: random.Random) -> QA:
    return asked_of(scene, language, rng, "colour", hidden="colour")


@family
def size(scene: Scene, language: Language, rng: random.Random) -> QA:
    return asked_of(scene, language, rng, "size", hidden="size")


@family
def position(scene: Scene, language: Language, rng: random.Random) -> QA:
    """Where a thing is, or what is at a place."""
    if rng.random() < 0.5 and (where := asked_of(scene, language, rng, "position")):
        return where
    there = {t.place: t for t in scene.things}
    place = rng.choice(list(there)) if rng.random() < 0.8 else rng.choice(PLACES)
    answer = a(language, full_name(there[place])) if place in there else language.answers["nothing"]
    return ask(language, "what_at", rng, place=language.at(place)), answer


def asked_of(scene: Scene, language: Language, rng: random.Random, attribute: str, hidden: str = "") -> QA:
    """One attribute of a thing by name."""
    picked = pick(scene, rng, hidden)
    if not picked:
        return None
    thing, name = picked
    return ask(language, attribute, rng, the=the(language, name)), attribute_of(thing, attribute, language)


def attribute_of(thing: Thing, attribute: str, language: Language) -> str:
    if attribute == "position":
        return language.at(thing.place)
    return {"colour": language.colours, "size": language.sizes}[attribute][getattr(thing, attribute)]


@family
def unanswerable(scene: Scene, language: Language, rng: random.Random) -> QA:
    """What is asked of a thing that is not there."""
    name, attribute = absent_name(scene, rng), rng.choice(["colour", "size", "position"])
    if attribute == "colour":
        name = {"kind": name["kind"]}
        if number_of(scene, name):
            return None
    return ask(language, attribute, rng, the=the(language, name)), language.answers["unknown"]


@family
def relation(scene: Scene, language: Language, rng: random.Random) -> QA:
    """How one thing stands to another, where their places differ in column or in row."""
    pairs = []
    for one in scene.things:
        for other in scene.things:
            if one.column != other.column:
                pairs.append((one, other, "left" if one.column < other.column else "right"))
            if one.row != other.row:
                pairs.append((one, other, "above" if one.row < other.row else "below"))
    rng.shuffle(pairs)
    for one, other, truth in pairs:
        names = unique_name(scene, one, rng), unique_name(scene, other, rng)
        if not all(names):
            continue
        slots = {"the": the(language, names[0]), "the_other": the(language, names[1])}
        if rng.random() < 0.6:
            axis = "left_right" if truth in ("left", "right") else "above_below"
            return ask(language, axis, rng, **slots), language.answers[truth]
        asked = truth if rng.random() < 0.5 else OPPOSITES[truth]
        answer = language.answers["right_yes" if asked == truth else "right_no"]
        phrasing = {"left": "left_of", "right": "right_of"}.get(asked, asked + "_it")
        return ask(language, phrasing, rng, **slots), answer
    return None


@family
def comparison(scene: Scene, language: Language, rng: random.Random) -> QA:
    """Of two things the bigger or the smaller; of two kinds or colours that which there are more of.

    The answer says first what it compares: see `thought`.
    """
    named = named_things(scene, rng, hidden="size")
    if len(named) > 1 and rng.random() < 0.5:
        return _compared_sizes(rng.sample(named, 2), language, rng)
    by_colour = [{"kind": None, "colour": c} for c in sorted({t.colour for t in scene.things})]
    by_kind = [{"kind": k} for k in sorted({t.kind for t in scene.things})]
    some = [names for names in (by_colour, by_kind) if len(names) > 1]
    if not some:
        return None
    names = rng.sample(rng.choice(some), 2)
    if number_of(scene, names[0]) == number_of(scene, names[1]):  # most often one of each: try again
        names = rng.sample(rng.choice(some), 2)
    many, numbers = [language.many(**name) for name in names], [number_of(scene, name) for name in names]
    said = [language.numbers[n] + language.unit(name["kind"]) for n, name in zip(numbers, names, strict=True)]
    answer = thought(language, "more_of", many, said, which_more(many, numbers, language.answers["same"]))
    return ask(language, "more_of", rng, many=many[0], many_other=many[1]), answer


def _compared_sizes(pair: list[tuple[Thing, Name]], language: Language, rng: random.Random) -> QA:
    asked = rng.choice(["bigger", "smaller"])
    names, ranks = [the(language, name) for _, name in pair], [list(SIZES).index(t.size) for t, _ in pair]
    if asked == "smaller":
        ranks = [-rank for rank in ranks]
    said = [language.sizes[thing.size] for thing, _ in pair]
    answer = thought(language, "bigger", names, said, which_more(names, ranks, language.answers["same_size"]))
    return ask(language, asked, rng, the=names[0], the_other=names[1]), answer


def thought(language: Language, about: str, names: list[str], said: list[str], answer: str) -> str:
    """An answer after what it follows from: "the cat is small, the tree is big: the tree".

    A chain of thought (Wei et al. 2022, "Chain-of-thought prompting"): each name looks for its own thing,
    and what is left to compare stands in the text. Without it the answer is three such steps in one.
    """
    slots = {"one": names[0], "said": said[0], "other": names[1], "said_other": said[1]}
    return language.answers[f"{about}_because"].format(**slots, answer=answer)


def which_more(names: list[str], values: list[int], same: str) -> str:
    return same if values[0] == values[1] else names[0] if values[0] > values[1] else names[1]


@family
def setting(scene: Scene, language: Language, rng: random.Random) -> QA:
    """The place, the time of day, or the weather."""
    asked = rng.choice(SCENERY)
    return ask(language, asked, rng), scenery_word(scene, asked, language)


def scenery_word(scene: Scene, key: str, language: Language) -> str:
    words = {"setting": language.settings, "time": language.times, "weather": language.weathers}[key]
    return words[getattr(scene, key)]


@family
def description(scene: Scene, language: Language, rng: random.Random) -> QA:
    return ask(language, "description", rng), describe(scene, language)


@family
def summary(scene: Scene, language: Language, rng: random.Random) -> QA:
    said = language.summary(scenery(scene, language), language.counted(len(scene.things)))
    return ask(language, "summary", rng), said


def scenery(scene: Scene, language: Language) -> str:
    return language.scenery(scene.setting, scene.time, scene.weather)


def describe(scene: Scene, language: Language) -> str:
    """The whole truth in one sentence, things in reading order."""
    things = [(a(language, full_name(t)), language.at(t.place)) for t in scene.things]
    return language.describe(scenery(scene, language), things)


def about(scene: Scene, language: Language, rng: random.Random) -> tuple[str, str]:
    """Some things by name, each name said again before what is known of it: to train on, not scored.

    A name that has just been written looks for its own thing, and what it finds is the next word. Answers
    of one word, "red", are two such steps away from the name in the question, and were hardly learnt alone.
    """
    known = {
        the(language, name): _what_is_known(thing, language) for thing, name in named_things(scene, None)
    }
    named = rng.sample(list(known), min(len(known), rng.randint(1, 4))) if known else []
    if not named or rng.random() < ABSENT_SHARE:
        absent = the(language, absent_name(scene, rng))
        known[absent] = language.missing
        named.insert(rng.randint(0, len(named)), absent)
    told = [known[name].format(the=name) for name in named]
    return ask(language, "about", rng, the=language.between[0].join(named)), language.between[1].join(told)


def _what_is_known(thing: Thing, language: Language) -> str:
    """All but the name, for which it leaves {the}."""
    return language.about.format(
        the="{the}",
        size=language.sizes[thing.size],
        colour=language.colours[thing.colour],
        place=language.at(thing.place),
    )


def dialogue(scene: Scene, language: Language, rng: random.Random) -> list[tuple[str, str]]:
    """A thing is named once, then it is "it"; "and the house?" asks the same of another thing."""
    named = named_things(scene, None)
    if not named:
        return [existence(scene, language, rng)]
    rng.shuffle(named)
    (thing, name), others = named[0], named[1:]
    turns = [(ask(language, "existence", rng, a=a(language, name)), language.answers["yes"])]
    hidden = [key for key in ("colour", "size") if key not in name]
    attributes = rng.sample([*hidden, "position"], min(2, 1 + len(hidden)))
    for attribute in attributes:
        turns.append((ask(language, f"{attribute}_of_it", rng), attribute_of(thing, attribute, language)))
    asked = attributes[-1]
    for other, name in others:
        if asked not in name:
            question = ask(language, "and", rng, the=the(language, name))
            return [*turns, (question, attribute_of(other, asked, language))]
    return turns


def parse_description(text: str) -> set[tuple[str, ...]]:
    """The things a description names, as (kind, colour, size, place) in English, whatever its language.

    What does not read as a thing with all four is not in the set.
    """
    found = set()
    for language in LANGUAGES.values():
        for match in language.thing_at.finditer(text):
            found.add(tuple(language.meaning[key][match[key]] for key in ("kind", "colour", "size", "place")))
    return found
