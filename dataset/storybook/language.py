"""What a language has to say about the world: names, numbers, phrasings. No logic about scenes.

A phrasing is a template. `{a}` is a thing with its article ("an orange cat"), `{the}` one with "the",
`{many}` a plural ("red cats"), `{unit}` its measure word, `{place}` a place with its preposition.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Language:
    """One language: how to name things and places, how to ask, and the fixed answers."""

    code: str
    colours: dict[str, str]
    sizes: dict[str, str]
    numbers: tuple[str, ...]
    settings: dict[str, str]
    times: dict[str, str]
    weathers: dict[str, str]
    answers: dict[str, str]
    questions: dict[str, tuple[str, ...]]
    noun: Callable[..., str]  # (kind | None, colour | None, size | None) -> "small red cat"
    a: Callable[[str, str | None], str]
    the: Callable[[str], str]
    many: Callable[..., str]
    counted: Callable[[int], str]  # "three things"
    unit: Callable[[str | None], str]  # Chinese counts with a measure word
    at: Callable[[str], str]
    scenery: Callable[[str, str, str], str]  # setting, time, weather -> "a beach at night, in the rain"
    describe: Callable[[str, list[tuple[str, str]]], str]  # scenery, [(a thing, place)] -> a sentence
    summary: Callable[[str, str], str]  # scenery, "three things" -> a sentence
    about: str  # what is known of {the}: its {size}, {colour} and {place}
    missing: str  # that {the} is not in the picture
    between: tuple[str, str]  # the names of several things; what is said of each
    meaning: dict[str, dict[str, str]]  # attribute -> word -> its English name
    thing_at: re.Pattern  # finds "a thing at a place" in a description, by attribute


def groups(meaning: dict[str, dict[str, str]]) -> dict[str, str]:
    """For each attribute a named group of a pattern that finds any of its words, the longest first: "at the
    top left" is not "at the top"."""
    ordered = {key: sorted(words, key=len, reverse=True) for key, words in meaning.items()}
    return {key: f"(?P<{key}>{'|'.join(words)})" for key, words in ordered.items()}
