"""A row of a data file becomes a checked record: the readers' common end.

    {"image": "a.png", "conversations": [{"role": "user", ...}, ...]} -> parse_record -> Record

Every mistake in a row is a DataError that begins with its place. Nothing here opens a picture.
Other shapes of row are turned into this one by rows.py on the way.
"""

import re
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path

from dataset.errors import DataError, shown
from dataset.formats.pictures import pictures_of
from dataset.formats.rows import as_conversation
from dataset.record import IMAGE, Message, Record, Region, validate

ROLES = {"system": "system", "user": "user", "assistant": "assistant", "human": "user", "gpt": "assistant"}


class Records(Sequence[Record]):
    """What the readers share: rows become records on their way out, and only there."""

    def __init__(self, path: Path, folder: Path) -> None:
        self.path, self.folder = path, folder

    def __getitem__(self, index: int) -> Record:
        index = range(len(self))[index]  # negative counts from the end, beyond it is an IndexError
        where = self.where(index)
        return parse_record(as_conversation(self.row(index), where), self.folder, where)

    @abstractmethod
    def row(self, index: int) -> object:
        """What the file holds at `index`, not checked."""

    @abstractmethod
    def where(self, index: int) -> str:
        """File and place, for errors."""


def parse_record(row: object, folder: Path, where: str) -> Record:
    """A row of any format -> its checked record; pictures that the text does not place come first.

    Raises DataError that begins with `where`.
    """
    if not isinstance(row, dict):
        raise DataError(f'{where}: not an object; write {{"image": ..., "conversations": [...]}}')
    kind = row.get("type")
    if kind is not None and not isinstance(kind, str):
        raise DataError(f"{where}: type is {shown(kind)}; write text or leave it out")
    images, messages = pictures_of(row, folder, where), _messages(row.get("conversations"), where)
    regions = _regions(row.get("regions"), where)
    record = Record(images, _placed(messages, len(images)), kind, where, regions)
    validate(record)
    return record


def _messages(value: object, where: str) -> tuple[Message, ...]:
    if not isinstance(value, list) or not value:
        raise DataError(
            f'{where}: conversations is missing or not a list; write [{{"role": ..., "content": ...}}, ...]'
        )
    return tuple(_message(one, f"{where}, message {number}") for number, one in enumerate(value, start=1))


def _message(value: object, where: str) -> Message:
    if not isinstance(value, dict):
        raise DataError(f'{where}: not an object; write {{"role": ..., "content": ...}}')
    role, content = value.get("role", value.get("from")), value.get("content", value.get("value"))
    if not isinstance(role, str) or role not in ROLES:
        raise DataError(f"{where}: role {shown(role)} is unknown; known are {', '.join(ROLES)}")
    if not isinstance(content, str):
        raise DataError(f"{where}: content is {shown(content)}; write text")
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
                f"{where}, region {number}: box is {shown(box)}; write [left, top, right, bottom], 0 to 1"
            )
        if not isinstance(text, str) or not text.strip():
            raise DataError(f"{where}, region {number}: text is {shown(text)}; say what is there")
        regions.append((tuple(box), text))
    return tuple(regions)


def _placed(messages: tuple[Message, ...], count: int) -> tuple[Message, ...]:
    """If no message places a picture, the user's first one begins with an `<image>` line for each."""
    first = next((number for number, message in enumerate(messages) if message["role"] == "user"), None)
    if first is None or any(IMAGE in message["content"] for message in messages):
        return messages
    content = f"{IMAGE}\n" * count + messages[first]["content"]
    return (*messages[:first], {"role": "user", "content": content}, *messages[first + 1 :])


def read_span(path: Path, start: int, end: int) -> bytes:
    with open(path, "rb") as file:
        file.seek(start)
        return file.read(end - start)
