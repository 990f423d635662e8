"""Questions no photo answers, and questions that lean on the turn before."""

import random
from collections.abc import Iterator, Sequence

from dataset.photo.chinese_absent import present
from dataset.photo.chinese_ask import ask, choose
from dataset.photo.chinese_read import Reading
from dataset.photo.chinese_subject import unit
from dataset.photo.chinese_words import BY_NAME
from dataset.photo.made import YES, Made

UNKNOWN = {
    "person": """{he}叫什么名字
{he}叫什么
{he}多大了
{he}几岁了
{he}今年多少岁
{he}是哪国人
{he}是哪里人
{he}在想什么
{he}在说什么
{he}的电话号码是多少
{he}结婚了吗
{he}是做什么工作的
{he}住在哪里
{he}姓什么
{he}的生日是哪天
{he}一个月挣多少钱
{he}有几个孩子
{he}的爸爸是谁
{he}昨天做了什么
{he}等会儿要去哪里
{he}体重多少
{he}身高多少
{he}是什么星座
{he}喜欢吃什么
{he}认识我吗
{he}为什么来这里
{he}的心里话是什么
{he}身份证号是多少""",
    "beast": """{it}叫什么名字
{it}几岁了
{it}的主人叫什么
{it}多重
{it}在想什么
{it}多少钱买的
{it}是谁家的
{it}早上吃了什么
{it}喜欢吃什么
{it}住在哪里
{it}打过疫苗了吗
{it}几斤""",
    "photo": """这张照片是谁拍的
这是哪一年拍的
照片是几月几号拍的
这是哪个城市
这是哪个国家
现在几点了
这个多少钱
温度是多少度
用什么相机拍的
拍照的人是谁
这条路叫什么名字
这里的地址是什么
接下来会发生什么
昨天天气怎么样
后面藏着什么
几点拍的
这是什么牌子的
这附近有地铁站吗
门票多少钱
这里离我家多远
照片外面有什么
这里住着多少人
星期几拍的
花了多少钱""",
}
UNKNOWN = {key: tuple(lines.splitlines()) for key, lines in UNKNOWN.items()}
UNSEEN = (
    "照片上看不出来。",
    "照片上看不出来。",
    "看不出来。",
    "从照片上看不出来。",
    "这个看不出来。",
    "照片里没有写，看不出来。",
)
SURE = ("确定，{said}", "确定，{said}", "是的，{said}", "我确定，{said}")


def unanswerable(reading: Reading, subject: str, rng: random.Random) -> Iterator[Made]:
    """What no photo tells."""
    kinds = (
        ["photo"]
        + ["person"] * bool(reading.who.said)
        + ["beast"] * ("狗" in reading.things and not reading.who.said)
    )
    for kind in kinds:
        question = ask(rng, UNKNOWN[kind], he=subject or "他", it=subject or "它")
        yield Made("unanswerable", question, choose(rng, UNSEEN))


def sure(made: Made, rng: random.Random) -> Made:
    """ "Are you sure?", asked after an answer: it stands."""
    answer = choose(rng, SURE).format(said=made.answer.rpartition("，")[2])
    if made.answer in ("有。", "是的。", "不是。", "没有。") and rng.random() < 0.5:
        answer = "确定。"
    return Made("follow_up", ask(rng, "sure"), answer, (*made.earlier, (made.question, made.answer)))


def follow_ups(
    made: Sequence[Made], reading: Reading, away: Sequence[str], rng: random.Random
) -> Iterator[Made]:
    """A few questions after others: are you sure, and which colour, where, how many, what about."""
    firm = [
        one
        for one in made
        if one.family in ("name", "colour", "existence", "count", "attribute_check", "scene")
    ]
    if firm and rng.random() < 0.15:  # seldom: the answer is always yes
        yield sure(rng.choice(firm), rng)
    by_key = {}
    for one in made:
        by_key.setdefault(one.family, []).append(one)
    beasts = [name for name in reading.things if BY_NAME[name].group == "动物"]
    if len(beasts) == 1 and not reading.who.said:
        yield from about_beast(beasts[0], by_key, reading, rng)
    elif reading.who.said and not beasts:
        yield from about_people(by_key, reading, rng)
    yield from what_about(by_key.get("existence", []), reading, away, rng)


def what_about(
    asked: Sequence[Made], reading: Reading, away: Sequence[str], rng: random.Random
) -> Iterator[Made]:
    """After "is there a dog?", "and a cat?": there is, or there is not."""
    if not asked:
        return
    first = rng.choice(asked)
    here = [
        name for name in present(reading) if name not in first.question and name[-1] not in first.question
    ]
    for names, answers, often in (
        (here, ("有。", "有{name}。"), YES),
        ([one for one in away if one not in first.question], ("没有。", "没有{name}。"), 1 - YES),
    ):
        if names and (here or rng.random() < 0.3) and rng.random() < often:
            name = rng.choice(names)
            yield after(first, ask(rng, "and", x=name), choose(rng, answers).format(name=name))


def after(first: Made, question: str, answer: str) -> Made:
    return Made("follow_up", question, answer, (*first.earlier, (first.question, first.answer)))


def about_beast(
    name: str, made: dict[str, list[Made]], reading: Reading, rng: random.Random
) -> Iterator[Made]:
    opening = Made("existence", ask(rng, "existence", x=name, one=f"一{unit(name)}{name}"), "有。")
    opening = rng.choice([opening, Made("name", ask(rng, "animal"), f"{name}。"), *made.get("caption", [])])
    if name in reading.colours:
        yield after(opening, ask(rng, "it_colour"), f"{reading.colours[name]}。")
    if "action" in made:
        yield after(opening, ask(rng, "it_does", he="它"), made["action"][0].answer)
    if "position" in made:
        yield after(opening, ask(rng, "it_where", he="它"), made["position"][0].answer)
    if "count" in made:
        yield after(opening, ask(rng, "it_many", unit=unit(name)), made["count"][0].answer)


def about_people(made: dict[str, list[Made]], reading: Reading, rng: random.Random) -> Iterator[Made]:
    he = "他们" if reading.who.several else "她" if reading.who.gender == "f" else "他"
    opening = rng.choice(
        [Made("existence", ask(rng, "existence", x="人", one="一个人"), "有。"), *made.get("caption", [])]
    )
    if "action" in made:
        yield after(opening, ask(rng, "it_does", he=he), made["action"][0].answer)
    if "position" in made:
        yield after(opening, ask(rng, "it_where", he=he), made["position"][0].answer)
    if "count" in made:
        yield after(opening, ask(rng, "it_many", unit="个人"), made["count"][0].answer)
