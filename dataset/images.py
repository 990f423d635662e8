"""From anything that holds a picture to checked RGB, and from RGB to CLIP's pixels.

    path, URL, bytes or PIL image -> load_image -> RGB image -> Preprocessor -> pixels (3, S, S)

S side of the square that the vision tower sees. Nothing here knows text, records or models.
"""

import io
import json
import math
import os
import urllib.request
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps

from dataset.errors import DataError

# What people keep pictures in. Pillow opens more, but some of that by starting other programs (EPS).
FORMATS = ("AVIF", "BMP", "GIF", "ICO", "JPEG", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP")
MAX_ASPECT = 200  # a strip resized by its short side would grow without bound along the other
URL_SECONDS, URL_BYTES = 10, 20_000_000

Source = str | os.PathLike | bytes | Image.Image


def load_image(source: Source, max_pixels: int = 40_000_000, name: str | None = None) -> Image.Image:
    """The picture as a new RGB image: upright, first frame, transparency over white.

    `source` is a path, an http(s) URL, the bytes of a picture file, or a PIL image; `name` says in errors
    where it came from ("data.jsonl line 7"). `max_pixels` bounds width x height before anything is decoded.
    Raises DataError when the source is missing, not a picture, damaged or too large.
    """
    label = _label(source, name)
    if isinstance(source, Image.Image):
        return _checked(source, max_pixels, label)
    with _open(source, label) as image:
        return _checked(image, max_pixels, label)


def _label(source: Source, name: str | None) -> str:
    if isinstance(source, Image.Image):
        what = "picture"
    elif isinstance(source, bytes):
        what = "picture bytes"
    else:
        what = "".join(letter if letter.isprintable() else "?" for letter in os.fspath(source))
        what = what if len(what) <= 300 else what[:300] + "..."
    return f"{what} ({name})" if name else what


def _open(source: str | os.PathLike | bytes, label: str) -> Image.Image:
    if isinstance(source, str) and "://" in source:
        source = _fetch(source, label)
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


def _fetch(url: str, label: str) -> bytes:
    if url.split("://")[0].lower() not in ("http", "https"):
        raise DataError(f"{label}: only http:// and https:// are fetched; give one of these or a path")
    try:
        request = urllib.request.Request(url, headers={"User-Agent": "glimpse"})
        with urllib.request.urlopen(request, timeout=URL_SECONDS) as response:
            data = response.read(URL_BYTES + 1)
    except Exception as error:  # a bad address, no network, a refusal, a broken reply
        raise DataError(f"{label}: cannot be fetched ({error}); download it and give its path") from error
    if len(data) > URL_BYTES:
        raise DataError(f"{label}: more than {URL_BYTES // 1_000_000} MB; download it and make it smaller")
    return data


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


@dataclass(frozen=True)
class Preprocessor:
    """CLIP's preprocessing: resize (bicubic), crop the centre, subtract `mean`, divide by `std`.

    With `crop` the shortest side becomes `image_size` and the middle is kept; without, the whole picture is
    squashed to the square. The pixels are those of transformers' CLIPImageProcessor (its PIL backend).
    """

    image_size: int = 224
    mean: tuple[float, float, float] = (0.48145466, 0.4578275, 0.40821073)
    std: tuple[float, float, float] = (0.26862954, 0.26130258, 0.27577711)
    crop: bool = True

    def __call__(self, image: Image.Image) -> torch.Tensor:
        """RGB image -> float32 pixels (3, S, S). Raises ValueError for another mode."""
        if image.mode != "RGB":
            raise ValueError(f"the image has mode {image.mode}, expected RGB: pass it through load_image")
        pixels = torch.from_numpy(np.array(self._squared(image))).permute(2, 0, 1) / 255  # (3, S, S), 0 to 1
        return (pixels - torch.tensor(self.mean)[:, None, None]) / torch.tensor(self.std)[:, None, None]

    def _squared(self, image: Image.Image) -> Image.Image:
        size, short = self.image_size, min(image.size)
        if not self.crop:
            return image.resize((size, size), Image.Resampling.BICUBIC)
        width, height = (size * side // short for side in image.size)  # rounded down, as CLIP does
        left, top = (width - size) // 2, (height - size) // 2
        resized = image.resize((width, height), Image.Resampling.BICUBIC)
        return resized.crop((left, top, left + size, top + size))

    def to_json(self, path: str | os.PathLike) -> None:
        """Write `preprocessor_config.json` as transformers' CLIPImageProcessor reads it."""
        Path(path).write_text(json.dumps(self._fields(), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def from_json(cls, path: str | os.PathLike) -> "Preprocessor":
        """Read `preprocessor_config.json`; a missing field has CLIP's value, as in transformers.

        Raises DataError for every setting that would give pixels other than ours.
        """
        fields = cls()._fields() | _read_fields(path)
        size = fields["size"]
        known = isinstance(size, dict) and set(size) in ({"shortest_edge"}, {"height", "width"})
        if not known or not all(type(side) is int and side > 0 for side in size.values()):
            raise DataError(
                f'{path}: size is {size!r}, expected a whole number or {{"shortest_edge": number}}'
            )
        for key in ("image_mean", "image_std"):
            if not _are_channels(fields[key]) or (key == "image_std" and min(fields[key]) <= 0):
                raise DataError(f"{path}: {key} is {fields[key]!r}, expected 3 numbers: red, green, blue")
        mean, std = tuple(fields["image_mean"]), tuple(fields["image_std"])
        found = cls(next(iter(size.values())), mean, std, crop="shortest_edge" in size)
        found._refuse_others(fields, path)
        return found

    def _fields(self) -> dict:
        square = {"height": self.image_size, "width": self.image_size}
        return {
            "image_processor_type": "CLIPImageProcessor",
            "do_convert_rgb": True,
            "do_resize": True,
            "size": {"shortest_edge": self.image_size} if self.crop else square,
            "resample": int(Image.Resampling.BICUBIC),
            "do_center_crop": self.crop,
            "crop_size": square,
            "do_rescale": True,
            "rescale_factor": 1 / 255,
            "do_normalize": True,
            "image_mean": list(self.mean),
            "image_std": list(self.std),
        }

    def _refuse_others(self, fields: dict, path: str | os.PathLike) -> None:
        """One rule: a file is good if it says what we would write, but for what changes no pixel."""
        kind = fields["image_processor_type"]
        if not str(kind).startswith("CLIP"):
            raise DataError(f"{path}: image_processor_type is {kind!r}; only CLIPImageProcessor is known")
        expected = self._fields() | {"do_pad": False}
        idle = {"image_processor_type", "do_convert_rgb"} | (set() if self.crop else {"crop_size"})
        for key in [key for key in expected if key not in idle]:
            found, value = fields.get(key, expected[key]), expected[key]
            if found != value and not (key == "rescale_factor" and _is_close(found, value)):
                raise DataError(
                    f"{path}: {key} is {found!r}, only {value!r} goes with its other settings here"
                )


def _read_fields(path: str | os.PathLike) -> dict:
    """The settings in a JSON file that are not null, bare sizes written out."""
    try:
        fields = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}; it belongs in the folder of the weights") from error
    except ValueError as error:
        raise DataError(f"{path}: not JSON ({error}); copy it again from where the weights are") from error
    if not isinstance(fields, dict):
        raise DataError(f"{path}: not a JSON object of settings; copy it again from where the weights are")
    fields = {key: value for key, value in fields.items() if value is not None}
    if type(fields.get("size")) is int:
        fields["size"] = {"shortest_edge": fields["size"]}
    if type(fields.get("crop_size")) is int:
        fields["crop_size"] = {"height": fields["crop_size"], "width": fields["crop_size"]}
    return fields


def _are_channels(value: object) -> bool:
    return isinstance(value, list) and len(value) == 3 and all(isinstance(x, int | float) for x in value)


def _is_close(found: object, value: float) -> bool:
    return isinstance(found, float) and math.isclose(found, value, rel_tol=1e-6)
