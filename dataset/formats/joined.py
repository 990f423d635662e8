"""Sets that keep pictures, questions and answers in lists of their own, joined by an id: COCO's and VQA v2's.

    captions.json    {"images": [{"id", "file_name"}], "annotations": [{"image_id", "caption"}]}
    questions.json   {"questions": [{"question_id", "image_id", "question"}], "data_subtype"}
    annotations.json {"annotations": [{"question_id", "multiple_choice_answer", "answer_type"}]}

A file is walked through once, an item at a time, and of each item its place is kept: a few hundred megabytes
of annotations become as many numbers as there are records. Items are read again when a record is asked for.
"""

import json
import os
import re
from array import array
from codecs import BOM_UTF8
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from dataset.errors import DataError, from_json, printable, shown
from dataset.formats.parse import Records, read_span
from dataset.images.picture_files import suffixes

DECODE, BLANK = json.JSONDecoder().raw_decode, re.compile(r"[ \t\r\n]*")
IDS = {"images": ("id",), "questions": ("question_id",), "annotations": ("question_id", "image_id")}
HELD = re.compile(rb'"(questions|annotations)"\s*:\s*\[')
NAMED = re.compile(r"(?:OpenEnded|MultipleChoice)_|questions|annotations")  # what tells a pair's names apart


def begins_object(data: bytes) -> bool:
    return data.removeprefix(BOM_UTF8).lstrip().startswith(b"{")


def open_joined(path: Path, folder: Path) -> Records:
    """Captions, or questions with their answers; of the latter's two files either may be named."""
    lists = Lists(path)
    if lists.holds("questions", "question_id"):
        return VQARecords(lists, Lists(partner(path, "questions", "annotations")), folder)
    if lists.holds("annotations", "question_id"):
        return VQARecords(Lists(partner(path, "annotations", "questions")), lists, folder)
    if lists.holds("annotations", "caption") and lists.holds("images", "id"):
        return CaptionRecords(lists, lists, folder)
    raise DataError(
        f"{path}: expected one list [...] of records, or an object with COCO's images and annotations (id, "
        f"file_name; image_id, caption) or VQA's questions or annotations (question_id); found {lists.told()}"
    )


@dataclass
class Lists:
    """Where the items of a file's lists are, and the ids that they are joined by."""

    path: Path
    spans: dict[str, array] = field(default_factory=dict)  # name -> from byte, to byte, from byte, ...
    ids: dict[str, list] = field(default_factory=dict)
    first: dict[str, object] = field(default_factory=dict)  # the first item of each, or the value

    def __post_init__(self) -> None:
        data = self.path.read_bytes()
        before = len(BOM_UTF8) if data.startswith(BOM_UTF8) else 0
        text = data[before:].decode("latin-1")  # a letter for each byte, so that places are bytes
        del data
        try:
            for name, item, start, end in _members(text):
                self.first.setdefault(name, item)
                if name in IDS:
                    self.spans.setdefault(name, array("q")).extend((start + before, end + before))
                    self.ids.setdefault(name, []).append(_id(item, IDS[name]))
        except json.JSONDecodeError as error:
            hint = (
                "with one record on each line, call it .jsonl" if error.msg == "Extra data" else "correct it"
            )
            place = f"{self.path} line {error.lineno}: not JSON at column {error.colno} ({error.msg})"
            raise DataError(f"{place}; {hint}") from error
        except (ValueError, RecursionError) as error:
            raise DataError(f"{self.path}: not readable as JSON ({error}); correct it") from error

    def holds(self, name: str, key: str) -> bool:
        item = self.first.get(name)
        return isinstance(item, dict) and key in item and name in IDS

    def told(self) -> str:
        held = [
            printable(f"{name} ({', '.join(item)})" if isinstance(item, dict) else name, 100)
            for name, item in list(self.first.items())[:8]
        ]
        return ", ".join(held) or "nothing"

    def rows(self, name: str) -> dict[object, int]:
        """{id: row}. Raises DataError where one comes twice."""
        rows: dict[object, int] = {}
        for row, key in enumerate(self.ids[name]):
            if key is not None and rows.setdefault(key, row) != row:
                raise DataError(f"{self.path}: {IDS[name][0]} {shown(key)} comes twice in {name}; remove one")
        return rows


class JoinedRecords(Records):
    """A record for each item of the list `LEFT`, with the item of the list `RIGHT` that has its id."""

    LEFT, RIGHT = "", ""

    def __init__(self, left: Lists, right: Lists, folder: Path) -> None:
        super().__init__(left.path, folder)
        self.other = right.path
        if self.LEFT not in left.spans or self.RIGHT not in right.spans:
            raise DataError(
                f"{right.path}: holds no {self.RIGHT} for {left.path}; name two that belong together"
            )
        rows = right.rows(self.RIGHT)
        found = np.array([rows.get(key, -1) for key in left.ids[self.LEFT]])
        if (found < 0).all():
            raise DataError(
                f"{left.path}: none of its {self.LEFT} has its id among the {self.RIGHT} of {right.path}; "
                "put those that belong together side by side"
            )
        self.left = np.array(left.spans[self.LEFT]).reshape(-1, 2)  # (records, 2): from byte, to byte
        self.right = np.array(right.spans[self.RIGHT]).reshape(-1, 2)[found]
        self.right[found < 0] = -1

    def __len__(self) -> int:
        return len(self.left)

    def row(self, index: int) -> dict:
        where = self.where(index)
        left = self._item(self.path, self.left[index], where)
        if self.right[index, 0] < 0:
            key = next((name for name in IDS[self.LEFT] if name in left), IDS[self.LEFT][-1])
            raise DataError(
                f"{where}: {key} {shown(left.get(key))} is not among the {self.RIGHT} of {self.other}; "
                "add it there, or remove this"
            )
        return self.joined(left, self._item(self.other, self.right[index], where))

    def joined(self, left: dict, right: dict) -> dict:
        """The two as a row."""
        raise NotImplementedError

    def where(self, index: int) -> str:
        return f"{self.path} {self.LEFT.removesuffix('s')} {index + 1}"

    def _item(self, path: Path, span: np.ndarray, where: str) -> dict:
        item = from_json(read_span(path, *span.tolist()), where)
        if not isinstance(item, dict):
            raise DataError(f"{where}: not an object; write one as the others are, or remove it")
        return item


