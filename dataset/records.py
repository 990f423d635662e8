"""Data files as sequences of checked records, read one at a time.

    data.jsonl    one {"image", "conversations", "type"} on each line
    data.parquet  columns conversations, image_bytes, type              -> open_records -> [i] -> Record
    data.json     one list of {"image", "conversations"}, as LLaVA's

`conversations` is a list, or the JSON text of one, of {"role": "system" | "user" | "assistant", "content"} or
of LLaVA's {"from": "system" | "human" | "gpt", "value"}. `image` is a name, a list or "a.png, b.png".
Nothing here opens a picture (images.py) or knows tokens (chat.py). Lines and rows count from 1.
`python -m dataset.records check FILE` looks at all of a file at once (check.py).
"""

import json
import os
import re
from abc import abstractmethod
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from dataset.errors import DataError

IMAGE = "<image>"  # stands in a user's message where a picture goes
ROLES = {"system": "system", "user": "user", "assistant": "assistant", "human": "user", "gpt": "assistant"}
COLUMNS = ("image", "images", "image_bytes", "conversations", "type", "regions")
IN_MEMORY, KEPT = 1 << 30, 8  # bytes of a Parquet file that are kept; of a larger one, row groups
BETWEEN = re.compile(r"[\s,]*")  # what may stand between the items of a list, once it is known to be JSON


Region = tuple[tuple[float, float, float, float], str]  # left, top, right, bottom in 0..1; what is said of it


@dataclass(frozen=True)
class Record:
    """One conversation and its pictures in reading order; `where` is its place, "data.jsonl line 7"."""

    images: tuple[str | Path | bytes | Image.Image, ...]
    messages: tuple[dict[str, str], ...]  # {"role", "content"} each
    type: str | None = None
    where: str = "record"
    regions: tuple[Region, ...] = ()  # of the first picture


def open_records(path: str | os.PathLike, image_dir: str | os.PathLike | None = None) -> Sequence[Record]:
    """The records of a data file, by index; its extension tells the format.

    Names of pictures are relative to `image_dir`, or to the file's own folder. Each record is parsed and
    checked when it is asked for. Raises DataError, here for the file and on indexing for a record.
    """
    path = Path(path)
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        raise DataError(f"{path}: unknown kind of data file; known are {', '.join(READERS)}")
    if not os.path.isfile(path):
        raise DataError(f"{path}: no such data file; check its name, or make it first")
    if image_dir is not None and not Path(image_dir).is_dir():
        raise DataError(f"{image_dir}: no such folder of pictures; check the image folder given for {path}")
    try:
        records = reader(path, path.parent if image_dir is None else Path(image_dir))
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}; check who may read it") from error
    if not len(records):
        raise DataError(f"{path}: holds no records; write at least one conversation to it")
    return records


class Records(Sequence[Record]):
    """What the readers share: rows become records on their way out, and only there."""

    def __init__(self, path: Path, folder: Path) -> None:
        self.path, self.folder = path, folder

    def __getitem__(self, index: int) -> Record:
        index = range(len(self))[index]  # negative counts from the end, beyond it is an IndexError
        return parse_record(self.row(index), self.folder, self.where(index))

    @abstractmethod
    def row(self, index: int) -> object:
        """What the file holds at `index`, not checked."""

    @abstractmethod
    def where(self, index: int) -> str:
        """File and place, for errors."""


class JSONRecords(Records):
    """JSON values in a text file, found again by their bytes: nothing parsed is kept for workers to copy."""

    def __init__(self, path: Path, folder: Path) -> None:
        super().__init__(path, folder)
        spans = _item_spans(path) if path.suffix.lower() == ".json" else _line_spans(path)
        self.spans = np.array(list(spans), dtype=np.int64).reshape(
            -1, 3
        )  # (records, 3): from byte, to byte, line

    def __len__(self) -> int:
        return len(self.spans)

    def row(self, index: int) -> object:
        start, end, _ = self.spans[index].tolist()
        with open(self.path, "rb") as file:
            file.seek(start)
            return _from_json(file.read(end - start), self.where(index))

    def where(self, index: int) -> str:
        return f"{self.path} line {self.spans[index, 2]}"


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


READERS = {".jsonl": JSONRecords, ".parquet": ParquetRecords, ".json": JSONRecords}


