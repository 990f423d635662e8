"""What one visitor of the page has: nothing of it is anybody else's."""

from dataclasses import dataclass, field

from PIL import Image

from scoring.heatmap import Look
from talk.conversation import Conversation


@dataclass
class Turn:
    question: str
    answer: str = ""
    pictures: list[Image.Image] = field(default_factory=list)
    """Those that came with this question."""


@dataclass
class Visitor:
    model: str
    """Folder of the checkpoint that answers."""
    language: str = "en"
    talk: Conversation = field(default_factory=Conversation)
    turns: list[Turn] = field(default_factory=list)
    asking: bool = False
    """The last question is being answered, or was stopped."""
    example: bool = False
    """The picture is the model's own example: the visitor's first one takes its place."""
    truth: str = ""
    looks: list[Look] = field(default_factory=list)
    """Of the last answer."""
    looked: Image.Image | None = None
    """What the chosen word looks at."""

    def begin(self, images: list[Image.Image], truth: str = "", example: bool = False) -> None:
        """A new conversation, about these pictures."""
        self.talk, self.turns = Conversation(list(images)), []
        self.truth, self.example = truth, example
        self.looks, self.looked = [], None
