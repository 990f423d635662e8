"""Several processes as one: each learns from its own rows of a batch, and all take the same step.

    torchrun --nproc_per_node 2 train_sft_vlm.py ...

With one process, which is the usual, everything here is the identity. Gradients are summed by hand where
torch has DistributedDataParallel: once for each step, whatever accumulates in it, and a part that a process
has not used (no picture in its rows) counts as nothing there.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain

import torch
import torch.distributed as dist
from torch import Tensor

from trainer.shards import is_shard


@contextmanager
def processes(device: torch.device) -> Iterator[torch.device]:
    """What torchrun has begun meets here; gives the device that this process computes on."""
    if "LOCAL_RANK" not in os.environ or dist.is_initialized():
        yield device
        return
    if device.type == "cuda":
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield device
    except BaseException:
        dist.destroy_process_group()  # the others may never come
        raise
    leave()


def leave() -> None:
    """End together: who goes while another still talks to it is aborted, or aborts the other."""
    dist.barrier()
    dist.destroy_process_group()


def several() -> bool:
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1


def rank() -> int:
    return dist.get_rank() if several() else 0


def world() -> int:
    return dist.get_world_size() if several() else 1


@contextmanager
def leader_first() -> Iterator[None]:
    """What is done within is done by the leader, then by the others: they find what it leaves."""
    if several() and rank():
        dist.barrier()
    yield
    if several() and not rank():
        dist.barrier()


def gather(x: Tensor) -> tuple[Tensor, int]:
    """(B, ...) of this process -> those of all in order of rank, with gradients; and where its own begin.

    Every process must bring the same shape.
    """
    if not several():
        return x, 0
    return Gather.apply(x), rank() * len(x)


class Gather(torch.autograd.Function):
    """All processes' rows; what all of them ask of one's own rows comes back to these."""

    @staticmethod
    def forward(ctx: object, x: Tensor) -> Tensor:
        parts = [torch.empty_like(x) for _ in range(world())]
        dist.all_gather(parts, x.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: object, gradient: Tensor) -> Tensor:
        gradient = gradient.clone()
        dist.all_reduce(gradient)
        return gradient.chunk(world())[rank()]


def summed(numbers: Sequence[float], device: torch.device) -> list[float]:
    """Each number, summed over processes."""
    if not several():
        return list(numbers)
    together = torch.tensor(numbers, dtype=torch.float64, device=device)
    dist.all_reduce(together)
    return together.tolist()


def summed_by_name(numbers: dict[str, float]) -> dict[str, float]:
    """Each named number, summed over processes; one that learnt nothing from its rows has none to give."""
    if not several():
        return numbers
    told: list[dict[str, float]] = [{}] * world()
    dist.all_gather_object(told, numbers)
    return {name: sum(one.get(name, 0.0) for one in told) for name in dict.fromkeys(chain(*told))}


def sum_gradients(parameters: Sequence[torch.nn.Parameter]) -> None:
    """Every gradient becomes the sum of all processes'; one that none of them has stays None. Shards' are
    sums already."""
    parameters = [p for p in parameters if not is_shard(p)]
    if not several() or not parameters:
        return
    device = parameters[0].device
    used = torch.tensor([p.grad is not None for p in parameters], dtype=torch.int32, device=device)
    dist.all_reduce(used)
    some = [p for p, number in zip(parameters, used.tolist(), strict=True) if number]
    for p in some:
        p.grad = torch.zeros_like(p) if p.grad is None else p.grad
    flat = torch.cat([p.grad.flatten() for p in some])
    dist.all_reduce(flat)
    for p, part in zip(some, flat.split([p.numel() for p in some]), strict=True):
        p.grad.copy_(part.view_as(p))
