"""Every flag of every command, out of the dataclasses that define them; docs/pages.py puts them on FLAGS.md.

python -m docs.flags        prints the tables
"""

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from dataclasses import MISSING, Field, dataclass, fields
from functools import cache
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Literal, Union, get_args, get_origin, get_type_hints

import tyro

from dataset.commands.flags import Beside, NotWith, Within, rules_in
from dataset.project import ROOT

ELSEWHERE = {  # the module that reads the flags of a command -> how that is called
    "dataset.check": "-m dataset.records check",
    "dataset.show": "-m dataset.chat show",
}
PARSED = re.compile(r"^def main\(.*\bparse\((\w+), argv, __doc__\)", re.DOTALL | re.MULTILINE)
POSITIONAL = get_args(tyro.conf.Positional[int])[1]
PLAIN = {Path: "path", str: "text", int: "whole number", float: "number", bool: "on or off"}


@dataclass(frozen=True)
class Flag:
    name: str  # as it is typed
    takes: str
    default: str
    help: str


def tables() -> str:
    return "\n".join(part for command in commands() for part in section(command))


@cache
def commands() -> dict[str, list[str]]:
    """What follows `python` -> the module that parses its flags, and the names of its dataclasses."""
    found = {}
    for path in [*sorted(ROOT.glob("*.py")), *sorted(ROOT.glob("[!.]*/**/*.py"))]:
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        if not module.startswith(("out.", "tests.")) and (kinds := parsed(path)):
            found[called(module)] = [module, *kinds]
    return found


def parsed(path: Path) -> list[str]:
    """The dataclasses whose flags a module parses: parse(Args, argv, __doc__), or its subcommands'."""
    text = path.read_text(encoding="utf-8")
    if not (
        first := re.search(r"^def main\(.*\bparse\((\w+), argv, __doc__\)", text, re.DOTALL | re.MULTILINE)
    ):
        return []
    return re.findall(r"Annotated\[(\w+), tyro\.conf\.subcommand", text) or [first[1]]


def called(module: str) -> str:
    if "." not in module:
        return f"{module}.py"
    return ELSEWHERE.get(module, f"-m {module.removesuffix('.__main__')}")


def section(command: str) -> Iterator[str]:
    kinds = dataclasses_of(command)
    yield f"## `python {command}`\n"
    for kind in kinds:
        if len(kinds) > 1:
            yield f"### `{kind.__name__.lower()}`\n\n{inspect.getdoc(kind)}\n"
        yield "| flag | takes | default | meaning |\n|---|---|---|---|"
        yield "\n".join(f"| `{f.name}` | {f.takes} | {f.default} | {f.help} |" for f in flags_of(kind)) + "\n"


def dataclasses_of(command: str) -> list[type]:
    module, *names = commands()[command]
    return [getattr(import_module(module), name) for name in names]


def flags_of(kind: type) -> Iterator[Flag]:
    hints, helps = get_type_hints(kind, include_extras=True), field_docstrings(kind)
    for field in fields(kind):
        hint = hints[field.name]
        rules = " ".join(told(rule) for rule in rules_in(hint, Beside))
        help = f"{helps.get(field.name, '')} {rules}".strip().replace("|", "\\|")
        yield Flag(typed(field.name, hint), written(hint), default_of(field), help)


def field_docstrings(kind: type) -> dict[str, str]:
    """Field -> the string that stands below it, of the class and those it is made from."""
    found = {}
    for each in reversed([c for c in kind.__mro__ if c is not object]):
        body = ast.parse(textwrap.dedent(inspect.getsource(each))).body[0].body
        for field, below in pairwise(body):
            if isinstance(field, ast.AnnAssign) and isinstance(below, ast.Expr):
                found[field.target.id] = " ".join(below.value.value.split())
    return found


def typed(name: str, hint: object) -> str:
    """A positional argument in capitals, a flag with dashes; `name=` of tyro.conf.arg goes before."""
    notes = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    if POSITIONAL in notes:
        return name.upper()
    return "--" + next((note.name for note in notes if getattr(note, "name", None)), name)


def written(hint: object) -> str:
    """A type in words: bounds of a number, the choices of a Literal, ..."""
    kind, parts = get_origin(hint), get_args(hint)
    if kind is Annotated:
        bounds = [str(note) for note in parts[1:] if isinstance(note, Within)]
        return bounds[0] if bounds else written(parts[0])
    if kind is Literal:
        return ", ".join(f"`{choice}`" for choice in parts)
    if kind in (Union, UnionType):
        return " or ".join(written(part) for part in parts if part is not NoneType)
    if kind is tuple:
        return f"{written(parts[0])}; several"
    return PLAIN[hint]


def told(rule: Beside) -> str:
    others = " or ".join(f"`--{other}`" for other in rule.others)
    return f"{'Not with' if isinstance(rule, NotWith) else 'Only with'} {others}."


def default_of(field: Field) -> str:
    value = field.default
    if value is MISSING:
        return "required"
    return "" if value is None or value == () else f"`{value}`"
