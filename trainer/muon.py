"""Muon (Jordan et al. 2024, kellerjordan.github.io/posts/muon): the momentum's step, made orthogonal.

torch.optim.Muon is the same, but multiplies in bfloat16 on every machine: where a CPU has no instructions
for it, that alone takes 14 seconds of a step of `tiny`, and in float32 half a second.
"""

import math
from collections import defaultdict

import torch
from torch import Tensor

COEFFICIENTS = (
    3.4445,
    -4.7750,
    2.0315,
)  # of x, x^3 and x^5: steep at 0, so that small singular values rise fast
ITERATIONS = 5
AT_ONCE = 2**22  # numbers in matrices that are multiplied together: so much more memory a step takes


class Muon(torch.optim.Optimizer):
    """For matrices inside of layers; `dtype` is that of the products."""

    def __init__(
        self,
        params: list,
        lr: float = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        dtype: torch.dtype = torch.bfloat16,
    ) -> None:
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay, "momentum": momentum})
        self.dtype = dtype

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            alike: dict[torch.Size, list[Tensor]] = defaultdict(list)
            for p in group["params"]:
                if p.grad is not None:
                    alike[p.shape].append(p)
            for shape, some in alike.items():
                size = max(1, AT_ONCE // shape.numel())
                for first in range(0, len(some), size):
                    self._step(
                        some[first : first + size], group["lr"], group["weight_decay"], group["momentum"]
                    )

    def _step(self, some: list[Tensor], lr: float, weight_decay: float, momentum: float) -> None:
        """Of matrices of one shape (m, n), whose products are made together."""
        ahead = torch.stack([self._ahead(p, momentum) for p in some])
        rows, columns = some[0].shape
        for p, change in zip(some, orthogonal(ahead, self.dtype), strict=True):
            p.mul_(1 - lr * weight_decay)
            p.add_(change, alpha=-lr * math.sqrt(max(1, rows / columns)))

    def _ahead(self, p: Tensor, momentum: float) -> Tensor:
        if "momentum_buffer" not in self.state[p]:
            self.state[p]["momentum_buffer"] = torch.zeros_like(p.grad)
        mean = self.state[p]["momentum_buffer"].lerp_(p.grad, 1 - momentum)
        return p.grad.lerp(mean, momentum)  # Nesterov's


def orthogonal(matrices: Tensor, dtype: torch.dtype) -> Tensor:
    """(N, m, n) -> the same directions, each 0.6 to 1.3 long but for those that were near 0.

    Newton and Schulz's iteration."""
    a, b, c = COEFFICIENTS
    tall = matrices.shape[1] > matrices.shape[2]
    x = (matrices.mT if tall else matrices).to(dtype)
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)
    for _ in range(ITERATIONS):
        square = x @ x.mT  # the smaller of the two
        x = torch.baddbmm(x, torch.baddbmm(square, square, square, beta=b, alpha=c), x, beta=a)
    return x.mT if tall else x
