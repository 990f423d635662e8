"""What five Chinese captions of a photo, taken together, say for certain.

captions -> Reading: things, how many, colours, who, doings, places, clothes, what is held
"""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from dataset.photo import chinese_words as words

NUMERAL = re.compile(
    r"([一两二三四五六七八九十]|\d+)\s?(?:[个只名位条头匹辆架艘]|(?=人))|(群|很多|许多|好多|几[个只名位条匹辆])|(对)"
)
DIGITS = {"一": 1, "两": 2, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10}
SEVERAL = re.compile(
    "们|人群|情侣|夫[妇妻]|父[子女]|母[子女]|男女|俩|一家|互相|乐队|合[照影]|一起|另|观众|双人|球队|队伍|多人"
)
HUE = "|".join(sorted(words.COLOURS, key=len, reverse=True))
LOOKS = "(?:小|大|胖|瘦|老|长毛|短毛|卷毛|毛|可爱的?|塑料|毛绒|旧|的|长|短|新)"
BEFORE = re.compile(f"(?<!和)(?<!、)(?:({HUE})色?)的?{LOOKS}{{0,3}}$")
ALIKE = re.compile(f"[两二三四2-4][只条匹个](?:{HUE})色?的?{LOOKS}{{0,3}}[狗马猫]")  # 两只黑狗: both are
PAIR = re.compile(
    f"({HUE})色?的?{LOOKS}{{0,2}}狗[^，。的]{{0,3}}[和与跟追咬](?:着|一[只条])?({HUE})色?的?{LOOKS}{{0,2}}狗"
)
MIXED = re.compile(
    f"(?:{HUE})色?(?:{HUE})|相间|斑点|花狗|五颜六色|彩色|(?:{HUE})色?[和、](?:{HUE})|花色|各色"
)
CLOTHES = "|".join(sorted(words.WORN + words.ON_HEAD, key=len, reverse=True))
WEARING = re.compile(
    f"(?:穿|戴|带|身)[着了]?一?[身件顶副条个]?(?:({HUE})色?的?)?(?:[小大长短花]|格子|比赛)?({CLOTHES})"
)
HOLDING = re.compile("(?:拿着?|举着|抱着|握着|手持|手里有|提着|拎着|手捧)[^，。的人男女孩狗]{0,6}$")
IN_MOUTH = re.compile("(?:叼着?|咬着|咬住|含着|嘴里有|衔着)[^，。的人男女孩狗]{0,6}$")
GROUND = {
    ground.partition("[")[0]: ground.partition("[")[2].rstrip("]") if "[" in ground else None
    for ground in words.GROUNDS.split()
}
WHERE = "上面|上|里面|里|中|下面|下|旁边|旁|边|前面|前|后面"
SPOT = re.compile(f"({'|'.join(sorted(GROUND, key=len, reverse=True))})({WHERE})?")
PLAYFUL = re.compile("[滑骑跳轮泳水踢打玩]|自行车|单车|冲浪|运动|腾空|杂技|花样|极限|秋千")
DOUBT = re.compile("没有|没|无人|像|准备|想|要去|要跳|画着|照片|图案|雕像|雕塑|模型|玩具[狗马车熊飞船]")


@dataclass
class Who:
    """The people of a photo, as far as the captions agree: single or several; m or f; a adult, c child."""

    said: int = 0  # captions that speak of people
    single: bool = False
    several: bool = False
    gender: str = ""
    age: str = ""
    sure: bool = False  # of the age: who plays or does a sport is called 男人 at fourteen, too
    job: str = ""


@dataclass
class Reading:
    captions: tuple[str, ...]
    said: str  # all of them, as one text
    things: Counter[str] = field(default_factory=Counter)  # name -> captions that name it
    counts: dict[str, int | str] = field(default_factory=dict)  # "人" or a beast -> how many, or "many"
    colours: dict[str, str] = field(default_factory=dict)
    pair: tuple[str, ...] = ()  # the colours of two dogs
    who: Who = field(default_factory=Who)
    doings: dict[str, Counter[words.Doing]] = field(default_factory=dict)  # "p" or "b" -> doing -> captions
    places: dict[str, Counter[str]] = field(default_factory=dict)  # "p", "b" -> place -> captions
    worn: Counter[str] = field(default_factory=Counter)
    held: Counter[str] = field(default_factory=Counter)
    in_mouth: Counter[str] = field(default_factory=Counter)


