"""Several processes as one. With one process, which is the usual, everything here is the identity."""

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.nn import functional as across


def rank() -> int:
    return dist.get_rank() if dist.is_available() and dist.is_initialized() else 0


def gather(x: Tensor) -> tuple[Tensor, int]:
    """(B, ...) of this process -> those of all in order of rank, with gradients; and where its own begin.

    Every process must bring the same shape.
    """
    if not (dist.is_available() and dist.is_initialized()) or dist.get_world_size() == 1:
        return x, 0
    return torch.cat(across.all_gather(x.contiguous())), rank() * len(x)
