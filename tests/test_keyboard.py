"""A real terminal (a pty): keys, what they echo, and the conversation that they steer."""

import os
import re
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

from talk import keyboard
from talk.keyboard import keys_wait
from talk.terminal import Terminal
from talk.words import TEXTS

pty, termios = pytest.importorskip("pty"), pytest.importorskip("termios")
PATIENCE = 20  # seconds, on a busy machine
CODES = re.compile("\033\\[[0-9;?]*[A-Za-z]|\r")
LEAVING = TEXTS["en"]["leaving"]
LEFT = LEAVING.split()[-1]  # its end: it may go over two lines


def test_keys_wait_and_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    screen, line = pty.openpty()
    with open(line, encoding="utf-8") as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        before = termios.tcgetattr(line)
        with keys_wait():
            os.write(screen, b"typed")
            assert not select.select([screen], [], [], 0.2)[0]  # nothing is echoed
            assert termios.tcgetattr(line)[3] & termios.ISIG  # Ctrl-C interrupts
            assert os.read(line, 99) == b"typed"
        assert termios.tcgetattr(line) == before
    os.close(screen)


def test_where_there_is_no_terminal_nothing_is_asked_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with keys_wait():
        pass
    monkeypatch.setattr(keyboard, "termios", None)  # Windows
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True))
    with keys_wait():
        pass


class Slow:
    """Answers with the words of the question, ten a second, again and again."""

    chat = SimpleNamespace(encode=str.split)

    def fitting(self, messages: list, new: int, images: Sequence = ()) -> list:
        return messages

    def prompt(self, messages: list, images: Sequence = ()) -> list[int]:
        return []

    def stream(self, messages: list, *_: object, **choices: object) -> Iterator[str]:
        question = messages[-1]["content"].removeprefix("<image>\n")
        for _ in range(200 if question == "endless" else 8):
            yield f"{question}! "
            time.sleep(0.1)


class Session:
    """A conversation in a child process, at the other end of a pty of 80 x 24."""

    def __init__(self, terminal: Terminal) -> None:
        self.pid, self.screen = pty.fork()
        self.shown = ""
        if self.pid == 0:
            code = 1
            with suppress(BaseException):
                signal.signal(signal.SIGINT, signal.default_int_handler)  # workers of xdist ignore it
                sys.stdin, sys.stdout = open(0, encoding="utf-8"), open(1, "w", encoding="utf-8")
                terminal.run()
                sys.stdout.flush()
                code = 0
            os._exit(code)
        termios.tcsetwinsize(self.screen, (24, 80))

    def type(self, keys: str) -> None:
        os.write(self.screen, keys.encode())

    def until(self, there: Callable[[str], bool]) -> str:
        """What is shown from now on, without colours, as soon as it satisfies `there`."""
        begin, end = len(self.shown), time.monotonic() + PATIENCE
        while not there(text := CODES.sub("", self.shown[begin:])):
            assert time.monotonic() < end, text
            if select.select([self.screen], [], [], 0.1)[0]:
                with suppress(OSError):  # the child is gone
                    self.shown += os.read(self.screen, 9999).decode(errors="ignore")
        return text

    def ended(self) -> int:
        self.until(lambda shown: os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT))
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def close(self) -> None:
        with suppress(ChildProcessError, ProcessLookupError):
            if os.waitpid(self.pid, os.WNOHANG)[0] == 0:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
        os.close(self.screen)


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Session]:
    for name, value in {
        "TERM": "xterm",
        "PROMPT_TOOLKIT_NO_CPR": "1",
        "COLUMNS": "80",
        "LINES": "24",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    picture = Image.new("RGB", (30, 300), (1, 2, 3))
    running = Session(Terminal(Slow(), {}, [picture], greeting=["mine: Knows it.", "Try: Why?"]))
    yield running
    running.close()


def at_prompt(shown: str) -> bool:
    return ">" in shown


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # the child answers without a model
def test_a_conversation_at_80_x_24(session: Session) -> None:
    greeting = session.until(at_prompt)
    assert "mine: Knows it.\nTry: Why?\n" in greeting and LEAVING in greeting.replace("\n", " ")
    assert 20 <= greeting.partition(">")[0].count("\n") <= 23  # the picture's top is still in sight
    session.type("\x03")
    told = session.until(lambda shown: LEFT in shown and at_prompt(shown.partition(LEFT)[2]))
    assert told.count("\n") <= 4  # no room is kept for a menu
    session.type("first\r")
    session.until(lambda shown: "first! " in shown)
    session.type("endless\r")  # while it answers
    answer = session.until(lambda shown: "endless! endless! " in shown)
    assert "endless" not in answer.partition(">")[0]  # before the next prompt
    session.type("left over")
    session.type("\x03")
    stopped = session.until(lambda shown: "left over" in shown)
    assert " ..." in stopped.partition("left over")[0]
    session.type("\x15\x04")
    assert session.ended() == 0


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("word", ["exit", "/Quit", "\x04"])
def test_ways_to_leave(word: str, session: Session) -> None:
    session.until(at_prompt)
    session.type("help\r")
    assert "/settings" in session.until(lambda shown: "/quit" in shown)
    session.type(word if word == "\x04" else f"{word}\r")
    assert session.ended() == 0
