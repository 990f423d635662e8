"""A page of photos with a model's answers, right and wrong: chosen by number, not by taste.

    python -m scoring.gallery flickr8k --weights weights/photo
    python -m scoring.gallery pictures --weights weights/photo --out page.png

The first takes every 25th of val.txt's 1,000 photos, the second a folder of pictures, and draws a picture.

A photo's name, as a seed, draws the questions about it. Green answers are right (judge.py), red ones wrong.
Flickr8k's photos are for research only: do not publish a page of them.
"""

import base64
import html
import io
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Literal

import tyro
from matplotlib import font_manager
from matplotlib.figure import Figure
from PIL import Image

from dataset.commands.console import script
from dataset.commands.flags import Count, parse
from dataset.errors import DataError
from dataset.images.load import load_image
from dataset.images.picture_files import pictures_in
from dataset.photo.__main__ import CAPTIONS
from dataset.photo.made import Made
from dataset.photo.mixture import conversation
from dataset.record import IMAGE, Record
from scoring import judge
from scoring.answers import Answer, answer_all
from scoring.assistant import Assistant, readable
from scoring.heatmap import CJK
from scoring.photos import DESCRIBE, LONGEST, Photos, spaced

ASKED = {"en": 3, "zh": 2}  # questions about a photo
SIDE, COLUMNS = 224, 4  # pixels of a photo; photos in a row of the picture
WIDTH, PHOTO, LINE = 46, 2.5, 0.125  # of the picture: letters in a line; inches of a photo and of a line
CHINESE = "\u2e80"  # from here on
COLOURS = {"told": "black", "right": "green", "wrong": "firebrick"}
PAGE = """<!doctype html><meta charset="utf-8"><title>{title}</title>
<style>body {{ font: 14px sans-serif; display: flex; flex-wrap: wrap }}
figure {{ width: 300px; margin: 12px }}
p {{ margin: 4px 0 }} .right {{ color: green }} .wrong {{ color: firebrick }} i {{ color: grey }}</style>
{figures}
"""


@dataclass
class Args:
    sources: tyro.conf.Positional[tuple[Path, ...]]
    """Flickr8k's folder, a folder of pictures, or single pictures."""
    weights: Path
    """Checkpoint folder."""
    out: Path = Path("out/gallery.html")
    """The page, in one file with its photos; a name that ends in .png: drawn as one picture."""
    photos: Count = 40
    """How many, evenly spaced in the sorted list of names."""
    split: str = "val"
    """Which of Flickr8k's splits."""
    batch_size: Count = 32
    device: str = "auto"
    dtype: Literal["auto", "fp32", "bf16", "int8"] = "fp32"


@script
def main(argv: Sequence[str] | None = None) -> None:
    args = parse(Args, argv, __doc__)
    if args.out.suffix not in (".html", ".png"):
        raise DataError(f"{args.out}: a page is .html or .png")
    records = chosen(args.sources, args.photos, args.split)
    if args.out.resolve() in {Path(image).resolve() for record in records for image in record.images}:
        raise DataError(
            f"--out {args.out}: would be written over, and is one of the photos; name another file"
        )
    assistant = Assistant.load(args.weights, args.device, args.dtype).quickened()
    page(assistant, records, args.out, args.batch_size)
    print(f"saved {args.out}: {len({record.where for record in records})} photos")


def chosen(sources: Sequence[Path], number: int, split: str = "val") -> list[Record]:
    """What is asked about each photo that can be read. Raises DataError where there is none."""
    if len(sources) == 1 and (sources[0] / CAPTIONS["en"]).is_file():
        return of_split(Photos.open(sources[0], split, number))
    paths = pictures_in(sources[0]) if len(sources) == 1 and sources[0].is_dir() else sources
    pictures = [path for path in spaced(paths, number) if readable([path])]
    if not pictures:
        raise DataError(
            f"{', '.join(map(str, sources))}: no picture there; name Flickr8k's folder or pictures"
        )
    return [
        Record((path,), asked(Made("caption", question, "")), f"{code}/caption", str(path))
        for path in pictures
        for code, question in DESCRIBE.items()
    ]


def asked(made: Made) -> tuple[dict[str, str], ...]:
    first, *later = conversation(made)
    return {**first, "content": f"{IMAGE}\n{first['content']}"}, *later


