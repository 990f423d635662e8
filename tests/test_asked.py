"""The held-out questions in people's words are well formed, of many kinds, and say what their scenes show."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

from dataset.storybook import records
from dataset.storybook.colours import COLOURS, COLOURS_ZH
from dataset.storybook.kinds import KINDS
from dataset.storybook.records import VIEWS, StorybookRecords
from dataset.storybook.settings import SETTINGS
from dataset.storybook.world import SIZES, Scene, make_scene
from tests import asked_scores
from tests.asked import PHOTO_QUESTIONS, SPLIT, Truth, read, scene_of, truth, write

ROWS = read()
ALWAYS = {"id", "scene", "person", "family", "lang", "question", "accept", "reject"}
SOMETIMES = {"all_of", "must_mention", "turns", "claim"}
YES, NO = {"yes", "是"}, {"no", "不"}
PLACES_ZH = {"top": "上", "bottom": "下", "left": "左", "right": "右", "centre": "中央"}
NAMED_ZH = {name: one.zh for one_of in (KINDS, SETTINGS) for name, one in one_of.items()}
CHINESE = NAMED_ZH | COLOURS_ZH | PLACES_ZH
CHINESE |= {"small": "小", "medium": "中等", "big": "大", "night": "夜晚", "rain": "下雨"}
DOMAINS = {"kind": KINDS, "colour": COLOURS, "size": SIZES}


def polarity(row: dict) -> bool | None:
    """Whether yes or no is right, None where neither or either may be."""
    yes, no = bool(YES & set(row["accept"])), bool(NO & set(row["accept"]))
    return yes if yes != no else None


def accepted(row: dict, value: str) -> bool:
    """Whether an answer of this one value would be right."""
    entries = row["accept"] + [entry for part in row.get("all_of", []) for entry in part]
    if row["lang"] == "en":
        return all(word in entries for word in value.split())
    return all(any(entry in CHINESE[word] for entry in entries) for word in value.split())


def supports(row: dict, found: Truth) -> bool:
    if isinstance(found, bool):
        return polarity(row) in (found, None if found else found)
    if isinstance(found, int):
        return [entry for entry in row["accept"] if entry.isdigit()] == [str(found)]
    if isinstance(found, set):
        return {word if row["lang"] == "en" else CHINESE[word] for word in found} == set(row["must_mention"])
    others = DOMAINS.get(row["claim"]["tells"], {}).keys() - {found}
    return accepted(row, found) and not any(accepted(row, other) for other in others)


@pytest.mark.parametrize("row", [row for row in ROWS if "claim" in row], ids=lambda row: row["id"])
def test_scenes_support_the_answers(row):
    found = truth(scene_of(row["scene"]), row["claim"])
    assert supports(row, found), (row["question"], found, row["accept"])


def test_most_answers_are_checked_by_program():
    assert sum("claim" in row for row in ROWS) > 0.75 * len(ROWS)


def test_rows_are_well_formed():
    for row in ROWS:
        assert ALWAYS <= row.keys() <= ALWAYS | SOMETIMES, row["id"]
        assert row["accept"] or row.get("all_of") or row.get("must_mention"), row["id"]
        assert not set(row["accept"]) & set(row["reject"]), row["id"]
        assert ("turns" in row) == (row["family"] == "follow_up"), row["id"]
        assert all(len(turn) == 2 for turn in row.get("turns", [])), row["id"]
        entries = [*row["accept"], *row["reject"], *row.get("must_mention", [])]
        assert all(isinstance(entry, str) and entry.strip("=^") for entry in entries), row["id"]


def test_no_two_questions_are_alike():
    said = Counter(re.sub(r"[\W_]+", "", row["question"].casefold()) for row in ROWS)
    assert said.most_common(1)[0][1] == 1, said.most_common(3)
    assert len({row["id"] for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize(("lang", "fewest", "people"), [("en", 200, 10), ("zh", 120, 6)])
def test_people_families_and_numbers(lang, fewest, people):
    rows = [row for row in ROWS if row["lang"] == lang]
    assert len(rows) >= fewest
    assert len({row["person"] for row in rows}) >= people
    assert len({row["family"] for row in rows}) >= 15
    assert len({row["scene"] for row in rows}) == 40


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("families", [("existence",), ("existence", "attribute_check", "follow_up")])
def test_yes_is_right_as_often_as_no(lang, families):
    rows = [row for row in ROWS if row["lang"] == lang and row["family"] in families]
    said = [polarity(row) for row in rows if polarity(row) is not None]
    assert 0.45 <= sum(said) / len(said) <= 0.55


def test_nothing_else_draws_these_scenes(monkeypatch: pytest.MonkeyPatch):
    """A view may have the name; what counts is which scenes its records are drawn from."""
    drawn = set()

    def seen(split: str, *more: object, **choices: object) -> Scene:
        drawn.add(split)
        return make_scene(split, *more, **choices)

    monkeypatch.setattr(records, "make_scene", seen)
    for view in VIEWS:
        StorybookRecords(view, 1, pictures=False)[0]
    assert {"train", "val"} <= drawn and SPLIT not in drawn


def test_photographs_are_named_and_the_next_one_where_they_are_shuffled() -> None:
    rows = read(PHOTO_QUESTIONS)
    scenes = list(dict.fromkeys(row["scene"] for row in rows))
    for shuffled, wanted in ((False, scenes[0]), (True, scenes[1])):
        first = asked_scores.records(rows, shuffled, Path("photos"))[0]
        assert first.images == (Path("photos", wanted),) and first.where == rows[0]["id"]


def test_written_as_shared_tools_read_it(tmp_path: Path):
    write(tmp_path)
    questions, truths = (
        [json.loads(line) for line in (tmp_path / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
        for name in ("questions", "truth")
    )
    pictures = {path.stem for path in (tmp_path / "scenes").glob("*.png")}
    assert pictures == {row["scene"] for row in questions} == {row["scene"] for row in truths}
    first = scene_of("storybook:700002")
    with Image.open(tmp_path / "scenes/storybook_700002.png") as picture:
        assert picture.tobytes() == first.draw().tobytes()
    assert truths[0]["setting"] == first.setting and len(truths[0]["things"]) == len(first.things)
