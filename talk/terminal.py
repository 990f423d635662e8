"""A conversation in a terminal, or through a pipe: one question a line.

In a terminal lines are edited, completed and remembered (prompt_toolkit); a pipe gets the answers alone, all
else goes to stderr.
"""

import os
import shlex
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image
from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory, InMemoryHistory
from prompt_toolkit.shortcuts import CompleteStyle

from dataset.commands.refused import nearest
from dataset.errors import DataError
from dataset.images.picture_files import is_picture
from scoring import heatmap
from scoring.assistant import Assistant, open_pictures
from talk.conversation import Conversation
from talk.keyboard import keys_wait
from talk.pipe import piped
from talk.screen import beside_answers, columns, say, show, tell
from talk.words import HELP, TEXTS
from talk.wrapped import beside, wrapped

COMMANDS = tuple(HELP["en"])
MEANT = {"exit": "/quit", "quit": "/quit", "help": "/help", "?": "/help", "退出": "/quit", "帮助": "/help"}
ANSWER, ERROR = 36, 31  # colours
DOES = 23  # column where it is said what a command does


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
    """Reads lines until the end. `settings` are the choices of sampling, which /settings changes; `default`
    is what Enter alone asks; `greeting` is said first, where somebody types. It speaks `language` (TEXTS)."""

    assistant: Assistant
    settings: dict[str, object]
    images: list[Image.Image]
    stream: bool = True
    default: str = "Describe the picture."
    history: Path | None = None
    greeting: Sequence[str] = ()
    language: str = "en"
    conversation: Conversation = field(default_factory=Conversation)
    speed: str = ""
    heard: int = 0  # lines
    failed: int = 0  # lines that were a mistake

    def run(self) -> None:
        """Raises DataError at the end of a pipe that held a mistake."""
        self.conversation.restart(self.images)
        if not self.images:
            tell_no_picture(self.language)
        with keys_wait():
            if sys.stdin.isatty():
                self.greet()
            for line in self.lines():
                self.heard += 1
                if line == "/quit":
                    break
                self.heed(line)
        if self.failed and not sys.stdin.isatty():
            raise DataError(f"{self.failed} of the pipe's lines failed (see above)")

    def text(self, name: str, **given: object) -> str:
        return TEXTS[self.language][name].format(**given)

    def greet(self) -> None:
        begin = self.text("begin", question=self.default, leaving=self.text("leaving"))
        text = "\n".join([*self.greeting, begin])
        show(self.images, lines=wrapped(text, columns()).count("\n") + 1)
        tell(text)

    def heed(self, line: str) -> None:
        """A command, a question or Enter alone. A mistake, or Ctrl-C, ends this line and nothing else. Raises
        DataError where a pipe's picture cannot be had: what is asked next would be about another."""
        try:
            if line.startswith("/"):
                self.command(line)
            else:
                self.turn(line or self.default)
        except ValueError as error:
            if line.startswith(("/image", "/add")) and not sys.stdin.isatty():
                raise DataError(f"{error}; nothing was asked from there on") from error
            self.complain(str(error))
        except BrokenPipeError:  # nobody reads on
            raise
        except OSError as error:  # a file that cannot be written
            self.complain(f"{error.filename or 'a file'}: {error.strerror}")
        except KeyboardInterrupt:
            print(" ...")

    def complain(self, text: str) -> None:
        self.failed += 1
        tell(f"error: {text}", ERROR)

    def lines(self) -> Iterator[str]:
        """What is typed, or what a pipe holds."""
        if not sys.stdin.isatty():
            yield from piped()
            return
        history = FileHistory(str(self.history)) if self.history else InMemoryHistory()
        session = PromptSession(
            history=history,
            completer=Commands(self.settings),
            complete_style=CompleteStyle.READLINE_LIKE,  # a menu would keep eight lines free below
        )
        while True:
            try:
                yield meant(session.prompt("> ").strip())
            except KeyboardInterrupt:
                tell(self.text("leaving"))  # the line is dropped
            except EOFError:
                return

    def command(self, line: str) -> None:
        name, _, rest = line.partition(" ")
        commands = {"/image": self.image, "/add": self.add, "/look": self.look, "/settings": self.set}
        if name in commands:
            commands[name](rest.strip())
        elif name == "/speed":
            tell(self.speed or self.text("silent"))
        elif name == "/reset":
            self.conversation.restart()
            tell(self.text("reset"))
        elif name == "/help":
            for name, (given, does) in HELP[self.language].items():
                print(beside(f"{name} {given}", does, DOES, columns()), file=beside_answers())
        else:
            near = nearest(name, COMMANDS) or "/help lists what there is"
            raise DataError(f"there is no command {name}; {near}")

    def image(self, names: str) -> None:
        self.conversation.restart(pictures(names))
        number = len(self.conversation.images)
        show(self.conversation.images, lines=1)
        tell(self.text("shows_one" if number == 1 else "shows", number=number))

    def add(self, names: str) -> None:
        more = pictures(names)
        self.conversation.images += more
        show(more, lines=1)
        tell(self.text("adds_one" if len(more) == 1 else "adds"))

    def look(self, word: str) -> None:
        looks = self.conversation.looks(self.assistant)
        chosen = heatmap.of_word(looks, word) if word else looks
        known = ", ".join(dict.fromkeys(look.word for look in looks)) or "none"
        if not chosen:
            raise DataError(f"the last answer has no {word!r} that says anything; it has {known}")
        path = Path("out/look.png")
        if word:
            best = int(chosen[0].shares.sum((1, 2)).argmax())
            show([heatmap.lit(self.conversation.images[best], chosen[0].shares[best])], lines=1)
        elif sys.stdout.isatty():
            tell(self.text("words", words=known))
        heatmap.draw(chosen, self.conversation.images, path)
        tell(self.text("saved", path=path))

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
        tell(", ".join(f"{name} {value}" for name, value in self.settings.items()))

    def turn(self, question: str) -> None:
        talk, begun, first = self.conversation, time.perf_counter(), None
        turns = len(talk.messages) // 2 + 1

        def timed(pieces: Iterator[str]) -> Iterator[str]:
            nonlocal first
            for piece in pieces:
                if first is None:
                    first = time.perf_counter()
                    self.tell_forgotten(turns)
                yield piece
            if first is None:
                self.tell_forgotten(turns)

        said = say(
            timed(talk.ask(self.assistant, question, **self.settings)), self.stream, ANSWER, talking=True
        )
        tokens, end = len(self.assistant.chat.encode(said)), time.perf_counter()
        self.speed = speed(tokens, begun, first, end, self.language)

    def tell_forgotten(self, turns: int) -> None:
        if number := self.conversation.forgotten:
            tell(self.text("forgotten", number=number, turns=turns))


