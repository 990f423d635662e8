"""What one conversation with its pictures is; formats/parse.py makes it from a row of a data file.

Nothing here opens a picture.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from dataset.errors import DataError, shown

IMAGE = "<image>"  # stands in a user's message where a picture goes
OTHER_MARKS = (
    re.compile(  # a picture as other tools' data places it: Qwen-VL, Llama 3.2, MMMU, MiniCPM-V, ...
        r"<img>[^<]*</img>|<\|image\|>|<image_\d+>|<\|image_\d+\|>|<ImageHere>"
    )
)
Message = dict[str, str]  # {"role", "content"}
Region = tuple[tuple[float, float, float, float], str]  # left, top, right, bottom in 0..1; what is said of it


@dataclass(frozen=True)
class Record:
    """One conversation and its pictures in reading order; `where` is its place, "data.jsonl line 7"."""

    images: tuple[str | Path | bytes | Image.Image, ...]
    messages: tuple[Message, ...]
    type: str | None = None
    where: str = "record"
    regions: tuple[Region, ...] = ()  # of the first picture
    more: tuple[tuple[Message, ...], ...] = ()  # further conversations about the same pictures

    @property
    def caption(self) -> str:
        """What is said of the picture: the first answer."""
        return next(message["content"] for message in self.messages if message["role"] == "assistant")


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


def expect_turns(messages: Sequence[Message], where: str) -> None:
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
                f"{record.where}, message {number}: {shown(mark[0])} does not mark a picture here; write "
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
