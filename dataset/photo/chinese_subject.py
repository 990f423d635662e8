"""Whom a photo is about and what is done there, and an answer, short or fuller."""

import random
from collections.abc import Mapping
from dataclasses import dataclass

from dataset.photo import chinese_words as words
from dataset.photo.chinese_read import Reading

CALLED = {
    "狗": ("狗", "狗", "狗狗", "小狗"),
    "猫": ("猫", "小猫"),
    "雨伞": ("雨伞", "伞"),
    "自行车": ("自行车", "单车"),
    "大海": ("海", "大海"),
    "相机": ("相机", "照相机"),
    "泳池": ("泳池", "游泳池"),
    "小孩": ("小孩", "孩子", "小朋友"),
}
NUMBERS = ("零", "一", "两", "三", "四", "五", "六", "七", "八", "九", "十")


def unit(name: str) -> str:
    """The measure word of a thing or a person."""
    return words.BY_NAME[name].unit if name in words.BY_NAME else "个"


@dataclass(frozen=True)
class Subject:
    """Whom a photo is about: a noun, a pronoun, its measure word; "p" people or "b" a beast."""

    kind: str
    noun: str
    pronoun: str
    unit: str

    def called(self, rng: random.Random) -> str:
        return self.pronoun if rng.random() < 0.45 else rng.choice(CALLED.get(self.noun, (self.noun,)))


def person(reading: Reading) -> Subject:
    who = reading.who
    if who.several:
        return Subject("p", {"c": "孩子们"}.get(who.age, "人"), "他们", "些")
    noun = {"ma": "男人", "fa": "女人", "mc": "男孩", "fc": "女孩", "c": "小孩"}.get(
        who.gender + who.age, "人"
    )
    return Subject(
        "p",
        noun,
        "她" if who.gender == "f" else "他" if who.single else "他们" if noun == "人" else "他",
        "个",
    )


def subjects(reading: Reading) -> list[Subject]:
    """The people, and the beast, if there is one kind of beast."""
    beasts = [name for name in reading.things if words.BY_NAME[name].group == "动物"]
    found = [person(reading)] if reading.who.said else []
    if len(beasts) == 1:
        many = reading.counts.get(beasts[0], 1) != 1
        found.append(Subject("b", beasts[0], "它们" if many else "它", "些" if many else unit(beasts[0])))
    return found


def said(rng: random.Random, short: str, *fuller: str) -> str:
    """The short answer, or now and then a fuller one."""
    return (rng.choice(fuller) if fuller and rng.random() < 0.15 else short).rstrip("。") + "。"


def there(rng: random.Random, what: str, yes: bool) -> str:
    """Whether a photo shows this."""
    told = "有" if yes else "没有"
    return said(rng, told, f"{told}，照片里{told}{what}")


def most(votes: Mapping[str, int], rng: random.Random) -> str:
    best = max(votes.values(), default=0)
    return rng.choice([one for one, number in votes.items() if number == best]) if best else ""


def doing(reading: Reading, kind: str) -> words.Doing | None:
    """What is done, as most captions say; standing about only if nothing better is said."""
    votes = reading.doings[kind]
    better = {one: number for one, number in votes.items() if one.name not in words.IDLE} or votes
    best = max(better.values(), default=0)
    first = [one for one, number in better.items() if number == best]
    rivals = [one for one in first if one.sort == "sport"]
    return None if not first or len(rivals) > 1 else first[0]


def undone(done: words.Doing, reading: Reading, kind: str) -> list[words.Doing]:
    """What is surely not being done by whoever does this."""
    if kind == "p" and done.sort in ("sport", "big"):
        kin = next((kin for kin in words.KIN_OF_DOINGS if done.name in kin), {done.name})
        others = [one for one in words.DOINGS if one.sort == "sport" and one.name not in kin]
        return [one for one in others if not one.pattern.search(reading.said)]
    near = {name: pattern for name, pattern in words.SEEN.items() if name != done.name}
    return [one for one in words.DOINGS if one.name in near and not near[one.name].search(reading.said)]


def does(one: words.Doing, reading: Reading) -> str:
    if one.name == "叼着东西" and (mouth := [name for name, votes in reading.in_mouth.items() if votes]):
        return f"叼着{mouth[0]}"
    return one.name if "着" in one.name else f"在{one.name}"
