"""What a training step costs: time and memory against batch, length, pictures and size of the model.

    python -m benchmarks.costs

One thing changes at a time, from full fine-tuning of minimind-26m on 8 records of 300 tokens with a picture.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import machine, training
from benchmarks.tables import Row, write
from dataset.commands.flags import Count
from model.device import pick_device, pick_dtype
from trainer.args import Preset
from trainer.cli import parse, user_errors


@dataclass
class Args:
    batch_sizes: tuple[Count, ...] = (1, 2, 4, 8, 16)
    lengths: tuple[Count, ...] = (300, 600, 1200)
    images: tuple[Count, ...] = (1, 2, 4)
    presets: tuple[Preset, ...] = ("tiny", "minimind-26m", "minimind-104m", "minimind-26m-moe")
    steps: Count = 2
    device: str = "auto"
    out: Path = Path("out/bench")


@user_errors
def main(argv: list[str] | None = None) -> None:
    args = parse(Args, argv, __doc__)
    usual = training.Args(steps=args.steps, device=args.device)
    kinds = {
        "records in a batch": [(n, replace(usual, batch_size=n)) for n in args.batch_sizes],
        "tokens of a record": [(n, replace(usual, length=n)) for n in args.lengths],
        "pictures of a record (1,000 tokens)": [
            (n, replace(usual, images=n, length=1000)) for n in args.images
        ],
        "preset": [(name, replace(usual, preset=name)) for name in args.presets],
    }
    rows = [Row(kind, str(value), costs(changed)) for kind, some in kinds.items() for value, changed in some]
    write(rows, args.out / "costs", machine.name(pick_device(args.device)))


def costs(args: training.Args) -> dict[str, float]:
    dtype = pick_dtype("auto", pick_device(args.device))
    found = training.in_a_process(("sft", f"ours {dtype}"), args)
    rate = found["samples/s"]
    return {
        "samples/s": rate,
        "tokens/s": rate * args.length,
        "step, s": args.batch_size / rate,
        "peak memory, GB": found["peak memory, GB"],
    }


if __name__ == "__main__":
    main()
