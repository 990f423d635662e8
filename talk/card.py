"""What a model's card, README.md in its folder, says in front (YAML between two lines of ---) for its users.

    summary: Answers questions about photographs, in English or Chinese.     what it knows, in one line
    widget:                                                                  questions to try
    - text: What is in the picture?

`widget` is Hugging Face's. Where a card says nothing, nothing is said: one's own model may know anything.
"""

from dataclasses import dataclass
from pathlib import Path

from dataset.errors import DataError, printable

CARD, TRIED = "README.md", 3  # questions that are shown
CHINESE = "\u2e80"  # letters from here on


@dataclass(frozen=True)
class Card:
    summary: str = ""
    questions: tuple[str, ...] = ()

    @classmethod
    def load(cls, folder: str | Path) -> "Card":
        """Raises DataError where the front of the card cannot be read."""
        from huggingface_hub.repocard import metadata_load  # here, as it takes a third of a second

        path = Path(folder) / CARD
        if not path.is_file():
            return cls()
        try:
            front = metadata_load(path) or {}
        except Exception as error:  # of YAML's own kinds
            reason = printable(" ".join(str(error).split()))
            raise DataError(f"{path}: what stands between --- and --- is not YAML ({reason})") from None
        summary, widget = front.get("summary"), front.get("widget")
        texts = [each.get("text") for each in widget or () if isinstance(each, dict)]
        return cls(one_line(summary), tuple(one_line(text) for text in texts if one_line(text)))

    def to_try(self, in_chinese: bool) -> list[str]:
        """Three questions; those in the user's language come first."""
        return sorted(self.questions, key=lambda text: (max(text) >= CHINESE) != in_chinese)[:TRIED]


def one_line(text: object) -> str:
    return printable(" ".join(text.split())) if isinstance(text, str) else ""