def _line_spans(path: Path) -> Iterator[tuple[int, int, int]]:
    """(from byte, to byte, line) of every line that is not blank."""
    start = 0
    with open(path, "rb") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield start, start + len(line), number
            start += len(line)


def _item_spans(path: Path) -> Iterator[tuple[int, int, int]]:
    """(from byte, to byte, line) of every item of the one JSON list that the file holds."""
    data = path.read_bytes()
    if not isinstance(_from_json(data, str(path)), list):
        raise DataError(
            f"{path}: expected one list [...] of records; with one record on each line, call it .jsonl"
        )
    text, decode = data.decode(), json.JSONDecoder().raw_decode
    at, seen, byte, line = BETWEEN.match(text, text.index("[") + 1).end(), 0, 0, 1
    while text[at] != "]":
        end = decode(text, at)[1]
        start, line = byte + len(text[seen:at].encode()), line + text.count("\n", seen, at)
        byte = start + len(text[at:end].encode())
        yield start, byte, line
        line, seen = line + text.count("\n", at, end), end
        at = BETWEEN.match(text, end).end()


def _from_json(text: bytes | str, where: str) -> object:
    try:
        text = text.decode("utf-8-sig") if isinstance(text, bytes) else text
        return json.loads(text)
    except UnicodeDecodeError as error:
        raise DataError(f"{where}: not UTF-8 at byte {error.start + 1}; save the file as UTF-8") from error
    except json.JSONDecodeError as error:
        line = f" line {error.lineno}" if "\n" in text.rstrip() else ""
        raise DataError(
            f"{where}{line}: not JSON at column {error.colno} ({error.msg}); correct it"
        ) from error
    except (ValueError, RecursionError) as error:  # numbers of thousands of digits, thousands of brackets
        raise DataError(f"{where}: not readable as JSON ({error}); correct it") from error


def parse_record(row: object, folder: Path, where: str) -> Record:
    """A row of any format -> its checked record; pictures that the text does not place come first.

    Raises DataError that begins with `where`.
    """
    if not isinstance(row, dict):
        raise DataError(f'{where}: not an object; write {{"image": ..., "conversations": [...]}}')
    if row.get("images") is not None:
        raise DataError(f"{where}: images is not read; call it image, a name or a list of names")
    kind = row.get("type")
    if kind is not None and not isinstance(kind, str):
        raise DataError(f"{where}: type is {kind!r}; write text or leave it out")
    images, messages = _images(row, folder, where), _messages(row.get("conversations"), where)
    regions = _regions(row.get("regions"), where)
    record = Record(images, _placed(messages, len(images)), kind, where, regions)
    validate(record)
    return record


def _images(row: dict, folder: Path, where: str) -> tuple[Path | str | bytes, ...]:
    names, blobs = row.get("image"), row.get("image_bytes")
    if names is not None and blobs is not None:
        raise DataError(f"{where}: has both image and image_bytes; keep one of them")
    if blobs is not None:
        blobs = blobs if isinstance(blobs, list) else [blobs]
        for number, blob in enumerate(blobs, start=1):
            if not isinstance(blob, bytes) or not blob:
                raise DataError(
                    f"{where}: picture {number} of image_bytes is not bytes, or empty; write its file's bytes"
                )
        return tuple(blobs)
    names = _split(names, folder) if isinstance(names, str) else names or []
    if not isinstance(names, list) or not all(isinstance(name, str) and name.strip() for name in names):
        raise DataError(
            f"{where}: image is {names!r}; give names of files, or leave image out if there is none"
        )
    return tuple(name if "://" in name else _within(folder, name, where) for name in names)


def _within(folder: Path, name: str, where: str) -> Path:
    """A picture's path. A data file may be anybody's: it does not reach out of the folder it is given."""
    path = folder / name
    if "\0" in name or not Path(os.path.abspath(path)).is_relative_to(os.path.abspath(folder)):
        raise DataError(f"{where}: {name!r} lies outside {folder}; name an image folder that holds it")
    return path


def _split(names: str, folder: Path) -> list[str]:
    """ "a.png, b.png" is two names, unless a file is called just that; an address is never split."""
    if "://" in names or os.path.exists(folder / names):
        return [names]
    return [name.strip() for name in names.split(",")]


