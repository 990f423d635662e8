"""Where records come from: a data file or folder, or the storybook by name."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from dataset.errors import DataError
from dataset.record import Record
from dataset.records import open_records
from dataset.storybook.records import VIEWS, StorybookRecords

STORYBOOK, STORYBOOK_SAMPLES = "storybook", 20_000


class Chosen(Sequence[Record]):
    """Some of the records, by their indices (in rising order, where `blocks` are asked for)."""

    def __init__(self, records: Sequence[Record], indices: Sequence[int]) -> None:
        self.records, self.indices = records, indices

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> Record:
        return self.records[self.indices[index]]

    @property
    def blocks(self) -> list[range] | None:
        """As the records have them, in numbers of the chosen."""
        whole = getattr(self.records, "blocks", None)
        ends = [bisect_left(self.indices, block.stop) for block in whole or ()]
        return [range(a, b) for a, b in pairwise([0, *ends]) if a < b] or None


def is_drawn(source: str) -> bool:
    """Is it the storybook, not a file that is called like it?"""
    return source.partition(":")[0] == STORYBOOK


def expect_folder_heeded(image_dir: Path | None, *sources: str | None) -> None:
    """Raises DataError for a folder of pictures where all are drawn."""
    if image_dir is not None and all(source is None or is_drawn(source) for source in sources):
        raise DataError(f"--image_dir {image_dir}: no effect, the storybook draws its own; leave it out")


def open_data(
    source: str,
    image_dir: Path | None = None,
    samples: int | None = None,
    view: str = "train",
    pictures: bool = True,
) -> Sequence[Record]:
    """`source` is a data file or folder, "storybook" (then `view` says which records) or "storybook:VIEW".

    `samples`: how many records at most; of views that ask several times about a scene, how many scenes.
    """
    asked = source.partition(":")[2]
    if not is_drawn(source):
        records = open_records(source, image_dir)
        return records if samples is None else Chosen(records, range(min(samples, len(records))))
    if asked and asked not in VIEWS:
        raise DataError(f"{source}: the storybook has {', '.join(VIEWS)}")
    return StorybookRecords(asked or view, samples or STORYBOOK_SAMPLES, pictures)
