"""Questions and answers in a table to records: any set about pictures that a spreadsheet can hold.

    python -m dataset.from_table my.csv --out my.jsonl

    image        question              answer     type
    cats/1.jpg   What is this?         a cat      animal
    cats/1.jpg   What colour is it?    black      colour

Rows in a row about the same picture become one conversation, unless their type differs. The columns may have
other names (--image picture ...); `type` may be missing. Tabs, semicolons and commas are told apart.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import tyro

from dataset.commands.console import script
from dataset.commands.flags import parse
from dataset.errors import DataError, printable
from dataset.formats.table import Table


@dataclass
class Args:
    table: tyro.conf.Positional[Path]
    """Table with a header (.csv, .tsv), in UTF-8."""
    out: Path = Path("data.jsonl")
    """Data file to write. Pictures stay where they are: name their folder with --image_dir when you train."""
    image: str = "image"
    """Column of the picture's name."""
    question: str = "question"
    """Column of the question; where there is none, all are asked "What is this?"."""
    answer: str = "answer"
    """Column of the answer."""
    type: str = "type"
    """Column that scores are told apart by."""


def read(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """(place, row) of a table."""
    try:
        table = Table(path)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}; check its name") from error
    for index in range(len(table)):
        yield table.where(index), table[index]


def records(args: Args) -> Iterator[dict]:
    """One for each run of rows about the same picture and of the same type."""
    for (image, kind), rows in groupby(turns(args), key=lambda turn: turn[:2]):
        messages = []
        for _, _, question, answer in rows:
            messages += [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
        yield {"image": image, "conversations": messages, **({"type": kind} if kind else {})}


def turns(args: Args) -> Iterator[tuple[str, str, str, str]]:
    """(image, type, question, answer), checked."""
    for where, row in read(args.table):
        for column in (args.image, args.answer):
            if column not in row:
                names = printable(", ".join(row))
                raise DataError(f"{args.table}: no column {column!r} among {names}; name it with a flag")
            if not row[column]:
                raise DataError(f"{where}: {column} is empty; fill it, or remove the line")
        question = row.get(args.question) or "What is this?"
        yield row[args.image], row.get(args.type, ""), question, row[args.answer]


@script
def main(argv: list[str] | None = None) -> None:
    args = parse(Args, argv, __doc__)
    rows = list(records(args))
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    look = f".venv/bin/python -m dataset.records check {args.out} --image_dir FOLDER"
    print(f"{len(rows)} records -> {args.out}; look at them: {look}")


if __name__ == "__main__":
    main()
