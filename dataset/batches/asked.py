"""Questions with several true answers, as captions are: what a model says to them itself can be judged.

conversations about one picture -> open questions, and what is left to be learnt word by word
"""

from collections.abc import Sequence
from dataclasses import dataclass

from dataset.record import Message


@dataclass(frozen=True)
class OpenQuestion:
    """What stands before an answer, and the different `answers` that people gave."""

    before: tuple[Message, ...]
    answers: tuple[str, ...]


def apart(talks: Sequence[tuple[Message, ...]]) -> tuple[list[OpenQuestion], list[tuple[Message, ...]]]:
    """The open questions; and the conversations, with one for each of these."""
    answers: dict[str, dict[str, tuple[Message, ...]]] = {}
    for talk in talks:
        answers.setdefault(repr(talk[:-1]), {}).setdefault(talk[-1]["content"], talk)
    found = [
        OpenQuestion(next(iter(told.values()))[:-1], tuple(told))
        for told in answers.values()
        if len(told) > 1
    ]
    return found, [next(iter(told.values())) for told in answers.values()]
