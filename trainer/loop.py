"""The training loop, one for every stage. It knows modules, losses and batches; not what they mean.

batches -> losses(batch) -> backward (x accumulate) -> clip -> optimizers -> schedule -> report, save
"""

import json
import math
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path
from statistics import mean

import torch
from torch import Tensor, nn

from trainer.checkpoint import Resume, draw_on, drawn, load_state, save_state, write_text_whole
from trainer.distributed import leader_first, rank, sum_gradients, summed, summed_by_name
from trainer.health import Health
from trainer.interrupt import SIGNALS, Interrupted, Listener
from trainer.muon import Muon
from trainer.report import Board, Report, Silence
from trainer.shards import clip_gradients

Losses = Callable[[dict], dict[str, Tensor]]  # batch -> named losses; the one to minimise is "loss"
Weigh = Callable[[dict], int]  # batch -> of how many things its loss is the mean; 0: it teaches nothing


def scored_labels(batch: dict) -> int:
    return int((batch["labels"] != -100).sum())


class TrainingError(ValueError):
    """Why a run stopped, in one line."""


@dataclass(frozen=True)
class Recipe:
    """How to train, and what is known of the rest. `steps` are optimizer steps of accumulate x batch_size."""

    steps: int
    batch_size: int
    accumulate: int = 1
    lr: float = 5e-4
    muon_lr: float = 0.0  # above 0: hidden matrices by Muon at this rate
    warmup: int = 50
    weight_decay: float = 0.1
    clip: float = 1.0
    dtype: str = "fp32"
    seed: int = 0
    nproc_per_node: int | None = None  # where what is learnt depends on it
    known: dict[str, object] = field(default_factory=dict)  # what else it depends on, by the words for it


def schedule(step: int, steps: int, warmup: int, floor: float = 0.02) -> float:
    """Factor on the learning rate for step 0, 1, ...: linear up to 1, then half a cosine down to `floor`."""
    if step < warmup:
        return (step + 1) / warmup
    progress = (step - warmup) / max(1, steps - warmup)
    return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * progress))


def make_optimizers(module: nn.Module, recipe: Recipe) -> list[torch.optim.Optimizer]:
    """AdamW, without decay on norms and biases; with muon_lr, Muon for the matrices inside of layers.

    Muon (Jordan et al. 2024) makes the momentum's step orthogonal: for hidden matrices, not for embeddings.
    A parameter's `lr_factor`, where it has one, scales its learning rate. The decoder's layers are groups of
    their own: a fused step takes no shards beside whole tensors, and a state fits with and without them.
    """
    adamw: dict[tuple, list[nn.Parameter]] = {}
    muon: dict[tuple, list[nn.Parameter]] = {}
    for name, p in module.named_parameters():
        if p.requires_grad:
            hidden = recipe.muon_lr and p.ndim == 2 and ".layers." in f".{name}"
            decay = recipe.weight_decay if p.ndim >= 2 else 0.0
            divided = ".decoder.layers." in f".{name}"
            key = (getattr(p, "lr_factor", 1.0), decay, divided)
            (muon if hidden else adamw).setdefault(key, []).append(p)

    def groups(parameters: dict[tuple, list[nn.Parameter]], lr: float) -> list[dict]:
        return [
            {"params": some, "lr": lr * factor, "peak_lr": lr * factor, "weight_decay": decay}
            for (factor, decay, _), some in parameters.items()
        ]

    optimizers = [torch.optim.AdamW(groups(adamw, recipe.lr), betas=(0.9, 0.95), fused=True)]
    if muon:
        dtype = torch.bfloat16 if recipe.dtype == "bf16" else torch.float32
        optimizers.append(Muon(groups(muon, recipe.muon_lr), dtype=dtype))
    return optimizers


@dataclass
class Run:
    """What goes on from step to step, and is saved."""

    module: nn.Module
    optimizers: list[torch.optim.Optimizer]
    recipe: Recipe
    folder: Path

    def load(self, resume: Resume) -> int:
        """The step that it goes on from; see `load_state`."""
        with leader_first():
            return load_state(self.folder, self.module, self.optimizers, asdict(self.recipe), resume)

    def save(self, step: int) -> Path:
        leads, recipe = rank() == 0, asdict(self.recipe)
        return save_state(self.folder, step, self.module, self.optimizers, recipe, leads)

    def factor(self, step: int) -> float:
        """Of the learning rate at a step."""
        return schedule(step, self.recipe.steps, self.recipe.warmup)

    def step(self, step: int, losses: Losses, batches: list[dict], weigh: Weigh) -> dict[str, float]:
        """As `train_step`; of one that fails the records are kept, and the state before it."""
        try:
            factor = self.factor(step)
            return train_step(self.module, losses, batches, self.optimizers, self.recipe, factor, weigh)
        except TrainingError as error:
            raise TrainingError(f"{error}; {kept(batches, self.folder, self.save(step))}") from None


