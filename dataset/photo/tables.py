"""Tables as Flickr8k has them: a line of columns, then rows; quotation marks where a cell holds a comma."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from dataset.errors import DataError, expect_each_once, printable


def rows_of(path: Path, columns: Sequence[str]) -> Iterator[dict[str, str]]:
    """Rows by column. Raises DataError that names the line in which one of `columns` is missing or empty, or
    a cell too many."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, skipinitialspace=True, strict=True)
            if not set(columns) <= set(reader.fieldnames or ()):
                found = printable(", ".join(reader.fieldnames or ())) or "nothing"
                raise DataError(f"{path} line 1: the columns are {found}; call them {', '.join(columns)}")
            expect_each_once(reader.fieldnames, f"{path} line 1")
            for row in reader:
                if beyond := "".join(row.pop(None, ())).strip():
                    raise DataError(
                        f"{path} line {reader.line_num}: {printable(beyond, 40)} is under no column; put a "
                        "cell that holds a comma in double quotes"
                    )
                for column in columns:
                    if not (row[column] or "").strip():
                        raise DataError(
                            f"{path} line {reader.line_num}: no {column}; write it or remove the line"
                        )
                yield row
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}; check its name") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 at byte {error.start + 1}; save the file as UTF-8") from None
    except csv.Error as error:
        raise DataError(
            f"{path} line {reader.line_num}: not a table ({error}); close each quotation mark, and write one "
            "within a quoted cell twice"
        ) from None
