"""The conversation in a terminal: what is typed, completed, shown and stopped."""

import io
import sys
from contextlib import redirect_stderr, suppress
from pathlib import Path
from string import Formatter
from unittest.mock import Mock
from urllib.parse import quote

import pytest
import torch
from PIL import Image
from prompt_toolkit.application import create_app_session
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput
from prompt_toolkit.utils import get_cwidth

from dataset.errors import DataError
from dataset.storybook.records import StorybookRecords
from scoring.assistant import Assistant, open_pictures
from scoring.heatmap import Look, of_word
from talk.conversation import Conversation
from talk.screen import preview
from talk.terminal import Commands, Terminal, meant, sources, speed
from talk.words import HELP, TEXTS
from tests.conftest import scrambled

SETTINGS = {"temperature": 0.0, "top_k": 0, "max_new_tokens": 6}
SAID = {  # language -> what is said to these commands, line by line
    "en": """nothing was said yet
forgotten
1 picture; a new conversation
2 pictures; a new conversation
the next question is about it, too
the next question is about them, too
temperature 0.0, top_k 0, max_new_tokens 6
a cat
saved out/look.png
""",
    "zh": """还没有回答过
已忘记之前的对话
1 张图片，新的对话
2 张图片，新的对话
下一个问题也包括这张图片
下一个问题也包括这些图片
temperature 0.0, top_k 0, max_new_tokens 6
a cat
已保存 out/look.png
""",
}


@pytest.fixture
def talker(assistant: Assistant) -> Assistant:
    scrambled(assistant.vlm)
    return assistant.quickened()


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "a picture.png"
    StorybookRecords("single", 1)[0].images[0].save(path)
    return path


