"""How fast a VLM learns, beside the straightforward way and a step of transformers' on the same weights.

    python -m benchmarks.training

Conversations about one picture, about 300 tokens, 85 of them scored; the vision encoder is frozen. Each way
runs in a process of its own, so that its peak of memory can be measured, and they take turns.

    straightforward    padded to 640, encodes in every step, all logits, float32
    transformers       padded to the longest, encodes in every step, all logits
    ours               padded to the longest, keeps features, scored logits
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks import machine, peers
from benchmarks.tables import Row, write
from dataset.commands.flags import Count
from model.config import PRESETS, VLMConfig
from model.device import multiplies_bf16, pick_device
from model.loss import IGNORED
from model.vlm import VLM
from trainer.args import Preset
from trainer.cli import parse, user_errors
from trainer.loop import Recipe, make_optimizers, train_step
from trainer.stages import STAGES, choose_trainable

PARTS = {"align": ("connector", "last_layer"), "sft": ("connector", "decoder")}
WAYS = ("straightforward", "transformers fp32", "transformers bf16", "ours fp32", "ours bf16")
PADDED, SCORED, SPREAD = 640, 85, 20  # tokens; a record has up to SPREAD less or more than --length
IMAGE = 3


@dataclass
class Args:
    preset: Preset = "minimind-26m"
    batch_size: Count = 8
    length: Count = 300
    """Tokens of a record, on the mean."""
    images: Count = 1
    """Pictures of a record."""
    steps: Count = 3
    """Optimizer steps that are timed in each turn, after one that is not."""
    rounds: Count = 3
    device: str = "auto"
    out: Path = Path("out/bench")
    only: tuple[Literal["align", "sft"], str] | None = None
    """One stage and one way, in this process, its figures as JSON."""


@user_errors
def main(argv: list[str] | None = None) -> None:
    args = parse(Args, argv, __doc__)
    device = pick_device(args.device)
    if args.only:
        print(json.dumps(measured(*args.only, args, device)))
        return
    ways = [way for way in WAYS if "bf16" not in way or multiplies_bf16(device)]
    found = {(stage, way): [] for stage in PARTS for way in ways}
    for _ in range(args.rounds):
        for key, some in found.items():
            some.append(in_a_process(key, args))
    rates = {name: machine.matrix_rate(dtype, device) for name, dtype in DTYPES.items()}
    rows = []
    for (stage, way), some in found.items():
        best = {key: median(each[key] for each in some) for key in some[0]}
        first = {key: median(each[key] for each in found[stage, WAYS[0]]) for key in best}
        ratios = {
            "times straightforward": best["samples/s"] / first["samples/s"],
            "its memory": best["peak memory, GB"] / first["peak memory, GB"],
        }
        used = best["samples/s"] * best.pop("useful GFLOP") / rates["bf16" if "bf16" in way else "fp32"]
        rows.append(Row(stage, way, best | ratios | {"model FLOPs utilisation": used}))
    told = {f"{name} GFLOP/s": rate for name, rate in rates.items()}
    rows.append(Row("the machine's products", machine.name(device), told))
    write(rows, args.out / "training", machine.name(device))


DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


def in_a_process(key: tuple[str, str], args: Args) -> dict[str, float]:
    flags = [
        f"--{name}={getattr(args, name)}" for name in "preset batch_size length images steps device".split()
    ]
    command = [sys.executable, "-m", "benchmarks.training", *flags, "--only", *key]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise ValueError(f"{' '.join(command)} failed: {done.stderr[-300:]}")
    return json.loads(done.stdout.splitlines()[-1])


def measured(stage: str, way: str, args: Args, device: torch.device) -> dict[str, float]:
    config = replace(PRESETS[args.preset], image_token_id=IMAGE)
    vlm, dtype = peers.new_model(config, device), way.split()[-1]
    records = [record(config, seed, args) for seed in range((args.steps + 1) * args.batch_size)]
    batches = [records[i : i + args.batch_size] for i in range(0, len(records), args.batch_size)]
    make = {"straightforward": straightforward, "transformers": transformers, "ours": ours}[way.split()[0]]
    step = make(vlm, stage, "bf16" if dtype == "bf16" else "fp32", batches, device)
    if device.type == "cuda":  # its products for a shape are chosen, and loaded, as the shape first comes
        for number in range(len(batches)):
            step(number)
    taken = []
    for number in range(len(batches)):
        start = time.perf_counter()
        step(number)
        machine.wait(device)
        taken.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    if device.type == "cuda":
        peak = torch.cuda.max_memory_allocated(device) / 1e9
    return {
        "samples/s": args.batch_size / median(taken[1:]),
        "peak memory, GB": peak,
        "useful GFLOP": useful_flops(vlm, stage, args.length) / 1e9,
    }


def useful_flops(vlm: VLM, stage: str, length: int) -> float:
    """Of one record, whatever a way computes beside: padding, logits that are not scored, the eye again.

    As Chowdhery et al. 2022 (PaLM), appendix B: for each token 2 a weight forward, 2 for what comes back
    through it, 2 for its own gradient where it is trained; attention 12 a layer, channel and pair of tokens.
    """
    choose_trainable(vlm, PARTS[stage])
    config = vlm.config.text
    layers = [p for p in vlm.decoder.layers.parameters() if p.ndim == 2]
    through = sum(p.numel() for p in layers)
    trained = sum(p.numel() for p in layers if p.requires_grad)
    heads = config.num_hidden_layers * config.num_attention_heads * config.head_size
    words = vlm.decoder.embed_tokens.weight
    said = (6 if words.requires_grad else 4) * words.numel() * SCORED
    return length * (4 * through + 2 * trained + 12 * heads * length) + said


def record(config: VLMConfig, seed: int, args: Args) -> dict[str, Tensor]:
    """Ids and labels (T,), pixels (images, 3, S, S); the answer is at the end."""
    rng = torch.Generator().manual_seed(seed)
    length = args.length + int(torch.randint(-SPREAD, SPREAD + 1, (), generator=rng))
    ids = torch.randint(4, config.text.vocab_size, (length,), generator=rng)
    ids[10 : 10 + args.images * config.image_tokens] = IMAGE
    labels = torch.where(torch.arange(length) >= length - SCORED, ids, IGNORED)
    size = config.vision.image_size
    return {"ids": ids, "labels": labels, "pixels": torch.randn(args.images, 3, size, size, generator=rng)}


def padded(records: list[dict], key: str, length: int, value: int) -> Tensor:
    return torch.stack([F.pad(r[key], (0, length - len(r[key])), value=value) for r in records])


def batch_of(records: list[dict], length: int | None, device: torch.device) -> dict:
    length = length or max(len(r["ids"]) for r in records)
    return {
        "input_ids": padded(records, "ids", length, 0).to(device),
        "labels": padded(records, "labels", length, IGNORED).to(device),
        "pixel_values": torch.cat([r["pixels"] for r in records]).to(device),
        "where": [],
    }


def ours(vlm: VLM, stage: str, dtype: str, batches: list, device: torch.device) -> Callable[[int], object]:
    """The project's own step; the eye has looked before, as it does in a run."""
    ready = []
    for some in batches:
        batch = batch_of(some, None, device)
        pixels = batch.pop("pixel_values")
        with torch.no_grad(), torch.autocast(device.type, torch.bfloat16, enabled=dtype == "bf16"):
            seen = [vlm.vision(one[None])[0] for one in pixels]
        ready.append(batch | {"image_features": torch.stack(seen).half()})
    choose_trainable(vlm, PARTS[stage])
    module, recipe = STAGES[stage].build(vlm).train(), Recipe(1, len(batches[0]), dtype=dtype)
    optimizers = make_optimizers(module, recipe)
    return lambda number: train_step(module, module, [ready[number]], optimizers, recipe, 1.0)


