"""What conversations in the storybook's own words are made of, for each view that has some.

mixture, scene -> a long answer, a dialogue about one thing, or questions
"""

import random
from dataclasses import dataclass, field, replace

from dataset.storybook.language import Language
from dataset.storybook.questions import FAMILIES, about, dialogue
from dataset.storybook.two import OF_PAIRS
from dataset.storybook.words import LANGUAGES
from dataset.storybook.world import Scene

ABOUT_SHARE, AFTER_SHARE = 0.6, 0.5  # of the long answers: about things by name; with questions after
QUESTIONS = 6  # about one picture: as many tokens as a description, so that batches need little padding
AFTER = 2  # questions after a long answer
SWITCHING = 0.2  # of the conversations: in both languages
Turns = list[tuple[str, str]]


ALL_ALIKE = {
    "existence": 4,
    "count": 4,
    "colour": 2,
    "size": 2,
    "position": 4,
    "relation": 5,
    "comparison": 4,
    "unanswerable": 1,
    "setting": 3,
    "summary": 2,
    "description": 1,
}
AROUND = {"setting": 4, "summary": 2}
STEPS = ALL_ALIKE | {"count": 8, "colour": 1, "size": 1, "comparison": 6, "unanswerable": 2, "description": 2}


@dataclass(frozen=True)
class Mixture:
    """What a view of conversations is made of: shares of pairs, long answers and dialogues (the rest are
    questions), and weights of questions, about one picture and about two."""

    first: int  # scene
    pairs: float = 0.0
    reading: float = 0.0
    dialogues: float = 0.0
    questions: dict[str, float] = field(default_factory=ALL_ALIKE.copy)
    of_pairs: dict[str, float] = field(default_factory=OF_PAIRS.copy)


REASON = Mixture(
    first=10_000_000,
    pairs=0.2,
    reading=0.35,
    dialogues=0.05,
    questions=STEPS,
    of_pairs=OF_PAIRS | {"shared": 10},
)
MIXTURES = {
    "train": Mixture(first=0, pairs=0.08, reading=0.3, dialogues=0.05),
    "single": Mixture(first=0, reading=0.3, dialogues=0.05),
    "around": Mixture(first=8_000_000, reading=0.15, questions=AROUND),
    "reason": REASON,
    "numbers": replace(
        REASON,
        first=30_000_000,
        pairs=0.12,
        reading=0.3,
        dialogues=0.04,
        questions=STEPS | {"count": 14, "comparison": 12},
    ),
    "many": replace(
        REASON, first=60_000_000, reading=0.12, questions=STEPS | {"count": 14, "comparison": 12}
    ),
}


def own_words(
    scene: Scene,
    language: Language,
    rng: random.Random,
    mixture: Mixture,
    chosen: float,
    number: int = QUESTIONS,
) -> Turns:
    """A conversation about one picture; `chosen`, of 0 to 1, says of what sort."""
    if chosen < mixture.reading:
        turns = long_answer(scene, language, rng)
        if rng.random() < AFTER_SHARE and number > 1:
            turns += _asked(scene, language, rng, mixture.questions, AFTER)
        return turns
    if chosen < mixture.reading + mixture.dialogues:
        return dialogue(scene, language, rng)
    return _asked(scene, language, rng, mixture.questions, number)


def long_answer(scene: Scene, language: Language, rng: random.Random) -> Turns:
    ask = about if rng.random() < ABOUT_SHARE else FAMILIES["description"]
    return [ask(scene, language, rng)]


def _asked(
    scene: Scene, language: Language, rng: random.Random, weights: dict[str, float], number: int
) -> Turns:
    """Questions, most with short answers. None is asked twice in the same words."""
    spoken = list(LANGUAGES.values()) if rng.random() < SWITCHING else [language]
    turns = []
    for name in rng.choices(list(weights), list(weights.values()), k=number):
        now = rng.choice(spoken)
        turns.append(FAMILIES[name](scene, now, rng) or FAMILIES["existence"](scene, now, rng))
    return list(dict(turns).items())