def _messages(value: object, where: str) -> tuple[dict[str, str], ...]:
    if isinstance(value, str):
        value = _from_json(value, f"{where}, conversations")
    if not isinstance(value, list) or not value:
        raise DataError(
            f'{where}: conversations is missing or no list; write [{{"role": ..., "content": ...}}, ...]'
        )
    return tuple(_message(one, f"{where}, message {number}") for number, one in enumerate(value, start=1))


def _message(value: object, where: str) -> dict[str, str]:
    if not isinstance(value, dict):
        raise DataError(f'{where}: not an object; write {{"role": ..., "content": ...}}')
    role, content = value.get("role", value.get("from")), value.get("content", value.get("value"))
    if not isinstance(role, str) or role not in ROLES:
        raise DataError(f"{where}: role {role!r} is unknown; known are {', '.join(ROLES)}")
    if not isinstance(content, str):
        raise DataError(f"{where}: content is {content!r}; write text")
    if re.search("[\ud800-\udfff]", content):
        raise DataError(f"{where}: content holds half a character (a lone surrogate); remove it")
    return {"role": ROLES[role], "content": content}


def _regions(value: object, where: str) -> tuple[Region, ...]:
    """[{"box": [left, top, right, bottom], "text": ...}], the sides as shares of the first picture's."""
    regions = []
    for number, one in enumerate(value if isinstance(value, list) else [value] if value else [], start=1):
        box, text = (one.get("box"), one.get("text")) if isinstance(one, dict) else (None, None)
        numbers = isinstance(box, list) and len(box) == 4 and all(isinstance(x, int | float) for x in box)
        if not numbers or not (0 <= box[0] < box[2] <= 1 and 0 <= box[1] < box[3] <= 1):
            raise DataError(
                f"{where}, region {number}: box is {box!r}; write [left, top, right, bottom], 0 to 1"
            )
        if not isinstance(text, str) or not text.strip():
            raise DataError(f"{where}, region {number}: text is {text!r}; say what is there")
        regions.append((tuple(box), text))
    return tuple(regions)


def _placed(messages: tuple[dict[str, str], ...], count: int) -> tuple[dict[str, str], ...]:
    """If no message places a picture, the user's first one begins with an `<image>` line for each."""
    first = next((number for number, message in enumerate(messages) if message["role"] == "user"), None)
    if first is None or any(IMAGE in message["content"] for message in messages):
        return messages
    content = f"{IMAGE}\n" * count + messages[first]["content"]
    return (*messages[:first], {"role": "user", "content": content}, *messages[first + 1 :])


def validate(record: Record) -> None:
    """Turns in order, answers not empty, one `<image>` for each picture: DataError says which is not so."""
    where, turns = record.where, record.messages
    skipped = 1 if turns and turns[0]["role"] == "system" else 0
    for number, message in enumerate(turns[skipped:], start=skipped):
        expected = ("user", "assistant")[(number - skipped) % 2]
        if message["role"] != expected:
            found = f"is the {message['role']}'s, expected the {expected}'s"
            raise DataError(f"{where}, message {number + 1}: {found}; user and assistant take turns")
        if expected == "assistant" and not message["content"].strip():
            raise DataError(
                f"{where}, message {number + 1}: the answer is empty; write it or remove the record"
            )
    if not turns or turns[-1]["role"] != "assistant":
        raise DataError(
            f"{where}: does not end with the assistant's answer; add it or remove the last message"
        )
    _check_marks(record)


def _check_marks(record: Record) -> None:
    for number, message in enumerate(record.messages, start=1):
        if message["role"] != "user" and IMAGE in message["content"]:
            raise DataError(
                f"{record.where}, message {number}: {IMAGE} stands outside the user's; remove it there"
            )
    if record.regions and not record.images:
        raise DataError(f"{record.where}: has regions but no picture; name its image, or remove them")
    marks = sum(message["content"].count(IMAGE) for message in record.messages)
    if marks != len(record.images):
        found = f"{marks} {IMAGE} in the text, {len(record.images)} pictures"
        raise DataError(
            f"{record.where}: {found}; write one for each picture, or none to have them put first"
        )


if __name__ == "__main__":  # python -m dataset.records check FILE
    import sys

    from dataset.check import main

    if sys.argv[1:2] != ["check"]:
        sys.exit("error: say what to do: python -m dataset.records check FILE (--help tells more)")
    main(sys.argv[2:])
