"""Fine-tune on conversations about one picture, several, or none: only the answers are scored.

python train_sft_vlm.py --init weights/photo --data my.jsonl
python train_sft_vlm.py --init weights/photo --data my.jsonl --resume last
"""

from trainer.args import TrainArgs
from trainer.cli import parse, user_errors
from trainer.run import run


@user_errors
def main(argv: list[str] | None = None) -> None:
    run("sft", parse(TrainArgs, argv, __doc__))


if __name__ == "__main__":
    main()
