"""Two processes give what one gives."""

import os
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp

from trainer.distributed import gather

X = torch.arange(12.0).view(4, 3)


def work(rank: int, folder: str) -> None:
    """Each process holds half of X, and the loss over all of it."""
    os.environ["OMP_NUM_THREADS"] = "1"
    dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    own = X[2 * rank : 2 * rank + 2].clone().requires_grad_(True)
    everything, first = gather(own)
    (everything.square().sum() / 2).backward()  # both processes add theirs
    torch.save((everything.detach(), first, own.grad), Path(folder) / f"{rank}.pt")
    dist.destroy_process_group()


def test_one_process_is_all() -> None:
    everything, first = gather(X)
    assert everything is X and first == 0


@pytest.mark.slow
def test_two_processes_gather_with_gradients(tmp_path: Path) -> None:
    mp.spawn(work, (str(tmp_path),), nprocs=2)
    for rank in range(2):
        everything, first, gradient = torch.load(tmp_path / f"{rank}.pt")
        assert torch.equal(everything, X) and first == 2 * rank
        torch.testing.assert_close(gradient, 2 * X[2 * rank : 2 * rank + 2])
