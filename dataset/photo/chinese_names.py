"""What single things are called in Chinese: a table of English names, and questions after them.

chinese_names.tsv: English name, measure word (of one: 一只, 一辆), Chinese name. To add a thing, add a line.
"""

import functools
import random
from pathlib import Path

from dataset.photo.chinese_ask import ask
from dataset.photo.chinese_subject import said
from dataset.photo.made import YES, Made

TABLE = Path(__file__).with_name("chinese_names.tsv")
ASKED = tuple(
    """这是什么 这是什么东西 {pic}是什么 {pic}的东西是什么 这叫什么 这个东西叫什么 {pic}有什么东西
    认得出这是什么吗 这是什么呀 告诉我这是什么。 {pic}拍的是什么 什么东西""".split()
)
CHECKED = tuple("这是{a}吗 是{a}吗 {pic}是{a}吗 这是不是{a} {pic}的是{a}吗 这是{a}，对吗".split())
EITHER = tuple("这是{a}还是{b} 是{a}还是{b} {pic}是{a}还是{b} {a}还是{b}".split())


@functools.cache
def table() -> dict[str, tuple[str, str]]:
    """English name -> what one of it is, what it is: 一把椅子, 椅子."""
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t") for line in lines)
    return {english: (f"一{unit}{name}" if unit else name, name) for english, unit, name in rows}


def chinese_questions(name: str, other: str, rng: random.Random) -> list[Made]:
    """The name, and a yes, a no or a choice; nothing where the table lacks one of the two names."""
    if not {name, other} <= table().keys():
        return []
    (one, right), wrong = table()[name], table()[other][1]
    called = Made("name", ask(rng, ASKED), said(rng, one, f"这是{one}", right))
    if right == wrong:
        return [called]
    if rng.random() < 1 / 3:
        a, b = rng.sample((right, wrong), 2)
        return [called, Made("name", ask(rng, EITHER, a=a, b=b), said(rng, right, f"是{right}"))]
    if rng.random() < YES:
        return [called, Made("existence", ask(rng, CHECKED, a=right), "是的。")]
    return [called, Made("existence", ask(rng, CHECKED, a=wrong), said(rng, "不是", f"不是，这是{one}"))]
