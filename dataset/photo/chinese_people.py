"""Who is in a photo, and what one person wears."""

import random
from collections.abc import Iterator

from dataset.photo import chinese_facts as facts
from dataset.photo import chinese_words as words
from dataset.photo.chinese_ask import ask
from dataset.photo.chinese_read import Reading
from dataset.photo.chinese_subject import NUMBERS, most, person, said
from dataset.photo.made import YES, Made

OTHERS = {
    "男人": ("女人", "小孩"),
    "女人": ("男人", "小孩"),
    "男孩": ("女孩", "大人"),
    "女孩": ("男孩", "大人"),
    "小孩": ("大人",),
}
NOUNS = {"ma": "男人", "fa": "女人", "mc": "男孩", "fc": "女孩", "c": "小孩"}


def check(rng: random.Random, yes: bool, right: str) -> str:
    """Yes, or no and what is right."""
    return said(rng, "是的", f"是的，{right}") if yes else said(rng, "不是", f"不是，{right}")


def wardrobe(reading: Reading) -> tuple[list[str], list[str]]:
    """What one person is said to wear, and what that person surely does not wear."""
    if not reading.who.single or "狗" in reading.things:
        return [], []
    gone = [
        what for what, goes, near in facts.BARE if goes.search(reading.said) and not near.search(reading.said)
    ]
    return sorted({what for _, what in reading.worn} - {"衣服"}), gone


def dressed(reading: Reading, rng: random.Random) -> Iterator[Made]:
    """What one person wears."""
    people = person(reading)
    if not reading.who.single or "狗" in reading.things:
        return
    clothes = {(hue, what): votes for (hue, what), votes in reading.worn.items() if what in words.WORN}
    heads = {what: votes for (_, what), votes in reading.worn.items() if what in words.ON_HEAD}
    plain = {
        f"{hue}的{what}" if hue else what: votes
        for (hue, what), votes in clothes.items()
        if hue or what != "衣服"
    }
    if outfit := most(plain, rng):
        yield Made("person", ask(rng, "wearing", he=people.called(rng)), said(rng, outfit, f"穿着{outfit}"))
    if head := most(heads, rng):
        yield Made("person", ask(rng, "on_head", he=people.called(rng)), said(rng, head, f"戴着{head}"))


def who(reading: Reading, rng: random.Random) -> Iterator[Made]:
    """Who is there: a man, two children, a crowd."""
    people, number = reading.who, reading.counts.get("人")
    noun = person(reading).noun
    if not people.said:
        return
    if not people.several and (people.job or noun != "人"):
        unit = "名" if people.job in ("运动员", "警察", "士兵", "赛车手") else "个"
        answer = f"一{unit}{people.job or noun}"
        yield Made("person", ask(rng, "who"), said(rng, answer, f"是{answer}", noun))
    elif number == "many":
        yield Made("person", ask(rng, "who"), "一群孩子。" if people.age == "c" else "一群人。")
    elif isinstance(number, int) and number < len(NUMBERS):
        noun = NOUNS.get(people.gender + people.age, "人")
        yield Made("person", ask(rng, "who"), said(rng, f"{NUMBERS[number]}个{noun}"))


def which(reading: Reading, rng: random.Random) -> Iterator[Made]:
    """Man or woman, grown up or child: by choice, the right one first half of the time, and to confirm."""
    people, noun = reading.who, person(reading).noun
    if not people.said or people.several:
        return
    age = {"a": "大人", "c": "小孩"}[people.age] if people.sure else ""
    pair = {"a": ("男人", "女人"), "c": ("男孩", "女孩")}.get(people.age, ("男的", "女的"))
    gender = pair["mf".find(people.gender)] if people.gender else ""
    for right, options in ((gender, pair), (age, ("大人", "小孩"))):
        if right:
            a, b = rng.sample(options, 2)
            yield Made("person", ask(rng, "or", a=a, b=b), said(rng, right, f"是{right}"))
    if noun != "人":
        rights, wrongs = (noun, age) if age else (noun,), OTHERS[noun] if age else OTHERS[noun][:1]
        yes = rng.random() < YES
        asked = rng.choice(rights if yes else wrongs)
        yield Made("attribute_check", ask(rng, "is_who", x=asked), check(rng, yes, f"是{noun}"))
