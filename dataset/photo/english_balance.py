"""Yes and no in balance: `YES` of the answers are yes, of all and of each value that is asked after.

A case is what can be asked of one photo: the values that hold, those that can be denied, and those to
prefer among the latter. Which values a yes is thinned for, and how readily each is drawn for a no, is found
by asking a sample of the cases a few times and mending what came out uneven.
"""

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from dataset.photo.made import ODDS

TIMES = 2  # that each value may come up, in other words
ROUNDS = 12
SAMPLE = 2500  # cases to mend by


@dataclass(frozen=True)
class Case:
    true: tuple[str, ...]
    deniable: tuple[str, ...]
    preferred: frozenset[str] = frozenset()  # drawn twice as readily: POPE's adversarial ones


def about(what: str, case: Case) -> Case:
    """The case told of one thing: what dogs do is balanced by itself, for the words name the dog, too."""
    parts = (case.true, case.deniable, case.preferred)
    true, deniable, preferred = ([f"{what}: {value}" for value in part] for part in parts)
    return Case(tuple(true), tuple(deniable), frozenset(preferred))


def said_of(value: str) -> str:
    """Of a value of `about`, what is said of the thing."""
    return value.partition(": ")[2]


class Balance:
    """Asks (value, truth) pairs of cases, in balance over those it was made with."""

    def __init__(self, cases: Iterable[Case]) -> None:
        some = [case for case in cases if case.true and case.deniable]
        true = Counter(value for case in some for value in case.true)
        self.keep = dict.fromkeys(true, 1.0)
        self.weight = {
            value: float(number) for value, number in true.items()
        }  # what is never true: never asked
        rng = random.Random(0)
        if len(some) > SAMPLE:
            some = rng.sample(some, SAMPLE)
        for _ in range(ROUNDS):
            asked = Counter(pair for case in some for pair in self.ask(case, rng))
            for value in true:
                self._mend(value, (asked[value, True] + 0.5) / ODDS / (asked[value, False] + 0.5))

    def _mend(self, value: str, uneven: float) -> None:
        self.weight[value] *= min(4.0, max(0.25, uneven)) ** 0.8
        self.keep[value] = min(1.0, self.keep[value] * min(1.1, max(0.5, 1 / uneven)) ** 0.5)

    def ask(self, case: Case, rng: random.Random) -> list[tuple[str, bool]]:
        """What holds, and something that does not for some of it."""
        asked: list[tuple[str, bool]] = []
        left = {v: self.weight.get(v, 0.0) * (2 if v in case.preferred else 1) for v in case.deniable}
        for value in case.true * TIMES:
            if rng.random() < self.keep.get(value, 0.0) and (wrong := pick(left, rng)):
                told = answers(value, wrong, rng)
                asked += told
                if len(told) > 1 and len(left) > 1:
                    del left[wrong]
        return asked

    def denied(self, case: Case, number: int, rng: random.Random) -> list[str]:
        """Several values that do not hold."""
        left = {v: self.weight.get(v, 0.0) * (2 if v in case.preferred else 1) for v in case.deniable}
        found: list[str] = []
        while len(found) < number and (wrong := pick(left, rng)):
            found.append(wrong)
            del left[wrong]
        return found


def answers(right: str, wrong: str, rng: random.Random) -> list[tuple[str, bool]]:
    """What holds, and, so that `YES` of the answers are yes, now and then what does not."""
    return [(right, True)] + [(wrong, False)] * (rng.random() < 1 / ODDS)


def pick(weights: dict[str, float], rng: random.Random) -> str | None:
    """One by weight; None where there is none."""
    if not weights or sum(weights.values()) <= 0:
        return None
    return rng.choices(list(weights), list(weights.values()))[0]
