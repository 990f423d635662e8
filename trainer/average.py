"""The mean of the weights of checkpoints that began as the same weights; a folder named twice counts twice.

    python -m trainer.average --weights out/one out/other --out out/mean

Model soups (Wortsman et al. 2022, section 2): what was fine-tuned from the same weights lies in one valley of
the loss, and the middle of it is flatter than its sides. They should have been taught the same answers:
weights/tiny/README.md tells what was lost where they were not.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import torch

from dataset.errors import DataError, expect_spared
from model.files import merge
from scoring.assistant import FILES, Assistant
from trainer.cli import parse, user_errors
from trainer.run import STORED


@dataclass
class Args:
    weights: tuple[Path, ...]
    """Checkpoint folders, of models of one kind and one tokenizer."""
    out: Path
    """Folder for their mean."""
    store: Literal["fp32", "fp16", "bf16"] = "fp16"
    """Precision of the weights that are written."""


def mean(assistants: list[Assistant]) -> Assistant:
    """The first, with the mean of all weights. Raises DataError where they are not of one kind."""
    first, *others = assistants
    for assistant in assistants:
        merge(assistant.vlm)  # of adapters: the product of two means is not the mean of two products
    for other in others:
        if sizes(other) != sizes(first) or other.chat.tokenizer.to_str() != first.chat.tokenizer.to_str():
            raise DataError(
                "these checkpoints differ in their sizes or their tokenizer; take those of one run"
            )
    if bases := getattr(first.vlm.config, "bases", None):
        named = [assistant.vlm.config.bases or {} for assistant in others]
        shared = {part: base for part, base in bases.items() if all(part in one for one in named)}
        first.vlm.config = replace(first.vlm.config, bases=shared or None)
    states = [assistant.vlm.state_dict() for assistant in assistants]
    first.vlm.load_state_dict({key: torch.stack([s[key] for s in states]).mean(0) for key in states[0]})
    return first


def sizes(assistant: Assistant) -> dict:
    """The configuration but for what lies elsewhere: with adapters merged that differs."""
    return {k: v for k, v in assistant.vlm.config.to_dict().items() if k != "bases"}


@user_errors
def main(argv: list[str] | None = None) -> None:
    args = parse(Args, argv, __doc__)
    if len(args.weights) < 2:
        raise DataError("--weights names one checkpoint; a mean is of two or more")
    expect_spared(args.out, FILES)
    mean([Assistant.load(folder, "cpu") for folder in args.weights]).save(args.out, STORED[args.store])
    print(f"saved {args.out}")


if __name__ == "__main__":
    main()