class CaptionRecords(JoinedRecords):
    LEFT, RIGHT = "annotations", "images"

    def joined(self, left: dict, right: dict) -> dict:
        return {"image": right.get("file_name"), "caption": left.get("caption", "")}


class VQARecords(JoinedRecords):
    LEFT, RIGHT = "questions", "annotations"

    def __init__(self, left: Lists, right: Lists, folder: Path) -> None:
        super().__init__(left, right, folder)
        kinds = [lists.first.get("data_subtype") for lists in (left, right)]
        self.subtype = next((kind for kind in kinds if isinstance(kind, str)), None)

    def joined(self, left: dict, right: dict) -> dict:
        both = right | left
        row = {
            "image": self._picture(both),
            "question": left.get("question"),
            "type": right.get("answer_type"),
        }
        return row | {"answer": right.get("multiple_choice_answer"), "answers": right.get("answers")}

    def _picture(self, item: dict) -> object:
        """The name it is given, or that COCO's rule or its id makes: of several the first that is there."""
        number = item.get("image_id")
        if item.get("image") is not None or not isinstance(number, int | str):
            return item.get("image")
        names = [f"{number}{suffix}" for suffix in ("", ".jpg", ".png", *suffixes())]
        if self.subtype and isinstance(number, int):
            coco = f"COCO_{self.subtype}_{number:012}.jpg"
            names = [coco, f"{self.subtype}/{coco}", f"{number:012}.jpg"]
        return next((name for name in names if os.path.isfile(self.folder / name)), names[0])


def partner(path: Path, own: str, wanted: str) -> Path:
    """The other file of a pair, by its name, else by what it holds. Raises DataError unless there is one."""
    beside = sorted(p for p in path.parent.glob("*.json") if p.name != path.name and p.name[0] != ".")
    key = NAMED.sub("", path.stem)
    found = [p for p in beside if wanted in p.stem and NAMED.sub("", p.stem) == key]
    found = found or [p for p in beside if _is_of_a_pair(p, wanted)]
    if len(found) == 1:
        return found[0]
    names = path.stem.replace(own, wanted) if own in path.stem else f"{path.stem}_{wanted}"
    if not found:
        raise DataError(f"{path}: no {wanted} of VQA beside it; put their file there as {names}.json")
    several = ", ".join(p.name for p in found[:4])
    raise DataError(
        f"{path}: its {wanted} may be {several}; name the one that is meant, or call it {names}.json"
    )


def _is_of_a_pair(path: Path, wanted: str) -> bool:
    data = path.read_bytes()
    return wanted.encode() in HELD.findall(data) and b'"question_id"' in data


def _id(item: object, keys: tuple[str, ...]) -> int | str | None:
    key = next((item[key] for key in keys if key in item), None) if isinstance(item, dict) else None
    return key if isinstance(key, int | str) else None


def _members(text: str) -> Iterator[tuple[str, object, int, int]]:
    """(name, value, from, to) of what an object holds; of a list each item, one after another."""
    mark, at = _mark(text, 0, "{")
    if text.startswith("}", at):
        return
    while mark != "}":
        name, at = DECODE(text, at)
        if not isinstance(name, str):
            raise json.JSONDecodeError("Expecting a name in quotes", text, at)
        at = _mark(text, at, ":")[1]
        if text.startswith("[", at):
            at = yield from _items(text, at, name)
        else:
            start = at
            value, at = DECODE(text, at)
            yield name, value, start, at
        mark, at = _mark(text, at, ",}")
    if at != len(text):
        raise json.JSONDecodeError("Extra data", text, at)


def _items(text: str, at: int, name: str) -> Iterator[tuple[str, object, int, int]]:
    """Those of one list; the place behind it is returned."""
    mark, at = _mark(text, at, "[")
    if text.startswith("]", at):
        return at + 1
    while mark != "]":
        start = at
        value, at = DECODE(text, at)
        yield name, value, start, at
        mark, at = _mark(text, at, ",]")
    return at


def _mark(text: str, at: int, expected: str) -> tuple[str, int]:
    """The mark after any blanks, and the place of what follows it."""
    at = BLANK.match(text, at).end()
    if at == len(text) or text[at] not in expected:
        raise json.JSONDecodeError(f"Expecting {' or '.join(expected)}", text, at)
    return text[at], BLANK.match(text, at + 1).end()
