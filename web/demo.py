"""What the page's buttons do. Models are shared by all; a visitor comes in as `Visitor` and is changed.

A mistake raises DataError, and changes nothing.
"""

import functools
import os
import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import ImageOps

from dataset.commands.flags import Count
from dataset.errors import DataError
from dataset.images.load import load_image
from dataset.open import open_data
from dataset.project import ROOT
from dataset.record import Record
from scoring.assistant import Assistant
from scoring.heatmap import lit
from serve.line import Line
from talk.card import Card
from talk.conversation import Conversation
from web.visitor import Turn, Visitor
from web.words import TEXTS

MAX_PICTURES, MAX_QUESTION = 8, 2000  # of a conversation; letters
MANY_SCENES = 1_000_000  # of the held-out storybook, to draw one from at random
LOOKED = (640, 640)  # pixels within which a picture shows where a word looks


@dataclass
class Offer:
    models: tuple[Path, ...] = ()
    """Checkpoint folders, or folders of them (default: those that ship)."""
    device: str = "auto"
    dtype: Literal["auto", "fp32", "bf16", "int8"] = "fp32"
    at_once: Count = 2
    """Answers that are made at the same time; others wait their turn."""


def checkpoints(folders: tuple[Path, ...]) -> list[str]:
    """Folders that hold a model. Raises DataError where there is none."""
    found = [path.parent for folder in folders for path in sorted(folder.glob("**/model.safetensors"))]
    if not found:
        raise DataError(f"no model.safetensors below {', '.join(map(str, folders))}; name another --models")
    return [str(path) for path in dict.fromkeys(found)]


def some_scene(language: str) -> Record:
    """A held-out scene, described in the visitor's language."""
    scenes = open_data("storybook:described_val", None, MANY_SCENES)
    while True:
        record = scenes[random.randrange(len(scenes))]
        if record.type.startswith(language):
            return record


class Demo:
    def __init__(self, offer: Offer) -> None:
        shipped = Path(os.path.relpath(ROOT / "weights"))  # visitors read the names
        self.offer, self.names = offer, checkpoints(offer.models or (shipped,))
        self.cards = {name: Card.load(name) for name in self.names}
        self.line = Line(offer.at_once)
        self.watching = threading.Lock()  # one heatmap at a time: it watches the model's attention
        self.assistant = functools.lru_cache(maxsize=2)(self._load)
        self.assistant(self.names[0])

    def _load(self, name: str) -> Assistant:
        if name not in self.names:
            raise DataError(f"{name} is not one of the models offered")
        return Assistant.load(name, self.offer.device, self.offer.dtype).quickened()

    def opened(self, language: str) -> Visitor:
        """A newcomer, who sees the first model's example."""
        visitor = Visitor(self.names[0], language)
        self.show_example(visitor)
        return visitor

    def show_example(self, visitor: Visitor) -> None:
        """The picture that lies beside the weights; none where there is none."""
        found = sorted(Path(visitor.model).glob("example.*"))[:1]
        visitor.begin([load_image(path) for path in found], example=bool(found))

    def choose(self, visitor: Visitor, model: str) -> None:
        """Another model answers: in a new conversation, for it has read nothing of the old one."""
        self.assistant(model)
        visitor.model = model
        if visitor.example:
            self.show_example(visitor)
        else:
            visitor.begin(visitor.talk.images, visitor.truth)

    def add(self, visitor: Visitor, path: str) -> None:
        """One picture more, which the next question is about."""
        try:
            image = load_image(Path(path).read_bytes(), name=Path(path).name)
        except DataError as error:
            raise DataError(TEXTS[visitor.language]["unreadable"].format(reason=error)) from error
        if visitor.example:
            visitor.begin([image])
            return
        if len(visitor.talk.images) >= MAX_PICTURES:
            raise DataError(TEXTS[visitor.language]["too_many"].format(pictures=MAX_PICTURES))
        visitor.talk.images.append(image)
        visitor.truth = ""

    def remove(self, visitor: Visitor, number: int) -> bool:
        """Without a picture; True where the conversation was about it, and a new one has begun."""
        images = visitor.talk.images
        rest = [image for at, image in enumerate(images) if at != number]
        asked = visitor.talk.asked_about if visitor.asking else 0
        discussed = number < max(asked, len(images) - visitor.talk.unseen)
        if discussed:
            visitor.begin(rest)
        visitor.talk.images, visitor.truth, visitor.example = rest, "", False
        return discussed

    def scene(self, visitor: Visitor) -> None:
        """A new conversation about a held-out scene, with the model that knows its world."""
        record = some_scene(visitor.language)
        visitor.model = self.storyteller()
        self.assistant(visitor.model)
        visitor.begin(list(record.images), truth=record.caption)

    def storyteller(self) -> str:
        """The model that knows the storybook, where it is offered."""
        return next((name for name in self.names if Path(name).name == "tiny"), self.names[0])

    def restart(self, visitor: Visitor) -> None:
        visitor.begin([])

    def ask(self, visitor: Visitor, question: str, **choices: float) -> Iterator[Turn]:
        """The turn, each time that a piece of its answer has come; then it is known where its words look.

        Asked within an answer, it ends that one."""
        question, talk = question.strip(), visitor.talk
        if not question or len(question) > MAX_QUESTION:
            raise DataError(TEXTS[visitor.language]["too_long"].format(letters=MAX_QUESTION))
        if not talk.images:
            raise DataError(TEXTS[visitor.language]["no_picture"])
        if visitor.asking:  # the conversation and its memory are that answer's still, in a thread of its own
            talk = visitor.talk = Conversation(list(talk.images), list(talk.messages))
        visitor.asking = True
        assistant, before = self.assistant(visitor.model), list(visitor.turns)
        turn = Turn(question, pictures=talk.images[len(talk.images) - talk.unseen :])
        visitor.looks, visitor.looked = [], None
        pieces = talk.ask(assistant, question, **choices)
        for piece in self.line.pieces(lambda: pieces):
            if visitor.talk is not talk:
                return  # a new conversation has begun, or another question was asked
            turn.answer += piece
            visitor.turns = [*before, turn]
            yield turn
        with self.watching:
            looks = talk.looks(assistant)
        if visitor.talk is talk:
            visitor.looks, visitor.asking = looks, False

    def look(self, visitor: Visitor, number: int) -> None:
        """Chooses a word of the last answer."""
        if number < len(visitor.looks):
            shares = visitor.looks[number].shares
            best = int(shares.sum((1, 2)).argmax())
            visitor.looked = ImageOps.contain(lit(visitor.talk.images[best], shares[best]), LOOKED)
