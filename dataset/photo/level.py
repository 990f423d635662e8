"""Questions thinned until their words tell little: what can be guessed without the photograph is dropped.

A question whose reply words alone give with probability p is kept with probability (1 - p) / p, so that
the reply comes no more often than others to questions of such words (weights of inverse propensity; the aim
is VQA v2's, Goyal et al. 2017). A yes may come `ODDS` times as often as a no, whatever the words. What no
photograph can answer is let be: its words are to give it away.
"""

import random
from collections import Counter
from collections.abc import Sequence

from dataset.formats.rows import CHINESE
from dataset.photo.blind import CHECKS, Bayes, Row, halves, row_of
from dataset.photo.made import ODDS, Made

Photo = tuple[str, list[Made]]
FEW = 1000  # questions
LET_BE = ("caption", "talk", "looked")


def asked(photos: Sequence[Photo]) -> list[Row]:
    return [row_of(name, one) for name, made in photos for one in made if one.family not in LET_BE]


def levelled(photos: Sequence[Photo], rng: random.Random) -> list[Photo]:
    """The photographs with fewer questions; with all, where so few are asked that words tell by chance."""
    rows = asked(photos)
    if len(rows) < FEW:
        return list(photos)
    one, other = halves(rows)
    judge = Bayes(rows, temper=Bayes(one).fit(other))
    stays = iter(evened(rows, [rng.random() < kept(row, judge) for row in rows], rng))  # in this order
    return [(name, [one for one in made if one.family in LET_BE or next(stays)]) for name, made in photos]


def evened(rows: Sequence[Row], stays: Sequence[bool], rng: random.Random) -> list[bool]:
    """So much less of what is too much that a yes comes `ODDS` times as often as a no, in each family and
    language."""
    kinds = [(bool(CHINESE.search(asked)), family, said) for _, family, asked, said in rows]
    told = Counter(kind for kind, stay in zip(kinds, stays, strict=True) if stay)

    def share(chinese: bool, family: str, said: str) -> float:
        other = told[chinese, family, "no" if said == "yes" else "yes"]
        if said not in CHECKS or not other:
            return 1.0
        return other * (ODDS if said == "yes" else 1 / ODDS) / told[chinese, family, said]

    return [stay and rng.random() < share(*kind) for kind, stay in zip(kinds, stays, strict=True)]


def kept(row: Row, judge: Bayes) -> float:
    """The chance that a question stays."""
    share = 0.0 if row[3] == "unknown" else judge.share(row)
    wanted = {"yes": ODDS, "no": 1 / ODDS}.get(row[3], 1.0)
    return min(1.0, wanted * (1 - share) / share) if share else 1.0
