"""Muon equals torch's, and its steps are orthogonal."""

import pytest
import torch
from torch.testing import assert_close

from trainer.muon import Muon, orthogonal

SHAPES = [(24, 24), (16, 40), (40, 16), (16, 40)]


def trained(kind: type[torch.optim.Optimizer], **choices: torch.dtype) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    some = [torch.randn(shape, generator=generator).requires_grad_() for shape in SHAPES]
    optimizer = kind(some, lr=0.02, weight_decay=0.1, **choices)
    for _ in range(5):
        for p in some:
            p.grad = torch.randn(p.shape, generator=generator)
        optimizer.step()
    return some


def test_the_same_as_torchs_bit_for_bit() -> None:
    for ours, theirs in zip(trained(Muon), trained(torch.optim.Muon), strict=True):
        assert torch.equal(ours, theirs)


def test_in_fp32_it_is_near_that() -> None:
    """Steps of length 0.02 in each direction, rounded in bf16."""
    for exact, rounded in zip(trained(Muon, dtype=torch.float32), trained(Muon), strict=True):
        assert_close(exact, rounded, rtol=0, atol=2e-3)


@pytest.mark.parametrize("shape", SHAPES)
def test_all_directions_get_about_the_same_length(shape: tuple[int, int]) -> None:
    lengths = torch.linspace(0.1, 5, min(shape))
    matrix = torch.linalg.svd(torch.randn(shape), full_matrices=False)
    one, other = matrix.U, matrix.Vh
    found = one.T @ orthogonal((one * lengths @ other)[None], torch.float32)[0] @ other.T  # (min, min)
    assert ((found.diagonal() > 0.6) & (found.diagonal() < 1.3)).all()
    assert_close(found - found.diagonal().diag(), torch.zeros(min(shape), min(shape)), rtol=0, atol=1e-4)
