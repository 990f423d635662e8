"""A page to watch a model learn: its answers about the same few pictures, from one evaluation to the next.

samples.jsonl    a line for each look: {"step", "answers"}
samples.html     the pictures across, the looks down; green is right
"""

import base64
import html
import io
import json
from collections.abc import Sequence
from pathlib import Path

from dataset.images.load import load_image
from dataset.record import Record
from scoring.answers import Answer
from trainer.checkpoint import write_text_whole
from trainer.report import read_rows

SHOWN, SIDE = 6, 192  # answers; pixels of a picture
PAGE = """<!doctype html><meta charset="utf-8"><title>samples</title>
<style>body {{ font: 14px sans-serif }} td, th {{ padding: 6px; vertical-align: top; max-width: {side}px }}
.right {{ color: green }} .wrong {{ color: firebrick }} .asked {{ color: grey }}</style>
<table><tr><th>step</th>{head}</tr>{rows}</table>
"""


class Samples:
    """`show` the answers of each look."""

    def __init__(self, folder: Path, records: Sequence[Record]) -> None:
        self.records = records[:SHOWN]
        self.pictures = ["".join(_embedded(image) for image in record.images) for record in self.records]
        self.looks, self.page = folder / "samples.jsonl", folder / "samples.html"

    def show(self, step: int, answers: Sequence[Answer]) -> None:
        """The first answer to each of the records, among `answers`. Looks at later steps are of a run that
        was begun anew, or went back: they are left out."""
        firsts = {(a.where, a.question): a for a in answers}
        chosen = [firsts[record.where, question_of(record)] for record in self.records]
        said = [{"asked": a.question, "truth": a.truth, "said": a.answer} for a in chosen]
        rows = [row for row in read_rows(self.looks, "step", "answers") if row["step"] < step]
        rows.append({"step": step, "answers": said})
        self.looks.parent.mkdir(parents=True, exist_ok=True)
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        write_text_whole(self.looks, lines)
        write_text_whole(self.page, self._html(rows))

    def _html(self, looks: list[dict]) -> str:
        asked = looks[-1]["answers"]
        head = "".join(
            f"<th>{picture}<br><span class=asked>{_text(one['asked'])}</span><br>{_text(one['truth'])}</th>"
            for picture, one in zip(self.pictures, asked, strict=True)
        )
        rows = "".join(
            f"<tr><th>{row['step']:,}</th>" + "".join(_cell(one) for one in row["answers"]) + "</tr>"
            for row in looks
        )
        return PAGE.format(side=SIDE + 12, head=head, rows=rows)


def question_of(record: Record) -> str:
    """The first that is answered."""
    number = [message["role"] for message in record.messages].index("assistant")
    return record.messages[number - 1]["content"]


def _cell(one: dict[str, str]) -> str:
    kind = "right" if one["said"].strip() == one["truth"].strip() else "wrong"
    return f"<td class={kind}>{_text(one['said'])}</td>"


def _text(said: str) -> str:
    return html.escape(said.replace("<image>", "").strip())


def _embedded(source: object) -> str:
    image, file = load_image(source), io.BytesIO()
    image.thumbnail((SIDE, SIDE))
    image.save(file, "PNG")
    return f'<img src="data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}">'