@dataclass
class Watch:
    """Tells how a run goes, every `log_every` steps and at each evaluation: the losses since it last did."""

    run: Run
    report: Report | Silence
    health: Health
    log_every: int
    evaluate: Callable[[int], dict[str, float]] | None
    eval_every: int
    window: list[dict[str, float]] = field(default_factory=list)

    def look(self, done: int, values: dict[str, float]) -> None:
        """After `done` steps; `values` are the last one's losses."""
        self.window += [values] if values else []
        self.report.step()
        recipe, window = self.run.recipe, self.window
        last = done == recipe.steps
        judges = self.evaluate and (last or done % self.eval_every == 0)
        if not (judges or last or done % self.log_every == 0):
            return
        means = {key: mean(row[key] for row in window if key in row) for key in dict.fromkeys(chain(*window))}
        if judges:
            means |= judged(self.run.module, self.evaluate, done)
        samples, lr = len(window) * recipe.accumulate * recipe.batch_size, self.run.factor(done - 1)
        self.health.look(done, means, self.report.log(done, samples, {**means, "lr": lr}))
        self.window = []


def fit(
    module: nn.Module,
    losses: Losses,
    loader_from: Callable[[int], Generator[dict]],
    recipe: Recipe,
    folder: Path,
    name: str,
    resume: Resume = "no",
    save_every: int = 500,
    evaluate: Callable[[int], dict[str, float]] | None = None,
    eval_every: int = 0,
    log_every: int = 20,
    health: Health | None = None,
    weigh: Weigh = scored_labels,
    board: Board = "none",
) -> None:
    """Train `module` in place. `loader_from(n)` gives the batches from number n on, of which every process
    has its own rows.

    Raises TrainingError if a loss or a gradient is not finite, Interrupted on Ctrl-C or SIGTERM; the state
    is saved before either. `resume`: see `load_state`; StateError: see `save_state`.
    """
    device, leads = next(module.parameters()).device, rank() == 0
    run = Run(module, make_optimizers(module, recipe), recipe, folder)
    first = run.load(resume)
    report = Report(folder, name, recipe.steps, first, board) if leads else Silence()
    health = health if health and leads else Health(None, False)
    watch = Watch(run, report, health, log_every, evaluate, eval_every)
    module.train()
    with Listener() as asked, closing(loader_from(first * recipe.accumulate)) as batches:  # ends its workers
        for step in range(first, recipe.steps):
            with report.waiting():
                some = [to_device(next(batches), device) for _ in range(recipe.accumulate)]
            values, done = run.step(step, losses, some, weigh), step + 1
            number = agreed(asked.number, device)
            watch.look(done, values)
            if done % save_every == 0 or done == recipe.steps or number:
                path = run.save(done)
            if number and done < recipe.steps:
                raise Interrupted(f"stopped at step {done}; {path} is saved: --resume last continues", number)
    report.close()


def agreed(number: int | None, device: torch.device) -> int:
    """The signal that any process got, 0 for none: they stop together."""
    sent = summed([number == signal for signal in SIGNALS], device)
    return next((signal for signal, n in zip(SIGNALS, sent, strict=True) if n), 0)


def judged(module: nn.Module, evaluate: Callable[[int], dict[str, float]], step: int) -> dict[str, float]:
    """What `evaluate` finds; numbers that it draws at random change nothing of what is trained next."""
    random, own = torch.get_rng_state(), drawn(module)
    module.eval()
    found = evaluate(step)
    module.train()
    torch.set_rng_state(random)
    draw_on(module, own)
    return found


def kept(batches: list[dict], folder: Path, state: Path) -> str:
    """Write down the records of a step that failed; returns the words that say where."""
    path = folder / "failed_step.json"
    records = [where for batch in batches for where in batch["where"]]
    text = json.dumps(records, indent=0, ensure_ascii=False) + "\n"
    write_text_whole(path, text)
    return f"all its records are in {path}, and the weights before it in {state}; try a lower --lr"


def train_step(
    module: nn.Module,
    losses: Losses,
    batches: Iterable[dict],
    optimizers: list[torch.optim.Optimizer],
    recipe: Recipe,
    factor: float,
    weigh: Weigh = scored_labels,
) -> dict[str, float]:
    """One optimizer step. Each batch weighs by what its loss is the mean of: two halves, one after the
    other or in two processes, give what the whole gives. Batches that teach nothing take no step: {}."""
    device = next(module.parameters()).device
    weights = [weigh(batch) for batch in batches]
    (total,) = summed([sum(weights)], device)
    if not total:
        return {}
    values: dict[str, float] = {}
    known: dict[str, float] = {}  # the share of the batches that has a loss of this name
    for batch, share in [(batch, n / total) for batch, n in zip(batches, weights, strict=True) if n]:
        with torch.autocast(device.type, torch.bfloat16, enabled=recipe.dtype == "bf16"):
            parts = losses(batch)
        (parts["loss"] * share).backward()
        for key, value in parts.items():
            values[key] = values.get(key, 0.0) + share * value.item()
            known[key] = known.get(key, 0.0) + share
    sum_gradients([p for p in module.parameters() if p.requires_grad])
    values, known = summed_by_name(values), summed_by_name(known)
    values = {key: value / known[key] for key, value in values.items()}
    norm = clip_gradients(module.parameters(), recipe.clip)
    for name, value in (("loss", values["loss"]), ("gradient", norm.item())):
        if not math.isfinite(value):
            raise TrainingError(f"the {name} is {value} at {_first_records(batches)}")
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = group["peak_lr"] * factor
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    return values


def _first_records(batches: Iterable[dict]) -> str:
    return ", ".join([where for batch in batches for where in batch["where"]][:4]) + ", ..."


def to_device(batch: dict, device: torch.device) -> dict:
    return {k: v.to(device, non_blocking=True) if isinstance(v, Tensor) else v for k, v in batch.items()}
