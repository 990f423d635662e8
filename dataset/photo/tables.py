"""Tables whose every row must have certain cells: captions, names."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from dataset.errors import DataError, printable
from dataset.formats.table import Table


def rows_of(path: Path, columns: Sequence[str]) -> Iterator[dict[str, str]]:
    """Rows by column. Raises DataError that names the line in which one of `columns` is missing or empty."""
    try:
        table = Table(path)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}; check its name") from None
    if not set(columns) <= set(table.names):
        found = printable(", ".join(table.names))
        raise DataError(f"{path} line 1: the columns are {found}; call them {', '.join(columns)}")
    for index in range(len(table)):
        row = table[index]
        if empty := next((column for column in columns if not row[column]), None):
            raise DataError(f"{table.where(index)}: no {empty}; write it or remove the line")
        yield row
