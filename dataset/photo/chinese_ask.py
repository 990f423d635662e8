"""A wording made a question, as people type it: spoken words, openings, endings, traditional characters."""

import random
import re
from collections.abc import Sequence

from dataset.photo import chinese_wordings, chinese_wordings_people

PICTURES = (
    "图里 照片里 图中 图片里 照片中 画面里 画面上 图片中 这张照片里 这张图里 图上 照片上 画面中 这里".split()
)
OPENINGS = (
    "请问 请问， 你好， 帮我看看， 看看， 瞅瞅， 麻烦看一下， 你看， 那个， 你知道 想问一下， 嘿，".split()
)
SPOKEN = (
    ("什么", "啥", 0.07),
    ("哪里", "哪儿", 0.2),
    ("干什么", "干嘛", 0.1),
    ("怎么样", "咋样", 0.06),
    ("照片", "相片", 0.03),
    ("吗", "么", 0.02),
    ("吗", "嘛", 0.01),
)
ENDINGS = (("？", 68), ("", 20), ("?", 7), ("呢？", 1), ("呀？", 1), ("啊？", 1), ("？？", 1))
TRADITIONAL = str.maketrans(
    "图这张里么颜画车马鸟鱼顶台双说干吗边还问请谁们个几数样时间气阳层戴镜帽对没两条只头辆艘话电脑"
    "书发红黄绿蓝紫银现动运拍摄场处儿孩龙网篮块热显观览简单讲写词给细内体详过岁钱价号码认识为开关"
    "听觉从来钟点乐国飞机长篷岛狗猫伞筝铁轮冲滑雪滩树",
    "圖這張裡麼顏畫車馬鳥魚頂臺雙說幹嗎邊還問請誰們個幾數樣時間氣陽層戴鏡帽對沒兩條隻頭輛艘話電腦"
    "書髮紅黃綠藍紫銀現動運拍攝場處兒孩龍網籃塊熱顯觀覽簡單講寫詞給細內體詳過歲錢價號碼認識為開關"
    "聽覺從來鐘點樂國飛機長篷島狗貓傘箏鐵輪衝滑雪灘樹",
)

WORDINGS = chinese_wordings.WORDINGS | chinese_wordings_people.WORDINGS
LISTS = {key: tuple(lines.split()) for key, lines in WORDINGS.items()}
WEIGHTS = {n: tuple(1 / (rank + 3) for rank in range(n)) for n in range(1, 60)}


def choose(rng: random.Random, lines: tuple[str, ...]) -> str:
    """One of the lines, the first ones more often."""
    return rng.choices(lines, WEIGHTS[len(lines)])[0]


def ask(rng: random.Random, wordings: str | tuple[str, ...], **names: str) -> str:
    """A question of this kind: worded, spoken, punctuated as people happen to do it."""
    line = choose(rng, LISTS[wordings] if isinstance(wordings, str) else wordings)
    line = re.sub(r"\((.*?)\)", lambda part: part[1] if rng.random() < 0.5 else "", line)
    picture = choose(rng, tuple(PICTURES)) if rng.random() < 0.75 or line.endswith("{pic}") else ""
    if "在{pic}" in line or "{pic}的" in line:
        picture = picture or "图里"
    return dress(rng, colloquial(rng, line.format(pic=picture, **names)))


def colloquial(rng: random.Random, text: str) -> str:
    """The text with some of its words as they are said."""
    for plain, spoken, chance in SPOKEN:
        if plain in text and rng.random() < chance:
            text = text.replace(plain, spoken, 1)
    return text


def dress(
    rng: random.Random,
    text: str,
    traditional: dict[int, int] = TRADITIONAL,
    openings: Sequence[str] = OPENINGS,
) -> str:
    """The text with an opening now and then, an ending, and sometimes in traditional characters."""
    bare = text.rstrip("。？")
    ending = (
        rng.choice(("。", "。", "", "！"))
        if text.endswith("。")
        else rng.choices(*zip(*ENDINGS, strict=True))[0]
    )
    if len(ending) == 2 and ending[0] in "呢呀啊" and bare[-1] in "吗呢啊吧嘛么没":
        ending = "？"
    opens = openings and rng.random() < 0.06 and len(bare) > 3
    if opens and not bare.startswith(("请", "你", "那", "看", "告")):
        bare = rng.choice(openings) + bare
    text = bare + ending
    return text.translate(traditional) if rng.random() < 0.03 else text
