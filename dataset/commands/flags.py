"""Flags from a dataclass. What each may be stands beside it, and is asked before anything is done:

save_every: Count = 500                                        a number within bounds
tokenizer: Annotated[Path | None, NotWith("init")] = None      a flag that says nothing beside another
report: Annotated[Path | None, OnlyWith("data")] = None        a flag that says nothing without another
"""

import logging
import math
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import partial
from typing import Annotated, TypeVar, get_args, get_type_hints

import tyro

from dataset.commands.help import ABOUT, VERBOSE, called, help_of
from dataset.commands.refused import refusals, refuse
from dataset.errors import DataError

T = TypeVar("T")


def parse(kind: type[T], argv: list[str] | None, description: str | None) -> T:
    """Flags are the fields' names with underscores; a field's docstring is its help, the description that of
    the command. --verbose, which every command has, lets model/ tell what it loads.

    Raises DataError for a flag that is not there, a number out of bounds, a flag that would not be heeded.
    """
    words = [at_home(word) for word in (sys.argv[1:] if argv is None else argv)]
    if VERBOSE in words:
        words.remove(VERBOSE)
        logging.basicConfig(format="%(message)s")  # on stderr
        logging.getLogger("model").setLevel(logging.INFO)
    with help_of(description), refusals.on_parse_error(partial(refuse, kind=kind, words=words)):
        args = tyro.cli(
            kind,
            prog=called(argv),
            args=words,
            description=ABOUT,
            use_underscores=True,
            config=(tyro.conf.PositionalMetavarFromFieldName,),
        )
    hints = get_type_hints(type(args), include_extras=True)
    if forgotten := [name for name, hint in hints.items() if is_unbounded(hint)]:
        raise TypeError(f"{type(args).__name__}.{forgotten[0]} is a number without bounds; say Count, ...")
    for kind_of_rule in (Within, Beside):  # a number may be absurd whatever stands beside it
        for name, hint in hints.items():
            for rule in rules_in(hint, kind_of_rule):
                rule.ask(name, args)
    return args


def at_home(word: str) -> str:
    """~/a.jpg as a path: not every shell writes it out within --image=~/a.jpg, or IMAGE=~/a.jpg of make."""
    flag, equals, value = word.partition("=") if word.startswith("--") else ("", "", word)
    return flag + equals + (os.path.expanduser(value) if value.startswith("~/") else value)


def rules_in(hint: object, kind: type) -> Iterator:
    """What `Annotated` says of a type and of its parts: int | None, tuple[int, ...]"""
    for part in get_args(hint):
        if isinstance(part, kind):
            yield part
        else:
            yield from rules_in(part, kind)


def is_unbounded(hint: object) -> bool:
    """Is there a number in this type that may be any?"""
    parts = get_args(hint)
    bounded = any(isinstance(part, Within) for part in parts)
    return hint in (int, float) or (not bounded and any(map(is_unbounded, parts)))


@dataclass(frozen=True)
class Within:
    """Bounds of a number, or of each of several; `low` itself is within, unless it is `above`."""

    low: float
    high: float = math.inf
    above: bool = False

    def ask(self, name: str, args: object) -> None:
        value = getattr(args, name)
        for number in value if isinstance(value, tuple) else (value,):
            if number is not None and not self.holds(number):
                raise DataError(f"--{name} {number}: give {self}")

    def holds(self, number: float) -> bool:
        enough = number > self.low if self.above else number >= self.low
        return enough and number <= self.high and number < math.inf

    def __str__(self) -> str:
        if self.high == math.inf:
            return f"a number above {self.low}" if self.above else f"{self.low} or more"
        return f"a number {'above' if self.above else 'from'} {self.low} to {self.high}"


Count = Annotated[int, Within(1)]
CountOr0 = Annotated[int, Within(0)]
Positive = Annotated[float, Within(0, above=True)]
NotNegative = Annotated[float, Within(0)]
Seed = Annotated[int, Within(0, 2**32 - 1)]


class Beside:
    """A rule about a flag and others; one is given where it differs from its default."""

    def __init__(self, *others: str) -> None:
        self.others = others

    def ask(self, name: str, args: object) -> None:
        defaults = {f.name: f.default for f in fields(args)}
        given = [other for other in self.others if getattr(args, other) != defaults[other]]
        if getattr(args, name) != defaults[name]:
            self.judge(_shown(name, getattr(args, name)), given)

    def judge(self, flag: str, given: list[str]) -> None:
        """`given` are those of the others that are there."""
        raise NotImplementedError


class NotWith(Beside):
    def judge(self, flag: str, given: list[str]) -> None:
        if given:
            raise DataError(f"{flag}: has no effect beside --{given[0]}; leave one of them out")


class OnlyWith(Beside):
    def judge(self, flag: str, given: list[str]) -> None:
        if not given:
            others = " or ".join(f"--{other}" for other in self.others)
            raise DataError(f"{flag}: only has an effect with {others}; add that, or leave this out")


def _shown(name: str, value: object) -> str:
    words = () if value is True else value if isinstance(value, tuple) else (value,)
    return " ".join([f"--{name}", *map(str, words)])
