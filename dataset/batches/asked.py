"""Open questions: those with several true answers, as "Describe the picture." has.

A model's own answer can be judged against them.

    conversations about one picture -> open questions, and what is to be learnt word by word
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
    """The open questions; and all conversations, but of each open question only the first."""
    answers: dict[str, dict[str, tuple[Message, ...]]] = {}
    for talk in talks:
        answers.setdefault(repr(talk[:-1]), {}).setdefault(talk[-1]["content"], talk)
    found = [
        OpenQuestion(next(iter(told.values()))[:-1], tuple(told))
        for told in answers.values()
        if len(told) > 1
    ]
    return found, [next(iter(told.values())) for told in answers.values()]
