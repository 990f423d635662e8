"""The one exception that a user's data can raise, and JSON read with it."""

import json
import os
from collections.abc import Sequence
from pathlib import Path


class DataError(ValueError):
    """A mistake in a user's file. The message is one line: what was found, where, and what to do.

    Scripts catch it, print it and end; there is no traceback to read.
    """


def expect_spared(folder: Path, names: Sequence[str]) -> None:
    """Raises DataError where the folder holds one of the files that are going to be written there."""
    if folder.exists() and not folder.is_dir():
        raise DataError(f"--out {folder}: is a file; name a folder")
    if there := [name for name in names if (folder / name).exists()]:
        raise DataError(f"{folder} holds {there[-1]}, which would be written over; give another --out")


def expect_each_once(names: Sequence[str], where: object) -> None:
    """Raises DataError for a column whose name another has, too: one of them would be lost."""
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise DataError(f"{where}: two columns are called {shown(twice)}; rename one")


def printable(text: str, longest: int = 200) -> str:
    """A user's own words as part of one line: what is no letter, digit or mark becomes a question mark."""
    shown = "".join(letter if letter.isprintable() else "?" for letter in text[:longest])
    return shown + ("..." if len(text) > longest else "")


def shown(value: object) -> str:
    """A value out of a user's file, as Python writes it, cut where it is long."""
    return printable(repr(value), 120)


def shortened(message: str, longest: int = 600) -> str:
    """Without its middle where it is longer: what is wrong stands in front, what to do at the end."""
    if len(message) <= longest:
        return message
    return f"{message[: longest * 2 // 3]} ... {message[-longest // 3 :]}"


def read_object(path: str | os.PathLike) -> dict:
    """The JSON object in a file that belongs to some weights. Raises DataError that names the file."""
    try:
        values = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}; it belongs in the folder of the weights") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: not JSON ({error}); copy it again from where the weights are") from error
    if not isinstance(values, dict):
        raise DataError(f"{path}: not a JSON object of settings; copy it again from where the weights are")
    return values


def from_json(text: bytes | str, where: str) -> object:
    """The JSON value in a piece of a user's file. Raises DataError that begins with `where`."""
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