def piped(
    terminal: Terminal, text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> str:
    """What it says, on stdout and on stderr, in that order."""
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    with redirect_stderr(sys.stdout), suppress(DataError):
        terminal.run()
    return capsys.readouterr().out.removeprefix(TEXTS[terminal.language]["no_picture"] + "\n")


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


def typed(terminal: Terminal, keys: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """What a terminal shows when these keys are pressed; Ctrl-D comes after them."""
    screen = Tty()
    with create_pipe_input() as keyboard, create_app_session(keyboard, DummyOutput()):
        keyboard.send_text(keys + "\x04")
        monkeypatch.setattr("talk.keyboard.termios", None)  # it is no terminal that a system knows
        monkeypatch.setattr("sys.stdin", Tty())
        monkeypatch.setattr("sys.stdout", screen)
        terminal.run()
    return screen.getvalue()


def test_commands_through_a_pipe(
    talker: Assistant,
    picture: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    terminal = Terminal(talker, SETTINGS, [])
    lines = f"\ufeff/image {picture}\nhi\n/add '{picture}'\nand?\n/speed\n/look\n"
    out = piped(terminal, lines + "/settings temperature 0.5\n/settings\n", monkeypatch, capsys)
    assert "1 picture; a new conversation" in out and "the next question is about it, too" in out
    assert "tokens" in out and "temperature 0.5, top_k 0" in out and "\033" not in out
    assert [m["content"].count("<image>") for m in terminal.conversation.messages] == [1, 0, 1, 0]
    assert terminal.settings["temperature"] == 0.5 and SETTINGS["temperature"] == 0.0


@pytest.mark.parametrize(
    "line, message",
    [
        ("/settings heat 3", "there is no setting 'heat'; there are temperature, top_k, max_new_tokens"),
        ("/settings top_k many", "top_k 'many': write a number, as 0"),
        ("/settings temperature -1", "temperature is -1.0; it must be"),
        ("/look", "nothing has been said yet; ask something first"),
        ("/lok", "there is no command /lok; did you mean /look?"),
        ("/what", "there is no command /what; /help lists what there is"),
        ("<image> <image> <image>?", "3 <image> for 0 pictures"),
    ],
)
def test_mistakes_are_one_line_and_change_nothing(
    talker: Assistant, line: str, message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    terminal = Terminal(talker, SETTINGS, [])
    out = piped(terminal, line, monkeypatch, capsys)
    assert out.startswith("error: ") and message in out and out.count("\n") == 1
    assert terminal.settings == SETTINGS and terminal.conversation.messages == []


@pytest.mark.parametrize(
    "line, message",
    [
        ("/image", "name a picture: its path, or an address"),
        ("/image nowhere.png", "nowhere.png: No such file"),
        ("/add 'half", "No closing quotation"),
    ],
)
def test_nothing_is_asked_about_a_picture_that_cannot_be_had(
    talker: Assistant, line: str, message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """From a pipe; who types sees what is wrong."""
    terminal = Terminal(talker, SETTINGS, [])
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{line}\nwhat?\n"))
    with pytest.raises(DataError, match=f"{message}.*; nothing was asked from there on"):
        terminal.run()
    assert not terminal.conversation.messages
    monkeypatch.setattr("sys.stdin", Tty())
    terminal.heed(line)
    assert message in capsys.readouterr().out


def test_a_pipe_gets_the_answers_alone(
    talker: Assistant, picture: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(talker, "stream", lambda *_, **choices: iter(["a cat"]))
    monkeypatch.setattr("sys.stdin", io.StringIO(f"/image {picture}\nwhat?\n/lok\nand?\n"))
    with pytest.raises(DataError, match="1 of the pipe's lines failed"):
        Terminal(talker, SETTINGS, []).run()
    heard = capsys.readouterr()
    assert heard.out == "a cat\na cat\n" and "error: there is no command /lok" in heard.err


@pytest.mark.parametrize("file", ["out", None])
def test_a_file_that_cannot_be_written_ends_its_line(
    file: str | None, talker: Assistant, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    terminal = Terminal(talker, SETTINGS, [])
    monkeypatch.setattr(terminal, "command", Mock(side_effect=OSError(28, "No space left", file)))
    assert piped(terminal, "/look", monkeypatch, capsys) == f"error: {file or 'a file'}: No space left\n"
    monkeypatch.setattr(terminal, "command", Mock(side_effect=BrokenPipeError(32, "Broken pipe")))
    with pytest.raises(BrokenPipeError):
        terminal.heed("/look")


def test_typing(talker: Assistant, picture: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Ctrl-C drops a line, lines are remembered, pictures are shown."""
    terminal = Terminal(talker, SETTINGS, [], history=tmp_path / "history")
    screen = typed(terminal, f"/image {picture}\rhello\rnever\x03", monkeypatch)
    assert "1 picture; a new conversation" in screen and "\033[38;2;" in screen
    asked = [m["content"].removeprefix("<image>\n") for m in terminal.conversation.messages[::2]]
    assert asked == ["hello"]
    assert "+hello" in (tmp_path / "history").read_text()


def test_tab_completes_commands_settings_and_paths(picture: Path) -> None:
    def completed(text: str) -> list[str]:
        found = Commands(SETTINGS).get_completions(Document(text), CompleteEvent())
        return [text[: len(text) + each.start_position] + each.text for each in found]

    assert completed("/se") == ["/settings"] and completed("/settings te") == ["/settings temperature"]
    assert completed(f"/image {picture.parent}/a p") == [f"/image {picture}"]
    assert completed("what") == []


def test_ctrl_c_stops_an_answer_and_nothing_else(
    talker: Assistant, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    terminal, stream = Terminal(talker, SETTINGS, []), talker.stream

    def interrupted(*args: object, **choices: object) -> object:
        yield "so far"
        raise KeyboardInterrupt

    monkeypatch.setattr(talker, "stream", interrupted)
    monkeypatch.setattr("sys.stdin", io.StringIO("one\n"))
    terminal.turn("one")
    assert capsys.readouterr().out == "so far ...\n"
    assert terminal.conversation.messages[-1]["content"] == "so far"
    monkeypatch.setattr(talker, "stream", stream)
    terminal.turn("two")
    assert len(terminal.conversation.messages) == 4


@pytest.mark.parametrize("language", SAID)
def test_it_says_its_own_words_in_the_users_language(
    talker: Assistant,
    picture: Path,
    language: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(talker, "stream", lambda *_, **choices: iter(["a cat"]))
    one, two = f"'{picture}'", f"'{picture}' '{picture}'"
    shown = "".join(f"{name} {paths}\n" for name in ("/image", "/add") for paths in (one, two))
    terminal = Terminal(talker, SETTINGS, [], language=language)
    assert (
        piped(terminal, f"/speed\n/reset\n{shown}/settings\nwhat?\n/look\n", monkeypatch, capsys)
        == SAID[language]
    )


@pytest.mark.parametrize(
    "language, greeting, typed_wrong",
    [
        (
            "en",
            'Enter alone asks "Why?" /help lists commands. To leave, press Ctrl-D or type exit.\n',
            "To leave, press Ctrl-D or type exit.\n",
        ),
        (
            "zh",
            "输入 /help 查看命令。直接按回车会问：“Why?”要结束，请按 Ctrl-D 或输入“退出”。\n",
            "要结束，请按 Ctrl-D 或输入“退出”。\n",
        ),
    ],
)
def test_it_greets_in_the_users_language(
    talker: Assistant,
    language: str,
    greeting: str,
    typed_wrong: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    monkeypatch.setenv("COLUMNS", "90")
    terminal = Terminal(talker, SETTINGS, [], default="Why?", language=language)
    assert typed(terminal, "never\x03", monkeypatch) == greeting + typed_wrong
    assert capsys.readouterr().err == TEXTS[language]["no_picture"] + "\n"


@pytest.mark.parametrize(
    "language, said",
    [
        ("en", "(the oldest 3 of 8 turns no longer fit, and are forgotten)\n"),
        ("zh", "（8 轮对话已放不下，最早的 3 轮被忘记了）\n"),
    ],
)
def test_what_is_forgotten_is_told(
    talker: Assistant, language: str, said: str, capsys: pytest.CaptureFixture
) -> None:
    terminal = Terminal(talker, SETTINGS, [], language=language)
    terminal.conversation.forgotten = 3
    terminal.tell_forgotten(8)
    assert capsys.readouterr().err == said


def test_its_languages_say_the_same() -> None:
    """No text is missing in a language, and none lacks what another is told."""
    given = {
        language: {
            name: sorted(field for _, field, *_ in Formatter().parse(text) if field)
            for name, text in texts.items()
        }
        for language, texts in TEXTS.items()
    }
    assert given["zh"] == given["en"]
    assert list(HELP["zh"]) == list(HELP["en"])
    for name, (behind, _) in HELP["en"].items():
        assert bool(behind) == bool(HELP["zh"][name][0])
    texts = [*TEXTS["zh"].values(), *(does for _, does in HELP["zh"].values())]
    assert not any(text.isascii() for text in texts)


def test_preview_and_speed() -> None:
    shown = "\n".join(preview(Image.new("RGB", (200, 100), (1, 2, 3))))
    assert shown.count("▀") == 48 * 12 and "\033[38;2;1;2;3m\033[48;2;1;2;3m▀" in shown
    assert speed(11, 0.0, 0.5, 1.0) == "11 tokens: the first after 0.50 s, then 20 a second"
    assert speed(0, 0.0, None, 1.0) == "1.00 s for 0 tokens"
    assert speed(38, 0.0, 0.999, 1.0) == "1.00 s for 38 tokens"  # beams: all at once
    assert speed(11, 0.0, 0.5, 1.0, "zh") == "11 个词元：0.50 秒后出现第一个，之后每秒 20 个"
    assert speed(0, 0.0, None, 1.0, "zh") == "0 个词元，用时 1.00 秒"


@pytest.mark.parametrize("line", ["exit", "Quit", "/exit", "/QUIT", "help", "/?", "退出", "帮助"])
def test_words_do_what_people_mean(line: str) -> None:
    assert meant(line) in ("/quit", "/help")


@pytest.mark.parametrize("line", ["Where is the exit?", "exit sign", "help me", "", "/look exit", "quite"])
def test_a_question_that_merely_has_such_a_word_is_a_question(line: str) -> None:
    assert meant(line) == line


def test_a_picture_that_is_dragged_here_is_looked_at(picture: Path) -> None:
    assert meant(str(picture)) == f"/image {picture}" and meant(f"'{picture}'") == f"/image '{picture}'"


def test_pictures_are_meant_however_they_are_written(picture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(picture.parent))
    dragged = str(picture).replace(" ", r"\ ")
    (opened,) = open_pictures(sources(f"file://{quote(str(picture))}"))  # as a file manager writes it
    assert opened.size == open_pictures([picture])[0].size
    with pytest.raises(DataError, match=r"file://there/a\.png is on another machine"):
        open_pictures(["file://there/a.png"])
    assert sources("~/a picture.png") == sources("'~/a picture.png'") == sources(dragged) == [str(picture)]
    for line in (dragged, f"{dragged} '{picture}'", "~/a\\ picture.png", "/gone/photo.JPG", "photo.heic"):
        assert meant(line) == f"/image {line}"
    for question in ("What's in a.png?", "Who's in a.png", "Describe a.png", "/look a.png", "/image a.png"):
        assert meant(question) == question


def test_ctrl_c_ends_a_command_and_nothing_else(
    talker: Assistant, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Terminal, "look", interrupted)
    assert piped(Terminal(talker, SETTINGS, []), "/look\n/speed\n", monkeypatch, capsys).endswith(
        "said yet\n"
    )


def test_a_word_is_looked_for_in_the_terminal_too(
    talker: Assistant, picture: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(talker, "stream", lambda *_, **choices: iter(["a red ", "cat"]))
    terminal = Terminal(talker, SETTINGS, [Image.open(picture)])
    before, _, after = typed(terminal, "what?\r/look cat\r/look\r", monkeypatch).partition("cat")
    assert "▀" in before and "▀" in after and after.count("saved out/look.png") == 2
    assert "/look WORD shows one of these here: red, cat" in after


def test_a_picture_that_came_after_an_answer_is_none_it_looked_at(talker: Assistant, picture: Path) -> None:
    talk = Conversation([Image.open(picture)])
    list(talk.ask(talker, "what?", max_new_tokens=6))
    before = talk.looks(talker)
    talk.images.append(Image.new("RGB", (8, 8)))
    assert [look.word for look in talk.looks(talker)] == [look.word for look in before]


@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize("columns", [40, 60])
def test_help_and_settings_cut_no_word(
    talker: Assistant, language: str, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    screen = typed(Terminal(talker, SETTINGS, [], language=language), "/help\r/settings\r", monkeypatch)
    assert "/quit" in screen and "max_new_tokens" in screen
    assert all(get_cwidth(line) <= columns for line in screen.splitlines())


@pytest.mark.parametrize("language", TEXTS)
def test_help_stands_in_two_columns(
    talker: Assistant, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    screen = typed(Terminal(talker, SETTINGS, [], language=language), "/help\r", monkeypatch)
    for name, (behind, does) in HELP[language].items():
        (line,) = (line for line in screen.splitlines() if line.startswith(name) and line.endswith(does))
        before = line.removesuffix(does)
        assert before.split() == [name, *behind.split()] and get_cwidth(before) == 23


def test_several_words_in_a_row_are_looked_for_as_one() -> None:
    shares = torch.eye(4).view(4, 1, 2, 2)
    looks = [Look(word, shares[i]) for i, word in enumerate(["red", "Cat", "小", "狗"])]
    assert [look.shares.tolist() for look in of_word(looks, "cat")] == [shares[1].tolist()]
    for words, where in {"red cat": (0, 1), "小狗": (2, 3)}.items():
        (found,) = of_word(looks, words)
        assert found.word == words and torch.equal(found.shares, shares[list(where)].mean(0))
    assert of_word(looks, "dog") == [] and len(of_word([looks[0], looks[0]], "red")) == 2


def test_pictures_come_with_the_question_after_them(talker: Assistant) -> None:
    red, blue = Image.new("RGB", (8, 8), "red"), Image.new("RGB", (8, 8), "blue")
    talk = Conversation([red])
    list(talk.ask(talker, "one", max_new_tokens=3))
    assert talk.unseen == 0
    talk.images += [blue, red]
    assert talk.unseen == 2
    with pytest.raises(ValueError, match="1 <image> for 2 pictures"):
        list(talk.ask(talker, "<image> which?", max_new_tokens=3))
    assert talk.unseen == 2 and len(talk.messages) == 2
    later = talk.ask(talker, "which?", max_new_tokens=3)
    talk.images.append(blue)  # while the question waits for its turn
    list(later)
    assert talk.unseen == 1 and len(talk.messages) == 4
    talk.restart()
    assert talk.unseen == 4 and not talk.messages
