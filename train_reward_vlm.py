"""Go on from a model that describes pictures: it learns from its own captions what people agree with.

python train_reward_vlm.py --init weights/photo --data captions.txt --lr 1e-4 --out out/reward
python train_reward_vlm.py --data captions.txt --out out/reward --resume last
"""

from dataclasses import dataclass

from dataset.commands.flags import Count
from trainer.args import TrainArgs
from trainer.cli import parse, user_errors
from trainer.run import run


@dataclass
class Args(TrainArgs):
    pack: Count = 28
    """Conversations about one picture in a row, at most; of a question that has several answers there, one is
    learnt word by word, and all of them judge the model's own."""


@user_errors
def main(argv: list[str] | None = None) -> None:
    run("reward", parse(Args, argv, __doc__))


if __name__ == "__main__":
    main()
