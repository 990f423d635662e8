"""Rows as other people's sets have them, turned into the one shape that parse.py reads and checks.

    {"image", "question", "answer"}    {"image", "caption"} or "text"
    {"image", "name"} or "label"       {"image", "qa": [{"question", "answer"}, ...]}
    what other tools train on          (dialects.py)
        -> as_conversation -> {"image", "conversations", "type"}

A row in, a row out; what is wrong is a DataError that begins with the row's place. Which file holds such
rows, and where in it, is for the readers to know: lines.py, parquet.py, table.py, joined.py, folders.py.
"""

import math
import re
import sys
from collections.abc import Collection
from pathlib import Path

from dataset.errors import DataError, printable, shown
from dataset.formats.dialects import BEFORE, CONVERSATIONS, PAIRS, PICTURES, READ, UNREAD, in_our_words

ANSWERS = ("answer", "answers", "caption", "text", "name", "label")
CAPTIONS = ("caption", "text")
CHOICES = ("choices", "options")
UNCOMPUTED = {f"#{mark}" for mark in "REF! N/A NAME? VALUE! DIV/0! NULL! NUM!".split()}  # of spreadsheets
KEPT = ("image", "image_bytes", "regions")
COLUMNS = (*READ, "question", "qa", *ANSWERS, *CHOICES, "type", "regions")  # all that is read of a row
LISTS = ("image_bytes", "texts", "qa", "answers", "regions")  # more than a table's cell can hold
CHINESE = re.compile("[\u3400-\u9fff\uf900-\ufaff]")
DESCRIBE, DESCRIBE_ZH, NAME = "Describe the picture.", "描述一下这个图像的内容。", "What is this?"


def as_conversation(row: object, where: str) -> object:
    """One question and its answer as a conversation of two messages; any other row as it is.

    Where there is no question, a caption answers "Describe the picture." in its language, and an answer, a
    name or a label "What is this?". Of several answers the first is taken.
    """
    if not isinstance(row, dict):
        return row
    row = in_our_words(row, where)
    if row.get("conversations") is not None or not asks(row):
        return row
    if row.get("qa") is not None:
        how = '[{"question": ..., "answer": ...}, ...]'
        raise DataError(f"{where}: qa is not a list, or empty, or not in .jsonl or .json; write {how}")
    if all(row.get(key) in (None, "") for key in KEPT[:2]):
        raise DataError(f"{where}: image is missing or empty; name the picture's file, or remove the record")
    asked = row.get("question")
    question = "" if asked is None else _text(asked, "question", where)
    key = _answer_key(row, bool(question), where)
    answer = _text(_first(row[key], key, where), key, where)
    if not answer:
        raise DataError(f"{where}: {key} is empty; fill it, or remove the record")
    expect_computed(answer, key, where)
    _expect_in_words(answer, key, row, where)
    described = key in CAPTIONS
    asked = question or ((DESCRIBE_ZH if CHINESE.search(answer) else DESCRIBE) if described else NAME)
    messages = [{"role": "user", "content": asked}, {"role": "assistant", "content": answer}]
    kind = "caption" if described and row.get("type") is None else row.get("type")
    return {name: row[name] for name in KEPT if name in row} | {"conversations": messages, "type": kind}


def expect_computed(answer: str, key: str, where: str) -> None:
    if answer in UNCOMPUTED:
        raise DataError(f"{where}: {key} is {answer}, a spreadsheet's mistake; correct it there")


def asks(names: Collection[str]) -> bool:
    return any(key in names for key in ("question", "qa", *ANSWERS))


def makes_records(names: Collection[str]) -> bool:
    """Whether rows with these columns may be records: a conversation, or something said of a picture."""
    pair = any(asked in names and said in names for asked, said in PAIRS)
    pictured = any(name in names for name in PICTURES)
    return pair or any(name in names for name in CONVERSATIONS) or (pictured and asks(names))


def expect_one_record(names: Collection[str], where: str) -> None:
    """Raises DataError where columns of text do not go together, before any row is read."""
    if not any(name in names for name in CONVERSATIONS):
        as_conversation({name: "x" for name in names if name not in (*UNREAD, *BEFORE, *CHOICES)}, where)


def tell_unread(path: Path, names: Collection[str]) -> None:
    """Columns that nothing is read from, which may have been meant."""
    if names := [name for name in names if name]:
        print(f"{path}: not read: {printable(', '.join(names))}", file=sys.stderr)


def _answer_key(row: dict, asked: bool, where: str) -> str:
    found = [key for key in (ANSWERS[:2] if asked else ANSWERS) if row.get(key) is not None]
    if found[:2] == ["answer", "answers"]:
        found.remove("answers")
    if not found:
        missing = "a question without an answer" if asked else "no answer"
        raise DataError(f"{where}: {missing}; write it as answer, or remove the record")
    if len(found) > 1:
        raise DataError(
            f"{where}: no question, and {' and '.join(found)} to answer one; keep one of them, or call them "
            "question and answer"
        )
    return found[0]


def _first(value: object, key: str, where: str) -> object:
    """Of ["two", "2"] or [{"answer": "two"}, ...] the first; numbers that answer as text, whole ones without
    a point."""
    if isinstance(value, list):
        if not value:
            raise DataError(f"{where}: {key} is an empty list; write one, or remove the record")
        value = value[0]
        value = value.get("answer") if isinstance(value, dict) else value
    if key not in ANSWERS[:2] or isinstance(value, bool) or not isinstance(value, int | float):
        return value
    if isinstance(value, float) and value.is_integer():  # as tables with gaps keep whole numbers
        value = int(value)
    return str(value) if isinstance(value, int) or math.isfinite(value) else value


def _expect_in_words(answer: str, key: str, row: dict, where: str) -> None:
    """Raises DataError for what may be the number or the letter of one of several choices."""
    name = next((name for name in CHOICES if row.get(name) not in (None, [], "", "[]")), None)
    choices = row[name] if name and isinstance(row[name], list) else []
    found = answer in [str(one).strip() for one in choices]
    counts = isinstance(row[key], int | float) and any(isinstance(one, str) for one in choices)
    if name and (counts or not found):
        what = f"the number of one of its {name}, or its text" if found else f"none of its {name}"
        remedy = f"write the right one in words, and leave {name} out"
        raise DataError(f"{where}: {key} is {shown(answer)}, {what}; {remedy}")


def _text(value: object, key: str, where: str) -> str:
    if not isinstance(value, str):
        raise DataError(f"{where}: {key} is {shown(value)}; write text")
    return value.strip()


def one_of(row: dict, number: int, where: str) -> dict:
    """The question at `number` of a row that asks several about one picture."""
    pair = row["qa"][number]
    if not isinstance(pair, dict):
        raise DataError(f'{where}: not an object; write {{"question": ..., "answer": ...}}')
    return {key: value for key, value in row.items() if key != "qa"} | pair


def questions_in(row: object) -> int:
    """How many a row asks about its picture, each to be a record of its own; 0 where it has no list."""
    asked = isinstance(row, dict) and isinstance(row.get("qa"), list)
    return len(row["qa"]) if asked and not any(row.get(name) for name in CONVERSATIONS) else 0