class FullLogits(nn.Module):
    """The loss as it is first thought of: logits of everything, then what is not scored is left out."""

    def __init__(self, vlm: VLM) -> None:
        super().__init__()
        self.vlm = vlm

    def forward(self, batch: dict) -> dict[str, Tensor]:
        logits = self.vlm(batch["input_ids"], batch["pixel_values"]).logits[:, :-1].float()
        targets = batch["labels"][:, 1:]
        return {"loss": F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORED)}


def straightforward(
    vlm: VLM, stage: str, dtype: str, batches: list, device: torch.device
) -> Callable[[int], object]:
    choose_trainable(vlm, PARTS[stage])
    module, recipe = FullLogits(vlm).train(), Recipe(1, len(batches[0]), dtype=dtype)
    optimizers = make_optimizers(module, recipe)
    return lambda number: train_step(
        module, module, [batch_of(batches[number], PADDED, device)], optimizers, recipe, 1.0
    )


def transformers(
    vlm: VLM, stage: str, dtype: str, batches: list, device: torch.device
) -> Callable[[int], object]:
    model = peers.twin(vlm, device).train()
    model.requires_grad_(False)
    decoder = model.model.language_model
    trained = [model.model.multi_modal_projector]
    trained += [decoder.layers[-1]] if stage == "align" else [decoder]
    for part in trained:
        part.requires_grad_(True)
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, 5e-4, fused=True)

    def step(number: int) -> None:
        batch = batch_of(batches[number], None, device)
        batch.pop("where")
        with torch.autocast(device.type, torch.bfloat16, enabled=dtype == "bf16"):
            loss = model(**batch, attention_mask=(batch["input_ids"] != 0).long()).loss
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        optimizer.zero_grad()

    return step


if __name__ == "__main__":
    main()
