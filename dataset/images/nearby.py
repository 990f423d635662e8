"""What a file that is not there may be called: in other case, with another ending, or in a folder below.

pictures/img_1.jpg is missing -> "there is pictures/cups/IMG_1.JPG"
"""

import os
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from pathlib import Path

from dataset.errors import printable
from dataset.images.picture_files import is_picture

SEEN, NAMED = 100_000, 3  # names that are looked at, and that are told


def nearby(path: Path) -> str:
    """Where files are called nearly as `path`, which is missing; "" where none is."""
    folder = path.parent if path.parent.is_dir() else path.parent.parent
    try:
        found = _called(folder, folder.stat().st_mtime_ns).get(_plain(path.name), [])
    except OSError:  # no such folder either, no right
        return ""
    found = [name for name in found if name != path.name]  # a link to nowhere is there, and is missing
    if is_picture(path.name):
        found = [name for name in found if is_picture(name)]
    told = [printable(str(folder / name)) for name in found[:NAMED]] + ["..."] * (len(found) > NAMED)
    return f"there is {', '.join(told)}" if found else ""


@lru_cache(maxsize=4)
def _called(folder: Path, _changed: int) -> dict[str, list[str]]:
    """Names in a folder and in the folders in it, by what is alike of them."""
    found: dict[str, list[str]] = {}
    for name in islice(_names(folder), SEEN):
        found.setdefault(_plain(os.path.basename(name)), []).append(name)
    return found


def _names(folder: Path) -> Iterator[str]:
    inner = []
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        yield entry.name
        if os.path.isdir(entry) and not entry.name.startswith(".") and os.access(entry, os.R_OK | os.X_OK):
            inner.append(entry.name)
    for name in inner:
        yield from (f"{name}/{one}" for one in sorted(os.listdir(folder / name)))


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", os.path.splitext(name)[0]).casefold()
