"""Turn a table of questions and answers about pictures (any spreadsheet) into records.

    python -m dataset.from_table my.csv --out my.jsonl

    image        question              answer     type
    cats/1.jpg   What is this?         a cat      animal
    cats/1.jpg   What colour is it?    black      colour

Consecutive rows about the same picture become one conversation, unless their types differ. Columns may have
other names (--image picture ...); `question` and `type` may be missing. Tabs, semicolons and commas are told
apart.
"""

import json
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import tyro

from dataset.commands.console import script
from dataset.commands.flags import parse
from dataset.errors import DataError, printable
from dataset.formats.rows import NAME, expect_computed, tell_unread
from dataset.formats.table import Table
from dataset.instead import expect_itself

OPTIONAL = ("question", "type")


@dataclass
class Args:
    table: tyro.conf.Positional[Path]
    """Table with a header (.csv, .tsv), in UTF-8."""
    out: Path = Path("data.jsonl")
    """Data file to write. Pictures stay where they are: name their folder with --image_dir when you train."""
    image: str = "image"
    """Column of the picture's name."""
    question: str = "question"
    """Column of the question; if it is missing, every question is "What is this?"."""
    answer: str = "answer"
    """Column of the answer."""
    type: str = "type"
    """Column by which scores are reported separately."""


def opened(path: Path) -> Table:
    try:
        expect_itself(path)
        return Table(path)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}; check its name") from error


def column(flag: str, args: Args, names: Sequence[str]) -> str | None:
    """The column that a flag names, in whatever case; None for one that may be missing, and is.

    Raises DataError for any other that is not there.
    """
    wanted = getattr(args, flag)
    alike = [wanted] if wanted in names else [name for name in names if name.lower() == wanted.lower()]
    if len(alike) == 1:
        return alike[0]
    if not alike and flag in OPTIONAL and wanted == flag:
        return None
    found = printable(", ".join(names))
    raise DataError(f"{args.table}: no column {wanted!r} among {found}; say which it is with --{flag} COLUMN")


def records(args: Args) -> Iterator[dict]:
    """One for each run of rows about the same picture and of the same type."""
    for (image, kind), rows in groupby(turns(args), key=lambda turn: turn[:2]):
        messages = []
        for _, _, question, answer in rows:
            messages += [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
        yield {"image": image, "conversations": messages, **({"type": kind} if kind else {})}


def turns(args: Args) -> Iterator[tuple[str, str, str, str]]:
    """(image, type, question, answer), checked."""
    table = opened(args.table)
    image, kind, asked, answer = (
        column(flag, args, table.names) for flag in ("image", "type", "question", "answer")
    )
    tell_unread(args.table, [name for name in table.names if name not in (image, kind, asked, answer)])
    for index in range(len(table)):
        row = table[index]
        for name in (image, answer):
            if not row[name]:
                raise DataError(f"{table.where(index)}: {name} is empty; fill it, or remove the line")
        expect_computed(row[answer], answer, table.where(index))
        yield row[image], row.get(kind, ""), row.get(asked) or NAME, row[answer]


@script
def main(argv: list[str] | None = None) -> None:
    args = parse(Args, argv, __doc__)
    if args.out.resolve() == args.table.resolve():
        instead = args.table.with_suffix(".jsonl")
        raise DataError(f"--out {args.out}: is the table itself; name another file, such as {instead}")
    if args.out.suffix.lower() != ".jsonl" and args.out.exists():
        raise DataError(
            f"--out {args.out}: is there already, and is no data file; name one that ends in .jsonl"
        )
    rows = list(records(args))
    if not rows:
        raise DataError(f"{args.table}: holds no rows below its column names; write one for each question")
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    look = f".venv/bin/python -m dataset.records check {shlex.quote(str(args.out))} --image_dir FOLDER"
    print(f"{len(rows)} records -> {args.out}; look at them: {look}")


if __name__ == "__main__":
    main()