def of_split(photos: Photos) -> list[Record]:
    made = {code: photos.made(code) for code in photos.captions}
    records = [record for code in made for record in photos.to_describe(code)]
    for name in photos.names:
        for code, rows in made.items():
            some = [one for one in rows.get(name, ()) if one.family not in ("caption", "follow_up")]
            for one in Random(f"gallery {name}").sample(some, min(ASKED[code], len(some))):
                records.append(photos.record(name, conversation(one), f"{code}/{one.family}"))
    return sorted(records, key=lambda record: record.where)  # of one photo, in the order asked


def page(assistant: Assistant, records: Sequence[Record], out: Path, batch_size: int = 32) -> None:
    found = answer_all(assistant, records, batch_size, LONGEST, last=True)
    answers = {(a.where, a.type, a.question): a for a in found}
    pictures, said = {}, {}
    for record in records:
        pictures[record.where] = record.images[0]
        said.setdefault(record.where, []).append(
            answers[record.where, record.type, record.messages[-2]["content"]]
        )
    shown = {where: small(path) for where, path in pictures.items()}
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.suffix == ".png":
        draw(shown, said, out)
    else:
        figures = "\n".join(figure(where, image, said[where]) for where, image in shown.items())
        out.write_text(PAGE.format(title=html.escape(out.stem), figures=figures), encoding="utf-8")


def small(source: object) -> Image.Image:
    image = load_image(source)
    image.thumbnail((SIDE, SIDE))
    return image


def kind(answer: Answer) -> str:
    if answer.type.endswith("/caption"):
        return "told"
    return "right" if judge.right(answer.type, answer.question, answer.truth, answer.answer) else "wrong"


def line(answer: Answer) -> tuple[str, str, str]:
    """Question, answer, and in brackets the truth where there is one."""
    question = answer.question.replace(IMAGE, "").strip()
    return question, answer.answer.strip() or "(nothing)", f"({answer.truth})" if answer.truth else ""


def figure(where: str, image: Image.Image, answers: Sequence[Answer]) -> str:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=80)
    data = base64.b64encode(file.getvalue()).decode()
    told = "".join(
        f"<p><i>{html.escape(asked)}</i> <span class={kind(a)}>{html.escape(said)}</span> "
        f"<i>{html.escape(truth)}</i></p>"
        for a in answers
        for asked, said, truth in [line(a)]
    )
    name = html.escape(Path(where).name)
    return f'<figure><img src="data:image/jpeg;base64,{data}">{told}<i>{name}</i></figure>'


def draw(shown: Mapping[str, Image.Image], said: Mapping[str, Sequence[Answer]], out: Path) -> None:
    """As one picture, in inches from the top. Chinese is left out where no font has it."""
    known = {font.name for font in font_manager.fontManager.ttflist}
    fonts = [name for name in CJK if name in known]
    told = {where: [(written(a), COLOURS[kind(a)]) for a in said[where]] for where in shown}
    told = {w: [(text, c) for text, c in some if fonts or max(text) < CHINESE] for w, some in told.items()}
    names = list(shown)
    rows = [names[i : i + COLUMNS] for i in range(0, len(names), COLUMNS)]
    lines = [max(sum(text.count("\n") + 1.5 for text, _ in told[name]) for name in row) for row in rows]
    heights = [PHOTO + 0.2 + LINE * number for number in lines]
    width, height, top = COLUMNS * (PHOTO + 0.2), sum(heights), 0.0
    whole = Figure(figsize=(width, height))
    for row, tall in zip(rows, heights, strict=True):
        for column, name in enumerate(row):
            left, at = column * (PHOTO + 0.2) + 0.1, top + PHOTO + 0.1
            axes = whole.add_axes((left / width, 1 - at / height, PHOTO / width, PHOTO / height), anchor="SW")
            axes.imshow(shown[name])
            axes.axis("off")
            for text, colour in told[name]:
                style = {"color": colour, "family": [*fonts[:1], "DejaVu Sans"], "fontsize": 7}
                whole.text(left / width, 1 - (at + 0.05) / height, text, va="top", parse_math=False, **style)
                at += LINE * (text.count("\n") + 1.5)
        top += tall
    whole.savefig(out, dpi=110)


def written(answer: Answer) -> str:
    question, said, truth = line(answer)
    return textwrap.fill(f"{question} -> {said} {truth}", WIDTH)


if __name__ == "__main__":
    main()
