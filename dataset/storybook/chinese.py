"""The world in Chinese."""

import re

from dataset.storybook.colours import COLOURS_ZH
from dataset.storybook.kinds import KINDS
from dataset.storybook.language import Language, groups
from dataset.storybook.settings import SETTINGS
from dataset.storybook.world import PLACES

PLACES_ZH = ("左上角", "上方", "右上角", "左边", "中间", "右边", "左下角", "下方", "右下角")
SIZES_ZH = {"small": "小", "medium": "中等大小的", "big": "大"}
NUMBERS = ("没有", "一", "两", "三", "四", "五", "六")
TIMES = {"day": "白天", "evening": "傍晚", "night": "夜晚"}
WEATHERS = {"clear": "晴天", "rain": "下雨", "snow": "下雪", "fog": "有雾"}
UNDER = {"clear": "", "rain": "，下着雨", "snow": "，下着雪", "fog": "，有雾"}


def noun(kind: str | None, colour: str | None = None, size: str | None = None) -> str:
    name = KINDS[kind].zh if kind else "东西"
    return (COLOURS_ZH[colour] + "的" if colour else "") + (SIZES_ZH[size] if size else "") + name


def unit(kind: str | None) -> str:
    return KINDS[kind].classifier if kind else "个"


def scenery(setting: str, time: str, weather: str) -> str:
    return f"{TIMES[time]}的{SETTINGS[setting].zh}{UNDER[weather]}"


def describe(scenery: str, things: list[tuple[str, str]]) -> str:
    return f"{scenery}，" + "，".join(f"{place}有{thing}" for thing, place in things) + "。"


MEANING = {
    "kind": {kind.zh: name for name, kind in KINDS.items()},
    "colour": {zh: name for name, zh in COLOURS_ZH.items()},
    "size": {zh: name for name, zh in SIZES_ZH.items()},
    "place": dict(zip(PLACES_ZH, PLACES, strict=True)),
}

CHINESE = Language(
    code="zh",
    colours=COLOURS_ZH,
    sizes={"small": "小", "medium": "中等大小", "big": "大"},
    numbers=NUMBERS,
    settings={name: setting.zh for name, setting in SETTINGS.items()},
    times=TIMES,
    weathers=WEATHERS,
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
        "same_size": "一样大",
        "unknown": "图里看不出来。",
        "compare": "第一张是{first}，有{n}，第二张是{second}，有{m}。",
        "bigger_because": "{one}是{said}的，{other}是{said_other}的：{answer}",
        "more_of_because": "{one}有{said}，{other}有{said_other}：{answer}",
        "alike": "相同",
        "different": "不同",
        "shared_setting": "地点：{one}和{other}，{verdict}",
        "shared_time": "时间：{one}和{other}，{verdict}",
        "shared_weather": "天气：{one}和{other}，{verdict}",
    },
    questions={
        "existence": (
            "图里有{a}吗？",
            "有{a}吗？",
            "你能看到{a}吗？",
            "图中有没有{a}？",
            "画面里有{a}吗？",
            "这张图里有没有{a}？",
        ),
        "count": (
            "图里有几{unit}{many}？",
            "有多少{unit}{many}？",
            "数一数{many}有几{unit}。",
            "你看到几{unit}{many}？",
            "一共有几{unit}{many}？",
        ),
        "colour": ("{the}是什么颜色的？", "{the}是什么颜色？", "{the}的颜色是什么？", "告诉我{the}的颜色。"),
        "size": ("{the}有多大？", "{the}是大的还是小的？", "{the}的大小是什么？", "{the}大不大？"),
        "position": (
            "{the}在哪里？",
            "{the}在图的什么位置？",
            "{the}在图中的哪个地方？",
            "我在哪里能找到{the}？",
        ),
        "colour_of_it": ("它是什么颜色的？", "它是什么颜色？", "颜色呢？"),
        "size_of_it": ("它有多大？", "它是大的还是小的？", "大小呢？"),
        "position_of_it": ("它在哪里？", "它在图的什么位置？", "位置呢？"),
        "and": ("那{the}呢？", "{the}呢？"),
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
        "more_of": ("{many}和{many_other}哪个多？", "是{many}多还是{many_other}多？"),
        "bigger": ("{the}和{the_other}哪个更大？", "是{the}大还是{the_other}大？"),
        "smaller": ("{the}和{the_other}哪个更小？", "是{the}小还是{the_other}小？"),
        "about": ("描述一下{the}。", "{the}是什么样的？", "告诉我{the}的样子。"),
        "setting": ("这是什么地方？", "背景是什么？", "这张图画的是哪里？", "图的背景是什么？"),
        "time": ("现在是什么时间？", "这是白天、傍晚还是夜晚？", "图里是一天中的什么时候？"),
        "weather": ("天气怎么样？", "图里的天气如何？", "这是什么天气？"),
        "description": (
            "描述一下这个图像的内容。",
            "描述一下这张图片。",
            "请描述这张图。",
            "图里有什么？",
            "你看到了什么？",
            "这张图片里有什么？",
            "告诉我你看到的一切。",
        ),
        "summary": ("简单描述一下这张图。", "用一句话说说这张图。", "简短地说，这是什么图？"),
        "more": ("哪张图的东西更多？", "哪张图里的东西更多，第一张还是第二张？"),
        "which": ("哪张图里有{a}？", "{a}在哪张图里？"),
        "compare": ("比较一下这两张图。", "比较一下两张图像的异同点。", "这两张图有什么不同？"),
        "shared": ("这两张图有什么相同？", "两张图有什么共同点？"),
    },
    noun=noun,
    a=lambda noun, kind: f"一{unit(kind)}{noun}",
    the=lambda noun: noun,
    many=noun,
    counted=lambda number: f"{NUMBERS[number]}个东西",
    unit=unit,
    at=dict(zip(PLACES, PLACES_ZH, strict=True)).__getitem__,
    scenery=scenery,
    describe=describe,
    summary=lambda scenery, things: f"{scenery}，有{things}。",
    about="{the}是{size}的、{colour}的，在{place}",
    missing="{the}不在图里",
    between=("和", "；"),
    meaning=MEANING,
    thing_at=re.compile("{place}有一.{colour}的{size}{kind}".format(**groups(MEANING))),
)
