"""What stands where a file should be: asked wherever somebody's data, pictures or weights are opened.

A clone without Git LFS holds pointers of a hundred bytes, a page saved from a browser is no picture, and a
spreadsheet is no table; what reads such a file says that it is damaged, cut off, or no JSON.
"""

from pathlib import Path

from dataset.errors import DataError

PAGE = "a web page, not the file itself; download that"
SHEET = "save a spreadsheet as CSV (in Excel: CSV UTF-8)"
ZIP = b"pk\3\4"  # PyTorch's weights are archives, too
BEGINNINGS = {  # how such a file begins, in small letters -> what it is, and what to do
    b"version https://git-lfs": "a pointer of Git LFS, not the file itself; fetch that: git lfs pull",
    b"<!doctype html": PAGE,
    b"<html": PAGE,
    ZIP: f"a zip archive, or a spreadsheet; unpack an archive, {SHEET}",
    b"\xd0\xcf\x11\xe0": f"a file of an office program; {SHEET}",
    b"%pdf-": "a PDF; save what it shows as PNG",
}
LONGEST = max(map(len, BEGINNINGS))
PICKLED = (".bin", ".pth", ".pt")
WEIGHTS = (*PICKLED, ".safetensors", ".gguf", ".json", ".jinja")  # files that a model is made of


def instead(head: bytes) -> str | None:
    """By how a file begins; None for any other."""
    head = head.lstrip()[:LONGEST].lower()
    return next((told for begin, told in BEGINNINGS.items() if head.startswith(begin)), None)


def expect_itself(path: Path) -> None:
    """Of a file, or of the files of a model in a folder. Raises DataError that says what is there instead."""
    files = [path]
    if path.is_dir():
        files = [one for one in sorted(path.iterdir()) if one.suffix in WEIGHTS]
    for one in files:
        if one.is_file() and (told := instead(_head(one))):
            raise DataError(f"{one}: {told}")


def _head(path: Path) -> bytes:
    with open(path, "rb") as file:
        head = file.read(2 * LONGEST)
    return b"" if path.suffix in PICKLED and head.lower().startswith(ZIP) else head
