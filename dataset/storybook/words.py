"""The words of the world in English and Chinese: names, numbers, phrasings. No logic about scenes.

A phrasing is a template. `{a}` is a thing with its article ("an orange cat"), `{the}` one with "the",
`{many}` a plural ("red cats"), `{unit}` its measure word, `{place}` a place with its preposition.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from dataset.storybook.colours import COLOURS, COLOURS_ZH
from dataset.storybook.settings import SETTINGS
from dataset.storybook.things import KINDS
from dataset.storybook.world import PLACES, SIZES

PLURALS = {"fish": "fish", "butterfly": "butterflies"}
PLACES_ZH = ("左上角", "上方", "右上角", "左边", "中间", "右边", "左下角", "下方", "右下角")
SIZES_ZH = {"small": "小", "medium": "中等大小的", "big": "大"}


@dataclass(frozen=True)
class Language:
    """One language: how to name things and places, how to ask, and the fixed answers."""

    code: str
    colours: dict[str, str]
    sizes: dict[str, str]
    numbers: tuple[str, ...]
    answers: dict[str, str]
    questions: dict[str, tuple[str, ...]]
    settings: dict[str, str]
    noun: Callable[..., str]  # (kind | None, colour | None, size | None) -> "small red cat"
    a: Callable[[str, str | None], str]
    many: Callable[..., str]
    unit: Callable[[str | None], str]  # Chinese counts with a measure word
    at: Callable[[str], str]
    describe: Callable[[str, list[tuple[str, str]]], str]  # setting, [(a thing, place)] -> a sentence
    about: str  # what is known of {the}: its {size}, {colour} and {place}
    missing: str  # that {the} is not in the picture
    between: tuple[str, str]  # the names of several things; what is said of each
    meaning: dict[str, dict[str, str]]  # attribute -> word -> its English name
    thing_at: re.Pattern  # finds "a thing at a place" in a description, by attribute


def _one_of(key: str, words: dict[str, str]) -> str:
    """A named group for any of the words, the longest first: "at the top left" is not "at the top"."""
    return f"(?P<{key}>{'|'.join(sorted(words, key=len, reverse=True))})"


def _noun_en(kind: str | None, colour: str | None = None, size: str | None = None) -> str:
    return " ".join(word for word in (size, colour, kind or "thing") if word)


def _a_en(noun: str, kind: str | None = None) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def _many_en(kind: str | None, colour: str | None = None, size: str | None = None) -> str:
    plural = PLURALS.get(kind, kind + "s") if kind else "things"
    return " ".join(word for word in (size, colour, plural) if word)


def _at_en(place: str) -> str:
    return {"centre": "in the centre", "left": "on the left", "right": "on the right"}.get(
        place, f"at the {place}"
    )


def _describe_en(setting: str, things: list[tuple[str, str]]) -> str:
    parts = [f"{place} {thing}" for thing, place in things]
    listed = parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1]
    return f"{setting}: {listed}."


def _noun_zh(kind: str | None, colour: str | None = None, size: str | None = None) -> str:
    name = KINDS[kind].zh if kind else "东西"
    return (COLOURS_ZH[colour] + "的" if colour else "") + (SIZES_ZH[size] if size else "") + name


def _a_zh(noun: str, kind: str | None = None) -> str:
    return f"一{CHINESE.unit(kind)}{noun}"


def _describe_zh(setting: str, things: list[tuple[str, str]]) -> str:
    return f"{setting}，" + "，".join(f"{place}有{thing}" for thing, place in things) + "。"


_MEANING_EN = {
    "kind": {k: k for k in KINDS},
    "colour": {c: c for c in COLOURS},
    "size": {s: s for s in SIZES},
    "place": {_at_en(p): p for p in PLACES},
}
_MEANING_ZH = {
    "kind": {kind.zh: name for name, kind in KINDS.items()},
    "colour": {zh: name for name, zh in COLOURS_ZH.items()},
    "size": {zh: name for name, zh in SIZES_ZH.items()},
    "place": dict(zip(PLACES_ZH, PLACES, strict=True)),
}
_EN = {key: _one_of(key, words) for key, words in _MEANING_EN.items()}
_ZH = {key: _one_of(key, words) for key, words in _MEANING_ZH.items()}

ENGLISH = Language(
    code="en",
    colours={c: c for c in COLOURS},
    sizes={s: s for s in SIZES},
    numbers=("none", "one", "two", "three", "four", "five", "six"),
    answers={
        "yes": "yes",
        "no": "no",
        "right_yes": "yes",
        "right_no": "no",
        "nothing": "nothing",
        "left": "to the left",
        "right": "to the right",
        "above": "above",
        "below": "below",
        "first": "the first",
        "second": "the second",
        "both": "both",
        "neither": "neither",
        "same": "the same number",
        "compare": "The first is {first} with {n}, the second is {second} with {m}.",
    },
    questions={
        "existence": (
            "Is there {a} in the picture?",
            "Is there {a}?",
            "Can you see {a}?",
            "Do you see {a} here?",
            "Does the picture show {a}?",
        ),
        "count": (
            "How many {many} are there?",
            "How many {many} do you see?",
            "How many {many} does the picture show?",
            "Count the {many}.",
        ),
        "colour": (
            "What colour is {the}?",
            "Which colour does {the} have?",
            "What is the colour of {the}?",
            "Tell me the colour of {the}.",
        ),
        "size": (
            "How big is {the}?",
            "What size is {the}?",
            "Is {the} small, medium or big?",
            "What is the size of {the}?",
        ),
        "position": (
            "Where is {the}?",
            "Where in the picture is {the}?",
            "In which part of the picture is {the}?",
            "Where can I find {the}?",
        ),
        "what_at": (
            "What is {place}?",
            "What do you see {place}?",
            "What can be seen {place} of the picture?",
            "Which thing is {place}?",
        ),
        "left_right": (
            "Is {the} to the left or to the right of {the_other}?",
            "On which side of {the_other} is {the}, left or right?",
        ),
        "above_below": ("Is {the} above or below {the_other}?", "Is {the} higher or lower than {the_other}?"),
        "left_of": ("Is {the} to the left of {the_other}?",),
        "right_of": ("Is {the} to the right of {the_other}?",),
        "above_it": ("Is {the} above {the_other}?",),
        "below_it": ("Is {the} below {the_other}?",),
        "about": ("Tell me about {the}.", "Describe {the}.", "What do you know about {the}?"),
        "setting": (
            "What kind of place is it?",
            "Where was this picture made?",
            "What is in the background?",
            "What is the setting?",
        ),
        "description": (
            "Describe the picture.",
            "Describe this image.",
            "What does the picture show?",
            "What do you see?",
            "What is in this picture?",
            "Please describe the content of this image.",
            "Tell me everything that you see.",
        ),
        "more": (
            "Which picture shows more things?",
            "Which picture has more things, the first or the second?",
        ),
        "which": ("Which picture shows {a}?", "In which picture is {a}?"),
        "compare": ("Compare the two pictures.", "What is the difference between the two pictures?"),
    },
    settings={
        "meadow": "a meadow",
        "beach": "a beach",
        "night": "a night sky",
        "snow": "a snowy field",
        "city": "a city",
        "sea": "the sea",
    },
    noun=_noun_en,
    a=_a_en,
    many=_many_en,
    unit=lambda kind: "",
    at=_at_en,
    describe=lambda setting, things: _describe_en(setting[0].upper() + setting[1:], things),
    about="{the} is {size} and {colour}, {place}",
    missing="{the} is not there",
    between=(" and ", "; "),
    meaning=_MEANING_EN,
    thing_at=re.compile("{place} a {size} {colour} {kind}".format(**_EN)),
)

CHINESE = Language(
    code="zh",
    colours=COLOURS_ZH,
    sizes={"small": "小", "medium": "中等大小", "big": "大"},
    numbers=("没有", "一", "两", "三", "四", "五", "六"),
    answers={
        "yes": "有",
        "no": "没有",
        "right_yes": "是的",
        "right_no": "不是",
        "nothing": "什么都没有",
        "left": "左边",
        "right": "右边",
        "above": "上面",
        "below": "下面",
        "first": "第一张",
        "second": "第二张",
        "both": "两张都有",
        "neither": "两张都没有",
        "same": "一样多",
        "compare": "第一张是{first}，有{n}，第二张是{second}，有{m}。",
    },
    questions={
        "existence": ("图里有{a}吗？", "有{a}吗？", "你能看到{a}吗？", "图中有没有{a}？", "画面里有{a}吗？"),
        "count": (
            "图里有几{unit}{many}？",
            "有多少{unit}{many}？",
            "数一数{many}有几{unit}。",
            "你看到几{unit}{many}？",
        ),
        "colour": ("{the}是什么颜色的？", "{the}是什么颜色？", "{the}的颜色是什么？", "告诉我{the}的颜色。"),
        "size": ("{the}有多大？", "{the}是大的还是小的？", "{the}的大小是什么？", "{the}大不大？"),
        "position": (
            "{the}在哪里？",
            "{the}在图的什么位置？",
            "{the}在图中的哪个地方？",
            "我在哪里能找到{the}？",
        ),
        "what_at": (
            "{place}有什么？",
            "图的{place}是什么？",
            "{place}能看到什么？",
            "你在{place}看到了什么？",
        ),
        "left_right": ("{the}在{the_other}的左边还是右边？", "{the}在{the_other}的哪一边，左边还是右边？"),
        "above_below": ("{the}在{the_other}的上面还是下面？", "{the}比{the_other}高还是低，在上面还是下面？"),
        "left_of": ("{the}在{the_other}的左边吗？",),
        "right_of": ("{the}在{the_other}的右边吗？",),
        "above_it": ("{the}在{the_other}的上面吗？",),
        "below_it": ("{the}在{the_other}的下面吗？",),
        "about": ("描述一下{the}。", "{the}是什么样的？", "告诉我{the}的样子。"),
        "setting": ("这是什么地方？", "背景是什么？", "这张图画的是哪里？", "图的背景是什么？"),
        "description": (
            "描述一下这个图像的内容。",
            "描述一下这张图片。",
            "请描述这张图。",
            "图里有什么？",
            "你看到了什么？",
            "这张图片里有什么？",
            "告诉我你看到的一切。",
        ),
        "more": ("哪张图的东西更多？", "哪张图里的东西更多，第一张还是第二张？"),
        "which": ("哪张图里有{a}？", "{a}在哪张图里？"),
        "compare": ("比较一下这两张图。", "比较一下两张图像的异同点。", "这两张图有什么不同？"),
    },
    settings={name: setting.zh for name, setting in SETTINGS.items()},
    noun=_noun_zh,
    a=_a_zh,
    many=_noun_zh,
    unit=lambda kind: KINDS[kind].classifier if kind else "个",
    at=dict(zip(PLACES, PLACES_ZH, strict=True)).__getitem__,
    describe=_describe_zh,
    about="{the}是{size}的、{colour}的，在{place}",
    missing="{the}不在图里",
    between=("和", "；"),
    meaning=_MEANING_ZH,
    thing_at=re.compile("{place}有一.{colour}的{size}{kind}".format(**_ZH)),
)

LANGUAGES = {"en": ENGLISH, "zh": CHINESE}
