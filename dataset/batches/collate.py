"""Records to batches: rendered, padded on the right, pictures in one flat list in reading order.

    records [i] -> Sample + pixels -> {"input_ids", "labels" (B, T), "pixel_values" (I, 3, S, S), "where"}

I frames of all pictures: one of each, but where a picture is cut into tiles (images/tiles.py).

Where features were computed beforehand, "image_features" (I, P, D) stand in for the pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from PIL import Image, ImageEnhance, ImageOps
from torch import Tensor

from dataset.batches.asked import apart
from dataset.batches.packing import packed
from dataset.chat.render import IGNORED, Chat
from dataset.errors import DataError
from dataset.images.load import load_image
from dataset.images.preprocess import Preprocessor
from dataset.record import Record, Region

Batch = dict[str, Tensor | list]


class Features(Protocol):
    """A vision encoder's kept features, by the index of the record."""

    def get(self, index: int) -> Tensor | None:
        """(images, P, D_vision), None where there is no picture."""


@dataclass
class Prepared:
    """Records made ready one by one, by (epoch, index); augmentation is seeded by both.

    In two steps, what is said and what is seen: the first alone tells how long a record is.
    """

    records: Sequence[Record]
    chat: Chat
    preprocessor: Preprocessor
    max_length: int | None = None
    augment: bool = False
    features: Features | None = None  # computed beforehand
    asking: bool = False  # open questions come with their answers, too

    @property
    def cuts(self) -> bool:
        """Into tiles, as many as a picture's size asks for."""
        return self.preprocessor is not None and self.preprocessor.cuts

    def __getitem__(self, key: tuple[int, int]) -> dict:
        return self.shown(self.told(*key))

    def told(self, epoch: int, index: int) -> dict:
        record, render = self.records[index], self.chat.render
        talks = [record.messages, *record.more]
        grids = self.preprocessor.grids(self._images(record, epoch, index)) if self.cuts else []
        open_ones, talks = apart(talks) if self.asking else ([], talks)
        samples = [render(messages, record.where, self.max_length, grids) for messages in talks]
        sample = packed(samples) if record.more else samples[0]
        asked = [(self.chat.prompt(one.before, grids), one.answers) for one in open_ones]
        return {"key": (epoch, index), "record": record, "sample": sample, "asked": asked}

    def shown(self, told: dict) -> dict:
        record, (epoch, index) = told["record"], told["key"]
        prepared = {
            "sample": told["sample"],
            "asked": told["asked"],
            "where": record.where,
            "caption": record.caption,
            "regions": [],
        }
        if self.features is not None:
            return prepared | {"features": self.features.get(index)}
        images = self._images(record, epoch, index)
        if images:
            prepared["regions"] = self._regions(record, images[0].size)
        return prepared | {"pixels": [self.preprocessor.frames(image) for image in images]}

    def _images(self, record: Record, epoch: int, index: int) -> list[Image.Image]:
        images = [load_image(image, name=record.where) for image in record.images]
        if not self.augment:
            return images
        rng = torch.Generator().manual_seed(epoch * 1_000_003 + index)
        moved = [augmented(image, rng) for image in images]
        if not self.cuts:
            return moved
        return [one.resize(image.size) for one, image in zip(moved, images, strict=True)]  # as many tiles

    def _regions(self, record: Record, size: tuple[int, int]) -> list[Region]:
        """In the preprocessed picture, without those that are cropped away; where nobody has drawn any, the
        first picture is one region."""
        if not record.regions:
            return [((0.0, 0.0, 1.0, 1.0), record.caption)]
        if self.augment:
            raise DataError(f"{record.where}: has regions, which --augment would move; leave it out")
        moved = [(self.preprocessor.moved(box, size), text) for box, text in record.regions]
        return [(box, text) for box, text in moved if box[0] < box[2] and box[1] < box[3]]


def augmented(image: Image.Image, rng: torch.Generator) -> Image.Image:
    """Mirrored half of the time, cut to 60 to 100% of its area, brighter or darker."""

    def uniform(low: float, high: float) -> float:
        return low + (high - low) * torch.rand((), generator=rng).item()

    if uniform(0, 1) < 0.5:
        image = ImageOps.mirror(image)
    side = uniform(0.6, 1) ** 0.5
    width, height = max(1, round(image.width * side)), max(1, round(image.height * side))
    left, top = int(uniform(0, image.width - width + 1)), int(uniform(0, image.height - height + 1))
    image = image.crop((left, top, left + width, top + height))
    return ImageEnhance.Brightness(image).enhance(uniform(0.8, 1.2))


def pad_right(rows: Sequence[Sequence[int]], value: int) -> Tensor:
    """Rows of ids -> (B, T), T the longest."""
    longest = max(map(len, rows))
    return torch.tensor([[*row, *[value] * (longest - len(row))] for row in rows])


@dataclass
class Collate:
    chat: Chat

    def __call__(self, prepared: list[dict]) -> Batch:
        samples = [p["sample"] for p in prepared]
        batch: Batch = {
            "input_ids": pad_right([s.input_ids for s in samples], self.chat.pad_id),
            "labels": pad_right([s.labels for s in samples], IGNORED),
            "caption_ids": pad_right(
                [[*self.chat.encode(p["caption"]), self.chat.end_id] for p in prepared], self.chat.pad_id
            ),
            "where": [p["where"] for p in prepared],
            "asked": [p["asked"] for p in prepared],
        }
        if any(s.ends for s in samples):
            rows = [s.ends or [len(s.input_ids)] * len(s.input_ids) for s in samples]
            batch["ends"] = pad_right(rows, 0)
        batch |= self._regions(prepared)
        pixels = [frames for p in prepared for frames in p.get("pixels", [])]
        features = [p["features"] for p in prepared if p.get("features") is not None]
        if pixels:
            batch["pixel_values"] = torch.cat(pixels)
        if features:
            batch["image_features"] = torch.cat(features)
        return batch

    def _regions(self, prepared: list[dict]) -> Batch:
        """Boxes (R, 4), words said of each (R, T), and the frame (R,) that each is in: the whole picture."""
        regions, frames, before = [], [], 0
        for item in prepared:
            counts = [len(picture) for picture in item.get("pixels", [])]
            regions += item["regions"]
            frames += [before + sum(counts[:1]) - 1] * len(item["regions"])
            before += sum(counts)
        if not regions:
            return {}
        words = [sorted(set(self.chat.encode(f" {text}"))) for _, text in regions]
        return {
            "region_boxes": torch.tensor([box for box, _ in regions]),
            "region_ids": pad_right(words, self.chat.pad_id),
            "region_images": torch.tensor(frames),
        }
