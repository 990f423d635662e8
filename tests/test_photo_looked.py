"""What somebody saw in photographs becomes questions whose answers it bears out."""

import json
import random
import re
from collections import Counter
from pathlib import Path

import pytest

from dataset.errors import DataError
from dataset.photo import chinese_names
from dataset.photo.__main__ import main
from dataset.photo.looked import COLOURS_ZH, Looked, Thing, looked_at
from dataset.photo.made import YES
from dataset.project import ROOT
from tests.asked import PHOTO_QUESTIONS, read
from tests.looked_scores import WRITTEN, rows, table

BLOCK = """# 12_ab
+ black and white dog, red caps, grass, sunglasses
- cat, brown horses
Is it wet? | No.
> sure? | Yes, it is dry.
狗在跑吗？ | 是的。
"""


@pytest.fixture
def block(tmp_path: Path) -> Path:
    path = tmp_path / "looked_at.txt"
    path.write_text(BLOCK, encoding="utf-8")
    return path


def test_the_file_is_whole() -> None:
    """Each photograph has things, absent ones and questions, and is not one that models are measured by."""
    found = looked_at()
    assert len(found) == 6000
    assert all(re.fullmatch(r"\d+_[0-9a-f]+", name) for name in found)
    assert min(len(one.there) for one in found.values()) > 3
    assert min(len(one.absent) for one in found.values()) > 2
    assert min(len(one.asked) for one in found.values()) > 3
    both = [name for name, one in found.items() if {t.name for t in one.there} & {t.name for t in one.absent}]
    assert len(both) < len(found) / 50  # a red cap there, and a blue one not
    measured = {Path(row["scene"]).stem for row in read(PHOTO_QUESTIONS)} | looked_at(WRITTEN).keys()
    assert not measured & found.keys()


def test_the_guide_counts_right() -> None:
    """docs/TRAINING.md says how much was written."""
    found = looked_at().values()
    turns = [turn for looked in found for talk in looked.asked for turn in talk]
    chinese = sum(not question.isascii() for question, _ in turns)
    there = sum(len(looked.there) for looked in found)
    absent = sum(len(looked.absent) for looked in found)
    guide = " ".join((ROOT / "docs/TRAINING.md").read_text(encoding="utf-8").split())
    assert f"{len(turns):,} questions, {chinese:,} of them in Chinese" in guide
    assert f"{there:,} things that are there and {absent:,} that are not" in guide


def test_the_measure_asks_for_yes_and_no(tmp_path: Path) -> None:
    """Of what was written of a photograph, what is answered by yes or no, and each thing."""
    for name in looked_at(WRITTEN):
        (tmp_path / f"{name}.jpg").touch()
    asked = rows(tmp_path)
    assert {row["truth"] for row in asked} == {"yes", "no"}
    assert all(re.match("(Yes|No)", row["question"]) is None for row in asked)
    things = sum(len(looked.there + looked.absent) for looked in looked_at(WRITTEN).values())
    assert sum(row["family"] == "things" for row in asked) == things
    line = next(table({("things", "yes"): ["yes", "no"], ("things", "no"): ["no", None, "yes", "yes"]}))
    assert "37.5%" in line and "so 50.0%" in line and "not 25.0%" in line


def test_a_block_is_read(block: Path) -> None:
    (looked,) = looked_at(block).values()
    dog, caps, grass, sunglasses = looked.there
    assert dog == Thing("dog", ("black", "white")) and caps == Thing("caps", ("red",))
    assert [thing.name for thing in looked.absent] == ["cat", "horses"]
    assert looked.asked == (
        (("Is it wet?", "No."), ("sure?", "Yes, it is dry.")),
        (("狗在跑吗？", "是的。"),),
    )
    assert [thing.slots()["a"] for thing in (dog, caps, grass, sunglasses)] == [
        "a dog",
        "caps",
        "grass",
        "sunglasses",
    ]
    assert (dog.slots()["is"], caps.slots()["is"]) == ("is", "are")


def test_a_turn_comes_after_the_one_before(block: Path) -> None:
    (looked,) = looked_at(block).values()
    made = next(one for one in looked.questions(random.Random(0)) if one.family == "looked")
    assert (made.question, made.answer) == ("sure?", "Yes, it is dry.")
    assert made.earlier == (("Is it wet?", "No."),)


