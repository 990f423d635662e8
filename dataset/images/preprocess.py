"""From RGB to CLIP's pixels, and the file that says how.

    RGB image -> Preprocessor -> frames (F, 3, S, S)

S side of the square that the vision tower sees; F is 1, but where a picture is cut into tiles (tiles.py).
"""

import json
import math
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from dataset.errors import DataError, read_object, shown
from dataset.images.load import load_image
from dataset.images.tiles import FILE, LARGEST, Grid, NanoTiling, Tiling
from dataset.record import Record


@dataclass(frozen=True)
class Preprocessor:
    """CLIP's preprocessing: resize (bicubic), crop the centre, subtract `mean`, divide by `std`.

    With `crop` the shortest side becomes `image_size` and the middle is kept; without, the whole picture is
    squashed to the square. The pixels are those of transformers' CLIPImageProcessor (its PIL backend), with
    `tiling` those of its Idefics3ImageProcessor, or nanoVLM's.
    """

    image_size: int = 224
    mean: tuple[float, float, float] = (0.48145466, 0.4578275, 0.40821073)
    std: tuple[float, float, float] = (0.26862954, 0.26130258, 0.27577711)
    crop: bool = True
    short: int | None = None  # with `crop`: the shortest side before it, where that is longer than image_size
    resample: int = int(Image.Resampling.BICUBIC)
    tiling: Tiling | None = None

    def __call__(self, image: Image.Image) -> torch.Tensor:
        """RGB image -> float32 pixels (3, S, S) of the whole picture. Raises ValueError for another mode."""
        return self.frames(image)[self.grids([image])[0].whole]

    def frames(self, image: Image.Image) -> torch.Tensor:
        """RGB image -> (F, 3, S, S), as many frames as its grid says."""
        if image.mode != "RGB":
            raise ValueError(f"the image has mode {image.mode}, expected RGB: pass it through load_image")
        tiling, side = self.tiling, self.image_size
        squares = tiling.frames(image, side, self.resample) if tiling else [self._squared(image)]
        pixels = torch.from_numpy(np.stack(squares)).permute(0, 3, 1, 2) / 255  # (F, 3, S, S), 0 to 1
        return (pixels - torch.tensor(self.mean)[:, None, None]) / torch.tensor(self.std)[:, None, None]

    @property
    def cuts(self) -> bool:
        """Whether a picture may be several frames."""
        return self.tiling is not None and self.tiling.cut

    def grids(self, images: Sequence[Image.Image]) -> list[Grid]:
        """How each picture is cut."""
        return [self.tiling.grid(one.size, self.image_size) if self.tiling else Grid() for one in images]

    def _squared(self, image: Image.Image) -> Image.Image:
        size, short = self.image_size, min(image.size)
        if not self.crop:
            return image.resize((size, size), self.resample)
        width, height = ((self.short or size) * side // short for side in image.size)  # rounded down
        left, top = (width - size) // 2, (height - size) // 2
        resized = image.resize((width, height), self.resample)
        return resized.crop((left, top, left + size, top + size))

    def moved(self, box: tuple[float, ...], size: tuple[int, int]) -> tuple[float, ...]:
        """A box in shares of a picture of `size` (width, height) -> in shares of what is left of it."""
        if not self.crop:
            return box
        share = self.image_size / (self.short or self.image_size)
        kept = [share * min(size) / side for side in size] * 2  # of width and height
        return tuple(min(1.0, max(0.0, (x - (1 - k) / 2) / k)) for x, k in zip(box, kept, strict=True))

    def to_json(self, path: str | os.PathLike) -> None:
        """Write `preprocessor_config.json` as transformers' CLIPImageProcessor or Idefics3's reads it;
        nanoVLM's is none of transformers'."""
        Path(path).write_text(json.dumps(self._fields(), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def from_json(cls, path: str | os.PathLike) -> "Preprocessor":
        """Read `preprocessor_config.json`."""
        return cls.from_fields(read_object(path), path)

    @classmethod
    def from_fields(cls, values: dict, path: str | os.PathLike) -> "Preprocessor":
        """A missing field has the value that it has in transformers.

        Raises DataError for every setting that would give pixels other than ours.
        """
        kind = re.sub("(ImageProcessor.*)?$", "", str(values.get("image_processor_type", "CLIP")))
        if kind not in KINDS:
            known = ", ".join(f"{name}ImageProcessor" for name in KINDS)
            found = shown(values["image_processor_type"])
            raise DataError(f"{path}: image_processor_type is {found}; known: {known}")
        own = KINDS[kind]
        fields = own._fields() | _written_out(values)
        for key in ("image_mean", "image_std"):
            if not _are_channels(fields[key]) or (key == "image_std" and min(fields[key]) <= 0):
                raise DataError(
                    f"{path}: {key} is {shown(fields[key])}, expected 3 numbers: red, green, blue"
                )
        shape = _tiled(fields, own.tiling, path) if own.tiling else _squared(fields, path)
        mean, std = tuple(fields["image_mean"]), tuple(fields["image_std"])
        resample = fields["resample"] if fields["resample"] in (own.resample, 2, 3) else own.resample
        found = cls(mean=mean, std=std, resample=resample, **shape)
        found._refuse_others(fields, path)
        return found

    @classmethod
    def beside(cls, folder: str | os.PathLike) -> "Preprocessor | None":
        """That of a checkpoint folder; None for a folder of words alone."""
        path = Path(folder) / FILE
        return cls.from_json(path) if path.is_file() else None

    def _fields(self) -> dict:
        square = {"height": self.image_size, "width": self.image_size}
        squared = {
            "image_processor_type": "CLIPImageProcessor",
            "size": {"shortest_edge": self.short or self.image_size} if self.crop else square,
            "do_center_crop": self.crop,
            "crop_size": square,
        }
        tiled = self.tiling and {
            "image_processor_type": "Idefics3ImageProcessor",
            "size": {"longest_edge": self.tiling.longest},
            "do_image_splitting": self.tiling.cut,
            "max_image_size": {"longest_edge": self.image_size},
        }
        if isinstance(self.tiling, NanoTiling):
            tiled["image_processor_type"] = "NanoVLMImageProcessor"
            tiled["resize_to_max_side_len"] = self.tiling.enlarged
        return {
            **(tiled or squared),
            "do_convert_rgb": True,
            "do_resize": True,
            "resample": self.resample,
            "do_rescale": True,
            "rescale_factor": 1 / 255,
            "do_normalize": True,
            "image_mean": list(self.mean),
            "image_std": list(self.std),
        }

    def _refuse_others(self, fields: dict, path: str | os.PathLike) -> None:
        """One rule: a file is good if it says what we would write, but for what changes no pixel."""
        expected = self._fields() | ({} if self.tiling else {"do_pad": False})  # tiles fill their frames
        idle = {"image_processor_type", "do_convert_rgb"} | (set() if self.crop else {"crop_size"})
        for key in [key for key in expected if key not in idle]:
            found, value = fields.get(key, expected[key]), expected[key]
            if found != value and not (key == "rescale_factor" and _is_close(found, value)):
                raise DataError(
                    f"{path}: {key} is {shown(found)}, only {shown(value)} goes with its other settings here"
                )


HALF, IMAGENET = (0.5,) * 3, ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
KINDS = {  # of image processors, by what each does with what its file leaves out
    "CLIP": Preprocessor(),
    "Blip": Preprocessor(384, crop=False),
    "Siglip": Preprocessor(224, HALF, HALF, crop=False),
    "Bit": Preprocessor(224, *IMAGENET, short=256),  # DINOv2's
    "Idefics3": Preprocessor(364, HALF, HALF, crop=False, resample=1, tiling=Tiling()),
    "SmolVLM": Preprocessor(364, HALF, HALF, crop=False, resample=1, tiling=Tiling()),
    "NanoVLM": Preprocessor(512, (0.0,) * 3, (1.0,) * 3, crop=False, tiling=NanoTiling()),
}


def efficientnet(image_size: int) -> Preprocessor:
    """EfficientNet-Lite's pixels, (x - 127) / 128 of bytes; the whole picture, squashed to the square."""
    return Preprocessor(image_size, (127 / 255,) * 3, (128 / 255,) * 3, crop=False)


def grids_of(record: Record, preprocessor: Preprocessor | None) -> list[Grid]:
    """How the pictures of a record are cut; none is opened where the preprocessor never cuts."""
    if preprocessor is None or not preprocessor.cuts:
        return []
    return preprocessor.grids([load_image(image, name=record.where) for image in record.images])


def _squared(fields: dict, path: str | os.PathLike) -> dict:
    """Fields of `Preprocessor`: cropped or squashed to one square."""
    size = fields["size"]
    known = isinstance(size, dict) and set(size) in ({"shortest_edge"}, {"height", "width"})
    if not known or not all(type(side) is int and side > 0 for side in size.values()):
        raise DataError(
            f'{path}: size is {shown(size)}, expected a whole number or {{"shortest_edge": number}}'
        )
    crop, side = "shortest_edge" in size, next(iter(size.values()))
    kept = min(side, _side_of(fields["crop_size"])) if crop else side
    return {"image_size": kept, "crop": crop, "short": side if kept < side else None}


def _tiled(fields: dict, own: Tiling, path: str | os.PathLike) -> dict:
    """Fields of `Preprocessor`: cut into tiles, or squashed by way of a longest side, as `own` says."""
    sides = []
    for key in ("size", "max_image_size"):
        size = fields[key]
        side = size.get("longest_edge") if isinstance(size, dict) and len(size) == 1 else None
        if type(side) is not int or not 1 <= side <= LARGEST:
            told = f'{{"longest_edge": number}}, up to {LARGEST}'
            raise DataError(f"{path}: {key} is {shown(size)}, expected {told}")
        sides.append(side)
    longest, side = sides
    tiling = replace(own, longest=longest, cut=fields["do_image_splitting"] is True)
    if isinstance(tiling, NanoTiling):
        tiling = replace(tiling, enlarged=fields["resize_to_max_side_len"] is True)
        if longest % side:
            raise DataError(f"{path}: size is {longest}, expected a multiple of max_image_size, {side}")
    return {"image_size": side, "crop": False, "tiling": tiling}


def _written_out(values: dict) -> dict:
    """The settings that are not null, bare sizes written out."""
    fields = {key: value for key, value in values.items() if value is not None}
    if type(fields.get("size")) is int:
        fields["size"] = {"shortest_edge": fields["size"]}
    if type(fields.get("crop_size")) is int:
        fields["crop_size"] = {"height": fields["crop_size"], "width": fields["crop_size"]}
    return fields


def _side_of(size: object) -> int:
    """Of {"height": 224, "width": 224}; what is no such thing is refused by comparison, later."""
    side = size.get("height") if isinstance(size, dict) else None
    return side if type(side) is int and side > 0 else 1


def _are_channels(value: object) -> bool:
    return isinstance(value, list) and len(value) == 3 and all(isinstance(x, int | float) for x in value)


def _is_close(found: object, value: float) -> bool:
    return isinstance(found, float) and math.isclose(found, value, rel_tol=1e-6)
