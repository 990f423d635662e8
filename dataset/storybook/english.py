"""The world in English."""

import re

from dataset.storybook.colours import COLOURS
from dataset.storybook.kinds import KINDS
from dataset.storybook.language import Language, groups
from dataset.storybook.world import PLACES, SIZES

PLURALS = {"fish": "fish", "butterfly": "butterflies"}
NUMBERS = ("none", "one", "two", "three", "four", "five", "six")
WEATHERS = {"clear": "clear", "rain": "raining", "snow": "snowing", "fog": "foggy"}
UNDER = {"clear": "", "rain": ", in the rain", "snow": ", in falling snow", "fog": ", in the fog"}


def noun(kind: str | None, colour: str | None = None, size: str | None = None) -> str:
    return " ".join(word for word in (size, colour, kind or "thing") if word)


def a(noun: str, kind: str | None = None) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def many(kind: str | None, colour: str | None = None, size: str | None = None) -> str:
    plural = PLURALS.get(kind, kind + "s") if kind else "things"
    return " ".join(word for word in (size, colour, plural) if word)


def counted(number: int) -> str:
    return f"{NUMBERS[number]} thing{'s' if number > 1 else ''}"


def at(place: str) -> str:
    return {"centre": "in the centre", "left": "on the left", "right": "on the right"}.get(
        place, f"at the {place}"
    )


def scenery(setting: str, time: str, weather: str) -> str:
    return f"{SETTINGS[setting]} {TIMES[time]}{UNDER[weather]}"


def listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]


def describe(scenery: str, things: list[tuple[str, str]]) -> str:
    return f"{scenery[0].upper()}{scenery[1:]}: {listed([f'{place} {thing}' for thing, place in things])}."


SETTINGS = {
    "meadow": "a meadow",
    "beach": "a beach",
    "snow": "a snowy field",
    "city": "a city",
    "sea": "the sea",
    "desert": "a desert",
    "forest": "a forest",
}
TIMES = {"day": "by day", "evening": "in the evening", "night": "at night"}
MEANING = {
    "kind": {k: k for k in KINDS},
    "colour": {c: c for c in COLOURS},
    "size": {s: s for s in SIZES},
    "place": {at(p): p for p in PLACES},
}

ENGLISH = Language(
    code="en",
    colours={c: c for c in COLOURS},
    sizes={s: s for s in SIZES},
    numbers=NUMBERS,
    settings=SETTINGS,
    times={"day": "day", "evening": "evening", "night": "night"},
    weathers=WEATHERS,
    answers={
        "yes": "yes",
        "no": "no",
        "right_yes": "yes",
        "right_no": "no",
        "nothing": "nothing",
        "left": "to the left",
        "right": "to the right",
        "above": "above",
        "below": "below",
        "first": "the first",
        "second": "the second",
        "both": "both",
        "neither": "neither",
        "same": "the same number",
        "same_size": "the same size",
        "unknown": "The picture does not show that.",
        "compare": "The first is {first} with {n}, the second is {second} with {m}.",
        "bigger_because": "{one} is {said}, {other} is {said_other}: {answer}",
        "more_of_because": "{one}: {said}, {other}: {said_other}; {answer}",
        "alike": "the same",
        "different": "different",
        "shared_setting": "place: {one} and {other}, {verdict}",
        "shared_time": "time of day: {one} and {other}, {verdict}",
        "shared_weather": "weather: {one} and {other}, {verdict}",
    },
    questions={
        "existence": (
            "Is there {a} in the picture?",
            "Is there {a}?",
            "Can you see {a}?",
            "Do you see {a} here?",
            "Does the picture show {a}?",
            "Is {a} in this picture?",
        ),
        "count": (
            "How many {many} are there?",
            "How many {many} do you see?",
            "How many {many} does the picture show?",
            "Count the {many}.",
            "What is the number of {many}?",
        ),
        "colour": (
            "What colour is {the}?",
            "Which colour does {the} have?",
            "What is the colour of {the}?",
            "Tell me the colour of {the}.",
        ),
        "size": (
            "How big is {the}?",
            "What size is {the}?",
            "Is {the} small, medium or big?",
            "What is the size of {the}?",
        ),
        "position": (
            "Where is {the}?",
            "Where in the picture is {the}?",
            "In which part of the picture is {the}?",
            "Where can I find {the}?",
        ),
        "colour_of_it": ("What colour is it?", "Which colour does it have?", "And its colour?"),
        "size_of_it": ("How big is it?", "What size is it?", "And its size?"),
        "position_of_it": ("Where is it?", "Where can I find it?", "And where is it?"),
        "and": ("And {the}?", "What about {the}?"),
        "what_at": (
            "What is {place}?",
            "What do you see {place}?",
            "What can be seen {place} of the picture?",
            "Which thing is {place}?",
        ),
        "left_right": (
            "Is {the} to the left or to the right of {the_other}?",
            "On which side of {the_other} is {the}, left or right?",
        ),
        "above_below": (
            "Is {the} above or below {the_other}?",
            "Is {the} higher or lower than {the_other}, above or below?",
        ),
        "left_of": ("Is {the} to the left of {the_other}?",),
        "right_of": ("Is {the} to the right of {the_other}?",),
        "above_it": ("Is {the} above {the_other}?",),
        "below_it": ("Is {the} below {the_other}?",),
        "more_of": (
            "Are there more {many} or more {many_other}?",
            "Which are there more of, {many} or {many_other}?",
        ),
        "bigger": ("Which is bigger, {the} or {the_other}?", "Is {the} bigger, or {the_other}?"),
        "smaller": ("Which is smaller, {the} or {the_other}?", "Is {the} smaller, or {the_other}?"),
        "about": ("Tell me about {the}.", "Describe {the}.", "What do you know about {the}?"),
        "setting": (
            "What kind of place is it?",
            "Where was this picture made?",
            "What is in the background?",
            "What is the setting?",
        ),
        "time": (
            "What time of day is it?",
            "Is it day, evening or night?",
            "When was this picture made?",
        ),
        "weather": ("What is the weather like?", "How is the weather?", "What kind of weather is it?"),
        "description": (
            "Describe the picture.",
            "Describe this image.",
            "What does the picture show?",
            "What do you see?",
            "What is in this picture?",
            "Please describe the content of this image.",
            "Tell me everything that you see.",
        ),
        "summary": (
            "Describe the picture briefly.",
            "Give a short description.",
            "In a few words, what is this?",
        ),
        "more": (
            "Which picture shows more things?",
            "Which picture has more things, the first or the second?",
        ),
        "which": ("Which picture shows {a}?", "In which picture is {a}?"),
        "compare": ("Compare the two pictures.", "What is the difference between the two pictures?"),
        "shared": ("What do the two pictures have in common?", "What is the same in both pictures?"),
    },
    noun=noun,
    a=a,
    the=lambda noun: f"the {noun}",
    many=many,
    counted=counted,
    unit=lambda kind: "",
    at=at,
    scenery=scenery,
    describe=describe,
    summary=lambda scenery, things: f"{scenery[0].upper()}{scenery[1:]}, with {things}.",
    about="{the} is {size} and {colour}, {place}",
    missing="{the} is not there",
    between=(" and ", "; "),
    meaning=MEANING,
    thing_at=re.compile("{place} a {size} {colour} {kind}".format(**groups(MEANING))),
)
