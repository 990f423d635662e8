"""Several conversations about one picture share its tokens in one row, each blind to the others.

    records with the same pictures -> Pack (a Record with `more`) -> samples -> one Sample, a tree

    <user> <picture> -+- question 1 -+- answer
                      |              +- another answer
                      +- question 2 --- answer             (how it is written: decoder.shared_mask)

A picture of 65 tokens is read once for all its questions, a question once for five captions: the same
losses, sooner.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from itertools import takewhile

import torch
from PIL import Image

from dataset.chat.render import IGNORED, Sample
from dataset.images.load import Source
from dataset.record import IMAGE, Record


class Packs(Sequence[Record]):
    """Records by up to `size` that have their pictures in common."""

    def __init__(self, records: Sequence[Record], size: int, seed: int = 0) -> None:
        self.records = records
        groups = together(records, seed)
        self.rows = [group[i : i + size] for group in groups for i in range(0, len(group), size)]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Record:
        first, *others = (self.records[i] for i in self.rows[index])
        if not others:
            return first
        where = f"{first.where} and {len(others)} more"
        return replace(first, where=where, more=tuple(record.messages for record in others))


def together(records: Sequence[Record], seed: int) -> list[Sequence[int]]:
    """Indices of records about the same pictures: `alike` of them in a row, where records say so, whose
    pictures would be drawn for nothing; else all are looked at, and mixed by `seed`."""
    if (alike := getattr(records, "alike", 1)) > 1:
        return [range(i, i + alike) for i in range(0, len(records), alike)]
    groups: dict[object, list[int]] = {}
    for index in range(len(records)):
        groups.setdefault(in_common(records[index], index), []).append(index)
    rng = torch.Generator().manual_seed(seed)
    shuffles = [torch.randperm(len(group), generator=rng).tolist() for group in groups.values()]
    return [[group[i] for i in order] for group, order in zip(groups.values(), shuffles, strict=True)]


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
    """Samples that begin alike -> one: a tree, what some have in common once, in front of where they part.

    They part before the last token that is not scored: what is scored is read one token before it. What comes
    after the last scored token of a sample is left out: nothing looks at it.
    """
    row = Sample([], [], [])
    _grow(row, [_until_scored(sample) for sample in samples], 0)
    return row


def _grow(row: Sample, branch: Sequence[Sample], start: int) -> None:
    """Append samples that are alike before `start`: what else they have in common, then each fork."""
    first, *others = branch
    stop = _in_common(branch, start) if others else len(first.input_ids)
    place = len(row.input_ids)
    row.input_ids.extend(first.input_ids[start:stop])
    row.labels.extend(first.labels[start:stop])
    row.ends.extend([0] * (stop - start))
    if others:
        forks: dict[object, list[Sample]] = {}
        for number, sample in enumerate(branch):
            alone = stop == _asked(sample)
            forks.setdefault(("alone", number) if alone else sample.input_ids[stop], []).append(sample)
        for fork in forks.values():
            _grow(row, fork, stop)
    row.ends[place : place + stop - start] = [len(row.ends)] * (stop - start)


def _in_common(branch: Sequence[Sample], start: int) -> int:
    """Up to where samples may share their tokens."""
    columns = zip(*(sample.input_ids[start : _asked(sample)] for sample in branch), strict=False)
    return start + sum(1 for _ in takewhile(lambda column: len(set(column)) == 1, columns))


def _asked(sample: Sample) -> int:
    """Where the last token before the first scored one stands."""
    return next(i for i, label in enumerate(sample.labels) if label != IGNORED) - 1


def _until_scored(sample: Sample) -> Sample:
    end = max(i for i, label in enumerate(sample.labels, start=1) if label != IGNORED)
    return Sample(sample.input_ids[:end], sample.labels[:end])
