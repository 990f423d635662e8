"""A language as people speak it: its grammar of wordings, names for what is asked about, how it is typed."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path

from dataset.photo.talk import TALK
from dataset.storybook.language import Language
from dataset.storybook.people.grammar import Grammar, Line
from dataset.storybook.people.kept import held_out
from dataset.storybook.people.references import Reference

SYNONYMS = 0.4  # of the names are not simply the plain one
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Tongue:
    """What one language has for questions in people's words; `language` says the answers."""

    language: Language
    folder: str  # of the wordings
    speaks_of: tuple[str, str]  # what the small talk about photographs calls them, and what is said here
    answers: dict[str, str]
    named: Callable[[Grammar, Reference, random.Random | None], dict[str, str]]  # -> slots
    inside: Callable[[str], str]  # a question with ~ in it -> as part of another sentence
    typed: Callable[[str, bool, random.Random], str]  # (text, is it an order or a few words?) -> with marks
    slip: Callable[[str, random.Random], str]  # one typing slip
    rewritten: Callable[[str, str, str], str]  # (text, what, by what)
    traditional: Callable[[str], str]
    listed: Callable[[list[str]], str]  # "a cat and a dog"
    both: Callable[[str, str], str]  # the answers to two questions
    counted: Callable[[Language, int, Reference, dict[str, str]], str]  # "two cats"

    @cached_property
    def grammar(self) -> Grammar:
        """The sections of the folder, and as "talk ..." and "reply ..." the small talk about photographs.

        Raises DataError for a line that is not well made.
        """
        small_talk = ""
        for ways, replies in TALK[self.code]:
            said = "".join(f"    = {way}\n" for way in ways)
            small_talk += f"talk {ways[0]}:\n{said}reply {ways[0]}:\n    {replies[0]}\n"
        paths = sorted((HERE / self.folder).glob("*.txt"))
        texts = {str(path): path.read_text(encoding="utf-8") for path in paths}
        return Grammar(texts | {"dataset/photo/talk.py": small_talk.replace(*self.speaks_of)})

    @cached_property
    def asking(self) -> dict[str, list[Line]]:
        """The sections that questions and small talk are said by; others of two words name something."""
        sections = self.grammar.sections
        return {name: sections[name] for name in sections if " " not in name or name.startswith("talk ")}

    @cached_property
    def kept(self) -> frozenset[str]:
        """The wordings that are held out."""
        lines = chain.from_iterable(self.asking.values())
        return held_out(lines, self.grammar, chain.from_iterable(self.language.questions.values()))

    @property
    def code(self) -> str:
        return self.language.code

    def plain(self, reference: Reference, slot: str = "the") -> str:
        """What answers call it: the plain name."""
        return self.named(self.grammar, reference, None)[slot]


def word(grammar: Grammar, section: str, rng: random.Random | None) -> str:
    """A word for something in the world: the plain one, or another now and then."""
    return grammar.say(section, rng if rng and rng.random() < SYNONYMS else None)
