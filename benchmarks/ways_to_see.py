"""Four ways to let text see a picture: linear, MLP, Q-Former (after its stage 1), cross-attention.

python -m benchmarks.ways_to_see --samples 24000 --seeds 0 1

All look through the frozen eye of --weights and get a new decoder of its width and depth, the same
conversations in the same order, the same optimizer. The Q-Former's stage 1 comes on top, and is counted.
"""

import json
import time
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean, stdev

import torch
from matplotlib import pyplot

import train_pretrain_vlm
import train_sft_vlm
from dataset.open import open_data
from dataset.records import Record
from model.blip import Blip
from model.vlm import VLM
from scoring import report
from scoring.answers import answer_all
from scoring.assistant import Assistant
from trainer.cli import parse, user_errors
from trainer.models import as_blip, with_connector
from trainer.run import TrainArgs

WAYS = ("linear", "mlp", "qformer", "cross-attention")
RECIPE = "--batch_size 32 --muon_lr 0.01 --warmup 20 --save_every 1000000".split()


@dataclass
class Args:
    weights: Path = Path("weights/tiny")
    """Checkpoint folder whose eye and tokenizer all ways share."""
    samples: int = 24000
    """Conversations that each way is trained on."""
    stage1: int = 12800
    """Pictures and captions of the Q-Former's stage 1, besides."""
    seeds: tuple[int, ...] = (0, 1)
    scenes: int = 100
    """Held-out scenes to be asked about."""
    ways: tuple[str, ...] = WAYS
    out: Path = Path("out/ways")


@user_errors
def main(argv: list[str] | None = None) -> None:
    args = parse(Args, argv, __doc__)
    rows = [measured(way, seed, args) for seed in args.seeds for way in args.ways]
    text = table(rows, args)
    print(text)
    (args.out / "ways.md").write_text(text)
    picture(rows, args)


def measured(way: str, seed: int, args: Args) -> dict:
    """One way's numbers, from its folder where it has been measured before."""
    folder = args.out / f"{way}-{seed}"
    if (folder / "row.json").is_file():
        return json.loads((folder / "row.json").read_text())
    torch.manual_seed(seed)
    newcomer(way, args).save(folder / "start")
    start, common = folder / "start", [*RECIPE, "--seed", str(seed)]
    if way == "qformer":
        stage1 = ["--stage", "qformer", "--init", str(start), "--samples", str(args.stage1)]
        train_pretrain_vlm.main([*stage1, *common, "--out", str(folder / "stage1")])
        start = folder / "stage1"
    data = ["--data", "storybook:single", "--samples", str(args.samples)]
    train_sft_vlm.main(["--init", str(start), *data, *common, "--out", str(folder / "sft")])
    row = {"way": way, "seed": seed, **numbers(Assistant.load(folder / "sft", dtype="auto"), args)}
    rates = [json.loads(line) for line in (folder / "sft" / "metrics.jsonl").read_text().splitlines()]
    row["samples/s"] = mean(rate["samples_per_s"] for rate in rates)
    (folder / "row.json").write_text(json.dumps(row))
    return row


def newcomer(way: str, args: Args) -> Assistant:
    """The eye that all share, and everything behind it new."""
    old = Assistant.load(args.weights)
    flags = TrainArgs(init=args.weights)
    if way == "cross-attention":
        return as_blip(old, flags)
    vlm = VLM(replace(old.vlm.config, connector="linear", qformer=None))
    vlm.vision = old.vlm.vision
    new = replace(old, vlm=vlm.to(old.device), chat=copy(old.chat))
    return new if way == "linear" else with_connector(new, way, flags)


def numbers(assistant: Assistant, args: Args) -> dict:
    records = open_data("storybook:scenes", None, args.scenes)
    alone = [r for r in (records[i] for i in range(len(records))) if len(r.images) == 1]
    scored = report.score(list(answer_all(assistant, alone)))
    families = sorted({name.partition("/")[2] for name in scored["by_type"]})
    by_type = {name: row["exact_match"] for name, row in scored["by_type"].items()}
    seeing = [p for n, p in assistant.vlm.named_parameters() if not n.startswith("vision.")]
    return {
        **{family: mean(by_type[f"{code}/{family}"] for code in ("en", "zh")) for family in families},
        "all": scored["exact_match"],
        "object F1": scored["object_f1"]["all"],
        "image tokens": assistant.vlm.config.image_tokens,
        "million weights": sum(p.numel() for p in seeing) / 1e6,
        "tokens/s": decoding_rate(assistant, alone[:32]),
    }


def decoding_rate(assistant: Assistant, records: Sequence[Record], new: int = 48) -> float:
    """Tokens a second of one batch, the end of an answer ignored; the picture's first look is included."""
    assert isinstance(assistant.vlm, VLM | Blip)
    asked = [record.messages[:1] for record in records]
    images = [record.images[0] for record in records]
    start = time.perf_counter()
    assistant.answer_batch(asked, images, max_new_tokens=new, stop_ids=())
    return new * len(records) / (time.perf_counter() - start)


def table(rows: list[dict], args: Args) -> str:
    """Means over seeds, with the standard deviation where there are several."""
    keys = [key for key in rows[0] if key not in ("way", "seed")]
    lines = ["| | " + " | ".join(args.ways) + " |", "|---" * (len(args.ways) + 1) + "|"]
    for key in keys:
        cells = []
        for way in args.ways:
            values = [row[key] for row in rows if row["way"] == way]
            spread = f" ± {stdev(values):.2g}" if len(values) > 1 and stdev(values) else ""
            cells.append(f"{mean(values):.3g}{spread}")
        lines.append(f"| {key} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def picture(rows: list[dict], args: Args) -> None:
    """Accuracy by family, a bar for each way."""
    keys = [k for k in rows[0] if isinstance(rows[0][k], float) and 0 <= rows[0][k] <= 1]
    figure, axes = pyplot.subplots(figsize=(10, 4))
    width = 0.8 / len(args.ways)
    for number, way in enumerate(args.ways):
        heights = [mean(row[key] for row in rows if row["way"] == way) for key in keys]
        axes.bar([i + number * width for i in range(len(keys))], heights, width, label=way)
    axes.set_xticks([i + 0.4 - width / 2 for i in range(len(keys))], keys, rotation=20)
    axes.set_ylim(0, 1)
    axes.legend()
    figure.savefig(args.out / "ways.png", dpi=120, bbox_inches="tight")


if __name__ == "__main__":
    main()
