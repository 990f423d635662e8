"""What the machine gives: the limits that the other figures are held against, and runs that take turns."""

import platform
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import torch
from torch import Tensor


def name(device: torch.device) -> str:
    """Processor, cores and versions, in a line."""
    if device.type == "cuda":
        what = torch.cuda.get_device_name(device)
    else:
        info = Path("/proc/cpuinfo").read_text(encoding="utf-8") if Path("/proc/cpuinfo").is_file() else ""
        models = [line.partition(":")[2].strip() for line in info.splitlines() if "model name" in line]
        what = f"{models[0] if models else platform.processor()}, {torch.get_num_threads()} threads"
    return f"{what}; torch {torch.__version__}, Python {platform.python_version()}"


def wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def seconds(run: Callable[[], object], device: torch.device) -> float:
    wait(device)
    start = time.perf_counter()
    run()
    wait(device)
    return time.perf_counter() - start


def in_turns(runs: dict[str, Callable[[], object]], rounds: int, device: torch.device) -> dict[str, float]:
    """Seconds of each run: the median of `rounds`, one of each in every round, so that what slows the
    machine slows all; one before that does not count."""
    taken: dict[str, list[float]] = {key: [] for key in runs}
    for _ in range(1 + rounds):
        for key, run in runs.items():
            taken[key].append(seconds(run, device))
    return {key: median(some[1:]) for key, some in taken.items()}


def matrix_rate(dtype: torch.dtype, device: torch.device, size: int = 1536) -> float:
    """GFLOP/s of a product of two squares, the best of some."""
    a, b = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
    return 2 * size**3 / min(seconds(lambda: a @ b, device) for _ in range(8)) / 1e9


def products(weights: list[Tensor]) -> Callable[[], object]:
    """A run that reads every weight (in, out) once, as saying one token must, and does nothing else."""
    rows = {w.shape[0]: torch.randn(1, w.shape[0], device=w.device, dtype=w.dtype) for w in weights}
    return lambda: [rows[w.shape[0]] @ w for w in weights]
