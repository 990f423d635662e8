"""Which files are pictures: by their names in a folder, by their kind when opened. Said here alone."""

import os
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from PIL import Image

# What people keep pictures in. Pillow opens more, but some of that by starting other programs (EPS).
FORMATS = ("AVIF", "BMP", "GIF", "ICO", "JPEG", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP")
HEIC = (".heic", ".heics", ".heif", ".heifs", ".hif")  # phones' own, which another package reads
TOLD = 5  # names of files that are left out
NO_PICTURES = "no pictures by their names"


@cache
def formats() -> tuple[str, ...]:
    """What is opened: HEIC, too, where pillow-heif is installed."""
    try:
        import pillow_heif
    except ImportError:
        return FORMATS
    pillow_heif.register_heif_opener()
    return (*FORMATS, "HEIF")


def is_heic(head: bytes) -> bool:
    """By the first 12 bytes of a file (ISO/IEC 23008-12, annex B)."""
    brands = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
    return head[4:8] == b"ftyp" and head[8:12] in brands


@cache
def suffixes() -> tuple[str, ...]:
    """Ends of pictures' names, in small letters. HEIC's always: where it is not read, that is said."""
    kinds = {*FORMATS, "MPO"}  # several pictures in a JPEG, as phones make them
    known = {suffix for suffix, kind in Image.registered_extensions().items() if kind in kinds}
    return tuple(sorted(known.union(HEIC)))


def is_picture(name: str) -> bool:
    """By its name; whether it is one is for load_image to say."""
    return Path(name).suffix.lower() in suffixes()


def names_in(folder: Path) -> tuple[list[str], list[str]]:
    """Names of the files and of the folders in a folder, in order, without other programs' own: `._a.png` is
    what a Mac knows about a.png."""
    files, folders = [], []
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.name.startswith(".") and entry.name != "__MACOSX":
                (folders if os.path.isdir(entry) else files).append(entry.name)  # False for a loop of links
    return sorted(files), sorted(folders)


def pictures_in(folder: Path) -> list[Path]:
    """The pictures of a folder, in order of their names; what else is there and left out is said."""
    files, folders = names_in(folder)
    for others, what in (
        ([name for name in files if not is_picture(name)], NO_PICTURES),
        (folders, "folders, not looked into"),
    ):
        tell_left_out(folder, others, what)
    return [folder / name for name in files if is_picture(name)]


def tell_left_out(folder: Path, names: Sequence[str], what: str) -> None:
    if names:
        told = ", ".join(names[:TOLD]) + (", ..." if len(names) > TOLD else "")
        print(f"{folder}: {len(names)} left out, {what}: {told}", file=sys.stderr)
