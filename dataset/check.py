"""Every record of a data file looked at before a run meets it: what is wrong, where, and how long they are.

python -m dataset.records check data.jsonl --image_dir pictures
"""

import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import tyro
from PIL import Image
from tqdm import tqdm

from dataset.chat import Chat
from dataset.console import script
from dataset.errors import DataError
from dataset.images import load_image
from dataset.project import TINY
from dataset.record import Record
from dataset.records import open_records

SHOWN, BARS = 100, 8  # bad records told one by one; of the histogram


@dataclass
class Check:
    """What is in a data file, and how many of its records are bad."""

    file: tyro.conf.Positional[Path]
    """Data file or folder (docs/YOUR_DATA.md)."""
    image_dir: Path | None = None
    """Folder that picture names are relative to (default: the file's)."""
    weights: Path = TINY
    """Checkpoint folder whose tokenizer measures the lengths."""
    image_tokens: int = 64
    """Tokens that a picture takes (weights/tiny: 64)."""
    max_length: int = 1024
    """Longest conversation, in tokens; an answer that is cut off there is a fault (weights/tiny: 1024)."""


@dataclass
class Findings:
    """`bad` records by index, with the reason that names file and line."""

    records: int = 0
    bad: dict[int, str] = field(default_factory=dict)
    lengths: list[int] = field(default_factory=list)
    types: Counter = field(default_factory=Counter)
    pictures: Counter = field(default_factory=Counter)

    @property
    def good(self) -> list[int]:
        return [index for index in range(self.records) if index not in self.bad]


def examine(records: Sequence[Record], chat: Chat, max_length: int | None, unique: bool = False) -> Findings:
    """Parse every record, open its pictures, render its conversation. Nothing but findings is kept.

    `unique`: a record that comes a second time is a bad one.
    """
    found, seen = Findings(len(records)), {}
    for index in tqdm(range(len(records)), desc="check", unit="record", mininterval=1, leave=False):
        try:
            record = records[index]
            length = whole_length(record, chat, max_length)
            for image in record.images:
                load_image(image, name=record.where)
            first = seen.setdefault(fingerprint(record), record.where) if unique else record.where
            if first != record.where:
                raise DataError(f"{record.where}: the same as {first}; remove one of them")
        except DataError as error:
            found.bad[index] = str(error)
            continue
        found.lengths.append(length)
        found.types[record.type or "none"] += 1
        found.pictures[len(record.images)] += 1
    return found


def whole_length(record: Record, chat: Chat, max_length: int | None) -> int:
    """Tokens of the whole conversation. Raises DataError where an answer would be cut off."""
    length = len(chat.render(record.messages, record.where).input_ids)
    if max_length is not None and length > max_length:
        raise DataError(
            f"{record.where}: {length} tokens, the last answer is cut at {max_length}; shorten it"
        )
    return length


def fingerprint(record: Record) -> bytes:
    """Equal for records that say the same of the same pictures."""
    digest = sha256(repr(record.messages).encode())
    for image in record.images:
        digest.update(image.tobytes() if isinstance(image, Image.Image) else os.fsencode(image))
    return digest.digest()


def told(found: Findings) -> Iterator[str]:
    yield from list(found.bad.values())[:SHOWN]
    if len(found.bad) > SHOWN:
        yield f"... and {len(found.bad) - SHOWN} more"
    yield f"{found.records} records, {len(found.bad)} of them bad"
    if not found.lengths:
        return
    yield "pictures: " + ", ".join(f"{n} in {count}" for n, count in sorted(found.pictures.items()))
    yield "types: " + ", ".join(f"{name} {count}" for name, count in found.types.most_common(12))
    yield from histogram(found.lengths)


def histogram(lengths: Sequence[int]) -> Iterator[str]:
    """How many conversations are how long, in `BARS` lines."""
    low, high = min(lengths), max(lengths)
    width = max(1, -(-(high - low + 1) // BARS))
    counts = Counter((length - low) // width for length in lengths)
    yield f"tokens: {low} to {high}, mean {sum(lengths) / len(lengths):.0f}"
    for bar in range(-(-(high - low + 1) // width)):
        first, share = low + bar * width, counts[bar] / max(counts.values())
        yield f"  {first:5} to {first + width - 1:5}  {counts[bar]:8}  {'#' * round(40 * share)}"


@script
def main(argv: list[str]) -> None:
    """`argv` is what comes after "check". The exit code is 1 where a record is bad."""
    args = tyro.cli(Check, args=argv, description=__doc__, use_underscores=True)
    records = open_records(args.file, args.image_dir)
    chat = Chat.load(args.weights, args.image_tokens)
    found = examine(records, chat, args.max_length, unique=True)
    print("\n".join(told(found)))
    sys.exit(1 if found.bad else 0)
