"""Data files as sequences of checked records, read one at a time.

    data.jsonl    one {"image", "conversations", "type"} on each line
    data.parquet  columns conversations, image_bytes, type              -> open_records -> [i] -> Record
    data.json     one list of {"image", "conversations"}, as LLaVA's

    data.csv      columns image and caption, or image, question, answer, type (table.py)
    data.json     COCO's captions, VQA v2's questions or annotations (joined.py)
    a folder      with captions.txt, or with a folder of pictures for each class (folders.py)

`conversations` is a list, or the JSON text of one, of {"role": "system" | "user" | "assistant", "content"} or
of LLaVA's {"from": "system" | "human" | "gpt", "value"}. `image` is a name, a list or "a.png, b.png".
In .jsonl and .json a row may also be a question and its answer, and more (formats.py).
Nothing here opens a picture (images.py) or knows tokens (chat.py). Lines and rows count from 1.
`python -m dataset.records check FILE` looks at all of a file at once (check.py).
"""

import json
import os
import re
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from dataset.errors import DataError
from dataset.folders import open_folder
from dataset.formats import one_of, questions_in
from dataset.joined import begins_object, open_joined
from dataset.record import Record, Records, from_json, read_span
from dataset.table import TableRecords

COLUMNS = ("image", "images", "image_bytes", "conversations", "type", "regions")
IN_MEMORY, KEPT = 1 << 30, 8  # bytes of a Parquet file that are kept; of a larger one, row groups
BETWEEN = re.compile(r"[\s,]*")  # what may stand between the items of a list, once it is known to be JSON


def open_records(path: str | os.PathLike, image_dir: str | os.PathLike | None = None) -> Sequence[Record]:
    """The records of a data file or folder, by index; a file's extension tells the format.

    Names of pictures are relative to `image_dir`, or to the file's own folder. Each record is parsed and
    checked when it is asked for. Raises DataError, here for the file and on indexing for a record.
    """
    path = Path(path)
    reader = READERS.get(path.suffix.lower())
    if reader is None and path.is_dir():
        reader = open_folder
    elif reader is None and path.exists():
        raise DataError(f"{path}: unknown kind of data file; known are {', '.join(READERS)}, and folders")
    elif reader is None or not os.path.isfile(path):
        raise DataError(f"{path}: no such data file; check its name, or make it first")
    if image_dir is not None and not Path(image_dir).is_dir():
        raise DataError(f"{image_dir}: no such folder of pictures; check the image folder given for {path}")
    own = path if reader is open_folder else path.parent
    try:
        records = reader(path, own if image_dir is None else Path(image_dir))
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}; check who may read it") from error
    if not len(records):
        raise DataError(f"{path}: holds no records; write at least one conversation to it")
    return records


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


class ParquetRecords(Records):
    """Row groups, read when they are asked for and kept: all of them, or the latest few of a large file.

    `blocks` are the rows of each group, where they are not all kept: a shuffle should stay within some.
    """

    def __init__(self, path: Path, folder: Path) -> None:
        super().__init__(path, folder)
        try:
            about = pq.read_metadata(path)
            names = pq.read_schema(path).names
            self.columns = [name for name in COLUMNS if name in names]
            groups = [about.row_group(i) for i in range(about.num_row_groups)]
            large = sum(group.total_byte_size for group in groups) > IN_MEMORY
            self.ends = np.cumsum([group.num_rows for group in groups])  # (groups,): the row after each
            self.kept = KEPT if large else max(1, len(groups))
            self.blocks = [range(end - g.num_rows, end) for end, g in zip(self.ends, groups, strict=True)]
            self.blocks = self.blocks if large else None
            self.groups: OrderedDict[int, pa.Table] = OrderedDict()
            if len(self):
                self._group(0)
        except (pa.ArrowException, OSError) as error:
            raise self._damaged(error) from error
        if "conversations" not in names:
            raise DataError(f"{path}: no column conversations among {', '.join(names)}; rename or add it")

    def __getstate__(self) -> dict:
        return self.__dict__ | {"groups": OrderedDict()}  # each process reads its own

    def __len__(self) -> int:
        return int(self.ends[-1]) if len(self.ends) else 0

    def row(self, index: int) -> dict:
        number = int(np.searchsorted(self.ends, index, side="right"))
        table, start = self._group(number), int(self.ends[number - 1]) if number else 0
        return {name: table[name][index - start].as_py() for name in table.column_names}

    def _group(self, number: int) -> pa.Table:
        if number not in self.groups:
            while len(self.groups) >= self.kept:
                self.groups.popitem(last=False)
            try:  # without threads: those of a parent process do not come along into a worker
                with pq.ParquetFile(self.path, memory_map=True) as file:
                    self.groups[number] = file.read_row_group(number, self.columns, use_threads=False)
            except (pa.ArrowException, OSError) as error:
                raise self._damaged(error) from error
        self.groups.move_to_end(number)
        return self.groups[number]

    def _damaged(self, error: Exception) -> DataError:
        reason = str(error).splitlines()[0]
        return DataError(f"{self.path}: cannot be read as Parquet ({reason}); write the file again")

    def where(self, index: int) -> str:
        return f"{self.path} row {index + 1}"


def _json_file(path: Path, folder: Path) -> Records:
    """A list of records, or what one object holds in several lists."""
    with open(path, "rb") as file:
        return (open_joined if begins_object(file.read(4096)) else JSONRecords)(path, folder)


TABLES = (".csv", ".tsv", ".txt")
READERS = {".jsonl": JSONRecords, ".parquet": ParquetRecords, ".json": _json_file}
READERS |= dict.fromkeys(TABLES, TableRecords)


def _line_spans(path: Path) -> Iterator[tuple[int, int, int, int]]:
    """(from byte, to byte, line, question) of every line that is not blank."""
    start = 0
    with open(path, "rb") as file:
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


if __name__ == "__main__":  # python -m dataset.records check FILE
    import sys

    from dataset.check import main

    if sys.argv[1:2] != ["check"]:
        sys.exit("error: say what to do: python -m dataset.records check FILE (--help tells more)")
    main(sys.argv[2:])
