"""A model whose convolutional vision encoder reports colours, too, begun from one whose encoder does not.

    python -m trainer.coloured --weights weights/photo --out out/coloured

The encoder gives each cell's colour histogram beside its former features. The connector's weights for it
begin as zeros, so every answer stays as it was until training goes on (train_sft_vlm.py --init OUT).
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

from dataset.commands.console import script
from dataset.commands.flags import Within, parse
from dataset.errors import DataError, expect_spared
from model.connector import build_connector
from model.efficientnet import SCALES
from model.eyes import efficientnet_config
from model.vision import VisionTower
from scoring.assistant import FILES, Assistant
from trainer.run import STORED

NEW = "colours.weight"  # of the connector


@dataclass
class Args:
    weights: Path
    """Checkpoint folder of a model with an EfficientNet-Lite and the connector "words"."""
    out: Path
    """Folder for the model with colours."""
    levels: Annotated[int, Within(2, 8)] = 3
    """Levels each of red, green and blue that are told apart: 3 make 27 colours."""
    store: Literal["fp32", "fp16", "bf16"] = "fp16"
    """Precision of the weights that are written."""


def colour(assistant: Assistant, levels: int) -> None:
    """Replace vision encoder and connector by ones with colours. Raises DataError where that cannot be."""
    vlm, config = assistant.vlm, assistant.vlm.config
    eye, held = config.vision, getattr(config, "connector", "none")
    if eye.kind not in SCALES or held != "words":
        raise DataError(f"colours are for an EfficientNet-Lite and connector words, not {eye.kind}, {held}")
    if eye.colours:
        raise DataError(f"its vision encoder tells {eye.colours**3} colours apart already; train it as it is")
    same = {"keep_cls": eye.keep_cls, "adapter": eye.adapter}
    eye = replace(efficientnet_config(eye.kind, eye.image_size, levels), **same)
    vlm.config = replace(config, vision=eye)
    tower, connector = VisionTower(eye), build_connector(vlm.config)
    tower.load_state_dict(vlm.vision.state_dict())
    connector.load_state_dict(vlm.connector.state_dict() | {NEW: connector.colours.weight})
    vlm.vision, vlm.connector = tower, connector


@script
def main(argv: list[str] | None = None) -> None:
    args = parse(Args, argv, __doc__)
    expect_spared(args.out, FILES)
    assistant = Assistant.load(args.weights, "cpu")
    try:
        colour(assistant, args.levels)
    except DataError as error:
        raise DataError(f"--weights {args.weights}: {error}") from None
    assistant.save(args.out, STORED[args.store])
    print(f"saved {args.out}: its vision encoder tells {args.levels**3} colours apart")


if __name__ == "__main__":
    main()
