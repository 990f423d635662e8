"""Where, when, in what weather, in what clothes: what captions say of the whole photo and of one person."""

# ruff: noqa: E501 -- tables, an entry a line

import random
import re
from collections import Counter

from dataset.photo.chinese_read import Reading

INDOORS = re.compile(
    "室内|屋[里内中子]|房间|客厅|厨房|卧室|餐厅|餐馆|酒吧|教室|超市|地铁|健身房|办公室|浴室|沙发|床上|店里|图书馆|体育馆|课堂|车厢"
)
OUTDOORS = re.compile(
    "草|雪(?!糕)|海|沙滩|河|湖|山|街|马路|道路|公路|天空|公园|沙漠|冲浪|森林|树林|悬崖|广场|阳光|野外|田|野|水边|荒|土地|跳伞|划船"
)
NIGHT = re.compile("夜|晚上|晚间|月亮|灯火|烟火|烟花")
DUSK = re.compile("夕阳|日落|黄昏|傍晚|落日|晚霞|日出|朝阳|清晨|早晨")
SUN = re.compile("阳光|太阳(?![伞镜花帽])|晴|蓝天")
RAIN = re.compile("下雨|雨[中里天水]|淋雨|大雨")
SNOWFALL = re.compile("下雪|飘雪|大雪")
SUMMER = re.compile("比基尼|泳[衣装裤]|夏")
AUTUMN = re.compile("落叶|秋天|枫叶|黄叶")

# A scene: the answer, what captions call it, and what makes it possible that it is there unsaid.
SCENES = tuple(
    (name, re.compile(words), re.compile(near))
    for name, words, near in (
        ("草地上", "草地|草坪|草丛|草原", "草|球|公园|树|花|野|田|地上|跑|跨栏|路|院"),
        ("雪地里", "雪地|雪中|雪里|雪上|滑雪|雪坡|雪山", "雪|冰|滑|冬|山|白"),
        ("海边", "海边|海滩|沙滩|海岸", "海|沙|滩|浪|岸|水|船|泳"),
        ("海里", "海上|海里|海中|海水|冲浪|大海", "海|浪|水|沙滩|船|泳"),
        ("水里", "水里|水中|河里|湖里|池塘|水面", "水|河|湖|海|池|浪|泳|船|划"),
        ("泳池", "泳池", "池|泳|水|跳水"),
        ("街上", "街|马路", "街|路|城|车|市|楼|店|广场|人群|行人|门"),
        ("山上", "山[上顶坡中间里路]|爬山|登山|攀岩|悬崖|岩石|雪山", "山|岩|攀|崖|石|坡|登|野|景|滑|越野"),
        ("树林里", "树林|森林|林[间中里]", "林|树|山|野|草|花|叶|路|公园"),
        (
            "室内",
            INDOORS.pattern,
            "[室屋房家厅店馆床桌椅]|沙发|坐|躺|睡|吃|喝|唱|舞|表演|比赛|拳|打|琴|抱|笑|脸|站|趴|看|拍|照|戴|玩|婴",
        ),
        ("公园里", "公园", "公园|草|树|花|园|椅|滑梯|秋千|玩|路|池|湖"),
        ("舞台上", "舞台|台上", "台|演|唱|舞|乐|奏|吉他"),
        ("球场上", "球场|赛场|操场|体育场|打篮球|踢足球|打棒球|打网球|打橄榄球", "球|场|赛|运动|跑|踢|打"),
    )
)


def scenes(reading: Reading) -> Counter[str]:
    """Scene -> how many captions name it."""
    return Counter(name for name, words, _ in SCENES for caption in reading.captions if words.search(caption))


def scene(reading: Reading) -> str:
    """The scene most captions name, if two name it or nothing else is named."""
    ranked = scenes(reading).most_common(2)
    if not ranked or (len(ranked) > 1 and ranked[0][1] == ranked[1][1]):
        return ""
    return ranked[0][0] if ranked[0][1] > 1 or len(ranked) == 1 else ""


def elsewhere(reading: Reading) -> list[str]:
    """Scenes that the photo surely does not show."""
    return [name for name, _, near in SCENES if not near.search(reading.said)] if scene(reading) else []


def outdoors(reading: Reading) -> bool | None:
    inside, outside = INDOORS.search(reading.said), OUTDOORS.search(reading.said)
    return None if bool(inside) == bool(outside) else bool(outside)


def by_day(reading: Reading) -> bool | None:
    if NIGHT.search(reading.said):
        return None if SUN.search(reading.said) else False
    if DUSK.search(reading.said):
        return None
    return True if SUN.search(reading.said) or outdoors(reading) else None


def weather(reading: Reading, rng: random.Random) -> str:
    for pattern, answers in (
        (RAIN, ("在下雨。", "下雨。", "下雨天。")),
        (SNOWFALL, ("在下雪。", "下雪。")),
        (re.compile("大?雾"), ("有雾。",)),
        (SUN, ("晴天。", "天气很好。", "阳光很好。", "天气晴朗。")),
    ):
        if pattern.search(reading.said):
            return rng.choice(answers)
    return rng.choice(("有雪，很冷。", "很冷，地上有雪。")) if reading.things["雪"] > 2 else ""


def season(reading: Reading) -> str:
    if reading.things["雪"] > 1:
        return "冬天"
    if AUTUMN.search(reading.said):
        return "秋天"
    return "夏天" if SUMMER.search(reading.said) and outdoors(reading) else ""


# What one person surely does not wear, by what no caption says: (what, whom it goes with, what must be unsaid).
BARE = (
    ("帽子", re.compile("头发|金发|长发|短发|辫|光头|卷发|秃"), re.compile("帽|盔|头巾")),
    ("头盔", re.compile("跳舞|唱|弹|看书|吃|喝|坐在|沙滩|拍照|游泳|海边|婴儿|抱|草地"), re.compile("[盔骑滑车攀赛球兵警工雪帽]|安全|运动|头巾")),
    ("墨镜", re.compile("小男孩|小女孩|婴儿|宝宝|小孩|小朋友"), re.compile("镜|泳|水|雪|沙滩")),
    ("面具", re.compile("男|女|孩"), re.compile("面|脸|化|扮|演|节|妆|罩|蜘蛛|奇|怪|服")),
    ("裙子", re.compile("男"), re.compile("裙|女|怪|奇|扮|表演|衣服")),
)  # fmt: skip
