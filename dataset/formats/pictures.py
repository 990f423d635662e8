"""Where a record's pictures are: names of files, addresses, or the bytes themselves.

    "a.png"  "a.png, b.png"  "sub\\a.png"  "file:///data/a.png"    files, all within the folder of pictures
    "https://example.org/猫.png"                                    addresses, fetched when they are looked at
    "data:image/png;base64,..."  b"..."  {"bytes", "path"}          bytes; the last is the hub's

Nothing here opens a picture.
"""

import os
import re
import unicodedata
from pathlib import Path
from urllib.parse import unquote

from dataset.errors import DataError, printable, shown
from dataset.images.embedded import DATA, embedded

FILE = "file://"
WHOLE = re.compile(r"[A-Za-z]:[\\/]")  # C:\Users\..., of another machine
BARE = re.compile(r"(iVBORw0KGgo|/9j/|R0lGOD|UklGR)[\w+/=\s]{40,}")  # PNG, JPEG, GIF and WebP in base64


def pictures_of(row: dict, folder: Path, where: str) -> tuple[Path | str | bytes, ...]:
    """Those of `image` or `image_bytes`, in order. Raises DataError that begins with `where`."""
    names, blobs = row.get("image"), row.get("image_bytes")
    if names is not None and blobs is not None:
        raise DataError(f"{where}: has both image and image_bytes; keep one of them")
    if blobs is not None:
        return tuple(_blob(blob, number, where) for number, blob in enumerate(_listed(blobs), start=1))
    if isinstance(names, str):
        names = _split(names, folder)
    return tuple(_picture(one, folder, where) for one in _listed(names))


def _listed(value: object) -> list:
    return value if isinstance(value, list) else [] if value is None else [value]


def there(folder: Path, names: str) -> bool:
    """Whether a file is called so there, or several are."""
    return all(os.path.isfile(folder / _spelt(folder, name)) for name in _split(names, folder))


def _blob(blob: object, number: int, where: str) -> bytes:
    if not isinstance(blob, bytes) or not blob:
        raise DataError(
            f"{where}: picture {number} of image_bytes is not bytes, or empty; write its file's bytes"
        )
    return blob


def _picture(value: object, folder: Path, where: str) -> Path | str | bytes:
    given = value
    if isinstance(value, dict):  # the hub's: of the two, what is there
        value = value.get("bytes") or value.get("path")
    if isinstance(value, bytes) and value:
        return value
    if not isinstance(value, str) or not value.strip():
        raise DataError(
            f"{where}: image is {shown(given)}; give names of files, or leave image out if there is none"
        )
    if value.lower().startswith(DATA):
        return embedded(value, where)
    if BARE.fullmatch(value):
        raise DataError(
            f"{where}: image is base64 without its kind; write data:image/png;base64, (or jpeg ...) before it"
        )
    if value.lower().startswith(FILE):
        return _within(folder, path_of(value, where), where)
    return value if "://" in value else _within(folder, value, where)


def path_of(address: str, where: str) -> str:
    """The path that a file:// address names. Raises DataError for one on another machine."""
    host, _, path = address[len(FILE) :].partition("/")
    if host.lower() not in ("", "localhost"):
        raise DataError(f"{where}: {printable(address)} is on another machine; write file:///, or its path")
    return f"/{unquote(path)}"


def _within(folder: Path, name: str, where: str) -> Path:
    """A picture's path. A data file may be anybody's: it does not reach out of the folder it is given."""
    name = _spelt(folder, name)
    if WHOLE.match(name) and os.name != "nt" and not os.path.exists(folder / name):
        raise DataError(f"{where}: {shown(name)} is an absolute Windows path; write it relative to {folder}")
    path = folder / name
    if "\0" in name or not Path(os.path.abspath(path)).is_relative_to(os.path.abspath(folder)):
        raise DataError(f"{where}: {shown(name)} lies outside {folder}; name an image folder that holds it")
    return path


def _spelt(folder: Path, name: str) -> str:
    """As a file there is called: a backslash divides folders, and a Mac may write "ü" as "u" and two dots."""
    if name.isascii() and "\\" not in name:  # one spelling; nothing to look up
        return name
    divided = name.replace("\\", "/")
    spellings = (name, divided, *(unicodedata.normalize(form, divided) for form in ("NFC", "NFD")))
    return next((one for one in spellings if os.path.exists(folder / one)), divided)


def _split(names: str, folder: Path) -> list[str]:
    """ "a.png, b.png" is two names, unless a file is called just that; an address is never split."""
    if "://" in names or names.lower().startswith(DATA) or os.path.exists(folder / _spelt(folder, names)):
        return [names]
    return [name.strip() for name in names.split(",")]
