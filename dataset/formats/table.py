"""Tables (.csv, .tsv) by strict rules: a row is found again by its bytes, and no cell is lost or guessed.

    image,caption            first line: the columns; a comma, semicolon, tab or bar between cells
    a.png,A cat              -> Table -> [i] -> {"image": "a.png", "caption": "A cat"}
    b.png,"A dog, asleep"    what holds a delimiter or a line break stands in double quotes, a quote twice

A row ends at a line feed, a carriage return or both; at nothing else (U+2028 is a letter like any other).
"""

import csv
from array import array
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import numpy as np

from dataset.errors import DataError, expect_each_once, printable, shown
from dataset.formats.parse import Records, read_span
from dataset.formats.pictures import there
from dataset.formats.rows import COLUMNS, LISTS, expect_one_record, makes_records, tell_unread

OTHER_NAMES = {"image_name": "image", "comment": "caption", "file_name": "image"}  # Flickr30k's, the hub's
LOOKED_FOR = 10  # pictures, to tell which folder they are in
csv.field_size_limit(1 << 26)  # letters in a cell, which may be a picture in base64; by default 131,072
DELIMITERS = {"\t": "a tab", ";": "a semicolon", ",": "a comma", "|": "a bar"}


class Table:
    """Rows of a table by index. `names` are its columns, `spans` (rows, 3): from byte, to byte, line."""

    def __init__(self, path: Path) -> None:
        self.path = path
        ends, spans = array("q", [0]), array("q")
        with open(path, "rb") as file:
            lines = _lines(file, path, ends)
            first = next(lines, "")
            self.delimiter = max(DELIMITERS, key=first.count)
            rows = _rows(chain([first], lines), self.delimiter, path)
            self.names = [name.strip() for name in next(rows, (0, 0, []))[2]]
            if first.lower().startswith("sep="):
                raise DataError(f"{path} line 1: {shown(first.strip())} is for Excel alone; remove the line")
            for before, after, cells in rows:
                if any(cell.strip() for cell in cells):  # a spreadsheet may write rows of nothing: ";;"
                    spans.extend((ends[before], ends[after], before + 1))
        self.spans = np.array(spans, dtype=np.int64).reshape(-1, 3)
        self._check_names()

    def __len__(self) -> int:
        return len(self.spans)

    def __getitem__(self, index: int) -> dict[str, str]:
        """Cells by column, blanks around them removed. Raises DataError where there are too few or many."""
        start, end, line = self.spans[index].tolist()
        text = _decoded(read_span(self.path, start, end), f"{self.path} line {line}")
        cells = next(_rows(iter([text]), self.delimiter, self.path, line - 1), (0, 0, []))[2]
        if len(cells) != len(self.names):
            raise DataError(
                f"{self.where(index)}: {len(cells)} cells under {len(self.names)} columns; "
                f"put a cell that holds {DELIMITERS[self.delimiter]} in double quotes"
            )
        row = [(name, cell.strip()) for name, cell in zip(self.names, cells, strict=True)]
        lost = [cell for name, cell in row[1:] if cell and not name]  # the first column may number the rows
        if lost:
            raise DataError(
                f"{self.where(index)}: {shown(lost[0])} stands in a column without a name; name it in line 1"
            )
        return dict(row)

    def where(self, index: int) -> str:
        return f"{self.path} line {self.spans[index, 2]}"

    def _check_names(self) -> None:
        if not any(self.names):
            raise DataError(
                f"{self.path} line 1: no names of columns; begin with a line such as image,caption"
            )
        expect_each_once([name for name in self.names if name], f"{self.path} line 1")


def _lines(file: BinaryIO, path: Path, ends: array) -> Iterator[str]:
    """Line after line as text, the byte after each appended to `ends`."""
    for chunk in file:
        for line in chunk.splitlines(keepends=True):
            ends.append(ends[-1] + len(line))
            text = _decoded(line, f"{path} line {len(ends) - 1}")
            yield text.removeprefix("\ufeff") if len(ends) == 2 else text


def _decoded(line: bytes, where: str) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        advice = "save the file as UTF-8 (in Excel: CSV UTF-8)"
        raise DataError(f"{where}: not UTF-8 at byte {error.start + 1}; {advice}") from error


def _rows(
    lines: Iterator[str], delimiter: str, path: Path, before: int = 0
) -> Iterator[tuple[int, int, list[str]]]:
    """(lines before it, lines up to its end, cells) of every row."""
    reader, skipped = csv.reader(lines, delimiter=delimiter, strict=True), before
    try:
        for cells in reader:
            yield before, skipped + reader.line_num, cells
            before = skipped + reader.line_num
    except csv.Error as error:
        raise DataError(
            f"{path} line {before + 1}: a cell begins with a quotation mark that is not closed where it "
            f"ends ({error}); close it, or write the whole cell in quotes and each mark within it twice"
        ) from error


class TableRecords(Records):
    """A record for each row; names of pictures may also be relative to a folder Images beside the table."""

    def __init__(self, path: Path, folder: Path) -> None:
        super().__init__(path, folder)
        self.table = Table(path)
        columns = self._as_row(dict.fromkeys(self.table.names, "x"))
        if not makes_records(columns):
            found = printable(", ".join(self.table.names))
            raise DataError(
                f"{path} line 1: the columns are {found}; call them image and caption, image and name, or "
                "image, question and answer (or: .venv/bin/python -m dataset.from_table FILE --image COLUMN "
                "--answer COLUMN)"
            )
        expect_one_record(columns, f"{path} line 1")
        tell_unread(path, [name for name in self.table.names if not self._as_row({name: "x"})])
        if folder == path.parent:
            self.folder = self._picture_folder()

    def __len__(self) -> int:
        return len(self.table)

    def row(self, index: int) -> dict[str, str | None]:
        return self._as_row(self.table[index])

    def where(self, index: int) -> str:
        return self.table.where(index)

    def _as_row(self, cells: dict[str, str]) -> dict[str, str | None]:
        """What is read of a row, by our names; an empty cell is none."""
        row = {}
        for name, cell in cells.items():
            name = OTHER_NAMES.get(name.lower(), name.lower())
            if name in row:
                raise DataError(f"{self.path} line 1: two columns are read as {shown(name)}; rename one")
            if name in COLUMNS and name not in LISTS:
                row[name] = cell or None
        return row

    def _picture_folder(self) -> Path:
        """The table's own, unless more of the first pictures lie in Images beside it."""
        names = []
        for index in range(min(LOOKED_FOR, len(self))):
            with suppress(DataError):  # told when the record is asked for
                names.append(self.row(index).get("image") or "")
        folders = [self.folder, self.folder / "Images", self.folder / "images"]
        return max(folders, key=lambda folder: sum(there(folder, name) for name in names))
