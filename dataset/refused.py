"""What is said of a command line that tyro refuses: one line, with the nearest flag to one that is not there.

tyro tells what exactly it refuses by a hook of its own (`tyro._errors`: not for everyone, so tyro is pinned).
"""

import difflib
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from typing import Annotated, get_args, get_origin

from tyro import _errors as refusals

from dataset.errors import DataError
from dataset.help import VERBOSE

NUMBERS = {"INT": "a whole number", "FLOAT": "a number"}  # as tyro calls them -> in words


def refuse(event: refusals.ParseErrorEvent, kind: object) -> None:
    """Raises DataError: what was found, and what to write instead. `kind` has the flags."""
    match event:
        case refusals.UnrecognizedArgs(prog, tokens):
            raise DataError(unknown(tokens, prog, kind))
        case refusals.MissingArgs(prog, missing, tokens):
            names = ", ".join(name_of(each.arg) for each in missing)
            told = f"{names}: missing; `{prog} --help` says what to give"
            raise DataError(unknown(tokens, prog, kind) if tokens else told)
        case refusals.MissingSubcommand(prog, spec):
            names = ", ".join(spec.parser_from_name)
            raise DataError(f"say what to do, one of {names}; `{prog} --help` tells more")
        case refusals.InvalidChoice(_, argument, value, choices):
            names = ", ".join(sorted(set(choices) - {"None"}))
            raise DataError(f"{name_of(argument)} {value}: give one of {names}")
        case refusals.BadValue(_, argument):
            raise DataError(f"{name_of(argument)}: a value is missing behind it")
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


def unknown(tokens: list[str], prog: str, kind: object) -> str:
    """About words of a command line that mean nothing."""
    flag = next((token.partition("=")[0] for token in tokens if token.startswith("-")), None)
    known = dict(commands(kind))
    asked = [name for name in known if name in prog.split()]
    if flag is None and any(known) and not asked:
        near = nearest(tokens[0], known) or f"there are {', '.join(known)}"
        return f"there is no command {tokens[0]}; {near}"
    if flag is None:
        return f"{tokens[0]}: belongs to no flag; `{prog} --help` lists them"
    some = [each for name in asked or known for each in flags(known[name])]
    near = nearest(flag.lstrip("-").replace("-", "_"), some, "--")
    return f"there is no flag {flag}; {near or f'`{prog} --help` lists those there are'}"


def commands(kind: object) -> Iterable[tuple[str, type]]:
    """(name, dataclass) of each of several commands; of a single one "" is the name."""
    if is_dataclass(kind):
        yield "", kind
    elif get_origin(kind) is Annotated:
        yield named(kind, ""), get_args(kind)[0]
    else:
        for part in get_args(kind):
            yield from commands(part)


def flags(kind: type) -> list[str]:
    """Their names, and no_name of each switch."""
    found = [VERBOSE.lstrip("-"), "help"]
    for field in fields(kind):
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
