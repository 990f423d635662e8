"""From other people's formats to records: Sort-of-CLEVR, and tables of questions and answers."""

import csv
import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from dataset import from_table, sort_of_clevr
from dataset.chat.render import Chat
from dataset.check import examine
from dataset.records import open_records


def test_sort_of_clevr_is_written_and_whole(tmp_path: Path, chat: Chat) -> None:
    sort_of_clevr.main(["--out", str(tmp_path), "--train", "3", "--val", "2"])
    for split, pictures in (("train", 3), ("val", 2)):
        records = open_records(tmp_path / f"{split}.jsonl")
        assert len(records) == 2 * pictures and not examine(records, chat, None).bad
        assert [r.type for r in records] == ["non-relational", "relational"] * pictures
        assert all(len(r.messages) == 20 for r in records)


def test_sort_of_clevr_answers_are_true_of_the_pixels() -> None:
    """Read off the picture: where a colour is, whether its corner is filled, what is near."""
    checked: Counter = Counter()
    for index in range(60):
        rng = random.Random(index)
        objects = sort_of_clevr.make_objects(rng)
        for row in sort_of_clevr.records(objects, "x.png", rng):
            pixels = np.asarray(sort_of_clevr.draw(objects))
            seen = {colour: look(pixels, rgb) for colour, rgb in sort_of_clevr.COLOURS.items()}
            turns = row["conversations"]
            for asked, answered in zip(turns[::2], turns[1::2], strict=True):
                expected = answer(asked["content"], seen)
                assert answered["content"] == expected, (asked, seen)
                checked[asked["content"].split()[2]] += 1
    assert len(checked) >= 4


def look(pixels: np.ndarray, rgb: tuple) -> tuple[float, float, str]:
    rows, columns = np.nonzero((pixels == rgb).all(-1))
    filled = len(rows) / ((np.ptp(rows) + 1) * (np.ptp(columns) + 1))
    return columns.mean(), rows.mean(), "square" if filled > 0.95 else "circle"


def answer(question: str, seen: dict) -> str:
    colour = next(c for c in seen if f" {c} " in question)
    x, y, shape = seen[colour]
    others = sorted(
        (v for c, v in seen.items() if c != colour), key=lambda v: (v[0] - x) ** 2 + (v[1] - y) ** 2
    )
    if "closest" in question or "furthest" in question:
        return others[0 if "closest" in question else -1][2]
    if "How many" in question:
        return str(sum(v[2] == shape for v in seen.values()))
    if "left" in question or "top" in question:
        return "yes" if (x if "left" in question else y) < 37.5 else "no"
    return shape


def test_objects_do_not_touch() -> None:
    for seed in range(20):
        objects = sort_of_clevr.make_objects(random.Random(seed))
        assert {o.colour for o in objects} == set(sort_of_clevr.COLOURS)
        for a in objects:
            near = [b for b in objects if b != a and abs(a.x - b.x) <= 10 and abs(a.y - b.y) <= 10]
            assert not near


ROWS = [
    ["image", "question", "answer", "type"],
    ["a.png", "What, then?", "a cat", "x"],
    ["a.png", "And?", "black", "x"],
    ["a.png", "Size?", "big", "y"],
    ["b.png", "", "dog", ""],
]


@pytest.mark.parametrize("delimiter", [",", "\t", ";"], ids=["csv", "tsv", "semicolons"])
def test_a_table_becomes_records(delimiter: str, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    with open(tmp_path / "my.csv", "w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(ROWS)
    from_table.main([str(tmp_path / "my.csv"), "--out", str(tmp_path / "my own.jsonl")])
    said = capsys.readouterr().out
    assert "3 records" in said and f"check '{tmp_path / 'my own.jsonl'}' --image_dir" in said
    one, two, three = open_records(tmp_path / "my own.jsonl")
    assert [m["content"] for m in one.messages] == ["<image>\nWhat, then?", "a cat", "And?", "black"]
    assert (one.type, two.type, three.type) == ("x", "y", None)
    assert three.messages[0]["content"] == "<image>\nWhat is this?" and three.images[0].name == "b.png"


def test_a_table_is_not_written_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my.csv").write_text("image,answer\na.png,a cat\n")
    Path("sums.csv").write_text("image,answer\na.png,#N/A\n")
    with pytest.raises(SystemExit, match=r"sums.csv line 2: answer is #N/A, a spreadsheet's mistake"):
        from_table.main(["sums.csv", "--out", "sums.jsonl"])
    Path("cat.jpg").write_text("a photograph")
    with pytest.raises(SystemExit, match=r"--out cat.jpg: is there already, and is no data file"):
        from_table.main(["my.csv", "--out", "cat.jpg"])
    with pytest.raises(SystemExit, match=r"--out .*my.csv: is the table itself; .* my.jsonl"):
        from_table.main(["my.csv", "--out", str(tmp_path / "my.csv")])
    assert Path("my.csv").read_text() == "image,answer\na.png,a cat\n"


def test_columns_are_found_in_any_case(tmp_path: Path) -> None:
    (tmp_path / "my.csv").write_text("Bild;FRAGE;Answer\na.png;What?;x\n;;\n", encoding="utf-8")
    flags = ["--image", "bild", "--question", "Frage", "--out", str(tmp_path / "my.jsonl")]
    from_table.main([str(tmp_path / "my.csv"), *flags])
    (record,) = open_records(tmp_path / "my.jsonl")
    assert [m["content"] for m in record.messages] == ["<image>\nWhat?", "x"]


def test_line_breaks_in_cells_are_kept(tmp_path: Path) -> None:
    text = 'image,answer\na.png,"one\ntwo\r\nthree"\nb.png,four\u2028five\n'
    (tmp_path / "my.csv").write_bytes(text.encode())
    from_table.main([str(tmp_path / "my.csv"), "--out", str(tmp_path / "my.jsonl")])
    answers = [record.messages[1]["content"] for record in open_records(tmp_path / "my.jsonl")]
    assert answers == ["one\ntwo\r\nthree", "four\u2028five"]


@pytest.mark.parametrize(
    "content, flags, message",
    [
        (b"picture,answer\na,b\n", "", "no column 'image' among picture, answer"),
        (b"picture,answer\na,\n", "--image picture", "line 2: answer is empty"),
        (b"image,answer\n\xff,b\n", "", "line 2: not UTF-8 at byte 1"),
        (b'image,answer\na,b\nc,"d\ne,f\n', "", "line 3: a cell begins with a quotation mark"),
        (b"image,answer\na,b, c\n", "", "line 2: 3 cells under 2 columns"),
        (b"picture,answer\na,b\n", "", "say which it is with --image COLUMN"),
        (b"image,answer\na,b\n", "--question Frage", "no column 'Frage' among image, answer"),
        (b"image,answer\na,b\n", "--type kind", "no column 'kind' among image, answer"),
        (b"Image,IMAGE,answer\na,b,c\n", "", "no column 'image' among Image, IMAGE, answer"),
        (b"image,answer\n", "", "holds no rows below its column names"),
        (b"PK\3\4", "", "a zip archive, or a spreadsheet"),
        (None, "", "No such file"),
    ],
)
def test_a_bad_table_is_one_line(content: bytes | None, flags: str, message: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "my.csv").write_bytes(content)
    with pytest.raises(SystemExit) as exit:
        from_table.main([str(tmp_path / "my.csv"), "--out", str(tmp_path / "my.jsonl"), *flags.split()])
    assert message in str(exit.value.code) and "\n" not in str(exit.value.code)
    assert not (tmp_path / "my.jsonl").exists()
