"""Data as people have it: each format gives checked records, and what is wrong or unclear is one line."""

import json
import unicodedata
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from dataset.errors import DataError
from dataset.formats.rows import DESCRIBE, DESCRIBE_ZH, NAME
from dataset.images.load import load_image
from dataset.open import open_data
from dataset.record import Record


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return with_pictures(tmp_path)


def with_pictures(folder: Path) -> Path:
    for name in ("a.png", "b.png"):
        picture(folder / "Images" / name)
    return folder


def picture(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.effect_noise((16, 16), 50).convert("RGB").save(path)
    return path


def saved(path: Path, *rows: object) -> Path:
    """JSON: one value, or for .jsonl each row on its line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    return path


def table(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path


def told(record: Record) -> tuple[str, str, str, str | None]:
    """Picture, question, answer, type."""
    (image,), (question, answer) = record.images, record.messages
    return Path(image).name, question["content"].removeprefix("<image>\n"), answer["content"], record.type


def refused(source: Path, index: int | None = None, image_dir: Path | None = None) -> str:
    """What is said on opening it, or of the record at `index`."""
    with pytest.raises(DataError) as caught:
        records = open_data(str(source), image_dir)
        assert index is not None, "opened"
        records[index]
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 700
    return str(caught.value)


# --- captions

CAPTIONS = "image,caption\na.png,A cat\nb.png,一只猫。\n"


@pytest.mark.parametrize("name", ["captions.txt", "captions.csv", "mine.CSV"])
def test_captions_are_asked_for_in_their_language(name: str, folder: Path) -> None:
    file = table(folder / name, "\ufeff" + CAPTIONS)
    records = open_data(str(file))
    expected = [("a.png", DESCRIBE, "A cat", "caption"), ("b.png", DESCRIBE_ZH, "一只猫。", "caption")]
    assert [told(r) for r in records] == expected and records[1].where == f"{file} line 3"
    assert records[0].images == (folder / "Images" / "a.png",)


def test_a_folder_with_captions_is_named_as_a_whole(folder: Path) -> None:
    table(folder / "captions.txt", CAPTIONS)
    table(folder / "train.txt", "a.png\n")
    assert [told(r)[2] for r in open_data(str(folder))] == ["A cat", "一只猫。"]
    elsewhere = picture(folder / "more/a.png").parent
    assert open_data(str(folder), elsewhere)[0].images == (elsewhere / "a.png",)


def test_pictures_may_lie_beside_the_table(folder: Path) -> None:
    picture(folder / "a.png"), picture(folder / "b.png")
    assert open_data(str(table(folder / "my.csv", CAPTIONS)))[0].images == (folder / "a.png",)
    assert open_data(str(folder / "my.csv"), folder / "Images")[0].images == (folder / "Images/a.png",)


def test_flickr30k_names_its_columns_in_its_own_way(folder: Path) -> None:
    text = 'image_name| comment_number| comment\na.png| 0| A "big" cat , sitting .\n'
    assert told(open_data(str(table(folder / "results.csv", text)))[0])[2] == 'A "big" cat , sitting .'


# --- tables by strict rules


def test_cells_keep_what_is_in_them(folder: Path) -> None:
    rows = (
        'a.png,"line 1\r\nline 2, ""quoted"""\r\n\r\nb.png,one\u2028two\x85three 6" long\r\na.png,"x\ry"\r\n'
    )
    records = open_data(str(table(folder / "my.csv", "image,caption\r\n" + rows)))
    said = [told(r)[2] for r in records]
    assert said == ['line 1\r\nline 2, "quoted"', 'one\u2028two\x85three 6" long', "x\ry"]
    assert [r.where.split()[-1] for r in records] == ["2", "5", "6"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimiters_and_line_ends(delimiter: str, end: str, folder: Path) -> None:
    lines = ["image,question,answer,type", "a.png,What?,a cat,x", "b.png,,a dog,", "a.png,Who?,猫,"]
    file = table(folder / "my.tsv", end.join(lines).replace(",", delimiter))
    expected = [
        ("a.png", "What?", "a cat", "x"),
        ("b.png", NAME, "a dog", None),
        ("a.png", "Who?", "猫", None),
    ]
    assert [told(r) for r in open_data(str(file))] == expected


BAD_TABLES = {  # content, which record (None: on opening), what is said
    "open quote": ('image,caption\na.png,x\nb.png,"y\na.png,z\n', None, "line 3: a cell begins with a quot"),
    "open quote, then another": ('image,caption\nb.png,"y\na.png,"z"\n', None, "line 2: a cell begins with"),
    "text after a quote": ('image,caption\nb.png,"y" or z\n', None, "line 2: a cell begins with a quotation"),
    "too many cells": ("image,caption\na.png,x\na.png,A cat, asleep\n", 1, "line 3: 3 cells under 2 columns"),
    "too few cells": ("image,caption\na.png\n", 0, "line 2: 1 cells under 2 columns; put"),
    "no caption": ("image,caption\na.png,\n", 0, "line 2: no answer; write it"),
    "no picture": ("image,caption\n,x\n", 0, "line 2: image is missing or empty"),
    "outside": ("image,caption\n../a.png,x\n", 0, "line 2: '../a.png' lies outside"),
    "names alone": ("a.png\nb.png\n", None, "line 1: the columns are a.png; call them image and caption"),
    "other columns": (
        "file,text\na.png,x\n",
        None,
        "the columns are file, text; call them image and caption",
    ),
    "image alone": ("image,type\na.png,x\n", None, "the columns are image, type; call them"),
    "no answers": ("image,question\na.png,x\n", None, "line 1: a question without an answer"),
    "which": ("image,caption,label\na.png,x,y\n", None, "line 1: no question, and caption and label"),
    "twice": ("image,caption,caption\na.png,x,y\n", None, "line 1: two columns are called 'caption'"),
    "twice without a name": ("image,caption,,\na.png,x,,y\n", 0, "'y' stands in a column without a name"),
    "Excel's": ("sep=;\nimage;caption\na.png;x\n", None, "line 1: 'sep=;' is for Excel alone"),
    "not computed": ("image,caption\na.png,#REF!\n", 0, "line 2: caption is #REF!, a spreadsheet's mistake"),
    "twice for us": ("image,Image,caption\na.png,b,y\n", None, "line 1: two columns are read as 'image'"),
    "empty": ("", None, "line 1: no names of columns; begin with"),
    "no rows": ("image,caption\n\n", None, "holds no records"),
    "unprintable": ('"a\x1bb",c\nx,y\n', None, "the columns are a?b, c; call them"),
}


@pytest.mark.parametrize("text, index, message", BAD_TABLES.values(), ids=list(BAD_TABLES))
def test_bad_tables_name_the_line(text: str, index: int | None, message: str, folder: Path) -> None:
    file = table(folder / "captions.txt", text)
    assert message in (said := refused(file, index)) and said.startswith(str(file))
    assert message in refused(folder, index)


def test_columns_without_a_name_may_be_empty_or_number_the_rows(folder: Path) -> None:
    for text in ("image,caption,,\na.png,A cat,,\n", ",image,caption\n0,a.png,A cat\n"):
        assert told(open_data(str(table(folder / "my.csv", text)))[0])[2] == "A cat"


def test_columns_that_nothing_is_read_from_are_told(folder: Path, capsys: pytest.CaptureFixture) -> None:
    """A question under another name would be replaced by "What is this?" without a word."""
    for text in ("image,Frage,answer,type\na.png,Is it red?,no,x\n", "Frage,image,answer\nIs it?,a.png,no\n"):
        open_data(str(table(folder / "my.csv", text)))
        assert capsys.readouterr().err == f"{folder / 'my.csv'}: not read: Frage\n"
    rows = pa.table({"image": ["a.png"], "Frage": ["Is it red?"], "answer": ["no"]})
    pq.write_table(rows, folder / "my.parquet")
    open_data(str(folder / "my.parquet"))
    assert capsys.readouterr().err == f"{folder / 'my.parquet'}: not read: Frage\n"


def test_a_cell_may_be_long(folder: Path) -> None:
    records = open_data(str(table(folder / "my.csv", f"image,caption\na.png,{'word ' * 40_000}\nb.png,y\n")))
    assert len(told(records[0])[2]) == 5 * 40_000 - 1 and told(records[1])[2] == "y"


def test_a_choice_by_number_in_a_table(folder: Path) -> None:
    rows = "image,question,choices,answer\na.png,?,\"['cat', 'dog']\",1\n"
    assert "line 2: answer is '1', none of its choices" in refused(table(folder / "my.csv", rows), 0)


def test_other_encodings_name_the_line(folder: Path) -> None:
    (folder / "my.csv").write_bytes("image,caption\na.png,x\na.png,é\n".encode("cp1252"))
    advice = "save the file as UTF-8 (in Excel: CSV UTF-8)"
    assert f"my.csv line 3: not UTF-8 at byte 7; {advice}" in refused(folder / "my.csv")


def test_parts_may_number_their_classes_otherwise(folder: Path) -> None:
    """Each names its own: two exports of one set need not agree."""
    for part, names in enumerate((["cat", "dog"], ["dog", "cat"])):
        about = {"info": {"features": {"label": {"_type": "ClassLabel", "names": names}}}}
        rows = pa.table({"image": ["a.png"] * 2, "label": [0, 1]})
        note = {"huggingface": json.dumps(about)}
        pq.write_table(rows.replace_schema_metadata(note), folder / f"p-{part}.parquet")
    records = open_data(str(folder / "p-*.parquet"), folder / "Images")
    assert [records[i].messages[1]["content"] for i in range(4)] == ["cat", "dog", "dog", "cat"]


def test_parquet_that_is_no_table_of_texts(folder: Path) -> None:
    twice = pa.Table.from_arrays([pa.array(["a.png"])] * 2 + [pa.array(["x"])], ["image", "image", "text"])
    pq.write_table(twice, folder / "twice.parquet")
    assert "twice.parquet: two columns are called 'image'; rename one" in refused(folder / "twice.parquet")
    latin = pa.array([b"x", b"caf\xe9"])
    text = pa.Array.from_buffers(pa.string(), 2, latin.buffers())
    pq.write_table(pa.table({"image": ["a.png"] * 2, "text": text}), folder / "latin.parquet")
    assert "latin.parquet row 2: not UTF-8" in refused(folder / "latin.parquet", 1)
    assert open_data(str(folder / "latin.parquet"), None)[0].messages[1]["content"] == "x"


@pytest.mark.parametrize("name", [r"sub\1.png", '"a.png, b.png"', "u\u0308.png", '"Zu\u0308rich, See.png"'])
def test_pictures_beside_a_table_by_any_spelling(name: str, folder: Path) -> None:
    for path in ("sub/1.png", "\u00fc.png", "Z\u00fcrich, See.png"):
        picture(folder / "Images" / path)
    record = open_data(str(table(folder / "my.csv", f"image,caption\n{name},x\n")), None)[0]
    assert record.images and all(path.is_file() for path in record.images)


def test_what_is_left_out_of_a_class_is_told(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    for name in ("cat/1.png", "dog/1.png"):
        picture(tmp_path / name)
    for name in ("dog/2.dng", "bird/1.tga"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    assert len(open_data(str(tmp_path), None)) == 2
    said = capsys.readouterr().err
    assert f"{tmp_path / 'bird'}: 1 left out, no pictures by their names: 1.tga" in said and "2.dng" in said


@pytest.mark.parametrize("there, written", [("NFD", "NFC"), ("NFC", "NFD")])
def test_a_name_is_found_as_a_mac_writes_it(there: str, written: str, folder: Path) -> None:
    path, name = (unicodedata.normalize(form, "Gläser/Ü 1.png") for form in (there, written))
    file = table(folder / "my.csv", f"image,caption\n{name},x\n")
    assert open_data(str(file), picture(folder / path).parent.parent)[0].images == (folder / path,)


def test_a_whole_path_of_windows_is_told(folder: Path) -> None:
    for name in (r"C:\Users\me\a.png", "c:/Users/me/a.png"):
        said = refused(table(folder / "my.csv", f"image,caption\n{name},x\n"), 0)
        assert "line 2: " in said and f"is an absolute Windows path; write it relative to {folder}" in said


def test_pictures_that_lie_in_folders_below_are_told(folder: Path) -> None:
    records = open_data(str(table(folder / "my.csv", "image,caption\nA.JPG,x\n")))
    with pytest.raises(DataError, match=r"No such file or directory; there is .*/Images/a\.png$"):
        load_image(records[0].images[0])


# --- questions and answers, a line each

PAIRS = [{"question": "How many?", "answer": 2}, {"question": "Colour?", "answer": "red", "type": "colour"}]
GOOD_ROWS = {
    "question": ({"question": "Who?", "answer": "a cat", "type": "x"}, [("Who?", "a cat", "x")]),
    "caption": ({"caption": "A cat."}, [(DESCRIBE, "A cat.", "caption")]),
    "name": ({"name": "猫"}, [(NAME, "猫", None)]),
    "label": ({"label": "cat", "type": "animal"}, [(NAME, "cat", "animal")]),
    "answer": ({"answer": "a cat", "question": ""}, [(NAME, "a cat", None)]),
    "answers": ({"question": "Who?", "answers": ["a cat", "cats"]}, [("Who?", "a cat", None)]),
    "answers as VQA's": ({"question": "Who?", "answers": [{"answer": "cat"}]}, [("Who?", "cat", None)]),
    "both": (
        {"question": "Who?", "answer": "cat", "answers": ["dog"], "caption": "y"},
        [("Who?", "cat", None)],
    ),
    "a whole number": ({"question": "How many?", "answer": 3.0}, [("How many?", "3", None)]),
    "of choices": (
        {"question": "Who?", "choices": ["cat", " dog"], "answer": "dog"},
        [("Who?", "dog", None)],
    ),
    "no choices": ({"question": "Who?", "options": [], "answer": "B"}, [("Who?", "B", None)]),
    "several": ({"qa": PAIRS, "type": "z"}, [("How many?", "2", "z"), ("Colour?", "red", "colour")]),
}


@pytest.mark.parametrize("row, expected", GOOD_ROWS.values(), ids=list(GOOD_ROWS))
def test_rows_of_questions_and_answers(row: dict, expected: list, folder: Path) -> None:
    row = {"image": "a.png"} | row
    files = saved(folder / "d.jsonl", row, row), saved(folder / "d.json", [row, row])
    for file in files:
        records = open_data(str(file), folder / "Images")
        assert [told(r) for r in records] == [("a.png", *one) for one in expected] * 2


def test_each_question_of_several_has_its_place(folder: Path) -> None:
    file = saved(folder / "d.jsonl", {"image": "a.png", "caption": "x"}, {"image": "a.png", "qa": PAIRS})
    places = [record.where.removeprefix(str(file)) for record in open_data(str(file))]
    assert places == [" line 1", " line 2, question 1", " line 2, question 2"]


BAD_ROWS = {
    "no image": ({"question": "x", "answer": "y"}, "line 1: image is missing or empty"),
    "no answer": (
        {"image": "a.png", "question": "x", "caption": "y"},
        "line 1: a question without an answer",
    ),
    "two answers": ({"image": "a.png", "name": "x", "caption": "y"}, "no question, and caption and name to"),
    "empty": ({"image": "a.png", "caption": " "}, "line 1: caption is empty; fill it"),
    "no answers": ({"image": "a.png", "question": "x", "answers": []}, "answers is an empty list"),
    "a class by number": ({"image": "a.png", "label": 3}, "line 1: label is 3; write text"),
    "yes as JSON": ({"image": "a.png", "question": "x", "answer": True}, "answer is True; write text"),
    "not a number": (
        {"image": "a.png", "question": "x", "answer": float("nan")},
        "answer is nan; write text",
    ),
    "a choice by number": (
        {"image": "a.png", "question": "x", "choices": ["cat", "dog"], "answer": 1},
        "answer is '1', none of its choices; write the right one in words, and leave choices out",
    ),
    "a choice by letter": (
        {"image": "a.png", "question": "x", "options": "['cat', 'dog']", "answer": "B"},
        "answer is 'B', none of its options",
    ),
    "question a number": ({"image": "a.png", "question": 3, "answer": "y"}, "question is 3; write text"),
    "no pairs": ({"image": "a.png", "qa": []}, "line 1: qa is not a list, or empty"),
    "pairs no list": ({"image": "a.png", "qa": {"question": "x"}}, "line 1: qa is not a list"),
    "pair no object": ({"image": "a.png", "qa": ["x"]}, "line 1, question 1: not an object"),
    "pair lacks": ({"image": "a.png", "qa": [{"question": "x"}]}, "line 1, question 1: a question without"),
    "neither": ({"image": "a.png", "words": "x"}, "line 1: conversations is missing"),
}


@pytest.mark.parametrize("row, message", BAD_ROWS.values(), ids=list(BAD_ROWS))
def test_bad_rows_name_their_place(row: dict, message: str, folder: Path) -> None:
    assert message in refused(saved(folder / "d.jsonl", row), 0)


# --- a folder for each class


def test_a_folder_for_each_class(tmp_path: Path) -> None:
    for name in ("oxeye_daisy/2.png", "oxeye_daisy/1, 2.jpg", "ice-cream/x.JPEG", "Tulip/猫.webp"):
        picture(tmp_path / name)
    for name in ("Tulip/._x.png", "Tulip/notes.txt", ".git/a.png", "__MACOSX/Tulip/a.png", "README.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "empty").mkdir()
    expected = [
        ("猫.webp", "Tulip"),
        ("x.JPEG", "ice cream"),
        ("1, 2.jpg", "oxeye daisy"),
        ("2.png", "oxeye daisy"),
    ]
    records = open_data(str(tmp_path))
    assert [told(r) for r in records] == [(name, NAME, shown, shown) for name, shown in expected]
    assert records[-1].where == f"{tmp_path} oxeye_daisy/2.png" and records[-1].images[0].is_file()


UNCLEAR: dict[str, tuple[list[str], str]] = {  # files there, what is said
    "nothing": (
        [],
        "neither captions.txt nor a folder of pictures for each class; write image,caption lines to",
    ),
    "no classes": (["1.png", "2.png"], "for each class (of which this may be one: name "),
    "loose": (
        ["cat/1.png", "dog/1.png", "2.png"],
        "2.png lies beside the folders of classes; move it into one",
    ),
    "deeper": (
        ["train/cat/1.png", "val/cat/1.png"],
        "train holds folders of its own; name the folder that holds one",
    ),
    "some deeper": (["cat/1.png", "cat/small/1.png", "dog/1.png"], "cat holds folders of its own"),
    "splits": (["train/1.png", "val/1.png"], "train and val are not names of classes; sort"),
    "one": (["Images/1.png"], "Images are not names of classes"),
    "a table": (["cat/1.png", "labels.csv"], "holds labels.csv; name that file, or move it away"),
    "data": (["data.jsonl"], "holds data.jsonl; name that file: "),
    "a set within": (["data/train-0.parquet", "README.md"], "holds data/train-0.parquet; name that folder: "),
    "described within": (["train/metadata.jsonl", "train/1.png"], "holds train/metadata.jsonl; name that"),
    "save_to_disk": (
        ["dataset_info.json", "state.json", "data-0.arrow"],
        "holds data-0.arrow, as save_to_disk writes; write Parquet instead: dataset.to_parquet",
    ),
    "packed": (["0.tar"], "neither captions.txt nor a folder of pictures for each class; write"),
    "both captions": (["captions.txt", "captions.csv"], "holds captions.txt, captions.csv; name one file: "),
    "captions too": (
        ["captions.txt", "cat/1.png", "dog/1.png"],
        "holds captions.txt and folders of pictures",
    ),
}


@pytest.mark.parametrize("names, message", UNCLEAR.values(), ids=list(UNCLEAR))
def test_an_unclear_folder_is_refused(names: list[str], message: str, tmp_path: Path) -> None:
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    assert message in (said := refused(tmp_path)) and said.startswith(f"{tmp_path}: ")


def test_classes_have_their_pictures_with_them(folder: Path) -> None:
    picture(folder / "set/cat/1.png")
    assert len(open_data(str(folder / "set"), folder / "set")) == 1
    assert "has its pictures in a folder for each class; leave" in refused(
        folder / "set", None, folder / "Images"
    )
