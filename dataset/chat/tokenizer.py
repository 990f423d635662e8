"""Text to token ids and back: a tokenizer to which all that a user writes is text.

Special tokens are placed by id (parts.py); their spelling in a user's text is text.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from tokenizers import Encoding, Tokenizer

from dataset.errors import DataError

HALF = re.compile("[\ud800-\udfff]")


class Words:
    """A tokenizer that encodes all of a text, and as text: its file may say that texts are to be cut, or
    padded, and that special tokens are found in them."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self._as_text()

    def _as_text(self) -> None:
        self.tokenizer.encode_special_tokens = True
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()
        self._later = going_on(self.tokenizer)

    def __setstate__(self, state: dict) -> None:
        """In a worker process: tokenizers does not pickle the first setting."""
        self.__dict__.update(state)
        self._as_text()

    def encoding(self, text: str, later: bool = False) -> Encoding:
        """`later`: it stands behind other text. Raises DataError for half a character."""
        if HALF.search(text):
            raise DataError("the text holds half a character (a lone surrogate); remove it")
        return (self._later if later else self.tokenizer).encode(text, add_special_tokens=False)

    def decode(self, ids: Iterable[int]) -> str:
        return self.tokenizer.decode(list(ids), skip_special_tokens=True)


def open_tokenizer(path: Path) -> Tokenizer:
    """Of a tokenizer.json. Raises DataError for a file that is none."""
    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises nothing narrower
        raise DataError(f"{path}: not a tokenizer ({error}); copy it again from the weights") from None


def going_on(tokenizer: Tokenizer) -> Tokenizer:
    """The same, for text that stands behind other text: SentencePiece's blank in front is not put there where
    it belongs to the first text alone (prepend_scheme "first")."""
    if getattr(tokenizer.pre_tokenizer, "prepend_scheme", None) != "first":
        return tokenizer
    later = Tokenizer.from_str(tokenizer.to_str())
    later.encode_special_tokens = True
    later.pre_tokenizer.prepend_scheme = "never"
    return later