Spans = list[tuple[int, int, str]]


def spans(caption: str) -> tuple[Spans, Spans]:
    """Where the caption names things and people: (start, end, name) and (start, end, tags)."""
    things: Spans = []
    for m in words.SCAN.finditer(caption):
        if not (name := words.MEANS.get(m[0])):
            continue
        if things and things[-1][1:] == (m.start(), name):  # 金毛犬狗 is one
            things[-1] = (things[-1][0], m.end(), name)
        else:
            things.append((*m.span(), name))
    people: Spans = []
    for m in words.PERSON_SCAN.finditer(caption):
        if m[0] not in words.SAYS:
            continue
        if people and people[-1][1] == m.start():  # 黑人小孩 is one
            people[-1] = (people[-1][0], m.end(), people[-1][2] + words.SAYS[m[0]])
        else:
            people.append((*m.span(), words.SAYS[m[0]]))
    return things, people


def tally(caption: str, found: Spans) -> int | str | None:
    """How many the caption says there are: a number, "many", "several", or None if it does not say."""
    total, end, unsaid = 0, 0, False
    for start, stop, _ in found:
        before = caption[end:start].rpartition("，")[2].rpartition("。")[2]
        end = stop
        numeral = NUMERAL.search(before)
        held = numeral and "的" in before and re.search("[着拿举抱叼咬穿戴骑有]$", before[: numeral.start()])
        if numeral is None or held:
            unsaid = True
        elif numeral[2]:
            return "many"
        else:
            total += 2 if numeral[3] else DIGITS.get(numeral[1]) or int(numeral[1])
    if "另" in caption or (unsaid and len(found) > 1):
        return "several"
    if unsaid:
        return "several" if SEVERAL.search(caption) else None
    return "several" if total == 1 and SEVERAL.search(caption) else total


def agreed(tallies: Sequence[int | str | None]) -> int | str | None:
    """One number, if captions agree on it: two must say it, and none anything else."""
    said = Counter(one for one in tallies if one is not None)
    numbers = {one for one in said if isinstance(one, int)}
    if len(numbers) == 1:
        number = numbers.pop()
        clash = (said["many"] and number < 3) or (said["several"] and number < 2)
        return number if said[number] > 1 and not clash else None
    return "many" if not numbers and said["many"] > 1 else None


def read_who(caption_people: Sequence[tuple[str, Spans]]) -> Who:
    tallies = [tally(caption, people) for caption, people in caption_people if people]
    who = Who(said=len(tallies))
    numbers = [one for one in tallies if one is not None]
    who.single = set(numbers) <= {1} and (1 in numbers or who.said > 3)
    who.several = any(one != 1 for one in numbers)
    tags = Counter(tag for _, people in caption_people for tag in set("".join(tags for *_, tags in people)))
    for this, other in ("mf", "fm"):
        if tags[this] > 1 and not tags[other]:
            who.gender = this
    if tags["a"] > 1 and not tags["c"] and not tags["y"]:
        who.age = "a"
    elif tags["c"] and tags["c"] + tags["y"] > 1 and not tags["a"]:
        who.age = "c"
    said = "".join(caption for caption, _ in caption_people)
    who.sure = who.age == "c" or (who.age == "a" and not PLAYFUL.search(said))
    who.job = next((job for job in words.JOBS if said.count(job) > 1), "")
    return who


def subject(things: Spans, people: Spans) -> str:
    """Whom a caption is about: "p" people, "b" one kind of beast, or "" if that is not plain."""
    beasts = {name for *_, name in things if words.BY_NAME[name].group == "动物"}
    return "" if (people and beasts) or len(beasts) > 1 else "p" if people else "b" if beasts else ""


def spot(found: re.Match[str]) -> str | None:
    """A place as it is said after 在: 草地上; None if a word for where is wanting."""
    noun, where = found[1], found[2] or GROUND[found[1]]
    return None if where is None else noun + {"里面": "里", "上面": "上", "下面": "下"}.get(where, where)


