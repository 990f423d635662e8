"""A folder as a data set: what tells of its pictures, or a folder of them for each class.

    flickr8k/captions.txt, Images/          -> records of the table
    birds/metadata.jsonl, 1.jpg             -> records of that file (the hub's imagefolder)
    data/train-00000-of-00002.parquet, ...  -> records of all parts
    flowers/tulip/1.jpg, oxeye_daisy/2.jpg  -> "What is this?" "oxeye daisy", type "oxeye daisy"

Only names are read here; which of them are pictures', picture_files.py says. Where a folder may be
meant in two ways, it is refused.
"""

import os
import re
import unicodedata
from collections.abc import Mapping, Sequence
from glob import glob
from pathlib import Path

import numpy as np

from dataset.errors import DataError, printable
from dataset.formats.parse import Records
from dataset.images.picture_files import NO_PICTURES, is_picture, names_in, tell_left_out

CAPTIONS = ("captions.txt", "captions.csv")
DESCRIPTIONS = (*CAPTIONS, "metadata.csv", "metadata.jsonl", "metadata.parquet")
DATA = (".csv", ".tsv", ".json", ".jsonl", ".parquet")
PICTURES = {"images", "pictures", "photos"}  # names of folders that are no classes, in small letters
NUMBERED = re.compile(r"[-_.]*\d+(-of-\d+.*)?$")  # what tells the parts of a set apart
OF_ALL = re.compile(r"(\d+)-of-(\d+)")
SPLITS = {"train", "val", "valid", "validation", "test"}


def described_by(path: Path) -> list[Path]:
    """The files in a folder that tell of its pictures, one or the parts of one; none where its folders do.

    Raises DataError where there are several, or something else.
    """
    names, inner = names_in(path)
    told = [name for name in DESCRIPTIONS if name in names]
    data = [name for name in names if Path(name).suffix.lower() in DATA]
    if told:
        classes = [name for name in inner if name.lower() not in PICTURES and _pictures(path / name)]
        if len(told) > 1 or len(classes) > 1:
            found = f"{', '.join(told)}{' and folders of pictures' if len(classes) > 1 else ''}"
            raise DataError(f"{path}: holds {found}; name one file: {path / told[0]}")
        return [path / told[0]]
    if data and all(Path(name).suffix.lower() == ".parquet" for name in data):
        return _parts(path, data)
    if arrow := next((name for name in names if name.endswith(".arrow")), None):
        told = "as save_to_disk writes; write Parquet instead: dataset.to_parquet"
        raise DataError(f"{path}: holds {arrow}, {told}")
    if data:
        remedy = "name that file, or move it away where each folder is a class" if inner else "name that file"
        raise DataError(f"{path}: holds {data[0]}; {remedy}: {path / data[0]}")
    return []


def _parts(path: Path, names: list[str]) -> list[Path]:
    """Of one set, all of them: train-00000-of-00002.parquet, train-00001-of-00002.parquet."""
    kinds = {NUMBERED.sub("", Path(name).stem) for name in names}
    if len(kinds) > 1:
        found, one = " and ".join(sorted(kinds)[:4]), next((k for k in kinds if "train" in k), min(kinds))
        raise DataError(
            f"{path}: holds Parquet files of {found}; name one, or a pattern: '{path}/{one}*.parquet'"
        )
    counted = [(int(found[1]), int(found[2])) for name in names if (found := OF_ALL.search(name))]
    missing = set(range(max((of for _, of in counted), default=0))) - {number for number, _ in counted}
    if missing:
        raise DataError(
            f"{path}: of {names[0]} and its other parts {len(missing)} are missing, the first with number "
            f"{min(missing)}; add them, or name those that are to be read by a pattern: '{path}/*.parquet'"
        )
    return [path / name for name in names]


