"""Does it see what captions leave out? Yes/no questions about 72 photographs of Flickr8k's val.

    python -m tests.looked_scores --weights weights/photo --photos flickr8k/Images

photo_looked.txt is written as dataset/photo/looked_at.txt is, by another writer, about other photographs.
"checks" are the questions in it that are answered by yes or no; "things" is every thing in it, asked after
in one plain wording: does the model find what is there, and deny what is not (POPE, Li et al. 2023)? A model
that sees nothing gets half of either right, however often it says yes.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dataset.commands.console import script
from dataset.commands.flags import parse
from dataset.photo.looked import Looked, looked_at
from dataset.project import PHOTO
from scoring.answers import answer_all
from scoring.assistant import Assistant
from scoring.judge import POLAR, plain, polarity
from scoring.suite import interval
from tests.asked_scores import records

WRITTEN = Path(__file__).with_name("photo_looked.txt")
Turns = tuple[tuple[str, str], ...]


def asked(looked: Looked) -> Iterator[tuple[str, Turns]]:
    """What kind of question, and its turns with their true answers."""
    for turns in looked.asked:
        for end in range(1, len(turns) + 1):
            question, answer = turns[end - 1]
            if POLAR.match(plain(answer)):
                yield f"checks, {'English' if question.isascii() else 'Chinese'}", turns[:end]
    for things, truth in ((looked.there, "Yes."), (looked.absent, "No.")):
        for words in (thing.slots() for thing in things):
            question = "Is there {a}?" if words["be"] == "is" else "Are there any {a}?"
            yield "things", ((question.format(**words), truth),)


def rows(photos: Path) -> list[dict]:
    """The questions about the photographs of a folder, as `records` takes them, with their `truth`."""
    files = {path.stem: path.name for path in photos.iterdir()}
    told = [(files[name], *one) for name, looked in looked_at(WRITTEN).items() for one in asked(looked)]
    return [
        {
            "id": str(number), "scene": file, "family": kind, "turns": turns[:-1],
            "question": turns[-1][0], "truth": polarity(plain(turns[-1][1])),
        }
        for number, (file, kind, turns) in enumerate(told)
    ]  # fmt: skip


@dataclass
class Args:
    photos: Path
    """Flickr8k's folder of photographs."""
    weights: Path = PHOTO
    shuffled: bool = False
    """Show the next photograph: what words alone can guess."""
    device: str = "auto"


@script
def main(argv: list[str] | None = None) -> None:
    args = parse(Args, argv, __doc__)
    questions = rows(args.photos)
    assistant = Assistant.load(args.weights, args.device).quickened()
    found: dict[tuple[str, str], list[str | None]] = defaultdict(list)
    for said in answer_all(assistant, records(questions, args.shuffled, args.photos), last=True):
        row = questions[int(said.truth)]
        found[row["family"], row["truth"]].append(polarity(plain(said.answer)))
    print("\n".join(table(found)))


def table(found: dict[tuple[str, str], list[str | None]]) -> Iterator[str]:
    """Accuracy where a yes and a no count alike: the mean of how many of each are right."""
    for kind in sorted({kind for kind, _ in found}):
        shares, number = [], 0
        for truth in ("yes", "no"):
            answers = found[kind, truth]
            shares.append(sum(answer == truth for answer in answers) / max(1, len(answers)))
            number += len(answers)
        mean = sum(shares) / 2
        low, high = interval(mean, number)
        yield (
            f"{kind:16} {number:5}  {mean:6.1%} ({low:.0%} to {high:.0%}): "
            f"of what is so {shares[0]:.1%}, of what is not {shares[1]:.1%}"
        )


if __name__ == "__main__":
    main()
