"""Text for a terminal, laid out while it comes: no line ends within a word.

    pieces of text -> the same text, with a new line where a blank was and the next word has no room

A Chinese character is a word of width 2. Brackets and stops stay with the word that they belong to. The last
word is held back until the next one begins: it may go on.
"""

import re
from collections.abc import Callable

from prompt_toolkit.utils import get_cwidth

WIDE = "[\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60\U00020000-\U0003ffff]"
OPENS, CLOSES = "[（《“‘「『【]", "[，。、；：？！）》”’」』】….,;:?!)]"
WORD = re.compile(rf"\s+|{OPENS}*{WIDE}{CLOSES}*|(?:(?!{WIDE}|{OPENS}+{WIDE})\S)+{CLOSES}*")


class Wrapped:
    """`columns` tells how wide the terminal is, which may change meanwhile."""

    def __init__(self, columns: Callable[[], int]) -> None:
        self.columns, self.column = columns, 0
        self.held, self.blank = "", ""  # a word that may go on; what stands before the next

    def add(self, piece: str) -> str:
        """What of the text can be shown now."""
        *words, self.held = WORD.findall(self.held + piece) or [""]
        return "".join(map(self.placed, words))

    def end(self) -> str:
        """The rest of it."""
        word, self.held = self.held, ""
        return self.placed(word)

    def placed(self, word: str) -> str:
        if "\n" in word:
            self.column, self.blank = 0, ""
            return "\n" * word.count("\n")
        if word.isspace():
            self.blank = word
            return ""
        columns, width = self.columns(), get_cwidth(self.blank + word)
        no_room = self.column and self.column + width > columns
        before, self.blank = "\n" if no_room else self.blank, ""
        self.column = get_cwidth(word) if no_room else self.column + width
        if self.column > columns:  # a word longer than a line, which the terminal breaks
            self.column = (self.column - 1) % columns + 1
        return before + word


def wrapped(text: str, columns: int) -> str:
    layout = Wrapped(lambda: columns)
    return layout.add(text) + layout.end()


def beside(name: str, text: str, indent: int, columns: int) -> str:
    """The text `indent` columns from the left and its name before it; on a narrow terminal above it."""
    narrow = columns < 2 * indent
    indent = 2 if narrow else indent
    lines = wrapped(text, columns - indent).split("\n")
    rest = "\n".join(" " * indent + line for line in lines)
    return f"{name}\n{rest}" if narrow else name + " " * (indent - get_cwidth(name)) + rest[indent:]
