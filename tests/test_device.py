"""What a machine can do is asked of it."""

import pytest
import torch

from model import device
from model.device import pick_dtype

CPU = torch.device("cpu")


def test_a_cpu_without_bf16_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "multiplies_bf16", lambda device: False)
    with pytest.raises(ValueError, match="this CPU has no instructions for bf16"):
        pick_dtype("bf16", CPU)
    assert pick_dtype("int8", CPU) == "int8"


def test_auto_is_never_refused() -> None:
    assert pick_dtype(pick_dtype("auto", CPU), CPU) in ("fp32", "bf16")


def test_auto_asks_what_the_multiplications_can_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """ONEDNN_MAX_CPU_ISA=AVX2 keeps them from instructions that the processor has."""
    monkeypatch.setattr(device, "multiplies_bf16", lambda device: False)
    assert pick_dtype("auto", CPU) == "fp32"
