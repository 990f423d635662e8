"""Conversations about one picture in people's words: to train on, and held out to measure.

scene -> family -> Question (section of the grammar, slots, answer) -> worded -> (question, answer)
"""

import random
from collections.abc import Callable
from typing import TypeVar

from dataset.errors import DataError
from dataset.storybook.people import (  # noqa: F401  they fill FAMILIES
    around,
    groups,
    lists,
    places,
    things,
    unknown,
)
from dataset.storybook.people.chinese import TONGUE as CHINESE
from dataset.storybook.people.english import TONGUE as ENGLISH
from dataset.storybook.people.family import FAMILIES, coin
from dataset.storybook.people.tongue import Tongue
from dataset.storybook.people.turns import follow_up
from dataset.storybook.people.wording import Question, worded
from dataset.storybook.world import Scene, make_scene

TONGUES: dict[str, Tongue] = {"en": ENGLISH, "zh": CHINESE}
FOLLOW_UP, EARLY = "follow_up", "too_early"
NAMES = (*FAMILIES, FOLLOW_UP)  # of all families
WEIGHTS = {
    "existence": 7,
    "count": 10,
    "colour": 6,
    "size": 2,
    "position": 5,
    "check": 9,
    "alike": 10,
    "amount": 6,
    "choice": 5,
    "identity": 4,
    "missing": 3,
    "place": 4,
    "relation": 10,
    "comparison": 8,
    "superlative": 6,
    "listing": 9,
    "two_parts": 7,
    "description": 3,
    "summary": 2,
    "around": 14,
    "unknowable": 6,
    "one_picture": 1,
    "talk": 7,
    FOLLOW_UP: 10,
}
BLOCKS, EARLY_SHARE, SWITCHING = 5, 0.03, 0.2  # questions, or follow-ups, about one picture

TRIES = 200  # scenes
Turn = tuple[str, str]  # question, answer
T = TypeVar("T")


def questions(name: str, scene: Scene, tongue: Tongue, rng: random.Random) -> list[Question]:
    """What a family asks of a scene: one question, of follow-ups some, or none."""
    if name == FOLLOW_UP:
        return follow_up(scene, tongue, rng)
    question = FAMILIES[name](scene, tongue, rng)
    return [question] if question else []


def asked(name: str, scene: Scene, tongue: Tongue, rng: random.Random, measuring: bool = False) -> list[Turn]:
    """The questions of a family in words; none where it has nothing to ask, or no words for it."""
    some = questions(name, scene, tongue, rng)
    wordings = [worded(question, tongue, rng, measuring) for question in some]
    if not all(wordings):
        return []
    return [(wording.text, question.answer) for question, wording in zip(some, wordings, strict=True)]


def conversation(scene: Scene, tongue: Tongue, rng: random.Random, blocks: int = BLOCKS) -> list[Turn]:
    """Several families after one another, all in one language or in both."""
    spoken = list(TONGUES.values()) if rng.random() < SWITCHING else [tongue]
    turns = asked(EARLY, scene, tongue, rng) if rng.random() < EARLY_SHARE * blocks / BLOCKS else []
    for name in rng.choices(list(WEIGHTS), list(WEIGHTS.values()), k=blocks):
        now = rng.choice(spoken)
        turns += asked(name, scene, now, rng) or asked("existence", scene, now, rng)
    return turns


def some_scene(make: Callable[[Scene], list[T]], split: str, number: int) -> tuple[Scene, list[T]]:
    """Scene `number` of a split and what is made of it; where that is nothing, another scene stands in."""
    for spare in (number, *range(1_000_000 * (1 + number), 1_000_000 * (1 + number) + TRIES)):
        scene = make_scene(split, spare)
        if made := make(scene):
            return scene, made
    raise DataError(f"{split} {number}: nothing to ask in {TRIES} scenes; is any wording of it held out?")


def in_any_words(question: Question, tongue: Tongue, rng: random.Random) -> Turn:
    """In words that are held out or in others, as it comes."""
    wording = worded(question, tongue, rng, coin(rng)) or worded(question, tongue, rng)
    return wording.text, question.answer
