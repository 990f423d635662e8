"""Which thing it is, which colour it has, how many there are."""

import random
from collections.abc import Iterator

from dataset.photo import chinese_words as words
from dataset.photo.chinese_ask import ask
from dataset.photo.chinese_read import Reading
from dataset.photo.chinese_subject import CALLED, NUMBERS, Subject, doing, most, person, said, unit
from dataset.photo.made import YES, Made


def name(reading: Reading, rng: random.Random) -> Iterator[Made]:
    groups: dict[str, list[str]] = {}
    for one in reading.things:
        groups.setdefault(words.BY_NAME[one].group, []).append(one)
    people = person(reading)
    if len(groups.get("动物", ())) == 1:
        beast = groups["动物"][0]
        one = f"一{unit(beast)}{beast}" if reading.counts.get(beast) == 1 else beast
        yield Made("name", ask(rng, "animal"), said(rng, beast, f"是{one}", f"这是{beast}"))
    cars = [one for one in groups.get("车", ()) if one != "车"]
    if len(cars) == 1:
        yield Made("name", ask(rng, "vehicle"), said(rng, cars[0], f"是{cars[0]}"))
    if held := most({one: votes for one, votes in reading.held.items() if one not in ("球", "帽子")}, rng):
        one = f"一{unit(held)}{held}"
        yield Made("name", ask(rng, "held", he=people.called(rng)), said(rng, held, one, f"拿着{one}"))
    if (mouth := most(reading.in_mouth, rng)) and "狗" in reading.things:
        it = rng.choice(("它", "狗", "小狗", "狗狗"))
        yield Made(
            "name", ask(rng, "mouth", it=it), said(rng, mouth, f"一{unit(mouth)}{mouth}", f"叼着{mouth}")
        )
    if (sport := doing(reading, "p")) and sport.sort == "sport":
        yield Made("name", ask(rng, "sport", he=people.called(rng)), said(rng, sport.name, f"是{sport.name}"))


def colour(reading: Reading, rng: random.Random) -> Iterator[Made]:
    """Colours asked openly, by choice, and to be confirmed: right and wrong ones."""
    people = person(reading) if reading.who.said else Subject("b", "狗", "它", "只")
    if reading.pair:
        a, b = rng.sample(reading.pair, 2)
        yield Made("colour", ask(rng, "colour", x="狗", unit="些"), f"一只{a}，一只{b}。")
    for what, hue in reading.colours.items():
        x, worn = rng.choice(CALLED.get(what, (what,))), what not in words.BY_NAME or what in words.ON_HEAD
        wear = "戴" if what in words.ON_HEAD else "穿"
        names = {"x": x, "unit": unit(what)}
        if worn:
            names |= {"he": people.called(rng), "his": people.pronoun + "的", "wear": wear}
        other = rng.choice(words.FAR[hue].split())
        full = f"{what}是{hue}的"
        yield Made(
            "colour", ask(rng, "wear_colour" if worn else "colour", **names), said(rng, hue, full, f"{hue}的")
        )
        a, b = rng.sample((hue, other), 2)
        if rng.random() < 0.4:
            yield Made(
                "colour",
                ask(rng, "wear_colour_or" if worn else "colour_or", a=a, b=b, **names),
                said(rng, hue, full),
            )
        yes = rng.random() < YES
        answer = said(rng, "是的", f"是的，{full}", "是") if yes else said(rng, "不是", f"不是，是{hue}的")
        yield Made(
            "attribute_check",
            ask(rng, "wear_is_colour" if worn else "is_colour", a=hue if yes else other, **names),
            answer,
        )


def count(reading: Reading, rng: random.Random) -> Iterator[Made]:
    for what, number in reading.counts.items():
        measure = unit(what)
        noun = "小孩" if what == "人" and reading.who.age == "c" and rng.random() < 0.6 else what
        if number == 0 or (number == 1 and rng.random() < 0.5):
            continue
        question = ask(rng, "count", unit=measure, x=noun)
        if number == "many":
            yield Made("count", question, said(rng, f"很多{noun}", f"有很多{noun}", f"一群{noun}"))
        elif isinstance(number, int) and number < 11:
            answer = f"{NUMBERS[number]}{measure}{noun}"
            yield Made("count", question, said(rng, answer, f"有{answer}", f"{NUMBERS[number]}{measure}"))
