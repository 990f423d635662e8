"""Which wordings are held out for measuring: some lines of every section, which training never hears.

One line of EVERY by the hash of its text, so that a new line changes nothing for the others. Not the first
few of a section, which everybody says, and none that says what another line or a template of the storybook's
other views says as well.
"""

import re
from collections.abc import Iterable
from zlib import crc32

from dataset.storybook.people.grammar import Grammar, Line

EVERY, COMMON = 6, 2
MARKS = re.compile(r"[~?.,!:？。，！：]")


def held_out(grammar: Grammar, section: str, templates: Iterable[str]) -> frozenset[int]:
    """The numbers of the section's lines that are held out."""
    said = {line: texts_of(line, grammar) for line in grammar.sections[section]}
    kept = [line for line in said if drawn(line)]
    known = set(map(plain, templates)).union(*(texts for line, texts in said.items() if not drawn(line)))
    while told := [line for line in kept if said[line] & known]:
        known = known.union(*(said[line] for line in told))
        kept = [line for line in kept if line not in told]
    return frozenset(line.number for line in kept)


def drawn(line: Line) -> bool:
    return line.number >= COMMON and crc32(f"{line.section}: {line.text}".encode()) % EVERY == 0


def texts_of(line: Line, grammar: Grammar) -> set[str]:
    return set(map(plain, grammar.all_of(line.pattern)))


def plain(text: str) -> str:
    """As it reads without marks and capitals."""
    return " ".join(MARKS.sub(" ", text.lower()).split())
