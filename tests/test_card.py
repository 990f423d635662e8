"""What a model's card tells its users, and that nothing is made up where it tells nothing."""

from pathlib import Path

import pytest

import eval_vlm
from dataset.errors import DataError
from dataset.project import PHOTO, TINY
from talk.card import TRIED, Card


def card(folder: Path, text: str) -> Card:
    (folder / "README.md").write_text(text, encoding="utf-8")
    return Card.load(folder)


@pytest.mark.parametrize("folder", [PHOTO, TINY])
def test_what_ships_says_what_it_knows_and_what_to_ask(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = Card.load(folder)
    assert found.summary and len(found.to_try(True)) == len(found.to_try(False)) == TRIED
    assert all(text.isascii() for text in found.to_try(False))
    assert not any(text.isascii() for text in found.to_try(True))
    for language, told in (("en_US.UTF-8", f": {found.summary}"), ("zh_CN.UTF-8", f"：{found.summary_zh}")):
        monkeypatch.setenv("LC_ALL", language)
        greeting = eval_vlm.greeted(folder)
        assert greeting[0] == folder.name + told and len(greeting) == 4
        assert all(
            line.startswith("Try: " if language == "en_US.UTF-8" else "试试：") for line in greeting[1:]
        )
    assert found.summary.isascii() and not found.summary_zh.isascii()


@pytest.mark.parametrize(
    "text",
    [
        "# Mine\n\nIt knows all.",
        "---\nlicense: mit\n---\n",
        "---\n---\n",
        "---\nsummary: 3\nwidget: [a, 1]\n---\n",
        "---\nwidget: true\n---\n",
    ],
)
def test_where_a_card_says_nothing_nothing_is_said(text: str, tmp_path: Path) -> None:
    assert Card.load(tmp_path) == card(tmp_path, text) == Card() and eval_vlm.greeted(tmp_path) == []


def test_who_reads_chinese_is_told_in_english_where_the_card_has_nothing_else() -> None:
    assert Card("a", summary_zh="b").told(True) == "b" and Card("a", summary_zh="b").told(False) == "a"
    assert Card("a").told(True) == "a" and Card().told(True) == ""


def test_a_card_is_text_whatever_is_in_it(tmp_path: Path) -> None:
    found = card(tmp_path, '---\nsummary: "a\\e[2J\\nb"\nwidget:\n- text: What?\n- src: a.png\n---\n')
    assert found == Card("a?[2J b", ("What?",)) and found.to_try(True) == ["What?"]


def test_a_card_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"README\.md: what stands between --- and --- is not YAML") as caught:
        card(tmp_path, "---\nsummary: [\n---\n")
    assert "\n" not in str(caught.value)
    assert eval_vlm.greeted(tmp_path) == [f"error: {caught.value}"]