def read_places(caption: str) -> set[str]:
    """The places where the caption has someone be: 在草地上, or begins with it: 草地上的狗."""
    places = set()
    for found in SPOT.finditer(caption):
        before = caption[: found.start()]
        if not before or (before.endswith("在") and not before.endswith("靠在")):
            places.add(spot(found))
    return places - {None}


def read_colours(captions: Sequence[tuple[str, Spans]], counts: dict[str, int | str]) -> dict[str, str]:
    """A thing's colour, if there is one such thing and whoever says a colour says the same."""
    colours: defaultdict[str, set[str]] = defaultdict(set)
    for caption, things in captions:
        names = Counter(name for *_, name in things)
        for start, end, name in things:
            found = BEFORE.search(caption[:start])
            also = re.match(f"是({HUE})色", caption[end:])
            if hue := found or also:
                colours[name].add(words.COLOURS[hue[1]])
            if MIXED.search(caption) or names[name] > 1:
                colours[name] |= {"", "mixed"}
    said = "，".join(caption for caption, _ in captions)
    alike = {name for name in colours if counts.get(name, 1) == 1 or ALIKE.search(said)}
    return {name: hues.pop() for name, hues in colours.items() if len(hues) == 1 and name in alike}


def read(captions: Sequence[str]) -> Reading:
    """What the captions of one photo say."""
    reading = Reading(tuple(captions), "，".join(captions))
    marked = [(caption, *spans(caption)) for caption in captions]
    for key in "pb":
        reading.doings[key], reading.places[key] = Counter(), Counter()
    for caption, things, people in marked:
        if not DOUBT.search(caption):
            reading.things.update(sorted({name for *_, name in things}))
        for start, _, name in things:
            reading.held[name] += bool(HOLDING.search(caption[:start])) and words.BY_NAME[name].group not in (
                "动物",
                "车",
            )
            reading.in_mouth[name] += (
                bool(IN_MOUTH.search(caption[:start])) and words.BY_NAME[name].group != "动物"
            )
        reading.worn.update(
            sorted({(words.COLOURS.get(hue, ""), what) for hue, what in WEARING.findall(caption)})
        )
        if who := subject(things, people):
            reading.doings[who].update(
                one for one in words.DOINGS if who in one.who and one.pattern.search(caption)
            )
            reading.places[who].update(sorted(read_places(caption)))
    reading.who = read_who([(caption, people) for caption, _, people in marked])
    for name in [name for name, votes in reading.things.items() if votes == 1 and len(captions) > 3]:
        if words.BY_NAME[name].group == "动物":  # one of five who sees a beast is mistaken
            del reading.things[name]
    beasts = [name for name in reading.things if words.BY_NAME[name].group == "动物"]
    for name in beasts:
        found = [(caption, [one for one in things if one[2] == name]) for caption, things, _ in marked]
        reading.counts[name] = agreed([tally(caption, these) for caption, these in found if these])
        if several(found):
            reading.counts[name] = reading.counts[name] or 0
    reading.counts["人"] = agreed([tally(caption, people) for caption, _, people in marked if people])
    reading.counts = {name: count for name, count in reading.counts.items() if count is not None}
    reading.colours = read_colours([(caption, things) for caption, things, _ in marked], reading.counts)
    reading.colours |= read_clothes(reading)
    pairs = {tuple(sorted(words.COLOURS[hue] for hue in both)) for both in PAIR.findall(reading.said)}
    if len(pairs) == 1 and len(set(*pairs)) == 2 and reading.counts.get("狗") in (0, 2):
        reading.pair = pairs.pop()
    return reading


def several(found: Sequence[tuple[str, Spans]]) -> bool:
    return any(tally(caption, these) not in (None, 1) for caption, these in found if these)


def read_clothes(reading: Reading) -> dict[str, str]:
    """The colours of what one person wears; none of a thing that is said to be of two."""
    if not (reading.who.single or (not reading.who.said and reading.things["狗"])):
        return {}
    hues: defaultdict[str, set[str]] = defaultdict(set)
    for hue, what in reading.worn:
        if hue:
            hues["衣服" if what in words.TOPS else what].add(hue)
            hues[what].add(hue)
    top = hues.pop("衣服", set())
    sure = {what: next(iter(hue)) for what, hue in hues.items() if len(hue) == 1}
    return sure | ({"衣服": next(iter(top))} if len(top) == 1 else {})
