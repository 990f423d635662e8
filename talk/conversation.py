"""One conversation: what was said, the pictures it is about, and what need not be read again.

The terminal and the web page both hold one for each user; the model is shared.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from PIL import Image

from dataset.errors import DataError
from dataset.record import Message
from scoring.assistant import Assistant, pictures_in, with_pictures
from scoring.heatmap import Look, looked
from scoring.memory import Memory


@dataclass
class Conversation:
    images: list[Image.Image] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    memory: Memory = field(default_factory=Memory)
    forgotten: int = 0  # turns that no longer fitted when the last question was asked
    asked_about: int = 0  # pictures that the last question was about, answered or not

    def restart(self, images: Sequence[Image.Image] | None = None) -> None:
        """Forget what was said; the pictures stay, or `images` take their place."""
        self.images = self.images if images is None else list(images)
        self.messages = []

    @property
    def unseen(self) -> int:
        """Pictures that no question was about yet: the next one is."""
        return len(self.images) - pictures_in(self.messages)

    def ask(self, assistant: Assistant, question: str, **choices: object) -> Iterator[str]:
        """The answer, piece by piece; if it is stopped, what has come of it is kept.

        It is about the pictures of this moment, whenever the pieces are asked for. Raises DataError where the
        question cannot be asked; the conversation then stays as it was.
        """
        images = list(self.images)
        whole = [*self.messages, {"role": "user", "content": with_pictures(question, self.unseen)}]
        asked = assistant.fitting(whole, int(choices.get("max_new_tokens", 256)), images)
        self.forgotten, self.asked_about = (len(whole) - len(asked)) // 2, len(images)
        return self._said(assistant.stream(asked, images, self.memory, **choices), asked)

    def _said(self, pieces: Iterator[str], asked: list[Message]) -> Iterator[str]:
        said = ""
        for piece in pieces:
            said += piece
            self.messages = [*asked, {"role": "assistant", "content": said}]
            yield piece
        self.messages = [*asked, {"role": "assistant", "content": said}]

    def looks(self, assistant: Assistant) -> list[Look]:
        """Where each content word of the last answer looks."""
        if not self.messages:
            raise DataError("nothing has been said yet; ask something first")
        seen = self.images[: pictures_in(self.messages)]
        return looked(assistant, self.messages[:-1], seen, self.messages[-1]["content"])
