"""JSON as rows: a value on each line (.jsonl), or the items of one list (.json)."""

import json
import re
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

import numpy as np

from dataset.errors import DataError, from_json
from dataset.formats.parse import Records, read_span
from dataset.formats.rows import one_of, questions_in

BETWEEN = re.compile(r"[\s,]*")  # what may stand between the items of a list, once it is known to be JSON


class JSONRecords(Records):
    """JSON values in a text file, found again by their bytes: nothing parsed is kept for workers to copy.

    `pairs` (records,): which question of a row that asks several; -1 for a row that is a record itself.
    """

    def __init__(self, path: Path, folder: Path) -> None:
        super().__init__(path, folder)
        spans = _item_spans(path) if path.suffix.lower() == ".json" else _line_spans(path)
        numbers = np.fromiter(chain.from_iterable(spans), dtype=np.int64).reshape(-1, 4)
        self.spans = numbers[:, :3].copy()  # (records, 3): from byte, to byte, line
        self.pairs = numbers[:, 3].copy() if (numbers[:, 3] >= 0).any() else None

    def __len__(self) -> int:
        return len(self.spans)

    def row(self, index: int) -> object:
        start, end, _ = self.spans[index].tolist()
        row, pair = from_json(read_span(self.path, start, end), self._line(index)), self._pair(index)
        return row if pair < 0 else one_of(row, pair, self.where(index))

    def where(self, index: int) -> str:
        pair = self._pair(index)
        return self._line(index) if pair < 0 else f"{self._line(index)}, question {pair + 1}"

    def _line(self, index: int) -> str:
        return f"{self.path} line {self.spans[index, 2]}"

    def _pair(self, index: int) -> int:
        return -1 if self.pairs is None else int(self.pairs[index])


def _line_spans(path: Path) -> Iterator[tuple[int, int, int, int]]:
    """(from byte, to byte, line, question) of every line that is not blank."""
    start = 0
    with open(path, "rb") as file:
        if file.read(4096).removeprefix(BOM_UTF8).lstrip().startswith(b"["):
            raise DataError(f"{path}: begins a list [...]; call it .json, or write one record on each line")
        file.seek(0)
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield from ((start, start + len(line), number, pair) for pair in _pairs(line))
            start += len(line)


def _pairs(data: bytes) -> Iterable[int]:
    """The questions of a row that asks several, by number; -1 for any other row."""
    if b'"qa"' not in data:
        return (-1,)
    try:
        return range(questions_in(json.loads(data))) or (-1,)
    except (ValueError, RecursionError):  # told when the record is asked for
        return (-1,)


def _item_spans(path: Path) -> Iterator[tuple[int, int, int, int]]:
    """(from byte, to byte, line, question) of every item of the one JSON list that the file holds."""
    data = path.read_bytes()
    if not isinstance(from_json(data, str(path)), list):
        raise DataError(
            f"{path}: expected one list [...] of records; with one record on each line, call it .jsonl"
        )
    text, decode = data.decode(), json.JSONDecoder().raw_decode
    at, seen, byte, line = BETWEEN.match(text, text.index("[") + 1).end(), 0, 0, 1
    while text[at] != "]":
        end = decode(text, at)[1]
        start, line = byte + len(text[seen:at].encode()), line + text.count("\n", seen, at)
        item = text[at:end].encode()
        byte = start + len(item)
        yield from ((start, byte, line, pair) for pair in _pairs(item))
        line, seen = line + text.count("\n", at, end), end
        at = BETWEEN.match(text, end).end()
