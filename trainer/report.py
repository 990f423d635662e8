"""What a run says of itself: a progress bar, metrics.jsonl and a picture of its curves."""

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Literal

from matplotlib.figure import Figure
from tqdm import tqdm

from trainer.checkpoint import write_text_whole


class TensorBoard:
    def __init__(self, folder: Path, name: str) -> None:
        from torch.utils.tensorboard import SummaryWriter  # takes seconds to import

        self.writer = SummaryWriter(folder / "board")

    def log(self, step: int, row: dict[str, float]) -> None:
        for key, value in row.items():
            if key != "step":
                self.writer.add_scalar(key, value, step)

    def close(self) -> None:
        self.writer.close()


class WeightsAndBiases:
    def __init__(self, folder: Path, name: str) -> None:
        try:
            import wandb
        except ImportError:
            raise ValueError("--board wandb needs the package: .venv/bin/pip install wandb") from None
        mode = "online" if os.environ.get("WANDB_API_KEY") else "offline"
        self.run = wandb.init(project="glimpse", name=name, dir=folder, mode=mode)

    def log(self, step: int, row: dict[str, float]) -> None:
        self.run.log(row, step=step)

    def close(self) -> None:
        self.run.finish()


Board = Literal["none", "tensorboard", "wandb"]
BOARDS = {"tensorboard": TensorBoard, "wandb": WeightsAndBiases}


class Report:
    """One line of metrics.jsonl for each `log`; a resumed run goes on in the same file."""

    def __init__(self, folder: Path, name: str, steps: int, first: int = 0, board: Board = "none") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path, self.picture = folder / "metrics.jsonl", folder / "loss.png"
        kept = [row for row in read_metrics(self.path) if row["step"] <= first] if first else []
        write_text_whole(self.path, "".join(json.dumps(row) + "\n" for row in kept))
        self.bar = tqdm(total=steps, initial=first, desc=name, unit="step", mininterval=1, dynamic_ncols=True)
        self.before = kept[-1]["seconds"] if kept else 0.0  # of the run so far, before this start
        self.started = self.last = time.perf_counter()
        self.waited = 0.0
        self.board = BOARDS[board](folder, name) if board != "none" else None

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """What is done within counts as waiting for data."""
        begun = time.perf_counter()
        yield
        self.waited += time.perf_counter() - begun

    def step(self) -> None:
        self.bar.update()

    def log(self, step: int, samples: int, values: dict[str, float]) -> float:
        """`samples` and `values` are those of the steps since the last log, as is the share of time spent
        waiting for data, which is returned."""
        now = time.perf_counter()
        since, self.last = now - self.last, now
        rate, waiting, self.waited = samples / since, self.waited / since, 0.0
        seconds = self.before + now - self.started
        row = {"step": step, **values, "samples_per_s": rate, "waiting": waiting, "seconds": seconds}
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps({k: round(v, 6) for k, v in row.items()}) + "\n")
        if self.board:
            self.board.log(step, row)
        self.bar.set_postfix(
            {k: f"{v:.4g}" for k, v in values.items() if k != "lr"} | {"samples/s": f"{rate:.0f}"}
        )
        return waiting

    def close(self) -> None:
        self.bar.close()
        if self.board:
            self.board.close()
        draw_curves(read_metrics(self.path), self.picture)


class Silence:
    """What a process says that does not lead."""

    waiting = staticmethod(nullcontext)

    def step(self) -> None: ...

    def log(self, step: int, samples: int, values: dict[str, float]) -> float:
        return 0.0

    def close(self) -> None: ...


def read_metrics(path: Path) -> list[dict[str, float]]:
    return read_rows(path, "step", "seconds")


def read_rows(path: Path, *keys: str) -> list[dict]:
    """Rows of a .jsonl file that have these keys; what else a power cut has left is said, and left out."""
    rows = []
    lines = path.read_bytes().split(b"\n")[:-1] if path.is_file() else []
    for number, line in enumerate(lines, start=1):  # the last is empty, or was cut off by a full disk
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if isinstance(row, dict) and row.keys() >= set(keys):
            rows.append(row)
        else:
            print(f"{path} line {number} is damaged, and left out", file=sys.stderr)
    return rows


def draw_curves(rows: list[dict[str, float]], path: Path) -> None:
    """Every loss of the run against its step, on a logarithmic scale."""
    losses = dict.fromkeys(key for row in rows for key in row if "loss" in key)
    if not losses:
        return
    figure = Figure(figsize=(7, 4))  # without pyplot, whose backend may be a notebook's
    axes = figure.subplots()
    for key in losses:
        told = [row for row in rows if key in row]  # steps that taught nothing have none
        axes.plot([row["step"] for row in told], [row[key] for row in told], label=key)
    axes.set(xlabel="step", ylabel="loss", yscale="log")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=100, bbox_inches="tight")
