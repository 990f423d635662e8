"""A folder as a data set: its captions.txt, or a folder of pictures for each class.

    flickr8k/captions.txt, Images/          -> records of the table
    flowers/tulip/1.jpg, oxeye_daisy/2.jpg  -> "What is this?" "oxeye daisy", type "oxeye daisy"

Only names are read here; which of them are pictures', picture_files.py says. Where a folder may be
meant in two ways, it is refused.
"""

import os
from pathlib import Path

import numpy as np

from dataset.errors import DataError, printable
from dataset.picture_files import is_picture, names_in
from dataset.record import Records
from dataset.table import TableRecords

CAPTIONS = ("captions.txt", "captions.csv")
DATA = (".csv", ".tsv", ".json", ".jsonl", ".parquet")
PICTURES = {"images", "pictures", "photos"}  # names of folders that are no classes, in small letters
SPLITS = {"train", "val", "valid", "validation", "test"}


def open_folder(path: Path, folder: Path) -> Records:
    """`folder` is where its captions look for pictures; `path` itself if nothing was said of it."""
    names, inner = names_in(path)
    captions = [name for name in CAPTIONS if name in names]
    if captions:
        classes = [name for name in inner if name.lower() not in PICTURES and _pictures(path / name)]
        if len(captions) > 1 or len(classes) > 1:
            found = f"{', '.join(captions)}{' and folders of pictures' if len(classes) > 1 else ''}"
            raise DataError(f"{path}: holds {found}; name one file: {path / captions[0]}")
        return TableRecords(path / captions[0], folder)
    data = [name for name in names if Path(name).suffix.lower() in DATA]
    if data:
        remedy = "name that file, or move it away where each folder is a class" if inner else "name that file"
        raise DataError(f"{path}: holds {data[0]}; {remedy}: {path / data[0]}")
    if folder != path:
        raise DataError(
            f"{path}: has its pictures in a folder for each class; leave the image folder {folder} out"
        )
    return ClassRecords(path, _classes(path, names, inner))


def _classes(path: Path, names: list[str], inner: list[str]) -> dict[str, list[str]]:
    """{folder: pictures in it}. Raises DataError unless the folders are plainly classes."""
    classes = {name: found for name in inner if (found := _pictures(path / name))}
    loose = [name for name in names if is_picture(name)]
    deep = [name for name in inner if names_in(path / name)[1]]
    if deep:
        lies = f"{deep[0]} holds folders of its own"
        raise DataError(
            f"{path}: {lies}; name the folder whose folders are classes, such as {path / deep[0]}"
        )
    if not classes:
        raise DataError(
            f"{path}: neither captions.txt nor a folder of pictures for each class; write image,caption "
            f"lines to {path / CAPTIONS[0]}, or sort the pictures into folders named for what they show"
        )
    if loose:
        raise DataError(f"{path}: {loose[0]} lies beside the folders of classes; move it into one of them")
    if {name.lower() for name in classes} <= SPLITS | PICTURES:
        held = " and ".join(classes)
        raise DataError(
            f"{path}: {held} are no names of classes; sort the pictures into a folder for each class"
        )
    return classes


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
        shown = " ".join(folder.replace("_", " ").replace("-", " ").split())
        return {"image": [f"{folder}/{name}"], "name": shown, "type": shown}

    def where(self, index: int) -> str:
        return f"{self.path} {printable('/'.join(self._place(index)))}"

    def _place(self, index: int) -> tuple[str, str]:
        name = os.fsdecode(self.names[self.ends[index] : self.ends[index + 1]])
        return self.classes[np.searchsorted(self.starts, index, side="right") - 1], name


def _pictures(path: Path) -> list[str]:
    return [name for name in names_in(path)[0] if is_picture(name)]