def matching(pattern: Path) -> list[Path]:
    """The Parquet files of a pattern such as data/train-*.parquet, in order; none for any other name."""
    found = sorted(Path(name) for name in glob(str(pattern), recursive=True) if os.path.isfile(name))
    other = next((file for file in found if file.suffix.lower() != ".parquet"), None)
    if other is not None:
        raise DataError(f"{pattern}: matches {other}; a pattern is for .parquet files, put others into one")
    return found


def open_classes(path: Path, folder: Path | None = None) -> Records:
    """A folder whose folders are classes; `folder`, where pictures are looked for, can only be itself."""
    if folder not in (None, path):
        raise DataError(
            f"{path}: has its pictures in a folder for each class; leave the image folder {folder} out"
        )
    return ClassRecords(path, _classes(path, *names_in(path)))


def _classes(path: Path, names: list[str], inner: list[str]) -> dict[str, list[str]]:
    """{folder: pictures in it}. Raises DataError unless the folders are plainly classes."""
    within = {name: names_in(path / name) for name in inner}
    pictures = {name: list(filter(is_picture, files)) for name, (files, _) in within.items()}
    classes = {name: found for name, found in pictures.items() if found}
    loose = [name for name in names if is_picture(name)]
    expect_no_set(path, {name: files for name, (files, _) in within.items()})
    deep = [name for name, (_, folders) in within.items() if folders]
    if deep:
        lies = f"{deep[0]} holds folders of its own"
        raise DataError(
            f"{path}: {lies}; name the folder that holds one folder for each class, such as {path / deep[0]}"
        )
    if not classes:
        above = f" (of which this may be one: name {path.absolute().parent})" if loose else ""
        raise DataError(
            f"{path}: neither captions.txt nor a folder of pictures for each class{above}; write "
            f"image,caption lines to {path / CAPTIONS[0]}, or sort the pictures into folders named for what "
            "they show"
        )
    if loose:
        raise DataError(f"{path}: {loose[0]} lies beside the folders of classes; move it into one of them")
    if {name.lower() for name in classes} <= SPLITS | PICTURES:
        held = " and ".join(classes)
        raise DataError(
            f"{path}: {held} are not names of classes; sort the pictures into a folder for each class"
        )
    for name, (files, _) in within.items():
        tell_left_out(path / name, [file for file in files if not is_picture(file)], NO_PICTURES)
    return classes


def expect_no_set(path: Path, within: Mapping[str, Sequence[str]]) -> None:
    """Raises DataError that names the folder, of those `within`, that tells of its pictures itself."""
    for folder, files in within.items():
        for name in files:
            if name in DESCRIPTIONS or Path(name).suffix.lower() in (".parquet", ".jsonl"):
                raise DataError(f"{path}: holds {folder}/{name}; name that folder: {path / folder}")


class ClassRecords(Records):
    """A record for each picture, by class and name; the names in one block that workers share."""

    def __init__(self, path: Path, classes: dict[str, list[str]]) -> None:
        super().__init__(path, path)
        self.classes = list(classes)
        names = [os.fsencode(name) for found in classes.values() for name in found]
        self.names = b"".join(names)
        self.ends = np.cumsum([0, *map(len, names)])  # (pictures + 1,): the byte after each name
        self.starts = np.cumsum([0, *map(len, classes.values())])  # (classes + 1,): the first picture of each

    def __len__(self) -> int:
        return len(self.ends) - 1

    def row(self, index: int) -> dict:
        folder, name = self._place(index)
        shown = unicodedata.normalize("NFC", folder)  # as people type it, whatever a Mac writes
        shown = " ".join(shown.replace("_", " ").replace("-", " ").split())
        return {"image": [f"{folder}/{name}"], "name": shown, "type": shown}

    def where(self, index: int) -> str:
        return f"{self.path} {printable('/'.join(self._place(index)))}"

    def _place(self, index: int) -> tuple[str, str]:
        name = os.fsdecode(self.names[self.ends[index] : self.ends[index + 1]])
        return self.classes[np.searchsorted(self.starts, index, side="right") - 1], name


def _pictures(path: Path) -> list[str]:
    return [name for name in names_in(path)[0] if is_picture(name)]
