"""Where someone is, beside what, in which scene and weather."""

import random
import re
from collections.abc import Iterator
from itertools import pairwise

from dataset.photo import chinese_facts as facts
from dataset.photo.chinese_ask import ask
from dataset.photo.chinese_read import Reading, spans
from dataset.photo.chinese_subject import most, said, subjects
from dataset.photo.made import YES, Made

BESIDE = re.compile(
    "(?:[和与跟])([一两三四五][只个条名位匹头群])?(?:[^，。的]{0,4}的)?(?:小|大|黑|白|黄|老)?$"
)


def position(reading: Reading, rng: random.Random) -> Iterator[Made]:
    for one in subjects(reading):
        if where := most(reading.places[one.kind], rng):
            answer = said(rng, f"在{where}", f"{one.noun}在{where}")
            yield Made("position", ask(rng, "position", he=one.called(rng), noun=one.noun), answer)
    for what, votes in reading.in_mouth.items():
        if votes and "狗" in reading.things:
            yield Made(
                "position",
                ask(rng, "position", he=what, noun=what),
                said(rng, "在狗嘴里", f"{what}在狗的嘴里"),
            )


def beside(reading: Reading, rng: random.Random) -> Iterator[Made]:
    """Two that a caption names together: 人和狗."""
    for caption in reading.captions:
        things, people = spans(caption)
        found = sorted((*((*one[:2], True) for one in things), *((*one[:2], False) for one in people)))
        for (start, end, _), (begin, stop, thing) in pairwise(found):
            gap = BESIDE.match(caption[end:begin])
            first, second = caption[start:end], caption[begin:stop]
            if not gap or first == second or caption[stop:].startswith("们") or len(second) < 2 - thing:
                continue
            answer = (gap[1] or "") + second
            yield Made("position", ask(rng, "beside", x=first), said(rng, answer))
            return


def weather(reading: Reading, rng: random.Random) -> Iterator[Made]:
    """Weather, time and season, where captions tell; what is nearly always so is asked less often."""
    if answer := facts.weather(reading, rng):
        yield Made("weather", ask(rng, "weather"), answer)
    day = facts.by_day(reading)
    if day is False or (day and rng.random() < 0.1):
        right = "白天" if day else "晚上"
        a, b = rng.sample((right, {"白天": "晚上", "晚上": "白天"}[right]), 2)
        yield Made("weather", ask(rng, "day", a=a, b=b), said(rng, right, f"是{right}"))
        yield Made("weather", ask(rng, "time"), said(rng, right, f"是{right}"))
    if (season := facts.season(reading)) and (season != "冬天" or rng.random() < 0.5):
        yield Made("weather", ask(rng, "season"), said(rng, season, f"是{season}"))


def place(reading: Reading, rng: random.Random) -> Iterator[Made]:
    where, others = facts.scene(reading), facts.elsewhere(reading)
    if where:
        yield Made("scene", ask(rng, "scene"), said(rng, f"在{where}", where))
    if where and others:
        yes = rng.random() < YES
        answer = said(rng, "是的", f"是的，在{where}") if yes else said(rng, "不是", f"不是，在{where}")
        yield Made("scene", ask(rng, "is_scene", x=where if yes else rng.choice(others)), answer)
    outside = facts.outdoors(reading)
    if outside is False or (outside and rng.random() < 0.2):
        right, wrong = ("室外", "室内") if outside else ("室内", "室外")
        a, b = rng.sample((right, wrong), 2)
        yield Made("scene", ask(rng, "in_out", a=a, b=b), said(rng, right, f"在{right}", f"是{right}"))
