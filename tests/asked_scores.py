"""How many of the held-out questions in people's words a model answers right.

    python -m tests.asked_scores --weights out/tiny --shuffled
    python -m tests.asked_scores --weights weights/photo --photos flickr8k/Images

By family, person and language, with 95% intervals. Of drawn scenes (asked.py), or, with --photos, of 40
photographs of Flickr8k's val (photo_questions.jsonl).
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL.Image import Image

from dataset.commands.console import script
from dataset.commands.flags import parse
from dataset.project import TINY
from dataset.record import Record
from dataset.storybook.colours import COLOURS, COLOURS_ZH
from dataset.storybook.kinds import KINDS
from scoring.answers import answer_all
from scoring.assistant import Assistant
from scoring.suite import interval
from tests.asked import PHOTO_QUESTIONS, QUESTIONS, read, scene_of

SPELT = {"color": "colour", "center": "centre", "gray": "grey", "n't": " not", "'": ""}
NAMED = {name for key, kind in KINDS.items() for name in (key, kind.zh)}
HAN = re.compile("[\u3400-\u9fff]")


def plain(text: str) -> str:
    """Lower case, one spelling, no marks."""
    text = unicodedata.normalize("NFKC", text).lower()
    for one, other in SPELT.items():
        text = text.replace(one, other)
    return " ".join(re.sub(r"[\W_]+", " ", text).split())


def holds(text: str, entry: str) -> bool:
    """Chinese anywhere, other languages as whole words; "=x": is x, "^x": begins with x."""
    entry, mark = entry.lstrip("=^"), entry[:1]
    entry = plain(entry)
    if mark == "=":
        return text == entry
    if mark == "^":
        return f"{text} ".startswith(f"{entry} ")
    return entry in text if HAN.search(entry) else f" {entry} " in f" {text} "


def right(row: dict, answer: str) -> bool:
    """Where an answer thinks aloud ("the car is small, the boat is big: the boat"), its end counts, too."""
    ends = answer.rpartition(":")[2], answer.rpartition("：")[2]
    return any(fits(row, plain(text)) for text in (answer, *ends))


def fits(row: dict, text: str) -> bool:
    if text in map(plain, row["accept"]):
        return True
    if any(holds(text, entry) for entry in row["reject"]):
        return False
    if wanted := row.get("must_mention"):
        return all(holds(text, entry) for entry in wanted) and not strange(text, wanted)
    if "all_of" in row:
        return all(any(holds(text, entry) for entry in part) for part in row["all_of"])
    return any(holds(text, entry) for entry in row["accept"])


def strange(text: str, wanted: list[str]) -> bool:
    """Does it name a kind, or where colours are wanted a colour, that it should not?"""
    colours = {*COLOURS, *COLOURS_ZH.values()}
    words = colours if any(word in one for one in wanted for word in colours) else NAMED
    return any(holds(text, word) for word in words if not any(word in one for one in wanted))


def picture_of(name: str, photos: Path | None) -> Path | Image:
    return photos / name if photos else scene_of(name).draw()


def records(rows: list[dict], shuffled: bool, photos: Path | None = None) -> list[Record]:
    """Each question, after the turns before it; its id is its truth. Shuffled: about the next picture."""
    names = list(dict.fromkeys(row["scene"] for row in rows))
    after = dict(zip(names, names[1:] + names[:1], strict=True))
    made = []
    for row in rows:
        turns = [*row.get("turns", []), (row["question"], row["id"])]
        said = [part for turn in turns for part in turn]
        said[0] = f"<image>\n{said[0]}"
        roles = ("user", "assistant") * len(turns)
        messages = tuple({"role": role, "content": text} for role, text in zip(roles, said, strict=True))
        picture = picture_of(after[row["scene"]] if shuffled else row["scene"], photos)
        made.append(Record(images=(picture,), messages=messages, type=row["family"], where=row["id"]))
    return made


def answers(
    assistant: Assistant, rows: list[dict], shuffled: bool = False, photos: Path | None = None
) -> Iterator[tuple[dict, bool]]:
    """Each row, and whether it was answered right."""
    by_id = {row["id"]: row for row in rows}
    for said in answer_all(assistant, records(rows, shuffled, photos), last=True):
        yield by_id[said.truth], right(by_id[said.truth], said.answer)


def table(found: Iterable[tuple[dict, bool]]) -> str:
    found, lines = list(found), []
    for key in ("family", "person", "lang"):
        for name in sorted({row[key] for row, _ in found}):
            lines.append(line(f"{key} {name}", [truth for row, truth in found if row[key] == name]))
    return "\n".join([*lines, line("all", [truth for _, truth in found])])


def line(name: str, some: list[bool]) -> str:
    low, high = interval(sum(some) / len(some), len(some))
    return f"{name:24} {sum(some):4} of {len(some):4}  {sum(some) / len(some):6.1%} ({low:.0%} to {high:.0%})"


@dataclass
class Args:
    weights: Path = TINY
    photos: Path | None = None
    """Folder of the photographs: ask the questions about them, not those about drawn scenes."""
    shuffled: bool = False
    """Show another picture: what words alone can guess."""
    device: str = "auto"


@script
def main(argv: list[str] | None = None) -> None:
    args = parse(Args, argv, __doc__)
    assistant = Assistant.load(args.weights, args.device).quickened()
    rows = read(PHOTO_QUESTIONS if args.photos else QUESTIONS)
    print(table(answers(assistant, rows, args.shuffled, args.photos)))


if __name__ == "__main__":
    main()
