"""Which wordings are held out for measuring: what some lines say, which training never hears from any line.

One line of EVERY by the hash of its text, so that a new line changes nothing for the others. Not the first
lines of a section, which everybody says, nor what the templates of the storybook's other views say.
"""

import re
from collections.abc import Iterable
from zlib import crc32

from dataset.storybook.people.grammar import Grammar, Line

EVERY, COMMON = 6, 2
MARKS = re.compile(r"[~?.,!:？。，！：]")


def held_out(lines: Iterable[Line], grammar: Grammar, templates: Iterable[str]) -> frozenset[str]:
    """The texts that are held out, without marks and with their slots open."""
    kept, known = set(), set(map(plain, templates))
    for line in lines:
        if drawn(line):
            kept |= texts_of(line, grammar)
        elif line.number < COMMON:
            known |= texts_of(line, grammar)
    return frozenset(kept - known)


def drawn(line: Line) -> bool:
    return line.number >= COMMON and crc32(f"{line.section}: {line.text}".encode()) % EVERY == 0


def texts_of(line: Line, grammar: Grammar) -> set[str]:
    return set(map(plain, grammar.all_of(line.pattern)))


def plain(text: str) -> str:
    """As it reads without marks and capitals."""
    return " ".join(MARKS.sub(" ", text.lower()).split())
