"""From anything that holds a picture to checked RGB.

path, address, bytes or PIL image -> load_image -> RGB image
"""

import base64
import binascii
import io
import os
import re
import warnings

import numpy as np
from PIL import Image, ImageOps

from dataset.errors import DataError, printable
from dataset.fetch import fetch

# What people keep pictures in. Pillow opens more, but some of that by starting other programs (EPS).
FORMATS = ("AVIF", "BMP", "GIF", "ICO", "JPEG", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP")
MAX_ASPECT = 200  # a strip resized by its short side would grow without bound along the other
URL_SECONDS, URL_BYTES = 10, 20_000_000
DATA = re.compile("data:[^,]{0,200};base64,", re.IGNORECASE)

Source = str | os.PathLike | bytes | Image.Image


def load_image(source: Source, max_pixels: int = 40_000_000, name: str | None = None) -> Image.Image:
    """The picture as a new RGB image: upright, first frame, transparency over white.

    `source` is a path, an address (`read_address`), the bytes of a picture file, or a PIL image; `name` says
    in errors where it came from ("data.jsonl line 7"). `max_pixels` bounds width x height before anything is
    decoded. Raises DataError when the source is missing, not a picture, damaged or too large.
    """
    label = _label(source, name)
    if isinstance(source, Image.Image):
        return _checked(source, max_pixels, label)
    if isinstance(source, str) and ("://" in source or DATA.match(source)):
        source = read_address(source, name)
    with _open(source, label) as image:
        return _checked(image, max_pixels, label)


def _label(source: Source, name: str | None) -> str:
    if isinstance(source, Image.Image):
        what = "picture"
    elif isinstance(source, bytes):
        what = "picture bytes"
    else:
        what = os.fspath(source)
        what = printable(what, 40 if DATA.match(what) else 300)
    return f"{what} ({name})" if name else what


def _open(source: str | os.PathLike | bytes, label: str) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own bound follows
            return Image.open(io.BytesIO(source) if isinstance(source, bytes) else source, formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise DataError(f"{label}: the picture is too large; make it smaller") from error
    except Exception as error:  # a reader fed damaged bytes may raise anything
        problem = getattr(error, "strerror", None)  # the system's word: no such file, a directory, no right
        if problem:
            raise DataError(f"{label}: {problem}; check its name and the folder that holds it") from error
        kinds = ", ".join(FORMATS)
        raise DataError(f"{label}: not a picture, or an empty or damaged one; give one of {kinds}") from error


def read_address(address: str, name: str | None = None) -> bytes:
    """The file at an http(s) address, or within a data: one; never one of this machine. `name` as above.

    Raises DataError for other addresses, and for what `fetch` refuses.
    """
    label = _label(address, name)
    if begin := DATA.match(address):
        return _decoded(address[begin.end() :], label)
    if address.split("://")[0].lower() not in ("http", "https"):
        raise DataError(
            f"{label}: only http:// and https:// are fetched, and data:...;base64, is read; give one of these"
        )
    try:
        return fetch(address, URL_SECONDS, URL_BYTES)
    except Exception as error:  # a bad address, no network, a refusal, a broken reply
        raise DataError(f"{label}: cannot be fetched ({error}); download it and give the file") from error


def _decoded(text: str, label: str) -> bytes:
    if len(text) > URL_BYTES * 4 // 3 + 4:
        raise DataError(f"{label}: more than {URL_BYTES // 1_000_000} MB; make the picture smaller")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise DataError(f"{label}: not base64 ({error}); encode the picture's file anew") from error


def _checked(image: Image.Image, max_pixels: int, label: str) -> Image.Image:
    width, height = image.size
    if min(width, height) < 1:
        raise DataError(f"{label}: {width} x {height} pixels, nothing to see; give another picture")
    if width * height > max_pixels:
        raise DataError(f"{label}: {width} x {height} pixels, at most {max_pixels} are read; make it smaller")
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise DataError(f"{label}: {width} x {height} pixels is a strip, over {MAX_ASPECT} to 1; crop it")
    try:
        return _to_rgb(ImageOps.exif_transpose(image))  # decodes
    except Exception as error:  # as above
        raise DataError(
            f"{label}: the picture is damaged or unusual ({error}); save it as RGB PNG"
        ) from error


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode[0] in "IF":  # I;16, I;16B, I and F: Pillow would clip what lies above 255
        image = _to_8_bit(image)
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")


def _to_8_bit(image: Image.Image) -> Image.Image:
    """Integer greys run to 65535; floats to 1, 255 or 65535, the first that holds them all."""
    grey = np.asarray(image).astype(np.float64)  # (height, width)
    tops = (1, 255, 65535) if image.mode == "F" else (65535,)
    top = next((top for top in tops if grey.max() <= top), None)
    if top is None or grey.min() < 0:
        raise ValueError(f"grey values from {grey.min():g} to {grey.max():g}, not within 0 to {tops[-1]}")
    return Image.fromarray((grey * (255 / top)).round().astype(np.uint8))
