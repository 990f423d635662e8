"""One sample as the model gets it: its tokens, and which of them are scored.

python -m dataset.chat show data.jsonl 7
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import tyro

from dataset.chat.render import IGNORED, Chat
from dataset.commands.console import script
from dataset.commands.flags import Count, CountOr0, parse
from dataset.errors import DataError
from dataset.images.preprocess import Preprocessor, grids_of
from dataset.open import expect_folder_heeded, open_data
from dataset.project import TINY

SCORED, SPECIAL, PLAIN = "\033[1;32m", "\033[90m", "\033[0m"  # green, grey
BRACKETS = {SCORED: ("[[", "]]"), SPECIAL: ("", "")}  # where there is no terminal to colour


@dataclass
class Show:
    """A record rendered: scored tokens are green on a terminal, [[in brackets]] elsewhere."""

    data: tyro.conf.Positional[str]
    """Data file or folder (docs/YOUR_DATA.md), or storybook:VIEW."""
    number: tyro.conf.Positional[Count] = 1
    """Which record, counted from 1."""
    image_dir: Path | None = None
    """Folder that picture names are relative to (default: the file's)."""
    weights: Path = TINY
    """Checkpoint folder whose tokenizer and chat format are used."""
    image_tokens: CountOr0 = 64
    """Tokens that a picture takes, or each of its tiles (weights/tiny: 64, weights/photo: 65)."""


def pieces(chat: Chat, ids: list[int], labels: list[int]) -> Iterator[tuple[str, str]]:
    """(text, how it is shown), runs of a placeholder told once with their number."""
    specials = {id: token.content for id, token in chat.tokenizer.get_added_tokens_decoder().items()}
    kinds = [
        (SCORED if label != IGNORED else PLAIN, specials.get(id))
        for id, label in zip(ids, labels, strict=True)
    ]
    at = 0
    for (how, special), run in groupby(kinds):
        number = len(list(run))
        if special is None:
            yield chat.decode(ids[at : at + number]), how
        else:
            times = f" x {number}" if number > 1 else ""
            yield f"{special}{times}", SCORED if how == SCORED else SPECIAL
        at += number


def rendered(chat: Chat, ids: list[int], labels: list[int], colours: bool) -> str:
    shown = ""
    for text, how in pieces(chat, ids, labels):
        before, after = (how, PLAIN) if colours else BRACKETS.get(how, ("", ""))
        shown += before + text + after
    return shown


@script
def main(argv: list[str]) -> None:
    """`argv` is what comes after "show"."""
    args = parse(Show, argv, __doc__)
    expect_folder_heeded(args.image_dir, args.data)
    records = open_data(args.data, args.image_dir)
    if not 1 <= args.number <= len(records):
        raise DataError(f"{args.data}: has records 1 to {len(records)}, not {args.number}")
    record = records[args.number - 1]
    chat = Chat.load(args.weights, args.image_tokens)
    grids = grids_of(record, Preprocessor.beside(args.weights))
    sample = chat.render(record.messages, record.where, grids=grids)
    print(rendered(chat, sample.input_ids, sample.labels, sys.stdout.isatty()))
    scored = sum(label != IGNORED for label in sample.labels)
    numbers = f"{len(sample.input_ids)} tokens, {scored} of them scored, {len(record.images)} pictures"
    print(f"{record.where}: {numbers}")
