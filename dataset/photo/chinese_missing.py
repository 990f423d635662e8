"""Questions about things that are not there, in the words of those about things that are, and seldom:
see english_missing.py."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence

from dataset.photo.chinese_absent import absent
from dataset.photo.chinese_ask import ask
from dataset.photo.chinese_read import Reading
from dataset.photo.chinese_subject import doing, subjects, unit
from dataset.photo.english_missing import Asked, chances
from dataset.photo.made import Made


def answered(reading: Reading) -> Iterator[Asked]:
    """What of it can be asked of a photo and has an answer there."""
    yield from (("colour", what) for what in reading.colours)
    yield from (("count", what) for what, number in reading.counts.items() if number)
    for one in subjects(reading):
        if reading.places[one.kind]:
            yield "position", one.noun
        if doing(reading, one.kind):
            yield "action", one.noun


class Missing:
    def __init__(self, readings: Sequence[Reading]) -> None:
        there = Counter(asked for reading in readings for asked in answered(reading))
        gone = Counter(name for reading in readings for name in absent(reading))
        self.chance = chances(there, gone)

    def questions(self, reading: Reading, rng: random.Random) -> Iterator[Made]:
        gone = set(absent(reading))
        for (wording, name), chance in self.chance.items():
            if name in gone and rng.random() < chance:
                question = ask(rng, wording, x=name, he=name, noun=name, unit=unit(name))
                said = f"照片里没有{name}。" if rng.random() < 0.8 else f"没有{name}，照片里看不到{name}。"
                yield Made("unanswerable", question, said)
