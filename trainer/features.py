"""What a frozen vision encoder (the "eye") sees, computed once and kept, not in every epoch anew.

    out/features/<eye>/rows.bin    (n, P, D_vision) half precision, mapped into memory
                       keys.txt    sha256 of each row's picture, a line each, written after its row

Eye and pictures are known by their contents, so a folder serves every run with the same eye, and may be
deleted at any time between runs.
"""

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from filelock import FileLock
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from dataset.errors import DataError
from dataset.images.load import Source, load_image
from dataset.record import Record
from scoring.assistant import Assistant

KEYS = "keys.txt"
AT_ONCE = 32  # pictures for a GPU; a CPU is as fast with one, whose numbers no other picture can change
AGAIN = "the vision encoder sees every picture again in every epoch"
ROOM = 1.1  # of the space that new features take, so much has to be free


class FeatureStore:
    """Rows of features by the key of their picture. One process writes, any number read."""

    def __init__(self, folder: Path, shape: tuple[int, int]) -> None:
        self.folder, self.shape = folder, shape
        self.bytes = 2 * shape[0] * shape[1]  # of a row
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.rows, self._map = self._read(), None
        except OSError as error:
            raise DataError(f"--features {folder.parent}: {error.strerror}; name another folder") from None
        except UnicodeDecodeError:
            raise DataError(f"{folder / KEYS} is damaged; remove {folder}, which is made anew") from None

    def _read(self) -> dict[str, int]:
        """key -> row, of all that was written to the end."""
        keys, rows = self.folder / KEYS, self.folder / "rows.bin"
        if not keys.is_file() or not rows.is_file():
            return {}
        lines = keys.read_text(encoding="utf-8").split("\n")[:-1]  # the last is empty, or was cut off
        return {key: row for row, key in enumerate(lines[: rows.stat().st_size // self.bytes])}

    def add(self, new: Iterator[tuple[str, Tensor]]) -> None:
        """Write features (P, D_vision) under their keys, after what is whole in both files; not again what
        another run has written by now."""
        with FileLock(self.folder / "lock"):
            self.rows = self._read()
            whole = 1 + max(self.rows.values(), default=-1)  # a key may come twice
            with open(self.folder / KEYS, "ab+") as keys, open(self.folder / "rows.bin", "ab+") as rows:
                keys.truncate(65 * whole)
                rows.truncate(self.bytes * whole)
                for key, features in new:
                    if key in self.rows:
                        continue
                    rows.write(features.half().cpu().contiguous().numpy().tobytes())
                    rows.flush()
                    keys.write(f"{key}\n".encode())
                    keys.flush()
                    self.rows[key], whole = whole, whole + 1
        self._map = None

    def get(self, keys: Sequence[str]) -> Tensor:
        """-> (I, P, D_vision), float16"""
        if self._map is None:
            self._map = np.memmap(self.folder / "rows.bin", np.float16, "r").reshape(-1, *self.shape)
        return torch.from_numpy(self._map[[self.rows[key] for key in keys]])

    def __getstate__(self) -> dict:
        return self.__dict__ | {"_map": None}  # each worker process maps it anew


class Seen:
    """The features of records by their index, as `Prepared` asks for them."""

    def __init__(self, store: FeatureStore, keys: dict[int, list[str]]) -> None:
        self.store, self.keys = store, keys

    def get(self, index: int) -> Tensor | None:
        """(images, P, D_vision); None for a record without pictures."""
        return self.store.get(self.keys[index]) if self.keys[index] else None


@torch.no_grad()
def compute_features(assistant: Assistant, records: Sequence[Record], folder: Path) -> Seen | None:
    """The vision encoder's features of every picture; what is in `folder` already is not computed again.

    None, and a line that says so, where the disk has too little room, and where pictures are cut into tiles.
    """
    if assistant.preprocessor.cuts:
        print(f"features are not kept, as pictures are cut into different numbers of tiles: {AGAIN}")
        return None
    eye = assistant.vlm.config.vision
    store = FeatureStore(folder / fingerprint(assistant), (eye.num_tokens, eye.hidden_size))
    keys, missing, known = {}, {}, {}
    for index in range(len(records)):
        record = records[index]
        keys[index] = [
            known.get(image) or known.setdefault(image, picture_key(image))
            if isinstance(image, str | Path)
            else picture_key(image)
            for image in record.images
        ]
        for number, key in enumerate(keys[index]):
            if key not in store.rows:
                missing.setdefault(key, (index, number))
    needed, free = len(missing) * store.bytes, shutil.disk_usage(folder).free
    if needed * ROOM > free:
        print(
            f"features of {len(missing):,} pictures need {needed / 1e9:.1f} GB, {folder} has "
            f"{free / 1e9:.1f}: {AGAIN}; --features names another folder"
        )
        return None
    if missing:
        print(f"features of {len(missing):,} pictures are kept in {folder}, {needed / 1e6:,.0f} MB")
        try:
            store.add(_seen(assistant, records, missing))
        except OSError as error:  # others fill the disk, too
            told = f"{error.strerror} in {store.folder}; make room, or name another folder with --features"
            raise DataError(f"features cannot be kept: {told}") from error
    return Seen(store, keys)


def _seen(
    assistant: Assistant, records: Sequence[Record], places: dict[str, tuple[int, int]]
) -> Iterator[tuple[str, Tensor]]:
    bar = tqdm(total=len(places), desc="features", unit="picture", mininterval=1, dynamic_ncols=True)
    items, at_once = iter(places.items()), 1 if assistant.device.type == "cpu" else AT_ONCE
    while some := list(islice(items, at_once)):
        images = []
        for _, (index, number) in some:
            record = records[index]
            images.append(load_image(record.images[number], name=record.where))
        with assistant.precision():
            features = assistant.vlm.vision(assistant.pixels(images))
        yield from zip((key for key, _ in some), features, strict=True)
        bar.update(len(some))
    bar.close()


def picture_key(source: Source) -> str:
    """sha256 of a picture's file, or of its pixels where it has none."""
    if isinstance(source, Image.Image):
        return hashlib.sha256(repr((source.mode, source.size)).encode() + source.tobytes()).hexdigest()
    if isinstance(source, bytes):
        return hashlib.sha256(source).hexdigest()
    if "://" in str(source) or not Path(source).is_file():
        return picture_key(load_image(source))
    with open(source, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fingerprint(assistant: Assistant) -> str:
    """Of all that features depend on: the eye's weights and sizes, the preprocessor, the arithmetic."""
    vision = assistant.vlm.vision
    digest = hashlib.sha256(repr((vision.config, assistant.preprocessor, assistant.dtype)).encode())
    for name, tensor in sorted(vision.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy())
    return digest.hexdigest()[:16]
