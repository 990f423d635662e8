"""What a model's card, README.md in its folder, says in front (YAML between two lines of ---) for its users.

    summary: Answers questions about photographs, in English or Chinese.     what it knows, in one line
    summary_zh: 回答照片问题，中英文皆可。                                         the same, in Chinese
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
    summary_zh: str = ""

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
        summary, in_chinese = one_line(front.get("summary")), one_line(front.get("summary_zh"))
        widget = front.get("widget")
        listed = widget if isinstance(widget, list) else []
        texts = [each.get("text") for each in listed if isinstance(each, dict)]
        return cls(summary, tuple(one_line(text) for text in texts if one_line(text)), in_chinese)

    def told(self, in_chinese: bool) -> str:
        """What the model knows, in the user's language where the card says it in that."""
        return (self.summary_zh if in_chinese else "") or self.summary

    def to_try(self, in_chinese: bool) -> list[str]:
        """Three questions; those in the user's language come first."""
        return sorted(self.questions, key=lambda text: (max(text) >= CHINESE) != in_chinese)[:TRIED]


def one_line(text: object) -> str:
    return printable(" ".join(text.split())) if isinstance(text, str) else ""
