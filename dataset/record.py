"""What one conversation with its pictures is, and how a row of a data file becomes one.

    {"image": "a.png", "conversations": [{"role": "user", ...}, ...]} -> parse_record -> Record

Every mistake in a row is a DataError that begins with its place. Nothing here opens a picture.
Other shapes of row are turned into this one by formats.py on the way.
"""

import re
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from dataset.errors import DataError, shown
from dataset.formats import as_conversation
from dataset.pictures import IMAGE, pictures_of

OTHER_MARKS = (
    re.compile(  # a picture as other tools' data places it: Qwen-VL, Llama 3.2, MMMU, MiniCPM-V, ...
        r"<img>[^<]*</img>|<\|image\|>|<image_\d+>|<\|image_\d+\|>|<ImageHere>"
    )
)
ROLES = {"system": "system", "user": "user", "assistant": "assistant", "human": "user", "gpt": "assistant"}
Region = tuple[tuple[float, float, float, float], str]  # left, top, right, bottom in 0..1; what is said of it


@dataclass(frozen=True)
class Record:
    """One conversation and its pictures in reading order; `where` is its place, "data.jsonl line 7"."""

    images: tuple[str | Path | bytes | Image.Image, ...]
    messages: tuple[dict[str, str], ...]  # {"role", "content"} each
    type: str | None = None
    where: str = "record"
    regions: tuple[Region, ...] = ()  # of the first picture
    more: tuple[tuple[dict[str, str], ...], ...] = ()  # further conversations about the same pictures

    @property
    def caption(self) -> str:
        """What is said of the picture: the first answer."""
        return next(message["content"] for message in self.messages if message["role"] == "assistant")


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


def _messages(value: object, where: str) -> tuple[dict[str, str], ...]:
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
    expect_turns(turns, where)
    for number, message in enumerate(turns, start=1):
        if message["role"] == "assistant" and not message["content"].strip():
            raise DataError(f"{where}, message {number}: the answer is empty; write it or remove the record")
    if not turns or turns[-1]["role"] != "assistant":
        raise DataError(
            f"{where}: does not end with the assistant's answer; add it or remove the last message"
        )
    _check_marks(record)


def expect_turns(messages: Sequence[dict[str, str]], where: str) -> None:
    """Perhaps the system first, then user and assistant in turns: DataError names what comes out of turn."""
    skipped = 1 if messages and messages[0]["role"] == "system" else 0
    for number, message in enumerate(messages[skipped:], start=skipped):
        expected = ("user", "assistant")[(number - skipped) % 2]
        if message["role"] != expected:
            found = f"is the {message['role']}'s, expected the {expected}'s"
            raise DataError(f"{where}, message {number + 1}: {found}; user and assistant take turns")


def _check_marks(record: Record) -> None:
    for number, message in enumerate(record.messages, start=1):
        if message["role"] != "user" and IMAGE in message["content"]:
            raise DataError(
                f"{record.where}, message {number}: {IMAGE} stands outside the user's; remove it there"
            )
        if message["role"] == "user" and (mark := OTHER_MARKS.search(message["content"])):
            raise DataError(
                f"{record.where}, message {number}: {shown(mark[0])} is no picture's place here; write "
                f"{IMAGE} there, and its name under image"
            )
    if record.regions and not record.images:
        raise DataError(f"{record.where}: has regions but no picture; name its image, or remove them")
    marks = sum(message["content"].count(IMAGE) for message in record.messages)
    if marks != len(record.images):
        found = f"{marks} {IMAGE} in the text, {len(record.images)} pictures"
        raise DataError(
            f"{record.where}: {found}; write one for each picture, or none to have them put first"
        )


def read_span(path: Path, start: int, end: int) -> bytes:
    with open(path, "rb") as file:
        file.seek(start)
        return file.read(end - start)
