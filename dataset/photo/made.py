"""One question about a photograph with its answer, as the rules make it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Made:
    """A question of one family; `earlier` holds the (question, answer) turns before it, for follow-ups."""

    family: str
    question: str
    answer: str
    earlier: tuple[tuple[str, str], ...] = ()