def tell_no_picture(language: str) -> None:
    print(TEXTS[language]["no_picture"], file=sys.stderr)


def meant(line: str) -> str:
    """What somebody wants who types "exit", or drags pictures here, or types their names."""
    if line.partition(" ")[0] not in COMMANDS:
        with suppress(DataError):  # a question may have half a quotation
            named = sources(line)
            if named and all(os.path.isfile(name) or is_picture(name) for name in named):
                return f"/image {line}"
    return MEANT.get(line.lower().removeprefix("/"), line)


def pictures(names: str) -> list[Image.Image]:
    if not names:
        raise DataError("name a picture: its path, or an address")
    return open_pictures(sources(names))


def sources(names: str) -> list[str]:
    """Paths or addresses, with blanks between; a path with blanks may be written as it is, in quotes, or with
    a backslash before each, as a terminal writes what is dragged into it."""
    if os.path.exists(path := os.path.expanduser(names)):
        return [path]
    try:
        return [os.path.expanduser(name) for name in shlex.split(names)]
    except ValueError:
        raise DataError(f"{names}: No closing quotation; put the whole path between two") from None


def history() -> Path | None:
    """The file of questions typed before; none where nobody has a home, or may not write there."""
    home = os.path.expanduser("~")
    return Path(home, ".glimpse_history") if os.path.isdir(home) and os.access(home, os.W_OK) else None


AT_ONCE = 0.02  # of an answer's time


def speed(tokens: int, begun: float, first: float | None, end: float, language: str = "en") -> str:
    texts = TEXTS[language]
    at_once = first is not None and end - first < AT_ONCE * (end - begun)  # beams give their answer whole
    if first is None or tokens < 2 or at_once:
        return texts["took"].format(seconds=end - begun, tokens=tokens)
    rate = (tokens - 1) / max(end - first, 1e-9)
    return texts["speed"].format(tokens=tokens, wait=first - begun, rate=rate)
