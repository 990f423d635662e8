"""How much of what: which of the questions that the rules make of a photograph are trained on.

A yes/no question is the cheapest lesson, some dozen tokens: so they are chosen by themselves, and are many.
"""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from dataset.formats.rows import CHINESE
from dataset.photo.blind import CHECKS, reply
from dataset.photo.made import Made

WEIGHTS = {  # a question of this family is chosen so many times as often as one of the next
    "colour": 8.0,
    "attribute_check": 5.0,
    "count": 5.0,
    "weather": 4.0,
    "name": 3.0,
    "action": 2.0,
    "person": 2.0,
    "existence": 1.6,
    "position": 1.5,
    "scene": 1.5,
    "unanswerable": 0.15,
    "follow_up": 0.5,
}
MOST = 3  # of one family about one photograph
ALL = 100  # captions: more than a photograph has


@dataclass(frozen=True)
class Mixture:
    """Of one photograph in one language: captions under one question, yes/no questions, other questions."""

    captions: int
    checks: int
    questions: int

    @classmethod
    def of(cls, language: str, number: int) -> "Mixture":
        """English of every photograph; of Chinese, which takes three times the tokens, less.

        A caption has four times the tokens of an answer: with more of them, answers are little of the loss.
        """
        if language == "en":
            return cls(3, 10, 6)
        return (cls(2, 0, 0), cls(0, 3, 3), cls(0, 0, 0), cls(0, 3, 3))[number % 4]

    @classmethod
    def telling(cls, judged: Sequence[str], language: str, number: int) -> "Mixture":
        """All captions of the languages that are `judged` (of Chinese, three times as long in tokens, every
        second time), and a few questions, so that the model does not forget them."""
        captions = ALL if language in judged else 1
        if language == "en":
            return cls(captions, 2, 2)
        return (cls(captions, 0, 0), cls(0, 1, 1))[number % 2]

    @classmethod
    def brief(cls, language: str, number: int) -> "Mixture":
        """A caption (of Chinese, every second time) and fewer questions of the rules than somebody asked who
        looked."""
        if language == "en":
            return cls(1, 2, 4)
        return cls(1 - number % 2, 1, 2)

    def beside_looked(self) -> "Mixture":
        """Half as many questions of the rules, so that all about one photograph still fit into one row."""
        return replace(self, checks=self.checks // 2, questions=self.questions // 2)

    def choose(self, made: Sequence[Made], captions: Sequence[str], rng: random.Random) -> list[Made]:
        asked = next((one for one in made if one.family == "caption"), None)
        told = []
        if asked and self.captions:
            some = rng.sample(list(captions), min(self.captions, len(captions)))
            told = [replace(asked, answer=tidy(caption)) for caption in some]
        left = [one for one in made if one.family in WEIGHTS]
        checks = [one for one in left if reply(one.answer) in CHECKS]
        others = [one for one in left if reply(one.answer) not in CHECKS]
        return [*told, *drawn(checks, self.checks, rng), *drawn(others, self.questions, rng)]


def drawn(left: list[Made], number: int, rng: random.Random) -> list[Made]:
    """So many of the questions, by the weights of their families, each family's next one half as readily."""
    told: list[Made] = []
    counts: Counter[str] = Counter()
    while left and len(told) < number:
        weights = [WEIGHTS[one.family] / (1 + counts[one.family]) for one in left]
        one = left.pop(rng.choices(range(len(left)), weights)[0])
        counts[one.family] += 1
        told.append(one)
        if counts[one.family] == MOST:
            left = [other for other in left if other.family != one.family]
    return told


def tidy(caption: str) -> str:
    """A caption as a sentence: a capital in front, one full stop at the end, no blank before it."""
    text = " ".join(caption.split()).rstrip(" .。")
    if not CHINESE.search(text):
        text = text.replace(" ,", ",").replace(" 's", "'s").replace(" n't", "n't")
        return f"{text[:1].upper()}{text[1:]}."
    return f"{text.replace(' ', '')}。"


def conversation(made: Made) -> list[dict[str, str]]:
    """The turns before, the question and the answer, as a record has them."""
    turns = [*made.earlier, (made.question, made.answer)]
    return [
        {"role": role, "content": text}
        for turn in turns
        for role, text in zip(("user", "assistant"), turn, strict=True)
    ]
