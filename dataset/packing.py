"""Several conversations about one picture share its tokens in one row, each blind to the others.

    records with the same pictures -> Pack (a Record with `more`) -> samples -> one Sample with segments

    ids       <user> <picture> question 1 answer 1 question 2 answer 2
    segments     0       0         1        1          2        2        (decoder.shared_mask)

A picture of 65 tokens is read once for eight questions instead of eight times: the same losses, sooner.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from itertools import takewhile

import torch
from PIL import Image

from dataset.chat import IGNORED, Sample
from dataset.images import Source
from dataset.record import IMAGE, Record


class Packs(Sequence[Record]):
    """Records by up to `size` that have their pictures in common (`in_common`), mixed by `seed`."""

    def __init__(self, records: Sequence[Record], size: int, seed: int = 0) -> None:
        self.records = records
        groups: dict[object, list[int]] = {}
        for index in range(len(records)):
            groups.setdefault(in_common(records[index], index), []).append(index)
        rng = torch.Generator().manual_seed(seed)
        self.rows: list[list[int]] = []
        for group in groups.values():
            mixed = [group[i] for i in torch.randperm(len(group), generator=rng).tolist()]
            self.rows += [mixed[i : i + size] for i in range(0, len(mixed), size)]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Record:
        first, *others = (self.records[i] for i in self.rows[index])
        if not others:
            return first
        where = f"{first.where} and {len(others)} more"
        return replace(first, where=where, more=tuple(record.messages for record in others))


def in_common(record: Record, index: int) -> object:
    """What conversations in a row are about: the same pictures, and the same words before and between them.
    Nothing stands with a record that has no picture, or one after an answer."""
    turns = [message["content"] for message in record.messages]
    last = max((number for number, text in enumerate(turns) if IMAGE in text), default=None)
    if last is None or any(message["role"] == "assistant" for message in record.messages[:last]):
        return index
    return tuple(map(_key, record.images)), (*turns[:last], turns[last].rpartition(IMAGE)[0])


def _key(image: Source) -> str:
    """Equal for equal pictures alone; one that has no name is known by what it holds."""
    if isinstance(image, Image.Image):
        image = repr((image.mode, image.size)).encode() + image.tobytes()
    return hashlib.sha256(image).hexdigest() if isinstance(image, bytes) else str(image)


def packed(samples: Sequence[Sample]) -> Sample:
    """Samples that begin alike -> one, their common beginning once and in front.

    It ends before the last token that is not scored: what is scored is read one token before it. What comes
    after the last scored token of a sample is left out: nothing looks at it.
    """
    columns = zip(*(sample.input_ids for sample in samples), strict=False)
    alike = sum(1 for _ in takewhile(lambda column: len(set(column)) == 1, columns))
    spans = [_scored_span(sample.labels) for sample in samples]
    shared = min(alike, *(first - 1 for first, _ in spans))
    ids, labels, segments = list(samples[0].input_ids[:shared]), [IGNORED] * shared, [0] * shared
    for number, (sample, (_, end)) in enumerate(zip(samples, spans, strict=True), start=1):
        ids += sample.input_ids[shared:end]
        labels += sample.labels[shared:end]
        segments += [number] * (end - shared)
    return Sample(ids, labels, segments)


def _scored_span(labels: Sequence[int]) -> tuple[int, int]:
    """From the first scored token to after the last."""
    places = [i for i, label in enumerate(labels) if label != IGNORED]
    return places[0], places[-1] + 1