@pytest.mark.parametrize("name", ["bus", "dress", "canvas bag"])
def test_one_thing_that_ends_in_s_is_one(name: str) -> None:
    assert Thing(name).slots()["a"] == f"a {name}"


def truths(looked: Looked, language: str, times: int = 400) -> Counter[tuple[str, bool]]:
    """How often each thing was asked after and found, by whether the answer says that it is there."""
    names = {one.name: one.name for one in looked.there + looked.absent}
    known = chinese_names.table()
    if language == "zh":
        names = {known[name][1]: name for name in names if name in known}
    counts: Counter[tuple[str, bool]] = Counter()
    for seed in range(times):
        for made in looked.questions(random.Random(seed)):
            if made.family == "existence" and made.question.isascii() == (language == "en"):
                asked = [name for word, name in names.items() if word.rstrip("s") in made.question.lower()]
                if len(asked) == 1:  # one that was typed wrongly is not known again
                    yes = re.match("(No|False|没)", made.answer) is None
                    counts[asked[0], yes] += 1
    return counts


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_is_there_is_there_and_nothing_else(block: Path, language: str) -> None:
    (looked,) = looked_at(block).values()
    counts = truths(looked, language)
    there = {one.name for one in looked.there}
    assert len(counts) > 3 and all((name in there) == yes for name, yes in counts)
    assert len({name for name, _ in counts}) == len(counts)


def test_so_many_answers_are_yes() -> None:
    """`YES` of what is asked after is there, over many photographs."""
    rng, some = random.Random(0), list(looked_at().values())[:600]
    told = [truth for looked in some for _, truth in looked.drawn(3, rng)]
    assert abs(sum(told) / len(told) - YES) < 0.03


def test_colours_are_right(block: Path) -> None:
    (looked,) = looked_at(block).values()
    made = [one for seed in range(300) for one in looked.questions(random.Random(seed))]
    caps = {one.answer for one in made if one.family == "colour" and "cap" in one.question}
    assert {"Red.", "The caps are red."} <= caps
    for one in (one for one in made if one.family == "attribute_check" and "cap" in one.question.lower()):
        named = {colour for colour in COLOURS_ZH if re.search(rf"\b{colour}\b", one.question.lower())}
        if named:  # "rde" is none
            assert (named == {"red"}) == bool(re.match("Yes|True", one.answer))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Is it wet? | No.", "Is it wet?", "12_ab: 'Is it wet?' is no question | answer"),
        ("Is it wet? | No.\n", "", "12_ab: '> sure? | Yes, it is dry.' is no question"),
        ("\n狗", f"\n\n{BLOCK}狗", "12_ab is in it twice"),
        ("# 12_ab", "+ a cat\n# 12_ab", "its first line is not of any photograph"),
        ("cat, ", "cat,, ", "12_ab: '- cat,, brown horses' has a comma without a thing"),
    ],
)
def test_a_mistake_is_named(block: Path, old: str, new: str, said: str) -> None:
    block.write_text(BLOCK.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataError, match=re.escape(said)):
        looked_at(block)


@pytest.mark.parametrize(("flags", "fewest", "most"), [([], 9, 40), (["--telling", "en"], 1, 4)])
def test_make_asks_what_was_written(
    tmp_path: Path, flags: list[str], fewest: int, most: int, capsys: pytest.CaptureFixture
) -> None:
    """All of it of a photograph that is in the file, whatever its name ends in; little for `reward`."""
    name = next(iter(looked_at()))
    (tmp_path / "Images").mkdir()
    (tmp_path / "captions.txt").write_text(f"image,caption\n{name}.jpg,zzz .\n")
    (tmp_path / "train.txt").write_text(f"{name}.jpg\n")
    main(["make", str(tmp_path), "--out", str(tmp_path / "out.jsonl"), *flags])
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    written = {turn[0] for turns in looked_at()[name].asked for turn in turns}
    found = [row for row in rows if row["conversations"][0]["content"] in written]
    about = [row for row in rows if row["type"] in ("looked", "existence", "colour", "attribute_check")]
    assert all(row["type"] == "looked" for row in found)
    assert fewest <= len(about) <= most and (len(found) == len(looked_at()[name].asked) or flags)
