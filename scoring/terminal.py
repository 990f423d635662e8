"""A conversation in a terminal, or through a pipe: one question a line.

In a terminal lines are edited, completed and remembered (prompt_toolkit); a pipe gets the answers alone.
"""

import os
import shlex
import shutil
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image
from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory, InMemoryHistory

from dataset.errors import DataError
from scoring import heatmap
from scoring.assistant import Assistant, open_pictures
from scoring.conversation import Conversation

COMMANDS = {
    "/image": "PATH [PATH ...]   look at other pictures",
    "/add": "PATH             look at one picture more, in the same conversation",
    "/look": "[WORD]          where the words of the last answer look, as a picture",
    "/settings": "[NAME VALUE]  how answers are chosen",
    "/speed": "               of the last answer",
    "/reset": "               forgets what was said",
    "/quit": "                ends (so does Ctrl-D; Ctrl-C stops an answer)",
}
WIDTH, HEIGHT = 48, 24  # of a picture shown in a terminal, in letters


def style(text: str, code: int) -> str:
    """In colour, where a terminal is looking."""
    return f"\033[{code}m{text}\033[0m" if sys.stdout.isatty() else text


def preview(image: Image.Image) -> str:
    """The picture in half blocks, two pixels a letter, in 24-bit colours."""
    small = image.copy()
    small.thumbnail((min(WIDTH, shutil.get_terminal_size().columns), 2 * HEIGHT))
    lines = []
    for y in range(0, small.height - 1, 2):
        pairs = ((small.getpixel((x, y)), small.getpixel((x, y + 1))) for x in range(small.width))
        cells = ("\033[38;2;{};{};{}m\033[48;2;{};{};{}m▀".format(*above, *below) for above, below in pairs)
        lines.append("".join(cells) + "\033[0m")
    return "\n".join(lines)


class Commands(Completer):
    """Tab completes a command, the path of a picture, or the name of a setting."""

    def __init__(self, settings: Iterable[str]) -> None:
        self.settings, self.paths = settings, PathCompleter(expanduser=True)

    def get_completions(self, document: Document, event: CompleteEvent) -> Iterator[Completion]:
        name, blank, rest = document.text_before_cursor.partition(" ")
        if blank and name in ("/image", "/add"):
            yield from self.paths.get_completions(Document(rest), event)
            return
        known, begun = (COMMANDS, name) if not blank else (self.settings, rest)
        if name.startswith("/") and (not blank or name == "/settings"):
            yield from (Completion(word, -len(begun)) for word in known if word.startswith(begun))


