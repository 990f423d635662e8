"""One question about a photograph with its answer, as the rules make it."""

from dataclasses import dataclass

# Of the answers to yes/no questions. People ask after what they see: 58.8% are "yes" in VQA (Antol et al.
# 2015, section 4.2), where nobody balanced them.
YES = 0.59
ODDS = YES / (1 - YES)  # so many yes for each no


@dataclass(frozen=True)
class Made:
    """A question of one family; `earlier` holds the (question, answer) turns before it, for follow-ups."""

    family: str
    question: str
    answer: str
    earlier: tuple[tuple[str, str], ...] = ()
