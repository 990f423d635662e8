"""Chinese words: of a text without blanks, the longest word that the project's own worlds have is one."""

import re

from dataset.photo import chinese_words as photo
from dataset.storybook.chinese import CHINESE, MEANING, TIMES, WEATHERS

WORDS = {
    *(word for field in MEANING.values() for word in field),
    *(word for table in (CHINESE.settings, CHINESE.sizes, TIMES, WEATHERS) for word in table.values()),
    *photo.MEANS,
    *photo.SAYS,
    *photo.COLOURS.values(),
    *photo.WORN,
    *photo.ON_HEAD,
    *(one.name for one in photo.DOINGS),
    *re.sub(r"\[.*?\]", "", photo.GROUNDS).split(),
    *f"{photo.TRAPS} {photo.PERSON_TRAPS}".split(),
}
LONGEST = max(map(len, WORDS))


def joined(found: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Characters and where they begin; those that make a word become one, the others stay by themselves."""
    whole, at = [], 0
    while at < len(found):
        ends = range(min(len(found), at + LONGEST), at, -1)
        texts = {end: "".join(text for text, _ in found[at:end]) for end in ends}
        end = next((end for end in ends if texts[end] in WORDS), at + 1)
        whole.append((texts[end], found[at][1]))
        at = end
    return whole
