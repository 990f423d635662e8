"""Four ways to let text see a picture: linear, MLP, Q-Former (after its stage 1), cross-attention.

    python -m benchmarks.ways_to_see --samples 32000 --seeds 0 1

All share the frozen vision encoder of --weights; each gets a new decoder of the same size, the same records
in the same order (long answers, then conversations), the same optimizer. The Q-Former's stage 1 comes on
top. Scores are of held-out scenes; hallucination is POPE's. Speeds are measured last, in turns.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean, stdev

import torch
from matplotlib.figure import Figure
from torch import Tensor

import train_pretrain_vlm
import train_sft_vlm
from benchmarks.machine import in_turns
from dataset.batches.collate import Prepared
from dataset.batches.loader import make_loader
from dataset.commands.flags import Count, Seed
from dataset.open import open_data
from dataset.project import TINY
from dataset.record import Record
from model.config import DecoderConfig
from model.connector import build_connector
from model.vlm import VLM
from scoring import report
from scoring.answers import answer_all
from scoring.assistant import Assistant
from trainer.args import TrainArgs
from trainer.cli import parse, user_errors
from trainer.loop import Recipe, make_optimizers, to_device, train_step
from trainer.models import as_blip, with_connector
from trainer.stages import STAGES, choose_trainable

WAYS = ("linear", "mlp", "qformer", "cross-attention")
RECIPE = "--batch_size 32 --muon_lr 0.01 --warmup 20 --resume auto".split()
PAIRS = "--batch_size 64 --muon_lr 0.01 --warmup 20 --resume auto".split()
PHASES = ("read", "single")  # of the storybook, half of the samples each
BATCH, NEW = 32, 32  # records in a step; tokens of an answer, where speed is measured
ROUNDS = 7  # in which each way's speed is measured once


@dataclass
class Args:
    weights: Path = TINY
    """Checkpoint folder whose vision encoder and tokenizer all ways share."""
    samples: Count = 32000
    """Records that each way is trained on."""
    stage1: Count = 19200
    """Pictures and captions of the Q-Former's stage 1, besides."""
    seeds: tuple[Seed, ...] = (0, 1)
    layers: Count = 4
    """Depth of every decoder."""
    width: Count = 192
    """Width of every decoder."""
    scenes: Count = 100
    """Held-out scenes to be asked about."""
    probes: Count = 50
    """Held-out scenes of POPE's questions."""
    ways: tuple[str, ...] = WAYS
    out: Path = Path("out/ways")


@user_errors
def main(argv: list[str] | None = None) -> None:
    args = parse(Args, argv, __doc__)
    scores = {way: [scored(way, seed, args) for seed in args.seeds] for way in args.ways}
    paid = costs(args)
    text = table({way: [row | paid[way] for row in rows] for way, rows in scores.items()})
    print(text)
    (args.out / "ways.md").write_text(text, encoding="utf-8")
    draw(scores, args.out / "ways.png")


def scored(way: str, seed: int, args: Args) -> dict[str, float]:
    """One way trained with one seed, and what it gets right; read from its folder if that has been done."""
    folder = args.out / f"{way}-{seed}"
    if not (folder / "row.json").is_file():
        train(way, seed, folder, args)
        row = score(Assistant.load(folder / PHASES[-1], dtype="auto"), args)
        (folder / "row.json").write_text(json.dumps(row), encoding="utf-8")
    return json.loads((folder / "row.json").read_text(encoding="utf-8"))


