"""What is said of a command line that tyro refuses: one line, with the nearest flag to one that is not there.

tyro tells what exactly it refuses by a hook of its own (`tyro._errors`: not for everyone, so tyro is pinned).
"""

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, is_dataclass
from typing import Annotated, get_args, get_origin

from tyro import _errors as refusals

from dataset.commands.help import VERBOSE
from dataset.errors import DataError

NUMBERS = {"INT": "a whole number", "FLOAT": "a number"}  # as tyro calls them -> in words


def refuse(event: refusals.ParseErrorEvent, kind: object, words: Sequence[str]) -> None:
    """Raises DataError: what was found among `words`, and what to write instead. `kind` has the flags."""
    flags = flags_of(kind, event.prog)
    if wrong := [word for word in words if word.startswith("--") and plain(word) not in flags]:
        raise DataError(unknown(wrong[0], flags, event.prog))
    match event:
        case refusals.UnrecognizedArgs(prog, tokens):
            raise DataError(left_over(tokens[0], prog, kind))
        case refusals.MissingArgs(prog, missing):
            names = ", ".join(name_of(each.arg) for each in missing)
            raise DataError(f"{names}: missing; `{prog} --help` says what to give")
        case refusals.MissingSubcommand(prog, spec):
            names = ", ".join(spec.parser_from_name)
            raise DataError(f"name a command, one of {names}; `{prog} --help` tells more")
        case refusals.InvalidChoice(_, argument, value, choices):
            names = ", ".join(sorted(set(choices) - {"None"}))
            raise DataError(f"{name_of(argument)} {value}: give one of {names}")
        case refusals.BadValue(_, argument):
            raise DataError(f"{name_of(argument)}: needs a value after it")
        case refusals.InstantiationFailure(_, message, argument):
            raise DataError(unfit(message, argument))


def name_of(argument: object) -> str:
    """As the help shows it: --weights, or FOLDER for one that has no flag."""
    name = argument.display_name()
    return name.upper() if argument.is_positional() else name


def unfit(message: str, argument: object | None) -> str:
    """About a value that is not of its flag's kind; `message` is tyro's, and ends with the value."""
    if argument is None:
        return " ".join(message.split())
    names = [words for name, words in NUMBERS.items() if name in str(argument.lowered.metavar)]
    value = message.rpartition("'")[0].rpartition("'")[2]
    told = f" {value}: give {names[0]}" if names else f": {' '.join(message.split())}"
    return name_of(argument) + told


def plain(word: str) -> str:
    """--max-new-tokens=3 -> max_new_tokens"""
    return word.partition("=")[0].lstrip("-").replace("-", "_")


def unknown(word: str, flags: Iterable[str], prog: str) -> str:
    near = nearest(plain(word), flags, "--")
    return f"there is no flag {word.partition('=')[0]}; {near or f'`{prog} --help` lists those there are'}"


def left_over(word: str, prog: str, kind: object) -> str:
    """About a word that is nothing's value: the name of a command, or one too many."""
    known = dict(commands(kind))
    if any(known) and not any(name in prog.split() for name in known):
        return f"there is no command {word}; {nearest(word, known) or 'there are ' + ', '.join(known)}"
    return f"{word}: belongs to no flag; `{prog} --help` lists them"


def commands(kind: object) -> Iterator[tuple[str, type]]:
    """(name, dataclass) of each of several commands; of a single one "" is the name."""
    if is_dataclass(kind):
        yield "", kind
    elif get_origin(kind) is Annotated:
        yield named(kind, ""), get_args(kind)[0]
    else:
        for part in get_args(kind):
            yield from commands(part)


def flags_of(kind: object, prog: str) -> list[str]:
    """Names of the flags, and no_name of each switch; of the command alone that `prog` names, if it does."""
    known = dict(commands(kind))
    asked = [known[name] for name in known if name in prog.split()] or known.values()
    found = [VERBOSE.lstrip("-"), "help"]
    for field in (field for each in asked for field in fields(each)):
        name = named(field.type, field.name)
        found += [name] + [f"no_{name}"] * (bool in (field.type, *get_args(field.type)))
    return found


def named(hint: object, otherwise: str) -> str:
    """The name that tyro is told for a flag or a command."""
    return next((about.name for about in get_args(hint)[1:] if getattr(about, "name", None)), otherwise)


def nearest(word: str, known: Iterable[str], before: str = "") -> str:
    """ "did you mean --weights?", or "" where nothing is near; `before` stands before what is named."""
    found = difflib.get_close_matches(word.lower(), list(known), n=1)
    return f"did you mean {before}{found[0]}?" if found else ""
