"""Pretrain a part of the model: vision encoder, decoder, or the connector between them.

python train_pretrain_vlm.py --stage align --init out/vision --out out/align
python train_pretrain_vlm.py --stage vision --data my.jsonl --out out/vision
"""

from dataclasses import dataclass
from typing import Literal

from trainer.args import TrainArgs
from trainer.cli import parse, user_errors
from trainer.run import run


@dataclass
class Staged:
    stage: Literal["regions", "sharpen", "names", "vision", "text", "qformer", "caption", "align"] = "align"
    """align: the connector alone; text: the decoder alone; vision: contrast of pictures and captions (CLIP);
    regions: the vision encoder learns to name what is in each box; sharpen: a trained model's encoder learns
    to confuse less; names: the photo model's connector learns what whole pictures are called; qformer: first
    stage of BLIP-2; caption: BLIP's decoder instead of ours."""


@dataclass
class Args(TrainArgs, Staged):  # the help shows the stage first
    pass


@user_errors
def main(argv: list[str] | None = None) -> None:
    args = parse(Args, argv, __doc__)
    run(args.stage, args)


if __name__ == "__main__":
    main()