def train(way: str, seed: int, folder: Path, args: Args) -> None:
    torch.manual_seed(seed)
    newcomer(way, args).save(folder / "start")
    last, seeded = folder / "start", ["--seed", str(seed)]
    if way == "qformer":
        stage1 = ["--stage", "qformer", "--init", str(last), "--samples", str(args.stage1)]
        train_pretrain_vlm.main([*stage1, *PAIRS, *seeded, "--out", str(folder / "stage1")])
        last = folder / "stage1"
    for view in PHASES:
        data = ["--data", f"storybook:{view}", "--samples", str(args.samples // len(PHASES))]
        train_sft_vlm.main(["--init", str(last), *data, *RECIPE, *seeded, "--out", str(folder / view)])
        last = folder / view


def newcomer(way: str, args: Args) -> Assistant:
    """The eye that all share, and everything behind it new."""
    old = Assistant.load(args.weights)
    if way == "cross-attention":
        sizes = f"hidden_size={args.width} intermediate_size={4 * args.width}"
        sizes += f" num_hidden_layers={args.layers} num_attention_heads={args.width // 32}"
        return as_blip(old, TrainArgs(init=args.weights, set=tuple(f"bert.{s}" for s in sizes.split())))
    vlm = VLM(replace(old.vlm.config, text=decoder_sizes(old.vlm.config.text, args), connector="linear"))
    vlm.vision = old.vlm.vision
    vlm.connector = build_connector(vlm.config)
    new = replace(old, vlm=vlm.to(old.device))
    return new if way == "linear" else with_connector(new, way, TrainArgs(init=args.weights))


def decoder_sizes(old: DecoderConfig, args: Args) -> DecoderConfig:
    return replace(
        old,
        hidden_size=args.width,
        intermediate_size=8 * args.width // 3,
        num_hidden_layers=args.layers,
        num_attention_heads=args.width // 32,
        num_key_value_heads=args.width // 32,
    )


def score(assistant: Assistant, args: Args) -> dict[str, float]:
    about = report.score(list(answer_all(assistant, one_picture("scenes", args.scenes))))
    probed = report.score(list(answer_all(assistant, one_picture("pope", args.probes))))["pope"]
    by_type = {name: row["exact_match"] for name, row in about["by_type"].items()}
    families = sorted({name.partition("/")[2] for name in by_type})
    return {
        "all questions": about["exact_match"],
        **{family: mean(by_type[f"{code}/{family}"] for code in ("en", "zh")) for family in families},
        "object F1": about["object_f1"]["all"],
        **{f"POPE F1, {which}": measures["f1"] for which, measures in probed.items()},
        "POPE yes ratio": mean(measures["yes_ratio"] for measures in probed.values()),
    }


def one_picture(view: str, scenes: int) -> list[Record]:
    records = open_data(f"storybook:{view}", None, scenes)
    return [r for r in (records[i] for i in range(len(records))) if len(r.images) == 1]


def trained(assistant: Assistant) -> int:
    return sum(p.numel() for name, p in assistant.vlm.named_parameters() if not name.startswith("vision."))


def costs(args: Args) -> dict[str, dict[str, float]]:
    """Of the first seed's models, which take turns, so that what slows the machine slows all."""
    folders = {way: args.out / f"{way}-{args.seeds[0]}" / PHASES[-1] for way in args.ways}
    models = {way: Assistant.load(folder, dtype="auto") for way, folder in folders.items()}
    records = one_picture("scenes", 2)
    device = models[args.ways[0]].device
    answered = in_turns({w: answering_run(model, records) for w, model in models.items()}, ROUNDS, device)
    learnt = in_turns({w: training_run(model) for w, model in models.items()}, ROUNDS, device)
    return {
        way: {
            "image tokens": model.vlm.config.image_tokens,
            "million weights trained": trained(model) / 1e6,
            "training samples/s": BATCH / learnt[way],
            "answer tokens/s, batch of 32": NEW * len(records) / answered[way],
        }
        for way, model in models.items()
    }


def answering_run(assistant: Assistant, records: list[Record]) -> Callable[[], object]:
    """A run that answers the same questions, the end of an answer ignored; looking at the pictures counts."""
    asked, images = [r.messages[:1] for r in records], [r.images[0] for r in records]

    return lambda: assistant.answer_batch(asked, images, max_new_tokens=NEW, stop_ids=())


def training_run(assistant: Assistant) -> Callable[[], object]:
    """A run of one optimizer step on the same batch."""
    vlm, stage = assistant.vlm, STAGES["sft"]
    choose_trainable(vlm, stage.parts)
    module, recipe = stage.build(vlm).train(), Recipe(1, BATCH, muon_lr=1e-4, dtype=assistant.dtype)
    optimizers = make_optimizers(module, recipe)
    prepared = Prepared(open_data("storybook:single", None, BATCH), assistant.chat, assistant.preprocessor)
    batch: dict[str, Tensor] = to_device(next(make_loader(prepared, BATCH, seed=0)), assistant.device)

    return lambda: train_step(module, module, [batch], optimizers, recipe, 1.0)


def table(rows: dict[str, list[dict[str, float]]]) -> str:
    """Means over seeds, with the standard deviation where they differ."""
    lines = ["| | " + " | ".join(rows) + " |", "|---" * (len(rows) + 1) + "|"]
    for key in next(iter(rows.values()))[0]:
        cells = [cell([row[key] for row in some]) for some in rows.values()]
        lines.append(f"| {key} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def cell(values: list[float]) -> str:
    spread = f" ± {stdev(values):.2g}" if len(set(values)) > 1 else ""
    middle = mean(values)
    return f"{middle:,.0f}{spread}" if middle >= 100 else f"{middle:.3g}{spread}"


def draw(rows: dict[str, list[dict[str, float]]], path: Path) -> None:
    """Every share of right answers: a bar for each way, a dot for each seed."""
    keys = [key for key in next(iter(rows.values()))[0] if "ratio" not in key]
    figure = Figure(figsize=(11, 4))
    axes = figure.subplots()
    width = 0.8 / len(rows)
    for number, (way, some) in enumerate(rows.items()):
        places = [i + number * width for i in range(len(keys))]
        axes.bar(places, [mean(row[key] for row in some) for key in keys], width, label=way)
        for row in some:
            axes.plot(places, [row[key] for key in keys], "k.", markersize=3)
    axes.set_xticks([i + 0.4 - width / 2 for i in range(len(keys))], keys, rotation=30, ha="right")
    axes.set_ylim(0, 1)
    axes.legend(ncols=len(rows), loc="upper center", bbox_to_anchor=(0.5, 1.12), frameon=False)
    figure.savefig(path, dpi=100, bbox_inches="tight")


if __name__ == "__main__":
    main()
