"""Text and pictures in a terminal: words stay whole, pictures leave room."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from prompt_toolkit.utils import get_cwidth

from talk import screen
from talk.wrapped import Wrapped, beside, wrapped
from tests.test_terminal import Tty

ENGLISH = "a big yellow boat is on the sea and a turtle swims to the right of it"
CHINESE = "夜晚的大海，上方有一艘黄色的大船，左边有一只红色的小鸟（它很小），右边有一只乌龟。"


def lines(text: str, columns: int, size: int = 1) -> list[str]:
    """Laid out, in pieces of `size` letters."""
    layout = Wrapped(lambda: columns)
    pieces = [layout.add(text[at : at + size]) for at in range(0, len(text), size)]
    return ("".join(pieces) + layout.end()).split("\n")


@pytest.mark.parametrize("columns", range(7, 40, 3))
@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_no_line_ends_within_a_word(columns: int, size: int) -> None:
    found = lines(ENGLISH, columns, size)
    assert " ".join(found) == ENGLISH and all(len(line) <= columns for line in found)
    found = lines(CHINESE, columns, size)
    assert "".join(found) == CHINESE and all(get_cwidth(line) <= columns for line in found)
    assert not any(line[0] in "，。）" or line[-1] in "（" for line in found)
    assert all(get_cwidth(line) >= columns - 5 for line in found[:-1])  # full


def test_what_a_line_has_no_room_for_goes_on_below() -> None:
    assert lines("ab " + "x" * 25 + " cd ef", 10) == ["ab", "x" * 25 + " cd", "ef"]  # 25 = 10 + 10 + 5
    assert lines("one\n\ntwo three", 8) == ["one", "", "two", "three"]
    assert lines("  in front", 80) == ["  in front"]


@pytest.mark.parametrize("mark", [",", ";", ":", ".", "?", "!", ")"])
def test_a_stop_stays_with_the_chinese_before_it(mark: str) -> None:
    assert lines(f"夜晚大海{mark} 上方", 8) == ["夜晚大", f"海{mark} 上方"]


@pytest.mark.parametrize("size", [1, 100])
def test_a_chinese_stop_stays_with_any_word_before_it(size: int) -> None:
    assert lines("按 Ctrl-D）；结束", 11, size) == ["按", "Ctrl-D）；", "结束"]


def test_what_belongs_to_a_name_stands_beside_it_or_below() -> None:
    assert beside("/add", "a big yellow boat", 8, 20) == "/add    a big yellow\n        boat"
    assert beside("/add", "a big yellow boat", 8, 15) == "/add\n  a big yellow\n  boat"
    assert beside("/help", "this list", 8, 80) == "/help   this list"
    assert beside("/add 图", "再加一张", 10, 20) == "/add 图   再加一张"


@settings(max_examples=50, deadline=None)
@given(st.text(), st.integers(2, 60))
def test_nothing_is_lost(text: str, columns: int) -> None:
    assert "".join(wrapped(text, columns).split()) == "".join(text.split())


@pytest.mark.parametrize("size", [(40, 400), (400, 40), (300, 300)])
@pytest.mark.parametrize("number", [1, 2, 5])
def test_pictures_leave_room_for_text(
    size: tuple[int, int], number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "24")
    monkeypatch.setattr("sys.stdout", Tty())
    screen.show([Image.new("RGB", size, (1, 2, 3))] * number, lines=6)
    rows = screen.sys.stdout.getvalue().splitlines()
    assert rows and len(rows) + 6 + 1 <= 24
    assert all(row.count("▀") + row.count(" ") <= 80 for row in rows)


def test_a_pipe_gets_no_pictures_and_no_lines_of_its_own(capsys: pytest.CaptureFixture) -> None:
    screen.show([Image.new("RGB", (30, 30))], lines=1)
    screen.tell(ENGLISH * 3, 31)
    assert screen.say(iter([ENGLISH, ENGLISH])) == ENGLISH * 2
    assert capsys.readouterr() == (f"{ENGLISH * 2}\n", f"{ENGLISH * 3}\n")


def test_an_answer_on_a_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    for stream in (True, False):
        monkeypatch.setattr("sys.stdout", Tty())
        assert screen.say(iter(ENGLISH), stream) == ENGLISH
        shown = screen.sys.stdout.getvalue()
        assert shown == wrapped(ENGLISH, 20) + "\n" and shown.count("\n") >= 4
