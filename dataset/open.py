"""Where records come from: a data file, or the storybook by name."""

from collections.abc import Sequence
from pathlib import Path

from dataset.errors import DataError
from dataset.records import Record, open_records
from dataset.storybook.records import VIEWS, StorybookRecords

STORYBOOK_SAMPLES = 20_000


class FirstRecords(Sequence[Record]):
    """The first `length` of some records."""

    def __init__(self, records: Sequence[Record], length: int) -> None:
        self.records, self.length = records, min(length, len(records))

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> Record:
        if not 0 <= index < self.length:
            raise IndexError(index)
        return self.records[index]


def open_data(
    source: str,
    image_dir: Path | None = None,
    samples: int | None = None,
    view: str = "train",
    pictures: bool = True,
) -> Sequence[Record]:
    """`source` is a data file, "storybook" (then `view` says which records) or "storybook:VIEW".

    `samples`: how many records at most; of views that ask several times about a scene, how many scenes.
    """
    name, _, asked = source.partition(":")
    if name != "storybook":
        records = open_records(source, image_dir)
        return records if samples is None else FirstRecords(records, samples)
    if asked and asked not in VIEWS:
        raise DataError(f"{source}: the storybook has {', '.join(VIEWS)}")
    return StorybookRecords(asked or view, samples or STORYBOOK_SAMPLES, pictures)
