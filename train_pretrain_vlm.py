"""Pretrain a part of the model: the eye, the words, or the connector between them.

python train_pretrain_vlm.py --stage align --init out/vision --out out/align
python train_pretrain_vlm.py --stage vision --data my.jsonl --out out/vision
"""

from dataclasses import dataclass
from typing import Literal

from trainer.cli import parse, user_errors
from trainer.run import TrainArgs, run


@dataclass
class Args(TrainArgs):
    stage: Literal["regions", "sharpen", "vision", "text", "qformer", "caption", "align"] = "align"
    """regions: the eye names what is in each box; sharpen: the eye of a trained model sees better what is in
    each box; vision: CLIP's contrast of pictures and captions; text: the decoder alone; qformer: BLIP-2's
    first stage; caption: BLIP's decoder in the place of ours; align: the connector alone."""


@user_errors
def main(argv: list[str] | None = None) -> None:
    args = parse(Args, argv, __doc__)
    run(args.stage, args)


if __name__ == "__main__":
    main()
