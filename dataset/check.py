"""Check every record of a data file before training: what is wrong, and where; lengths; types.

python -m dataset.records check data.jsonl --image_dir pictures
"""

import hashlib
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import tyro
from PIL import Image
from tqdm import tqdm

from dataset.chat.render import Chat
from dataset.commands.console import script
from dataset.commands.flags import Count, CountOr0, parse
from dataset.errors import DataError
from dataset.images.load import Source, load_image
from dataset.images.preprocess import Preprocessor, grids_of
from dataset.images.tiles import Grid
from dataset.needs import NEEDS, Needs
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
    """Checkpoint folder: its tokenizer measures the lengths, its preprocessor says whether pictures are cut
    into tiles."""
    image_tokens: CountOr0 = 64
    """Tokens that a picture takes, or each of its tiles (weights/tiny: 64, weights/photo: 65)."""
    max_length: Count = 1024
    """Longest conversation, in tokens; an answer that is cut off there is a fault (weights/tiny: 1024)."""
    stage: Literal[tuple(NEEDS)] = "sft"
    """Training stage that the records are for; some stages need a picture in each record."""
    augment: bool = False
    """Check for training with --augment, which moves things in a picture: boxes are then refused."""


@dataclass
class Findings:
    """`bad` records by index, with the reason that names file and line; `idle` ones, which teach a stage
    nothing; what comes `twice`, and where."""

    records: int = 0
    bad: dict[int, str] = field(default_factory=dict)
    idle: set[int] = field(default_factory=set)
    twice: list[str] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    types: Counter = field(default_factory=Counter)
    pictures: Counter = field(default_factory=Counter)
    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)  # of all that is good

    @property
    def good(self) -> list[int]:
        return [index for index in range(self.records) if index not in self.bad and index not in self.idle]


def examine(
    records: Sequence[Record],
    chat: Chat,
    max_length: int | None,
    compare: bool = False,
    needs: Needs = NEEDS["sft"],
    preprocessor: Preprocessor | None = None,
) -> Findings:
    """Parse every record, open its pictures, render its conversation. Nothing but findings is kept.

    What is bad here training does not take, and scoring does not ask. `compare` finds what comes twice, which
    is not bad.
    """
    found, seen, known = Findings(len(records)), {}, set()
    for index in tqdm(range(len(records)), desc="check", unit="record", mininterval=1, leave=False):
        try:
            record = records[index]
            needs.expect(record, chat)
            length = whole_length(record, chat, max_length, grids_of(record, preprocessor))
            for image in record.images:
                expect_whole(image, record.where, known)
        except DataError as error:
            found.bad[index] = str(error)
            continue
        if needs.taught_by(record):
            found.digest.update(content(record))
        else:
            found.idle.add(index)
        first = seen.setdefault(fingerprint(record), record.where) if compare else record.where
        if first != record.where:
            found.twice.append(f"{record.where}: the same as {first}")
        found.lengths.append(length)
        found.types[record.type or "none"] += 1
        found.pictures[len(record.images)] += 1
    return found


def expect_whole(image: Source, where: str, known: set[Source | None]) -> None:
    """Raises DataError where this is no picture. A file that is known to be one is not opened again: there
    may be a hundred questions about it."""
    named = image if isinstance(image, str | os.PathLike) else None
    if named is None or named not in known:
        load_image(image, name=where)
        known.add(named)


def whole_length(record: Record, chat: Chat, max_length: int | None, grids: Sequence[Grid] = ()) -> int:
    """Tokens of the whole conversation. Raises DataError where an answer would be cut off."""
    length = len(chat.render(record.messages, record.where, grids=grids).input_ids)
    if max_length is not None and length > max_length:
        raise DataError(
            f"{record.where}: {length} tokens, the last answer is cut at {max_length}; shorten it"
        )
    return length


def fingerprint(record: Record) -> bytes:
    """Equal for records that say the same of the same pictures."""
    digest = hashlib.sha256(repr(record.messages).encode())
    for image in record.images:
        digest.update(image.tobytes() if isinstance(image, Image.Image) else os.fsencode(image))
    return digest.digest()


def content(record: Record) -> bytes:
    """Equal where the same is learnt, wherever the pictures lie: those in files by their name and size."""
    said = repr((record.messages, record.regions)).encode()
    return b"".join([said, *map(_picture, record.images)])


def _picture(image: Source) -> bytes:
    if isinstance(image, Path):
        return f"{image.name} {image.stat().st_size}".encode(errors="surrogateescape")
    if isinstance(image, Image.Image):
        return image.tobytes()
    return image.encode() if isinstance(image, str) else image


def one_by_one(lines: Sequence[str]) -> Iterator[str]:
    """The first of them, and how many there are more."""
    yield from lines[:SHOWN]
    if len(lines) > SHOWN:
        yield f"... and {len(lines) - SHOWN} more"


def told(found: Findings) -> Iterator[str]:
    yield from one_by_one(list(found.bad.values()))
    yield f"{found.records} records, {len(found.bad)} of them bad"
    if found.idle:
        yield idle_told(found)
    if found.twice:
        yield f"duplicate records, which count each time: {len(found.twice)}; the first: {found.twice[0]}"
    if not found.lengths:
        return
    yield "pictures: " + ", ".join(f"{n} in {count}" for n, count in sorted(found.pictures.items()))
    yield "types: " + ", ".join(f"{name} {count}" for name, count in found.types.most_common(12))
    yield from histogram(found.lengths)


def idle_told(found: Findings) -> str:
    """How many records a stage has nothing to learn from. The one thing that may lack is a picture."""
    return f"{len(found.idle)} of {found.records} records have no picture, and would teach the stage nothing"


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
    args = parse(Check, argv, __doc__)
    records = open_records(args.file, args.image_dir)
    chat = Chat.load(args.weights, args.image_tokens)
    needs = replace(NEEDS[args.stage], augmented=args.augment)
    preprocessor = Preprocessor.beside(args.weights)
    found = examine(records, chat, args.max_length, compare=True, needs=needs, preprocessor=preprocessor)
    print("\n".join(told(found)))
    sys.exit(1 if found.bad or not found.good else 0)
