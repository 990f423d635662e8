"""Go on from a model that describes pictures: it learns from its own captions what people agree with.

python train_reward_vlm.py --init weights/photo --data my.csv
python train_reward_vlm.py --init weights/photo --data my.csv --resume last
"""

from dataclasses import dataclass

from dataset.commands.flags import Count, Positive
from trainer.args import TrainArgs
from trainer.cli import parse, user_errors
from trainer.run import run


@dataclass
class Args(TrainArgs):
    pack: Count = 28
    """At most this many conversations about one picture in a row. Of several answers to one question there,
    the first is learnt word by word; all of them judge the model's own."""
    lr: Positive = 2e-4
    """Peak learning rate of AdamW."""


@user_errors
def main(argv: list[str] | None = None) -> None:
    run("reward", parse(Args, argv, __doc__))


if __name__ == "__main__":
    main()
