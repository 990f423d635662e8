"""Defaults: few records need small batches, many epochs, a short warm-up; a GPU needs many batches a second.

84 pictures in batches of 32 and one epoch were 3 steps under a warm-up of 50: nothing was learnt from them.
"""

import os
from dataclasses import replace

from trainer.args import TrainArgs

FEW = 1000  # records, below which a batch has 8
STEPS, LOOKS = 240, 20  # a run on a data file has so many steps, unless that takes more epochs than these
SHARE = 0.1  # of a run, its warm-up at most
MOST_WORKERS = 8


def suited(args: TrainArgs, records: int, drawn: bool) -> TrainArgs:
    """The flags with numbers where there were none, for a data file of so many records, or drawn ones."""
    few = not drawn and records < FEW
    batch_size = args.batch_size or (8 if few else 32)
    at_once = batch_size * args.accumulate
    looks = 1.0 if drawn else min(LOOKS, max(1.0, STEPS * at_once / records))
    epochs = looks if args.epochs is None else args.epochs
    steps = max(1, round(epochs * records / at_once))
    warmup = min(args.warmup, max(1, round(SHARE * steps)))
    if args.epochs is None and looks > 1:
        print(f"{records:,} records are few: {epochs:.3g} epochs of them (--epochs), {batch_size} in a batch")
    if warmup < args.warmup:
        print(f"warm-up takes {warmup} steps, a tenth of the run's {steps}, not --warmup {args.warmup}")
    workers = most_workers(args.device) if args.workers is None else args.workers
    return replace(args, batch_size=batch_size, epochs=epochs, warmup=warmup, workers=workers)


def most_workers(device: str) -> int:
    """Processes that prepare batches: where the CPU trains, one is enough, and takes little from it."""
    return 1 if device == "cpu" else max(1, min(MOST_WORKERS, (os.cpu_count() or 1) - 1))
