"""Questions about scenes, with answers derived from the truth. One function for each family.

    family(scene, language, rng) -> (question, answer), or None where the scene has nothing to ask

Exact by construction: a thing is asked about only under a name that fits it alone.
"""

import random
from collections.abc import Callable

from dataset.storybook.colours import COLOURS
from dataset.storybook.things import KINDS
from dataset.storybook.words import LANGUAGES, Language
from dataset.storybook.world import PLACES, Scene, Thing

QA = tuple[str, str] | None
Family = Callable[[Scene, Language, random.Random], QA]
FAMILIES: dict[str, Family] = {}
ABSENT_SHARE = 0.3  # of the answers about things by name: one of them is not there


def family(function: Family) -> Family:
    FAMILIES[function.__name__] = function
    return function


def ask(language: Language, phrasing: str, rng: random.Random, **slots: str) -> str:
    return rng.choice(language.questions[phrasing]).format(**slots)


def the(language: Language, name: dict[str, str]) -> str:
    noun = language.noun(**name)
    return f"the {noun}" if language.code == "en" else noun


def a(language: Language, name: dict[str, str]) -> str:
    return language.a(language.noun(**name), name["kind"])


def full_name(thing: Thing) -> dict[str, str]:
    return {"kind": thing.kind, "colour": thing.colour, "size": thing.size}


def fits(thing: Thing, name: dict[str, str | None]) -> bool:
    return all(value is None or getattr(thing, key) == value for key, value in name.items())


def unique_name(
    scene: Scene, thing: Thing, rng: random.Random | None, hidden: str = ""
) -> dict[str, str] | None:
    """A name that fits this thing alone and does not tell attribute `hidden`; without rng the shortest."""
    wordings = [("kind",), ("kind", "colour"), ("kind", "size"), ("kind", "colour", "size")]
    if rng:
        rng.shuffle(wordings)
    for keys in wordings:
        name = {key: getattr(thing, key) for key in keys}
        if hidden not in keys and sum(fits(other, name) for other in scene.things) == 1:
            return name
    return None


def pick(scene: Scene, rng: random.Random, hidden: str = "") -> tuple[Thing, dict[str, str]] | None:
    """A thing and a unique name for it."""
    things = [(t, unique_name(scene, t, rng, hidden)) for t in scene.things]
    things = [(t, name) for t, name in things if name]
    return rng.choice(things) if things else None


def absent_name(scene: Scene, rng: random.Random) -> dict[str, str]:
    """A name that fits nothing: another kind, or a kind that is there in a colour that it does not have."""
    while True:
        near = scene.things and rng.random() < 0.5
        kind = rng.choice(scene.things).kind if near else rng.choice(list(KINDS))
        name = {"kind": kind}
        if near or rng.random() < 0.5:
            name["colour"] = rng.choice([t.colour for t in scene.things] + [rng.choice(list(COLOURS))])
        if not any(fits(t, name) for t in scene.things):
            return name


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
    number = sum(fits(t, name) for t in scene.things)
    unit = language.unit(name["kind"])
    answer = language.numbers[number] + (unit if number else "")
    return ask(language, "count", rng, many=language.many(**name), unit=unit), answer


@family
def colour(scene: Scene, language: Language, rng: random.Random) -> QA:
    picked = pick(scene, rng, hidden="colour")
    if not picked:
        return None
    thing, name = picked
    return ask(language, "colour", rng, the=the(language, name)), language.colours[thing.colour]


@family
def size(scene: Scene, language: Language, rng: random.Random) -> QA:
    picked = pick(scene, rng, hidden="size")
    if not picked:
        return None
    thing, name = picked
    return ask(language, "size", rng, the=the(language, name)), language.sizes[thing.size]


@family
def position(scene: Scene, language: Language, rng: random.Random) -> QA:
    """Where a thing is, or what is at a place."""
    if rng.random() < 0.5:
        picked = pick(scene, rng)
        if picked:
            return ask(language, "position", rng, the=the(language, picked[1])), language.at(picked[0].place)
    there = {t.place: t for t in scene.things}
    place = rng.choice(list(there)) if rng.random() < 0.8 else rng.choice(PLACES)
    answer = a(language, full_name(there[place])) if place in there else language.answers["nothing"]
    return ask(language, "what_at", rng, place=language.at(place)), answer


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
        return ask(
            language, {"left": "left_of", "right": "right_of"}.get(asked, asked + "_it"), rng, **slots
        ), answer
    return None


def about(scene: Scene, language: Language, rng: random.Random) -> tuple[str, str]:
    """Some things by name, each name said again before what is known of it: to train on, not scored.

    A name that has just been written looks for its own thing, and what it finds is the next word. Answers
    of one word, "red", are two such steps away from the name in the question, and were hardly learnt alone.
    """
    names = [(thing, unique_name(scene, thing, None)) for thing in scene.things]
    known = {the(language, name): _what_is_known(thing, language) for thing, name in names if name}
    named = rng.sample(list(known), rng.randint(1, len(known))) if known else []
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


OPPOSITES = {"left": "right", "right": "left", "above": "below", "below": "above"}


@family
def setting(scene: Scene, language: Language, rng: random.Random) -> QA:
    return ask(language, "setting", rng), language.settings[scene.setting]


@family
def description(scene: Scene, language: Language, rng: random.Random) -> QA:
    return ask(language, "description", rng), describe(scene, language)


def describe(scene: Scene, language: Language) -> str:
    """The whole truth in one sentence, things in reading order."""
    things = [(a(language, full_name(t)), language.at(t.place)) for t in scene.things]
    return language.describe(language.settings[scene.setting], things)


def compare(first: Scene, second: Scene, language: Language, rng: random.Random) -> tuple[str, str]:
    """A question about two pictures."""
    numbers, about = (len(first.things), len(second.things)), rng.random()
    if about < 0.35:
        answer = "same" if numbers[0] == numbers[1] else "first" if numbers[0] > numbers[1] else "second"
        return ask(language, "more", rng), language.answers[answer]
    if about < 0.75:
        thing = rng.choice(rng.choice([first, second]).things)
        name = {"kind": thing.kind} if rng.random() < 0.5 else {"kind": thing.kind, "colour": thing.colour}
        if rng.random() < 0.2:
            name = {"kind": rng.choice(list(KINDS))}
        found = tuple(any(fits(t, name) for t in scene.things) for scene in (first, second))
        answer = {(True, True): "both", (True, False): "first", (False, True): "second"}.get(found, "neither")
        return ask(language, "which", rng, a=a(language, name)), language.answers[answer]
    things = [counted(language, number) for number in numbers]
    places = [language.settings[scene.setting] for scene in (first, second)]
    answer = language.answers["compare"].format(first=places[0], n=things[0], second=places[1], m=things[1])
    return ask(language, "compare", rng), answer


def counted(language: Language, number: int) -> str:
    if language.code == "zh":
        return f"{language.numbers[number]}个东西"
    return f"{language.numbers[number]} thing{'s' if number > 1 else ''}"


def parse_description(text: str) -> set[tuple[str, ...]]:
    """The things a description names, as (kind, colour, size, place) in English, whatever its language.

    What does not read as a thing with all four is not in the set.
    """
    found = set()
    for language in LANGUAGES.values():
        for match in language.thing_at.finditer(text):
            found.add(tuple(language.meaning[key][match[key]] for key in ("kind", "colour", "size", "place")))
    return found
