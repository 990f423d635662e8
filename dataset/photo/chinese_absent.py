"""What is not in a photo, of what could be asked: what no caption says, hints at, or could leave unsaid.

POPE (Li et al., 2023) asks for random, popular and co-occurring absent things. Here a thing is drawn in
proportion to how often it is there in other photos, over how often its absence is certain: so `YES` of the
answers to "is there an X?" are yes, for every X.
"""

import random
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from dataset.photo.chinese_read import Reading
from dataset.photo.chinese_words import BY_NAME, KIN, PEOPLE, THINGS
from dataset.photo.made import ODDS

PEOPLE_THERE = re.compile(
    "|".join((*PEOPLE.split(), "脸", "骑", "滑雪", "影", "观众", "乐队", "爱好", "大家", "他", "她"))
)
SOMEONE = ("人", "男人", "女人", "小孩")
ASKED = tuple(one.name for one in THINGS if one.near is not None and one.name != "车")


def no_people(reading: Reading) -> bool:
    """Whether five captions, of a beast or a vehicle, never hint at people."""
    main = max(reading.things.values(), default=0)
    return main > 3 and not PEOPLE_THERE.search(reading.said.replace("狗狗们", "").replace("狗们", ""))


def absent_people(reading: Reading) -> set[str]:
    who = reading.who
    if no_people(reading):
        return set(SOMEONE)
    if not who.single or who.said < 4:
        return set()
    gone = {"m": {"女人"}, "f": {"男人"}}.get(who.gender, set())
    return gone | ({"小孩"} if who.age == "a" and who.sure else set())


def present_people(reading: Reading) -> set[str]:
    who = reading.who
    if not who.said:
        return set()
    named = {"ma": {"男人"}, "fa": {"女人"}}.get(who.gender + who.age, set())
    return {"人"} | named | ({"小孩"} if who.age == "c" else set())


def present(reading: Reading) -> list[str]:
    """What is there and may be asked after."""
    return [name for name in ASKED if name in reading.things] + sorted(present_people(reading))


def absent(reading: Reading) -> list[str]:
    """What is surely not there."""
    kin = {name for family in KIN if family & reading.things.keys() for name in family}
    mute = [
        name
        for name in ASKED
        if name not in kin and not BY_NAME[name].near.search(reading.said)  # type: ignore[union-attr]
    ]
    return mute + sorted(absent_people(reading))


class Absence:
    """Draws absent things: a third of them for being seen with what is there, the rest for being common."""

    def __init__(self, readings: Iterable[Reading]) -> None:
        gone: Counter[str] = Counter()
        self.there: Counter[str] = Counter()
        self.together: dict[str, Counter[str]] = {}
        photos = []
        for reading in readings:
            here, away = present(reading), absent(reading)
            self.there.update(here)
            gone.update(away)
            photos.append((here, away))
            for name in here:
                self.together.setdefault(name, Counter()).update(here)
        # What is nearly everywhere is asked after less often: else its answer would be yes, photo unseen.
        self.kept = {name: min(1.0, 0.6 * ODDS * gone[name] / number) for name, number in self.there.items()}
        self.weight = {name: (self.there[name] + 2) / (number + 20) for name, number in gone.items()}
        for _ in range(3):
            self.calibrate(photos)

    def calibrate(self, photos: Sequence[tuple[list[str], list[str]]]) -> None:
        """Weights anew: a thing is drawn as absent once for `ODDS` times it is asked for as present."""
        drawn: Counter[str] = Counter()
        for here, away in photos:
            asked = sum(self.kept[name] for name in here) / ODDS
            share = asked / (sum(self.weight[name] for name in away) or 1)
            for name in away:
                drawn[name] += share * self.weight[name]
        for name, number in drawn.items():
            self.weight[name] *= (self.kept.get(name, 1) * self.there[name] / ODDS + 2) / (number + 1)

    def asked(self, reading: Reading, rng: random.Random) -> list[str]:
        """Some of what is there, worth asking after."""
        here = [name for name in present(reading) if rng.random() < self.kept[name]]
        return rng.sample(here, min(len(here), 4))

    def draw(self, reading: Reading, number: int, rng: random.Random) -> list[str]:
        """Up to `number` different things that are not there."""
        names, drawn = absent(reading), []
        beside = Counter[str]()
        for name in present(reading):
            beside.update(self.together.get(name, {}))
        while names and len(drawn) < number:
            weights = [self.weight[name] for name in names]
            if rng.random() < 1 / 3:
                weights = [
                    w * (1 + beside[name]) / (1 + self.there[name])
                    for w, name in zip(weights, names, strict=True)
                ]
            drawn.append(rng.choices(names, weights)[0])
            names.remove(drawn[-1])
        return drawn
