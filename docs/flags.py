"""Every flag of every command, out of the dataclasses that define them; docs/pages.py puts them on FLAGS.md.

python -m docs.flags        prints the tables
"""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from dataclasses import MISSING, Field, dataclass, fields
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Literal, Union, get_args, get_origin, get_type_hints

import tyro

from dataset.flags import Beside, NotWith, Within, rules_in

COMMANDS = {  # what follows `python` -> the module of its flags, and their dataclasses
    "eval_vlm.py": "eval_vlm Args",
    "train_sft_vlm.py": "trainer.run TrainArgs",
    "train_pretrain_vlm.py": "train_pretrain_vlm Args",
    "serve_vlm.py": "serve_vlm Args",
    "web_demo_vlm.py": "web_demo_vlm Args",
    "convert_vlm.py": "convert_vlm Import Export Merge",
    "-m dataset.records check": "dataset.check Check",
    "-m dataset.chat show": "dataset.show Show",
    "-m dataset.from_table": "dataset.from_table Args",
    "-m dataset.storybook": "dataset.storybook.__main__ Preview Show Export",
    "-m dataset.photo": "dataset.photo.__main__ Make Show",
    "-m dataset.sort_of_clevr": "dataset.sort_of_clevr Args",
    "-m dataset.train_tokenizer": "dataset.train_tokenizer Args",
    "-m scoring.gallery": "scoring.gallery Args",
    "-m trainer.average": "trainer.average Args",
    "-m trainer.respell": "trainer.respell Args",
    "-m benchmarks.decoding": "benchmarks.decoding Args",
    "-m benchmarks.training": "benchmarks.training Args",
    "-m benchmarks.costs": "benchmarks.costs Args",
    "-m benchmarks.ways_to_see": "benchmarks.ways_to_see Args",
}
POSITIONAL = get_args(tyro.conf.Positional[int])[1]
PLAIN = {Path: "path", str: "text", int: "whole number", float: "number", bool: "on or off"}


@dataclass(frozen=True)
class Flag:
    name: str  # as it is typed
    takes: str
    default: str
    help: str


def main() -> None:
    print(tables())


def tables() -> str:
    return "\n".join(part for command in COMMANDS for part in section(command))


def section(command: str) -> Iterator[str]:
    yield f"## `python {command}`\n"
    for kind in dataclasses_of(command):
        if len(dataclasses_of(command)) > 1:
            yield f"### `{kind.__name__.lower()}`\n\n{inspect.getdoc(kind)}\n"
        yield "| flag | takes | default | |\n|---|---|---|---|"
        yield "\n".join(f"| `{f.name}` | {f.takes} | {f.default} | {f.help} |" for f in flags_of(kind)) + "\n"


def dataclasses_of(command: str) -> list[type]:
    module, *names = COMMANDS[command].split()
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


if __name__ == "__main__":
    main()
