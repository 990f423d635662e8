"""A small language of wordings, in text files that anybody can add a line to.

    count:                                         a section: ways to say one thing, the first ones more often
        how many {many} (are there|do you see) [in <picture>]
        = {many}, how many

    (a|b)       one of them, the first more often       [a]       this or nothing
    <picture>   a line of that section                  {many}    filled in when it is asked
    ~is {the}~  what changes places inside a sentence: "where ~is {the}~" -> "tell me where {the} is"
    = ...       stands alone: no order, a few words; nothing is put before or after it
    \\( \\)       parentheses that somebody types: "count\\({many}\\)"
    # ...       a remark

A context-free grammar whose rules are the sections; what it makes are patterns of `str.format`.
"""

import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product

from dataset.errors import DataError

TOKENS = re.compile(r"(\\[()]|[\[\]()|]|<[^<>]+>)")
CLOSING = {"(": ")", "[": "]"}
GROWING = ("talk ", "reply ")  # sections that several files add to
OMITTED = 0.75  # of the parts that may be left out
STEEP = 1.2  # how much seldomer a later line is said


@dataclass(frozen=True)
class Use:
    """A line of another section stands here."""

    section: str


@dataclass(frozen=True)
class Choice:
    """One of several patterns stands here."""

    options: tuple["Pattern", ...]
    weights: tuple[float, ...]


Pattern = tuple[str | Use | Choice, ...]


@dataclass(frozen=True)
class Line:
    """One way to say what its section says; `number` is its place there."""

    section: str
    number: int
    text: str
    alone: bool
    pattern: Pattern

    @cached_property
    def turns(self) -> bool:
        """Can it stand inside another sentence?"""
        return "~" in self.text


class Grammar:
    """Sections of lines. Raises DataError for a line that is not well made, and for unknown sections."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        """`texts`: {what to call it in errors: sections}."""
        self.sections: dict[str, list[Line]] = {}
        self.current = ""
        for name, text in texts.items():
            for number, line in enumerate(text.splitlines(), start=1):
                if line.strip() and not line.lstrip().startswith("#"):
                    self._read(line, f"{name} line {number}")
        for lines in self.sections.values():
            for line in lines:
                self._check(line.pattern, line)

    def _read(self, line: str, where: str) -> None:
        if not line[0].isspace():
            if not line.rstrip().endswith(":"):
                raise DataError(f"{where}: {line!r} is no section; end it with a colon, or indent a wording")
            self.current = line.rstrip()[:-1]
            if self.current in self.sections and not self.current.startswith(GROWING):
                raise DataError(f"{where}: {self.current} is a section already; add to it there")
            self.sections.setdefault(self.current, [])
            return
        if not self.current:
            raise DataError(
                f"{where}: {line.strip()!r} stands in no section; write its name and a colon first"
            )
        text = line.strip()
        lines, alone = self.sections[self.current], text.startswith("= ")
        text = text.removeprefix("= ")
        lines.append(Line(self.current, len(lines), text, alone, parsed(text, where)))

    def _check(self, pattern: Pattern, line: Line) -> None:
        for part in pattern:
            if isinstance(part, Use) and part.section not in self.sections:
                raise DataError(f"{line.section}: {line.text!r} uses <{part.section}>, which is no section")
            for option in part.options if isinstance(part, Choice) else ():
                self._check(option, line)

    def say(self, section: str, rng: random.Random | None) -> str:
        """What a section says: some line of it, or without rng the first as it is first written."""
        lines = self.sections[section]
        line = rng.choices(lines, falling(len(lines)))[0] if rng else lines[0]
        return tidy(self.expand(line.pattern, rng))

    def expand(self, pattern: Pattern, rng: random.Random | None) -> str:
        return "".join(self._said(part, rng) for part in pattern)

    def _said(self, part: str | Use | Choice, rng: random.Random | None) -> str:
        if isinstance(part, Use):
            return self.say(part.section, rng)
        if isinstance(part, Choice):
            option = rng.choices(part.options, part.weights)[0] if rng else part.options[0]
            return self.expand(option, rng)
        return part

    def all_of(self, pattern: Pattern) -> Iterator[str]:
        """Everything that a pattern can become."""
        said = ([part] if isinstance(part, str) else list(self._all_of(part)) for part in pattern)
        return (tidy("".join(parts)) for parts in product(*said))

    def _all_of(self, part: Use | Choice) -> Iterator[str]:
        used = isinstance(part, Use)
        for option in (line.pattern for line in self.sections[part.section]) if used else part.options:
            yield from self.all_of(option)


def falling(number: int) -> list[float]:
    """Weights of lines: the first is plain and common, the last is seldom said."""
    return [(rank + 2) ** -STEEP for rank in range(number)]


def parsed(text: str, where: str) -> Pattern:
    """A line as its pattern. Raises DataError, which begins with `where`."""
    tokens = [token for token in TOKENS.split(text) if token]
    pattern, rest = _alternatives(tokens, "", where, text)
    if rest or text.count("~") not in (0, 2) or text.count("{") != text.count("}"):
        raise DataError(f"{where}: {text!r} opens or closes something only once")
    return pattern


def _alternatives(tokens: list[str], end: str, where: str, text: str) -> tuple[Pattern, list[str]]:
    """Tokens up to `end` as a pattern, and the tokens after it."""
    options: list[list[str | Use | Choice]] = [[]]
    while tokens and tokens[0] not in (")", "]"):
        token, *tokens = tokens
        if token == "|":
            options.append([])
        elif token in CLOSING:
            inner, tokens = _alternatives(tokens, CLOSING[token], where, text)
            options[-1].append(Choice(((), inner), (OMITTED, 1 - OMITTED)) if token == "[" else inner[0])
        else:
            options[-1].append(Use(token[1:-1]) if token[0] == "<" else token.removeprefix("\\"))
    if tokens[:1] != [end][: len(end)]:
        raise DataError(f"{where}: {text!r} opens or closes something only once")
    if len(options) == 1 and end != ")":
        return tuple(options[0]), tokens[1:]
    choice = Choice(tuple(map(tuple, options)), tuple(falling(len(options))))
    return (choice,), tokens[1:]


def tidy(text: str) -> str:
    """One blank between words, none before a mark."""
    return re.sub(r" +([,.?!:])", r"\1", " ".join(text.split()))
