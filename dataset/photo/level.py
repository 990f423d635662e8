"""Questions thinned until their words tell little: what can be guessed without the photograph is dropped.

A question whose reply words alone give with probability p is kept with probability (1 - p) / p, so that
the reply comes no more often than others to questions of such words (weights of inverse propensity; the aim
is VQA v2's, Goyal et al. 2017). A yes may come `ODDS` times as often as a no, whatever the words. What no
photograph can answer is let be: its words are to give it away.
"""

import random
from collections.abc import Sequence

from dataset.photo.blind import Bayes, Row, halves, row_of
from dataset.photo.made import ODDS, Made

Photo = tuple[str, list[Made]]
FEW = 1000  # questions
LET_BE = ("caption", "talk")


def asked(photos: Sequence[Photo]) -> list[Row]:
    return [row_of(name, one) for name, made in photos for one in made if one.family not in LET_BE]


def levelled(photos: Sequence[Photo], rng: random.Random) -> list[Photo]:
    """The photographs with fewer questions; with all, where so few are asked that words tell by chance."""
    rows = asked(photos)
    if len(rows) < FEW:
        return list(photos)
    one, other = halves(rows)
    judges: dict[str, Bayes] = {}  # of each photograph one that has not learnt its answers
    for learnt, judged in ((one, other), (other, one)):
        judge = Bayes(learnt)
        judge.fit(judged)
        judges |= {photo: judge for photo, *_ in judged}
    stays = iter([rng.random() < kept(row, judges[row[0]]) for row in rows])  # in the order of `asked`
    return [(name, [one for one in made if one.family in LET_BE or next(stays)]) for name, made in photos]


def kept(row: Row, judge: Bayes) -> float:
    """The chance that a question stays."""
    share = 0.0 if row[3] == "unknown" else judge.share(row)
    wanted = {"yes": ODDS, "no": 1 / ODDS}.get(row[3], 1.0)
    return min(1.0, wanted * (1 - share) / share) if share else 1.0
