"""A question put into words: a line of the grammar, in the manner of a person, as it is typed.

Held out for measuring are some persons (REGISTERS) and what some lines say (kept.py). Training hears neither,
and the measuring set nothing but.
"""

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from dataset.errors import DataError
from dataset.storybook.people.grammar import Line, falling, tidy
from dataset.storybook.people.kept import plain
from dataset.storybook.people.references import Reference
from dataset.storybook.people.tongue import Tongue

SLIPS = 0.08  # of the texts of careful persons have one, too
TRIES = 60  # wordings, until one is held out, or is not


@dataclass(frozen=True)
class Register:
    """A way of speaking: its section "register NAME" has sentences that a question is put into."""

    name: str
    share: float
    held_out: bool = False
    rewriting: float = 0.0  # how likely each rule of its section "rewrite NAME" is
    slips: int = 0  # typing slips in a text, at most
    traditional: bool = False  # Chinese characters


REGISTERS = (
    Register("plain", 14),
    Register("opener", 2),
    Register("curt", 1),
    Register("polite", 3),
    Register("indirect", 3),
    Register("child", 2, rewriting=0.2),
    Register("foreigner", 2, rewriting=0.4),
    Register("typist", 4, rewriting=0.2, slips=2),
    Register("programmer", 2),
    Register("reader", 1),
    Register("mixed", 1, rewriting=0.5),
    Register("traditional", 1, traditional=True),
    Register("teacher", 1, held_out=True),
    Register("grandparent", 1, held_out=True),
    Register("tester", 1, held_out=True),
)


@dataclass(frozen=True)
class Question:
    """What is asked and what is true: a section of the grammar, what fills its slots, and the answer.

    `slots`: "it" and "other" are what is asked about ({the}, {the_other}); the others, sections of words.
    """

    section: str
    answer: str
    slots: Mapping[str, Reference | str] = field(default_factory=dict)


@dataclass(frozen=True)
class Wording:
    """A question in somebody's words, and whose."""

    text: str
    line: Line
    register: Register


def worded(question: Question, tongue: Tongue, rng: random.Random, measuring: bool = False) -> Wording | None:
    """The question as somebody asks it; None where no way of asking it is held out."""
    for _ in range(TRIES):
        chosen = choose(question.section, tongue, rng, measuring)
        if not chosen:
            return None
        line, said, register = chosen
        if text := written(question, line, said, register, tongue, rng):
            return Wording(text, line, register)
    raise DataError(f"{question.section}: its wordings come to nothing")


def written(
    question: Question, line: Line, said: str, register: Register, tongue: Tongue, rng: random.Random
) -> str:
    """What this person types, slips and all; nothing where what was said had neither letter nor digit."""
    try:
        said = said.format(**filled(question, tongue, rng))
    except KeyError as error:
        fault = f"{line.section}: {line.text!r} asks for {error}, which this section has not"
        raise DataError(fault) from None
    if not line.alone:
        said = framed(said, line, register, tongue, rng)
    text = tidy(said.replace("~", ""))
    return marred(tongue.typed(text, line.alone, rng), register, tongue, rng) if text else ""


def choose(
    section: str, tongue: Tongue, rng: random.Random, measuring: bool
) -> tuple[Line, str, Register] | None:
    """A line, what it says (its slots open), and a register.

    For measuring the register is held out, which is heard where a line is put into its sentences, or what the
    line says.
    """
    lines = tongue.grammar.sections[section]
    whole = [line for line in lines if not line.alone]
    person = measuring and bool(whole) and rng.random() < 0.5
    registers = [
        r for r in REGISTERS if r.held_out == person and f"register {r.name}" in tongue.grammar.sections
    ]
    (register,) = rng.choices(registers, [r.share for r in registers])
    for _ in range(TRIES):
        lines = whole if person else lines
        line = rng.choices(lines, falling(len(lines)))[0]
        said = tongue.grammar.expand(line.pattern, rng)
        if person or (plain(said) in tongue.kept) == measuring:
            return line, said, register
    return None


def filled(question: Question, tongue: Tongue, rng: random.Random | None) -> dict[str, str]:
    """What stands in the slots of a wording."""
    words: dict[str, str] = {}
    for name, value in question.slots.items():
        if isinstance(value, str):
            words[name] = tongue.grammar.say(value, rng)
        else:
            end = "" if name == "it" else f"_{name}"
            words |= {f"{slot}{end}": said for slot, said in tongue.named(tongue.grammar, value, rng).items()}
    return words


def framed(said: str, line: Line, register: Register, tongue: Tongue, rng: random.Random) -> str:
    """The question inside one of the register's sentences."""
    frames = tongue.grammar.sections[f"register {register.name}"]
    frames = [frame for frame in frames if line.turns or "{e}" not in frame.text]
    frame = tongue.grammar.expand(rng.choices(frames, falling(len(frames)))[0].pattern, rng)
    if re.search(r"\{q\}[ (]*\w", frame):
        said += "？" if tongue.code == "zh" else "?"
    return frame.format(q=said, e=tongue.inside(said) if line.turns else said)


def marred(text: str, register: Register, tongue: Tongue, rng: random.Random) -> str:
    """The text as this person types it."""
    if register.rewriting:
        for rule in tongue.grammar.sections.get(f"rewrite {register.name}", ()):
            what, _, by = rule.text.partition(" >")
            if what in text and rng.random() < register.rewriting:
                text = tongue.rewritten(text, what, by.strip()) or text
    slips = rng.randint(0, register.slips) or (rng.random() < SLIPS)
    for _ in range(slips):
        text = tongue.slip(text, rng)
    return tongue.traditional(text) if register.traditional else text
