"""How another project's vision encoder wants its pictures: from either of the files that may say so."""

import sys
from dataclasses import replace
from pathlib import Path

from dataset.errors import DataError, read_object
from dataset.images.preprocess import KINDS, Preprocessor

PIXELS, PROCESSOR = "preprocessor_config.json", "processor_config.json"
FAMILIES = {"clip": "CLIP", "blip": "Blip", "blip2": "Blip", "siglip": "Siglip", "dinov2": "Bit"}


def settings(folder: Path) -> tuple[Path, dict] | None:
    """The file, and what it says of pictures: transformers 5 writes one file for a whole processor."""
    if (folder / PIXELS).is_file():
        return folder / PIXELS, read_object(folder / PIXELS)
    held = read_object(folder / PROCESSOR).get("image_processor") if (folder / PROCESSOR).is_file() else None
    return (folder / PROCESSOR, held) if isinstance(held, dict) else None


def open_preprocessor(folder: Path, kind: str, image_size: int, needed: bool = False) -> Preprocessor:
    """The one beside a vision encoder of this kind, which takes squares of `image_size`.

    If there is none, its family's, with a line that says so; but DataError if it is `needed`."""
    if (found := settings(folder)) is None:
        if needed:
            raise DataError(f"{folder}: has no {PIXELS}, which says how pictures are cut; get it, too")
        print(f"{folder}: has no {PIXELS}; pictures are made as for {kind}", file=sys.stderr)
        return replace(KINDS[FAMILIES[kind]], image_size=image_size)
    path, values = found
    preprocessor = Preprocessor.from_fields(values, path)
    if preprocessor.image_size != image_size:
        wanted = f"pictures of {preprocessor.image_size} pixels, the vision encoder takes {image_size}"
        raise DataError(f"{path}: {wanted}")
    return preprocessor


def side_of(folder: Path) -> int:
    """Of the pictures that a vision encoder takes, where that is not what its own configuration says."""
    if (found := settings(folder)) is None:
        raise DataError(f"{folder}: has no {PIXELS}, which says how large its pictures are; get it, too")
    return Preprocessor.from_fields(found[1], found[0]).image_size
