"""The score on photographs that people described, and the page of them, of a model that knows them all."""

import json
import shutil
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

import eval_vlm
from dataset.chat.render import Sample
from dataset.errors import DataError
from dataset.images.preprocess import Preprocessor
from scoring import gallery, photos, report
from scoring.answers import Answer
from scoring.assistant import Assistant
from scoring.judge import denies, right, states
from scoring.photos import Photos, pope, spaced

COLOURS, ANIMALS, PLACES = ("black", "white", "brown"), ("dog", "cat", "horse"), ("grass", "snow")
ZH = {"dog": "狗", "cat": "猫", "horse": "马", "grass": "草地", "snow": "雪地"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As Flickr8k's: photo number i is a square of the grey i."""
    home = tmp_path_factory.mktemp("flickr8k")
    (home / "Images").mkdir()
    english, chinese, names = ["image,caption"], ["image,caption"], []
    for i, (colour, animal, place) in enumerate(product(COLOURS, ANIMALS, PLACES)):
        names.append(f"{i:02}.png")
        Image.new("RGB", (8, 8), (i, i, i)).save(home / "Images" / names[-1])
        said = f"A {colour} {animal} is running in the {place} ."
        english += [f"{names[-1]},{text}" for text in (said, said, f"A {animal} runs through the {place} .")]
        chinese += [f"{names[-1]},一只{ZH[animal]}在{ZH[place]}上奔跑。"] * 2
    for name, lines in (("captions.txt", english), ("captions_zh.txt", chinese), ("val.txt", names)):
        (home / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return home


class Knowing:
    """Says what it is told is true of the photo that it sees. There is room for anything."""

    context = 4096
    chat = SimpleNamespace(render=lambda *_, **__: Sample([], []), prompt=lambda *_: [])
    vlm = SimpleNamespace(sampling=dict)
    preprocessor = Preprocessor(32)

    def __init__(self, photos: Photos) -> None:
        records = [
            r for code in photos.captions for r in (*photos.to_describe(code), *photos.to_ask(code, 9))
        ]
        self.truths = {
            (int(r.where[:2]), r.messages[-2]["content"]): r.messages[-1]["content"] for r in records
        }
        self.beams: list[tuple[bool, int]] = []

    def quickened(self, graph: bool) -> "Knowing":
        return self

    def answer_batch(
        self, conversations: Sequence, images: Sequence[Image.Image], **how: object
    ) -> list[str]:
        asked = [turns[-1]["content"] for turns in conversations]
        describes = any(question in text for question in photos.DESCRIBE.values() for text in asked)
        self.beams.append((describes, how["num_beams"]))
        seen = [image.getpixel((0, 0))[0] for image in images]
        return [self.truths.get(one, "Yes.") for one in zip(seen, asked, strict=True)]


def test_one_who_knows_is_right_and_about_other_photos_is_not(folder: Path, tmp_path: Path) -> None:
    asked = Photos.open(folder)
    knowing = Knowing(asked)
    answers = photos.ask(knowing, asked, 4, per_family=9, num_beams=3)
    assert set(knowing.beams) == {(True, 3), (False, 1)}  # beams are of descriptions
    scored = photos.score(asked, answers)
    for code in ("en", "zh"):
        told, rows = scored["captions"][code], scored["questions"][code]
        assert told["n"] == 18 and told["BLEU-4"]["value"] == 1
        assert told["shuffled"]["CIDEr"]["high"] < told["CIDEr"]["low"]
        assert {"existence", "follow_up", "unanswerable", "all"} <= rows.keys() and "caption" not in rows
        assert all(row["value"] == 1 > row["low"] for row in rows.values()), rows
        assert scored["pope"][code]["f1"]["value"] == 1
        assert scored["shuffled"][code]["all"]["high"] < rows["all"]["low"]
    text = photos.table(scored)
    assert "| captions of 18 photos |" in text and "| colour | 100.0 (" in text and "says yes" in text
    photos.write(answers, tmp_path / "answers.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "answers.jsonl").read_text().splitlines()]
    assert len(lines) == sum(map(len, answers.values())) and lines[-1]["set"] == "shuffled"


def test_questions_are_the_same_each_time_and_each_about_another_photo(folder: Path) -> None:
    asked = Photos.open(folder)
    records = asked.to_ask("en", 5)
    assert records == Photos.open(folder).to_ask("en", 5)
    for family in {record.type for record in records}:
        names = [record.where for record in records if record.type == family]
        assert len(set(names)) == len(names) <= 5
    for own, other in zip(records, asked.elsewhere(records), strict=True):
        assert own.messages == other.messages and own.images != other.images


def test_photos_are_chosen_by_number() -> None:
    assert spaced([*"abcdefgh"], 4) == tuple("aceg") and spaced([*"ab"], 9) == tuple("ab")
    assert spaced([*"abcde"], None) == tuple("abcde") and spaced([*"ab"], 0) == ()


@pytest.mark.parametrize(
    "type, question, truth, wrong_and_right",
    [
        ("en/existence", "Is there a dog?", "Yes.", ("No.", "A dog.", "| yes, there is", "True.")),
        (
            "en/existence",
            "There is a ball. True or false",
            "False.",
            ("Yes", "", "| No, it's a dog", "false"),
        ),
        ("en/existence", "Is there a ball or a swing?", "A ball.", ("Yes.", "A ball or a swing.", "| ball")),
        ("en/colour", "What colour is the dog?", "Black and white.", ("The dog.", "red", "| white & black")),
        (
            "en/colour",
            "colour of the sky?",
            "The sky is gray.",
            ("The sky is blue.", "The sky.", "a", "| Grey."),
        ),
        ("en/position", "where is he", "In the water.", ("In the snow.", "In the.", "| he is in deep water")),
        ("en/person", "Who is it?", "A woman.", ("A man.", "I cannot see a woman.", "| A young woman.")),
        ("en/count", "How many boys?", "Two.", ("three boys", "Many boys.", "", "| There are 2 boys.")),
        ("en/count", "how much boys are there", "There are no boys.", ("One.", "| None.", "Zero", "no")),
        ("en/unanswerable", "His name?", "The photo does not show that.", ("No.", "Tom", "| I can't tell.")),
        (
            "en/unanswerable",
            "the car?",
            "There is no car.",
            ("Red.", "| One cannot see it", "There are no cars"),
        ),
        ("en/follow_up", "And why?", "That cannot be seen in the picture.", ("Fun.", "| I do not know.")),
        ("zh/existence", "图里有狗吗？", "没有。", ("有。", "狗", "| 没有，照片里没有狗。", "照片里没有狗")),
        ("zh/attribute_check", "他在滑雪吗", "是的。", ("不是，在跑步", "| 对，在滑雪", "是")),
        ("zh/count", "有几只狗？", "有两只狗。", ("一只狗", "狗", "| 两只。", "2只")),
        ("zh/person", "照片上是谁", "一个男人。", ("一个女人", "人", "| 男人", "是男人")),
        ("zh/position", "狗在哪儿", "狗在草地上。", ("狗", "在水里", "| 草地", "在草地里")),
        ("zh/follow_up", "那飞盘呢？", "没有飞盘。", ("有飞盘", "| 没有")),
        ("zh/unanswerable", "它多重", "从照片上看不出来。", ("很重", "| 这个看不出来。")),
    ],
)
def test_answers_are_judged_by_what_they_say(
    type: str, question: str, truth: str, wrong_and_right: tuple[str, ...]
) -> None:
    expected = False
    for said in wrong_and_right:
        expected = expected or said.startswith("|")
        assert right(type, f"<image>\n{question}", truth, said.strip("| ")) == expected, said
    assert right(type, question, truth, truth)


def test_yes_and_no_as_pope_has_them() -> None:
    assert (
        denies("No, there is not.")
        and denies("There is not a dog. Yes")
        and denies("没有")
        and denies("False")
    )
    assert not denies("Yes.") and not denies("A dog") and not denies("有。") and not denies("")
    assert states("Yes, there is a dog.") and states("有，照片里有狗。") and states("No.") is False
    assert states("No, there is no dog.") is False and states("没有，照片里没有狗。") is False
    assert states("Correct, there are no dogs.") is states("No, there is a dog.") is states("A dog.") is None


def test_popes_measures_are_those_of_the_storybook() -> None:
    pairs = [("yes", "yes")] * 5 + [("yes", "no")] * 2 + [("no", "yes")] + [("no", "no")] * 4
    said = [Answer("here", "en/existence", "?", truth, answer) for truth, answer in pairs]
    measured = pope([*said, Answer("here", "en/existence", "?", "A dog.", "no")])
    known = report.hallucination(said)
    assert {name: measured[name]["value"] for name in known} == known
    assert all(measured[name]["low"] < value < measured[name]["high"] for name, value in known.items())
    assert measured["n"] == 12 and measured["there"] == round(7 / 12, 4) and pope([]) == {}


@pytest.mark.parametrize(
    "spoil, samples, message",
    [
        (("captions.txt", None), None, "no captions.txt or no val.txt there"),
        (("val.txt", None), None, "name Flickr8k's folder"),
        (("val.txt", "other.png"), None, "none of its photographs is in captions.txt"),
        (("val.txt", "00.png"), None, "1 photos asked for"),
        (("Images", None), 2, "no folder Images there"),
        (("Images/00.png", None), 2, "none of the photographs asked for can be read"),
    ],
)
def test_mistakes_are_told_in_one_line(
    spoil: tuple[str, str | None], samples: int | None, message: str, folder: Path, tmp_path: Path
) -> None:
    home = tmp_path / "spoilt"
    home.mkdir()
    for path in folder.iterdir():
        if path.name != spoil[0].split("/")[0]:
            (home / path.name).symlink_to(path)
    if "/" in spoil[0]:
        (home / "Images").mkdir()
    if spoil[1]:
        (home / spoil[0]).write_text(spoil[1])
    with pytest.raises(DataError) as error:
        asked = Photos.open(home, samples=samples)
        photos.ask(Knowing(asked), asked, num_beams=1)
    assert message in str(error.value) and "\n" not in str(error.value)


def test_a_photo_that_cannot_be_read_is_left_out_and_told(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    home = shutil.copytree(folder, tmp_path / "home")
    (home / "Images/03.png").write_text("no picture")
    asked = Photos.open(home)
    assert len(asked.names) == 17 and "03.png" not in asked.names
    said = capsys.readouterr().err
    assert "03.png: not a picture" in said and "1 of 18 photographs cannot be read and are left out" in said
    assert photos.score(asked, photos.ask(Knowing(asked), asked, num_beams=1))["captions"]["en"]["n"] == 17


def test_the_flag(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    knowing = Knowing(Photos.open(folder))
    monkeypatch.setattr(Assistant, "load", lambda *_: knowing)
    flags = ["--weights", "known", "--samples", "4", "--report", str(tmp_path / "out" / "photos.json")]
    eval_vlm.main([*flags, "--photos", str(folder), "--num_beams", "2"])
    assert "| captions of 4 photos | BLEU-1" in capsys.readouterr().out
    scored = json.loads((tmp_path / "out" / "photos.json").read_text())
    assert scored["captions"]["zh"]["n"] == 4 and (tmp_path / "out" / "photos.jsonl").is_file()
    assert scored["weights"] == "known" and set(knowing.beams) == {(True, 2), (False, 1)}
    with pytest.raises(SystemExit, match=r"error: nowhere: no captions\.txt"):
        eval_vlm.main([*flags, "--photos", "nowhere"])


def test_a_page_of_photos(folder: Path, tmp_path: Path) -> None:
    asked = Photos.open(folder, samples=4)
    records = gallery.chosen([folder], 4)
    said = {r.where for r in records}
    assert said == set(asked.names) and len(records) == 4 * (2 + sum(gallery.ASKED.values()))
    knowing = Knowing(asked)
    knowing.truths |= {(int(r.where[:2]), r.messages[-2]["content"]): "<b> $1" for r in records[:7]}
    knowing.answer_batch = lambda turns, images, **how: Knowing.answer_batch(
        knowing, turns, images, num_beams=1
    )
    gallery.page(knowing, records, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert page.count('<img src="data:image/jpeg;base64,') == 4 and "&lt;b&gt; $1" in page
    assert "class=wrong" in page and "class=told" in page and "<b>" not in page
    gallery.page(knowing, gallery.chosen([folder / "Images"], 3), tmp_path / "page.png")
    with Image.open(tmp_path / "page.png") as drawn:
        assert drawn.width > 1000


def test_a_page_of_nothing_is_said(tmp_path: Path) -> None:
    for flags, message in ((["--out", "page.pdf"], "a page is .html or .png"), ([], "no picture there")):
        with pytest.raises(SystemExit, match=message):
            gallery.main([str(tmp_path), "--weights", "nowhere", *flags])


def test_a_page_is_not_written_over_a_photo(tmp_path: Path) -> None:
    photo = tmp_path / "p.png"
    Image.new("RGB", (32, 32)).save(photo)
    before = photo.read_bytes()
    with pytest.raises(SystemExit, match=r"p\.png: would be written over, and is one of the photos"):
        gallery.main([str(photo), "--weights", "nowhere", "--out", str(photo)])
    assert photo.read_bytes() == before
