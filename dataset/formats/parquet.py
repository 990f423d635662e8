"""Parquet, in one file or in parts: row groups read when they are asked for, and some of them kept.

    data.parquet                                      rows 1, 2, ...
    train-00000-of-00002.parquet, train-00001-...     the parts one after another, each with rows of its own

A column of classes by number (the hub's ClassLabel) gives their names.
"""

import json
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from dataset.errors import DataError, expect_each_once, printable
from dataset.formats.parse import Records
from dataset.formats.rows import COLUMNS, makes_records, tell_unread

IN_MEMORY, KEPT = 1 << 30, 8  # bytes of Parquet that are kept; of more, row groups


class ParquetRecords(Records):
    """Row groups, read when they are asked for and kept: all of them, or the latest few of a large set.

    `places` (groups, 3): part, its group, the first row of the part. `blocks` are the rows of each group,
    where they are not all kept: a shuffle should stay within some.
    """

    def __init__(self, path: Path, folder: Path, *more: Path) -> None:
        super().__init__(path, folder)
        self.parts, self.groups = [path, *more], OrderedDict()
        places, rows, size = [], [], 0
        for number, part in enumerate(self.parts):
            first, about = sum(rows), self._tried(number, lambda part=part: pq.read_metadata(part))
            groups = [about.row_group(i) for i in range(about.num_row_groups)]
            places += [(number, i, first) for i in range(len(groups))]
            rows += [group.num_rows for group in groups]
            size += sum(group.total_byte_size for group in groups)
        self.places, self.ends = np.array(places).reshape(-1, 3), np.cumsum(rows, dtype=np.int64)
        self.kept = KEPT if size > IN_MEMORY else max(1, len(rows))
        blocks = [range(end - n, end) for end, n in zip(self.ends.tolist(), rows, strict=True)]
        self.blocks = blocks if size > IN_MEMORY else None
        self._read_columns()
        if len(self):
            self._group(0)

    def __getstate__(self) -> dict:
        return self.__dict__ | {"groups": OrderedDict()}  # each process reads its own

    def __len__(self) -> int:
        return int(self.ends[-1]) if len(self.ends) else 0

    def row(self, index: int) -> dict:
        number = self._number(index)
        table, start = self._group(number), int(self.ends[number - 1]) if number else 0
        try:
            row = {name: table[name][index - start].as_py() for name in table.column_names}
        except UnicodeDecodeError as error:
            raise DataError(f"{self.where(index)}: not UTF-8 ({error}); write it as UTF-8") from None
        classes = self.classes[self.places[number, 0]]
        return row | {name: _named(row[name], classes[name]) for name in classes if name in row}

    def where(self, index: int) -> str:
        part, _, first = self.places[self._number(index)].tolist()
        return f"{self.parts[part]} row {index - first + 1}"

    def _number(self, index: int) -> int:
        """Of the group that holds it."""
        return int(np.searchsorted(self.ends, index, side="right"))

    def _read_columns(self) -> None:
        schemas = [
            self._tried(n, lambda part=part: pq.read_schema(part)) for n, part in enumerate(self.parts)
        ]
        names = schemas[0].names
        expect_each_once(names, self.path)
        if not makes_records(names):
            found = printable(", ".join(names))
            raise DataError(f"{self.path}: no column conversations among {found}; rename or add it")
        other = next((n for n, schema in enumerate(schemas) if set(schema.names) != set(names)), None)
        if other is not None:
            raise DataError(
                f"{self.parts[other]}: has other columns than {self.path}; name those alone that go together"
            )
        self.columns = [name for name in COLUMNS if name in names]
        tell_unread(self.path, [name for name in names if name not in COLUMNS])
        self.classes = [_classes(schema) for schema in schemas]  # each part may number them otherwise

    def _group(self, number: int) -> pa.Table:
        if number not in self.groups:
            while len(self.groups) >= self.kept:
                self.groups.popitem(last=False)
            part, group, _ = self.places[number].tolist()
            self.groups[number] = self._tried(
                part, lambda: _read_group(self.parts[part], group, self.columns)
            )
        self.groups.move_to_end(number)
        return self.groups[number]

    def _tried(self, part: int, read: Callable[[], object]) -> object:
        try:
            return read()
        except (pa.ArrowException, OSError) as error:
            reason = str(error).splitlines()[0]
            path = self.parts[part]
            raise DataError(f"{path}: cannot be read as Parquet ({reason}); write the file again") from error


def _read_group(path: Path, group: int, columns: list[str]) -> pa.Table:
    with pq.ParquetFile(path, memory_map=True) as file:
        # without threads: those of a parent process do not come along into a worker
        return file.read_row_group(group, columns, use_threads=False)


def _classes(schema: pa.Schema) -> dict[str, list[str]]:
    """{column: the names of its numbers}, which the hub writes into the file."""
    try:
        features = json.loads(schema.metadata[b"huggingface"])["info"]["features"]
        return {name: one["names"] for name, one in features.items() if one.get("_type") == "ClassLabel"}
    except (KeyError, TypeError, ValueError, AttributeError):  # no such note, or another program's
        return {}


def _named(value: object, names: list[str]) -> object:
    """The class of a number as it is said; what has no name stays a number, which is told."""
    known = isinstance(value, int) and 0 <= value < len(names)
    return " ".join(names[value].replace("_", " ").split()) if known else value
