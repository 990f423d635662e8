"""Look at the storybook, or write it to disk.

python -m dataset.storybook preview --out sheet.png
python -m dataset.storybook show --view people --samples 20
python -m dataset.storybook export --view scenes --samples 100
"""

import json
import textwrap
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated, Literal

import tyro
from PIL import Image, ImageDraw

from dataset.commands.console import script
from dataset.commands.flags import Count, CountOr0, parse
from dataset.errors import DataError
from dataset.open import open_data
from dataset.storybook.questions import describe
from dataset.storybook.records import StorybookRecords
from dataset.storybook.words import LANGUAGES
from dataset.storybook.world import Scene, make_scene

MARGIN, CAPTION = 8, 64  # pixels
LOOKED_AT = 100_000  # samples, to find some of a type among
ALL_TYPES = 1000  # records that have every type of their view among them


@dataclass
class Preview:
    """A contact sheet: scenes with their truth in words."""

    out: Path = Path("out/storybook.png")
    """PNG file to write."""
    scenes: Count = 12
    """How many."""
    first: CountOr0 = 0
    """Number of the first."""
    split: Literal["train", "val", "scenes"] = "train"
    """Which scenes; `scenes` are held out."""
    size: Count = 256
    """Side of each picture, in pixels."""


@dataclass
class Export:
    """Pictures as PNG files and data.jsonl beside them, to train or score with --data."""

    out: Path = Path("out/storybook")
    """Folder to write."""
    view: Literal["train", "asked", "read", "regions", "captions", "scenes", "people", "val"] = "train"
    """Which records: see dataset/storybook/records.py."""
    samples: Count = 1000
    """How many records; for scenes, people and val, how many scenes."""


@dataclass
class Show:
    """Questions and answers as text."""

    view: str = "asked"
    """Which records: see dataset/storybook/records.py."""
    samples: Count = 20
    """How many."""
    type: str = ""
    """Only those whose type contains this: "en/", "zh/colour" (for people, scenes, val and agreement)."""


def preview(args: Preview) -> None:
    columns = min(4, args.scenes)
    rows = -(-args.scenes // columns)
    width, height = args.size + MARGIN, args.size + CAPTION + MARGIN
    sheet = Image.new("RGB", (columns * width + MARGIN, rows * height + MARGIN), "white")
    for number in range(args.scenes):
        row, column = divmod(number, columns)
        corner = MARGIN + column * width, MARGIN + row * height
        _paste(sheet, make_scene(args.split, args.first + number), corner, args.size)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(args.out)
    print(f"{args.scenes} scenes -> {args.out}")


def _paste(sheet: Image.Image, scene: Scene, corner: tuple[int, int], size: int) -> None:
    sheet.paste(scene.draw(size), corner)
    caption = textwrap.wrap(describe(scene, LANGUAGES["en"]), width=size // 5)
    ImageDraw.Draw(sheet).multiline_text(
        (corner[0], corner[1] + size + 2), "\n".join(caption), fill="black", font_size=10
    )


def export(args: Export) -> None:
    args.out.mkdir(parents=True, exist_ok=True)
    records = StorybookRecords(args.view, args.samples)
    with open(args.out / "data.jsonl", "w", encoding="utf-8") as file:
        for index in range(len(records)):
            record = records[index]
            names = [f"{index:06d}_{n}.png" for n in range(len(record.images))]
            for name, image in zip(names, record.images, strict=True):
                image.save(args.out / name)
            row = {"image": names, "conversations": list(record.messages), "type": record.type}
            if record.regions:
                row["regions"] = [{"box": box, "text": text} for box, text in record.regions]
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    print(f"{len(records)} records -> {args.out / 'data.jsonl'}")


def show(args: Show) -> None:
    records = open_data(f"storybook:{args.view}", samples=LOOKED_AT, pictures=False)
    types = {records[index].type for index in range(ALL_TYPES if args.type else 0)}
    if args.type and not any(args.type in type for type in types):
        raise DataError(f"--type {args.type}: no type of {args.view}; there are {', '.join(sorted(types))}")
    some = (record for record in map(records.__getitem__, range(len(records))) if args.type in record.type)
    for record in islice(some, args.samples):
        turns = [" ".join(message["content"].split()) for message in record.messages]
        for question, answer in zip(turns[::2], turns[1::2], strict=True):
            print(f"{record.type:15} {question}  ->  {answer}")


@script
def main(argv: list[str] | None = None) -> None:
    commands = (
        Annotated[Preview, tyro.conf.subcommand("preview")]
        | Annotated[Export, tyro.conf.subcommand("export")]
        | Annotated[Show, tyro.conf.subcommand("show")]
    )
    args = parse(commands, argv, __doc__)
    {Preview: preview, Export: export, Show: show}[type(args)](args)


if __name__ == "__main__":
    main()