@dataclass
class Terminal:
    """Reads lines until the end. `settings` are the choices of sampling, which /settings changes."""

    assistant: Assistant
    settings: dict[str, object]
    images: list[Image.Image]
    stream: bool = True
    default: str = "Describe the picture."
    history: Path | None = None
    conversation: Conversation = field(default_factory=Conversation)
    speed: str = "nothing was said yet"
    asked: int = 0

    def run(self) -> None:
        self.conversation.restart(self.images)
        if not self.images:
            print("no picture yet, so it will make one up: /image PATH shows it one", file=sys.stderr)
        if sys.stdin.isatty():
            self.show(self.images)
            print(f"/help tells what can be done; Enter alone asks: {self.default}")
        for line in self.lines():
            try:
                if line == "/quit":
                    return
                if line.startswith("/"):
                    self.command(*line.split(maxsplit=1))
                else:
                    self.turn(line or self.default)
            except ValueError as error:
                print(style(f"error: {error}", 31))

    def lines(self) -> Iterator[str]:
        """What is typed, or what a pipe holds."""
        if not sys.stdin.isatty():
            yield from self.piped()
            return
        words = {
            name: PathCompleter(expanduser=True) if name in ("/image", "/add") else None for name in COMMANDS
        }
        words["/settings"] = dict.fromkeys(self.settings)
        history = FileHistory(str(self.history)) if self.history else InMemoryHistory()
        session = PromptSession(history=history, completer=Commands(self.settings))
        while True:
            try:
                yield session.prompt("> ").strip()
            except KeyboardInterrupt:
                continue  # the line is dropped
            except EOFError:
                return

    def piped(self) -> Iterator[str]:
        try:
            yield from (line.strip() for line in sys.stdin)
        except UnicodeDecodeError as error:
            raise DataError(f"the pipe's text is not {error.encoding}; set PYTHONUTF8=1") from error

    def command(self, name: str, rest: str = "") -> None:
        commands = {"/image": self.image, "/add": self.add, "/look": self.look, "/settings": self.set}
        if name in commands:
            commands[name](rest)
        elif name == "/speed":
            print(self.speed)
        elif name == "/reset":
            self.conversation.restart()
            print("forgotten")
        else:
            print("\n".join(f"{name} {what}" for name, what in COMMANDS.items()))

    def image(self, names: str) -> None:
        self.conversation.restart(pictures(names))
        number = len(self.conversation.images)
        self.show(self.conversation.images)
        print(f"{number} picture{'s' * (number != 1)}; a new conversation")

    def add(self, names: str) -> None:
        more = pictures(names)
        self.conversation.images += more
        self.show(more)
        print(f"the next question is about {'it' if len(more) == 1 else 'them'}, too")

    def show(self, images: list[Image.Image]) -> None:
        if sys.stdout.isatty():
            for image in images:
                print(preview(image))

    def look(self, word: str) -> None:
        looks = self.conversation.looks(self.assistant)
        chosen = [look for look in looks if look.word.lower() == word.lower()] if word else looks
        if not chosen:
            known = ", ".join(dict.fromkeys(look.word for look in looks))
            raise DataError(f"the last answer has no {word!r} that says anything; it has {known or 'none'}")
        path = Path("out/look.png")
        heatmap.draw(chosen, self.conversation.images, path)
        print(f"saved {path}")
        if sys.stdout.isatty() and word:
            best = int(chosen[0].shares.sum((1, 2)).argmax())
            print(preview(heatmap.lit(self.conversation.images[best], chosen[0].shares[best])))

    def set(self, rest: str) -> None:
        if rest:
            name, _, value = rest.partition(" ")
            if name not in self.settings:
                raise DataError(f"there is no setting {name!r}; there are {', '.join(self.settings)}")
            kind = type(self.settings[name])
            try:
                changed = self.settings | {name: kind(value)}
            except ValueError:
                raise DataError(f"{name} {value!r}: write a number, as {self.settings[name]}") from None
            self.assistant.vlm.sampling(changed)  # says what is wrong with it
            self.settings = changed
        print(", ".join(f"{name} {value}" for name, value in self.settings.items()))

    def turn(self, question: str) -> None:
        talk, begun = self.conversation, time.perf_counter()
        turns = len(talk.messages) // 2 + 1
        self.asked += 1
        first, said = None, ""
        answer = talk.ask(self.assistant, question, **self.settings)
        try:
            for piece in answer:
                if first is None:
                    first = time.perf_counter()
                    self.tell_forgotten(turns)
                said += piece
                if self.stream:
                    print(style(piece, 36), end="", flush=True)
        except KeyboardInterrupt:
            print(" ...", end="")
        if first is None:
            self.tell_forgotten(turns)
        print("" if self.stream else style(said, 36))
        self.speed = speed(len(self.assistant.chat.encode(said)), begun, first, time.perf_counter())

    def tell_forgotten(self, turns: int) -> None:
        if number := self.conversation.forgotten:
            print(f"(the oldest {number} of {turns} turns no longer fit, and are forgotten)")


def pictures(names: str) -> list[Image.Image]:
    """Paths or addresses, with blanks between; a path with blanks may be written as it is, or in quotes."""
    path = os.path.expanduser(names)
    if not names:
        raise DataError("name a picture: its path, or an address")
    return open_pictures([path] if os.path.exists(path) else shlex.split(names))


def history() -> Path | None:
    """The file of questions typed before; none where nobody has a home, or may not write there."""
    home = os.path.expanduser("~")
    return Path(home, ".glimpse_history") if os.path.isdir(home) and os.access(home, os.W_OK) else None


AT_ONCE = 0.02  # of an answer's time


def speed(tokens: int, begun: float, first: float | None, end: float) -> str:
    at_once = first is not None and end - first < AT_ONCE * (end - begun)  # beams give their answer whole
    if first is None or tokens < 2 or at_once:
        return f"{end - begun:.2f} s for {tokens} tokens"
    rate = (tokens - 1) / max(end - first, 1e-9)
    return f"{tokens} tokens: the first after {first - begun:.2f} s, then {rate:,.0f} a second"
