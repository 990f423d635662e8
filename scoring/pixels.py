"""How another project's eye wants its pictures: from either of the files that may say so."""

import sys
from pathlib import Path

from huggingface_hub import snapshot_download

from dataset.errors import DataError, read_object
from dataset.preprocess import Preprocessor
from model.config import VisionConfig

PIXELS, PROCESSOR = "preprocessor_config.json", "processor_config.json"


def settings(folder: Path) -> tuple[Path, dict] | None:
    """The file, and what it says of pictures: transformers 5 writes one file for a whole processor."""
    if (folder / PIXELS).is_file():
        return folder / PIXELS, read_object(folder / PIXELS)
    held = read_object(folder / PROCESSOR).get("image_processor") if (folder / PROCESSOR).is_file() else None
    return (folder / PROCESSOR, held) if isinstance(held, dict) else None


def beside(eye: str) -> Path:
    """The folder of an eye that was opened by its path, or by its name in the hub's cache."""
    return Path(eye) if Path(eye).is_dir() else Path(snapshot_download(eye, local_files_only=True))


def open_preprocessor(folder: Path, eye: VisionConfig) -> Preprocessor:
    """The one beside the eye; where there is none its family's, which is said."""
    if (found := settings(folder)) is None:
        print(f"{folder}: has no {PIXELS}; pictures are made as for {eye.kind}", file=sys.stderr)
        return Preprocessor(eye.image_size, crop=eye.kind == "clip")
    path, values = found
    preprocessor = Preprocessor.from_fields(values, path)
    if preprocessor.image_size != eye.image_size:
        wanted = f"pictures of {preprocessor.image_size} pixels, the eye has {eye.image_size}"
        raise DataError(f"{path}: {wanted}")
    return preprocessor


def side_of(folder: Path) -> int:
    """Of the pictures that an eye is shown, where that is not what its own configuration says."""
    if (found := settings(folder)) is None:
        raise DataError(f"{folder}: has no {PIXELS}, which says how large its pictures are; get it, too")
    return Preprocessor.from_fields(found[1], found[0]).image_size
