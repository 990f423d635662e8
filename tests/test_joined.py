"""COCO's captions and VQA v2: lists that are joined by an id, and what of them does not join."""

import json
from pathlib import Path

import pytest

from dataset.formats.rows import DESCRIBE, DESCRIBE_ZH
from dataset.open import open_data
from tests.test_formats import picture, refused, saved, told, with_pictures


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return with_pictures(tmp_path)


IMAGES = [{"id": 7, "file_name": "a.png"}, {"id": 8, "file_name": "b.png", "license": [1, {"x": "]"}]}]
NOTES = [{"image_id": 8, "id": 1, "caption": 'A 猫 " ] }'}, {"image_id": 7, "id": 2, "caption": "Two.\n"}]
COCO = {"info": {"a": [1]}, "images": IMAGES, "licenses": [], "annotations": NOTES}


@pytest.mark.parametrize("indent", [None, 2])
def test_coco_captions(indent: int | None, folder: Path) -> None:
    text = json.dumps(COCO, ensure_ascii=indent is None, indent=indent)
    (folder / "captions.json").write_text("\ufeff" * (indent is None) + text, encoding="utf-8")
    records = open_data(str(folder / "captions.json"), folder / "Images")
    assert [told(r) for r in records] == [
        ("b.png", DESCRIBE_ZH, 'A 猫 " ] }', "caption"),
        ("a.png", DESCRIBE, "Two.", "caption"),
    ]
    assert records[1].where == f"{folder / 'captions.json'} annotation 2"


QUESTIONS = [
    {"question_id": 70, "image_id": 7, "question": "How many?"},
    {"question_id": 71, "image_id": 8, "question": "Is it?"},
]
ANSWERS = [
    {"question_id": 71, "image_id": 8, "multiple_choice_answer": "yes", "answer_type": "yes/no"},
    {"question_id": 70, "image_id": 7, "multiple_choice_answer": "2", "answer_type": "number"},
]
PAIR = ("v2_OpenEnded_mscoco_train2014_questions.json", "v2_mscoco_train2014_annotations.json")


def vqa(folder: Path, names: tuple[str, str] = PAIR, **more: object) -> tuple[Path, Path]:
    subtype = {"data_subtype": "train2014"} | more
    return (
        saved(folder / names[0], {"questions": QUESTIONS} | subtype),
        saved(folder / names[1], {"annotations": ANSWERS} | subtype),
    )


@pytest.mark.parametrize("names", [PAIR, ("q.json", "a.json"), ("x_questions.json", "x_annotations.json")])
@pytest.mark.parametrize("named", [0, 1])
def test_vqa_finds_the_other_file_by_name_or_content(named: int, names: tuple, folder: Path) -> None:
    files = vqa(folder, names)
    saved(folder / "captions_train2014.json", COCO)
    saved(folder / "list.json", [])
    records = open_data(str(files[named]), folder / "Images")
    assert [told(r) for r in records] == [
        ("COCO_train2014_000000000007.jpg", "How many?", "2", "number"),
        ("COCO_train2014_000000000008.jpg", "Is it?", "yes", "yes/no"),
    ]
    assert records[0].where == f"{files[0]} question 1"


def test_pairs_of_several_splits_are_told_apart_by_name(folder: Path) -> None:
    vqa(folder, (PAIR[0].replace("train", "val"), PAIR[1].replace("train", "val")), data_subtype="val2014")
    for file in vqa(folder):
        assert told(open_data(str(file))[0])[0].startswith("COCO_train2014")
    vqa(folder / "odd", ("a.json", "b.json")), vqa(folder / "odd", ("c.json", "d.json"))
    assert "its annotations may be b.json, d.json; name the one that is meant" in refused(
        folder / "odd/a.json"
    )
    assert "or call it a_annotations.json" in refused(folder / "odd/a.json")


def test_vqa_pictures_are_looked_up(folder: Path) -> None:
    file = vqa(folder)[0]
    for name in ("train2014/COCO_train2014_000000000007.jpg", "000000000008.jpg"):
        picture(folder / name)
    assert [r.images[0].relative_to(folder).as_posix() for r in open_data(str(file))] == [
        "train2014/COCO_train2014_000000000007.jpg",
        "000000000008.jpg",
    ]
    picture(folder / "7.png")
    file = vqa(folder, data_subtype=None)[0]
    assert [told(r)[0] for r in open_data(str(file))] == ["7.png", "8"]
    named = [question | {"image": "a.png"} for question in QUESTIONS]
    saved(file, {"questions": named})
    assert {told(r)[0] for r in open_data(str(file))} == {"a.png"}


def test_what_does_not_join_is_told(folder: Path) -> None:
    file = saved(folder / "coco.json", COCO | {"annotations": [*NOTES, {"image_id": 9, "caption": "x"}, 3]})
    assert "annotation 3: image_id 9 is not among the images" in refused(file, 2)
    assert "annotation 4: not an object" in refused(file, 3)
    file = saved(folder / "coco.json", COCO | {"images": [*IMAGES, IMAGES[0]]})
    assert "id 7 comes twice in images" in refused(file)
    file = saved(folder / "coco.json", COCO | {"images": [{"id": 9}], "annotations": NOTES})
    assert "none of its annotations has its id among the images" in refused(file)
    file = saved(folder / "coco.json", COCO | {"images": [{"id": 7}]})
    assert "image is missing" in refused(file, 1)
    file = saved(folder / "instances.json", COCO | {"annotations": [{"image_id": 7, "bbox": [1]}]})
    assert "expected one list [...] of records, or an object with COCO's images" in refused(file)
    assert "annotations (image_id, bbox)" in refused(file)
    (alone := folder / "alone").mkdir()
    file = saved(alone / "train_questions.json", {"questions": QUESTIONS})
    assert "no annotations of VQA beside it; put their file there as train_annotations.json" in refused(file)


@pytest.mark.parametrize(
    "text, message",
    [
        ('{"images": [1,]}', "line 1: not JSON at column 15 (Expecting value); correct it"),
        ('{"images": [1 2]}', "not JSON at column 15 (Expecting , or ])"),
        ('{"images": [1]', "not JSON at column 15 (Expecting , or })"),
        ('{"images"\n [1]}', "line 2: not JSON at column 2 (Expecting :)"),
        ("{3: 4}", "not JSON at column 3 (Expecting a name in quotes)"),
        (
            '{"a": 1}\n{"a": 2}',
            "line 2: not JSON at column 1 (Extra data); with one record on each line, call",
        ),
        ('{"a": ' + "[" * 100_000, "not readable as JSON"),
        ("{}", "found nothing"),
        ('{"images": []}', "expected one list [...] of records"),
    ],
)
def test_broken_objects_are_told_as_broken_lists_are(text: str, message: str, folder: Path) -> None:
    (folder / "d.json").write_text(text)
    assert message in refused(folder / "d.json")
