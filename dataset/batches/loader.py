"""Which records make which batch, and the process that prepares them: endless, seeded, from any batch on.

    shuffled records -> bunches of `pool` batches -> in each, sorted by length -> batches, shuffled

Records of a batch are about as long then, and little of it is padding. Of several training processes each
prepares its own rows of every batch: together they are the batch that one process would have.
"""

import atexit
import multiprocessing
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import torch
from torch.utils.data import DataLoader, Dataset

from dataset.batches.collate import Batch, Collate, Prepared
from dataset.errors import DataError

Key = tuple[int, int]  # epoch, index
MIXED = 4  # blocks of a large file; fewer than are kept of it
BIG = 1_000_003  # a prime apart, so that one seed's epochs are not another's


class Order:
    """Bunches (number, keys): all records in a new shuffle each epoch.

    `group` records in a row stay in a row. Of a file too large to be kept (`blocks`, ranges of its rows)
    the blocks are shuffled, and records among `MIXED` of them at a time.
    """

    def __init__(
        self,
        length: int,
        bunch_size: int,
        seed: int,
        group: int = 1,
        start: int = 0,
        blocks: Sequence[range] | None = None,
    ) -> None:
        self.length, self.bunch_size, self.seed, self.group = length, bunch_size, seed, group
        self.start, self.blocks = start, blocks

    def _epoch(self, number: int) -> Iterator[int]:
        rng = torch.Generator().manual_seed(self.seed * BIG + number)
        blocks = self.blocks or [range(self.length)]
        order = torch.randperm(len(blocks), generator=rng).tolist()
        for first in range(0, len(order), MIXED):
            rows = [i for block in order[first : first + MIXED] for i in blocks[block]]
            groups = [rows[i : i + self.group] for i in range(0, len(rows), self.group)]
            for place in torch.randperm(len(groups), generator=rng).tolist():
                yield from groups[place]

    def _keys(self, first: int) -> Iterator[Key]:
        epoch, skip = divmod(first, self.length)
        while True:
            yield from ((epoch, index) for index in islice(self._epoch(epoch), skip, None))
            epoch, skip = epoch + 1, 0

    def __iter__(self) -> Iterator[tuple[int, list[Key]]]:
        keys, number = self._keys(self.start * self.bunch_size), self.start
        while True:
            yield number, [next(keys) for _ in range(self.bunch_size)]
            number += 1


@dataclass
class Bunches(Dataset):
    """A bunch of records -> its batches; of each the rows of process `rank` of `world`."""

    prepared: Prepared
    batch_size: int
    seed: int
    rank: int = 0
    world: int = 1

    def __getitem__(self, bunch: tuple[int, list[Key]]) -> list[Batch]:
        number, keys = bunch
        try:
            told = [self.prepared.told(*key) for key in keys]
            rows = range(len(keys))
            if len(keys) > self.batch_size:
                rows = sorted(rows, key=lambda i: len(told[i]["sample"].input_ids))
            batches = [rows[i : i + self.batch_size] for i in range(0, len(rows), self.batch_size)]
            shuffle = torch.Generator().manual_seed(self.seed * BIG + number)
            collate = Collate(self.prepared.chat)
            return [
                collate([self.prepared.shown(told[i]) for i in batches[b][self.rank :: self.world]])
                for b in torch.randperm(len(batches), generator=shuffle).tolist()
            ]
        except DataError as error:  # a worker's exceptions come with its traceback: send the line alone
            return [{"error": str(error)}]


def make_loader(
    prepared: Prepared,
    batch_size: int,
    seed: int,
    workers: int = 0,
    start: int = 0,
    pool: int = 1,
    rank: int = 0,
    world: int = 1,
) -> Iterator[Batch]:
    """Endless batches in the seeded order, from batch `start` on. Raises DataError for a bad record."""
    group, blocks = getattr(prepared.records, "group", 1), getattr(prepared.records, "blocks", None)
    first, skip = divmod(start, pool)
    loader = DataLoader(
        Bunches(prepared, batch_size, seed, rank, world),
        batch_size=None,
        sampler=Order(len(prepared.records), pool * batch_size, seed, group, first, blocks),
        num_workers=workers,
        worker_init_fn=_heedless,
        generator=torch.Generator().manual_seed(seed),  # the global one is the training's, and is saved
    )
    for batches in loader:
        for batch in batches[skip:]:
            if "error" in batch:
                raise DataError(batch["error"])
            yield batch
        skip = 0


def _heedless(worker: int) -> None:
    """A signal to the whole group (Ctrl-C, `kill -- -PID`, a scheduler) is the trainer's to answer: it still
    wants its batches, and its workers end with it."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


@atexit.register
def _end_workers() -> None:
    """Those that an error has left, or that are slow to end: Python would ask them by SIGTERM, which they do
    not heed, and wait. torch, which raises an error for a worker that is killed, is not told."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for process in multiprocessing.active_children():
        if process.daemon:
            process.kill()


def held_out_batches(prepared: Prepared, batch_size: int, number: int | None = None) -> Iterator[Batch]:
    """All of it once, in order, or the first `number` batches; a rest that fills no batch is left out,
    unless it is all."""
    size = min(batch_size, len(prepared.records))
    for start in islice(range(0, len(prepared.records) - size + 1, size), number):
        yield Collate(prepared.chat)([prepared[0, i] for i in range(start, start + size)])
