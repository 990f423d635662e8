"""Data files as sequences of checked records, read one at a time.

    data.jsonl    one {"image", "conversations", "type"} on each line (lines.py)
    data.json     one list of the same, as LLaVA's
    data.parquet  a column for each; or its parts, as a folder or a pattern "train-*.parquet" (parquet.py)

    data.csv      columns image and caption, or image, question, answer, type (table.py)
    data.json     COCO's captions, VQA v2's questions or annotations (joined.py)
    a folder      with captions.txt or metadata.jsonl, or a folder of pictures for each class (folders.py)

These readers are in formats/. A row is a conversation or a question and its answer, in our words (parse.py),
in those of other sets (rows.py) or of other tools (dialects.py), whichever file it stands in.
Nothing here opens a picture or knows tokens. Lines and rows count from 1.
`python -m dataset.records check FILE` looks at all of a file at once (check.py).
"""

import os
from collections.abc import Sequence
from pathlib import Path

from dataset.errors import DataError
from dataset.formats.folders import described_by, matching, open_classes
from dataset.formats.joined import begins_object, open_joined
from dataset.formats.lines import JSONRecords
from dataset.formats.parquet import ParquetRecords
from dataset.formats.parse import Records
from dataset.formats.table import TableRecords
from dataset.images.nearby import nearby
from dataset.instead import expect_itself
from dataset.record import Record


def open_records(path: str | os.PathLike, image_dir: str | os.PathLike | None = None) -> Sequence[Record]:
    """The records of a data file, of a folder, or of a pattern of Parquet files, by index; a file's extension
    tells the format.

    Names of pictures are relative to `image_dir`, or to the file's own folder. Each record is parsed and
    checked when it is asked for. Raises DataError, here for the file and on indexing for a record.
    """
    path = Path(path)
    try:
        records = _opened(path, None if image_dir is None else Path(image_dir))
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}; check its permissions") from error
    if not len(records):
        raise DataError(f"{path}: holds no records; write at least one conversation to it")
    return records


def _opened(path: Path, image_dir: Path | None) -> Records:
    named = path.is_dir() and path.suffix.lower() not in READERS
    files = [path] if named or path.is_file() else matching(path)
    if not files:
        raise DataError(f"{path}: no such data file; {nearby(path) or 'check its name, or make it first'}")
    if image_dir is not None and not image_dir.is_dir():
        raise DataError(f"{image_dir}: no such folder of pictures; check the image folder given for {path}")
    files = described_by(path) if named else files
    if not files:
        return open_classes(path, image_dir)
    for file in files:
        expect_itself(file)
    reader = READERS.get(files[0].suffix.lower())
    if reader is None:
        raise DataError(f"{path}: unknown kind of data file; known are {', '.join(READERS)}, and folders")
    own = Path(os.path.commonpath([file.parent for file in files]))
    return reader(files[0], image_dir or own, *files[1:])  # several are parts of Parquet


def _json_file(path: Path, folder: Path) -> Records:
    """A list of records, or what one object holds in several lists."""
    with open(path, "rb") as file:
        return (open_joined if begins_object(file.read(4096)) else JSONRecords)(path, folder)


TABLES = (".csv", ".tsv", ".txt")
READERS = {".jsonl": JSONRecords, ".parquet": ParquetRecords, ".json": _json_file}
READERS |= dict.fromkeys(TABLES, TableRecords)


if __name__ == "__main__":  # python -m dataset.records check FILE
    from dataset.check import main
    from dataset.commands.console import only

    only("check", main, "python -m dataset.records check FILE")
