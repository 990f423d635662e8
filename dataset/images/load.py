"""From anything that holds a picture to checked RGB.

path, address, bytes or PIL image -> load_image -> RGB image
"""

import io
import os
import warnings
from pathlib import Path
from typing import BinaryIO

from PIL import Image, PngImagePlugin

from dataset.errors import DataError, printable
from dataset.images.embedded import EMBEDDED, embedded
from dataset.images.fetch import fetch
from dataset.images.nearby import nearby
from dataset.images.picture_files import formats, is_heic
from dataset.images.pixels import scale_transparency, to_rgb
from dataset.instead import instead

MAX_ASPECT = 200  # a strip resized by its short side would grow without bound along the other
# Times as many pixels of what phones make. 48 million of a JPEG, opened at half its sides, took 95 MB, or 324
# where all of it has to be held at once (progressive, colour in full), and of a HEIC, which has no
# transparency, 393; an RGBA picture of 40 million takes 613 (2026-11-26).
PHONES = {"JPEG": 2.75, "MPO": 2.75, "HEIF": 1.25}
URL_SECONDS, URL_BYTES = 10, 20_000_000
# Notes in a PNG are no reason to refuse it: one may be as long as Pillow lets all of them be together.
PngImagePlugin.MAX_TEXT_CHUNK = PngImagePlugin.MAX_TEXT_MEMORY

Source = str | os.PathLike | bytes | Image.Image


def load_image(source: Source, max_pixels: int = 40_000_000, name: str | None = None) -> Image.Image:
    """The picture as a new RGB image: upright, first frame, transparency over white.

    `source` is a path, an address (`read_address`), the bytes of a picture file, or a PIL image; `name` says
    in errors where it came from ("data.jsonl line 7"). `max_pixels` bounds width x height before anything is
    decoded; JPEG and HEIC files may have more (`PHONES`); such a JPEG is read at half its width and height.
    Raises DataError when the source is missing, not a picture, damaged or too large.
    """
    label = _label(source, name)
    if isinstance(source, str) and ("://" in source or EMBEDDED.match(source)):
        source = read_address(source, name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of bombs (our own bound is below), of metadata that is not needed
        if isinstance(source, Image.Image):
            _check_size(source, max_pixels, label)
            return _decoded(source, label)
        with _file(source, label) as file, _opened(file, label) as image:
            _check_size(image, int(max_pixels * PHONES.get(image.format, 1)), label)
            if image.width * image.height > max_pixels:
                image.draft(None, (image.width // 2, image.height // 2))
            scale_transparency(image)
            return _decoded(image, label)


def _label(source: Source, name: str | None) -> str:
    if isinstance(source, bytes):
        return printable(name or "picture bytes", 300)
    if isinstance(source, Image.Image):
        what = "picture"
    else:
        what = os.fspath(source)
        what = printable(what, 40 if EMBEDDED.match(what) else 300)
    return f"{what} ({name})" if name else what


def _file(source: str | os.PathLike | bytes, label: str) -> BinaryIO:
    if isinstance(source, bytes):
        return io.BytesIO(source)
    if Path(source).is_fifo() and not os.fspath(source).startswith("/dev/"):  # /dev/stdin is what is meant
        raise DataError(f"{label}: a pipe; save the picture in a file, and name that")
    try:
        return open(source, "rb")
    except OSError as error:  # no such file, a directory, no right
        advice = "check its name and the folder that holds it"
        if isinstance(error, FileNotFoundError):
            advice = nearby(Path(source)) or advice
        elif isinstance(error, IsADirectoryError):
            advice = "name a picture in it"
        raise DataError(f"{label}: {error.strerror}; {advice}") from error
    except ValueError as error:  # a name that no file can have
        raise DataError(f"{label}: {error}; check its name") from error


def _opened(file: BinaryIO, label: str) -> Image.Image:
    try:
        return Image.open(file, formats=formats())
    except Image.DecompressionBombError as error:
        raise DataError(f"{label}: the picture is too large; make it smaller") from error
    except Exception as error:  # a reader fed damaged bytes may raise anything
        file.seek(0)
        head = file.read(64)
        if told := instead(head):
            raise DataError(f"{label}: {told}") from error
        if is_heic(head) and "HEIF" not in formats():
            how = ".venv/bin/pip install pillow-heif, or save the picture as JPEG"
            raise DataError(f"{label}: HEIC is read where pillow-heif is installed; {how}") from error
        kinds = ", ".join(formats())
        raise DataError(f"{label}: not a picture, or an empty or damaged one; give one of {kinds}") from error


def read_address(address: str, name: str | None = None) -> bytes:
    """The file at an http(s) address, or within a data: one; never one of this machine. `name` as above.

    Raises DataError for other addresses, and for what `fetch` refuses.
    """
    label = _label(address, name)
    if EMBEDDED.match(address):
        return embedded(address, name or "picture")
    if address.split("://")[0].lower() not in ("http", "https"):
        raise DataError(
            f"{label}: only http:// and https:// are fetched, and data:...;base64, is read; give one of these"
        )
    try:
        return fetch(address, URL_SECONDS, URL_BYTES)
    except Exception as error:  # a bad address, no network, a refusal, a broken reply
        raise DataError(f"{label}: cannot be fetched ({error}); download it and give the file") from error


def _check_size(image: Image.Image, most: int, label: str) -> None:
    width, height = image.size
    if min(width, height) < 1:
        raise DataError(f"{label}: {width} x {height} pixels, nothing to see; give another picture")
    if width * height > most:
        raise DataError(f"{label}: {width} x {height} pixels, at most {most} are read; make it smaller")
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise DataError(f"{label}: {width} x {height} pixels is a strip, over {MAX_ASPECT} to 1; crop it")


def _decoded(image: Image.Image, label: str) -> Image.Image:
    try:
        return to_rgb(image)
    except Exception as error:  # as above
        raise DataError(
            f"{label}: the picture is damaged or unusual ({error}); save it as RGB PNG"
        ) from error
