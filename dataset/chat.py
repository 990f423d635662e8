"""Messages to token ids and labels, together; token ids back to text.

    messages -> segments (text, scored?) -> input_ids, labels

    <|im_start|>user\\n<|vision_start|><|image_pad|> x N<|vision_end|>\\nWhat is this?<|im_end|>\\n
    <|im_start|>assistant\\na cat<|im_end|>\\n            scored: the answer and its <|im_end|>, nothing else

Special tokens are placed by id; their spelling in a user's text is text. An image is written `<image>`.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

from dataset.errors import DataError

IGNORED = -100
END_OF_TEXT, START, END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
VISION_START, IMAGE_PAD, VISION_END = "<|vision_start|>", "<|image_pad|>", "<|vision_end|>"
SPECIALS = (END_OF_TEXT, START, END, VISION_START, IMAGE_PAD, VISION_END)
IMAGE = "<image>"
Message = dict[str, str]


@dataclass(frozen=True)
class Sample:
    """Token ids and what is scored of them: labels are the ids themselves or -100. Equal lengths."""

    input_ids: list[int]
    labels: list[int]


class Chat:
    """A tokenizer that knows the chat format; each picture is `image_tokens` placeholders long."""

    def __init__(self, tokenizer: Tokenizer, image_tokens: int) -> None:
        self.tokenizer, self.image_tokens = tokenizer, image_tokens
        tokenizer.encode_special_tokens = True  # special tokens spelled out in a text are text
        ids = {token: tokenizer.token_to_id(token) for token in SPECIALS}
        missing = [token for token, id in ids.items() if id is None]
        if missing:
            raise DataError(
                f"the tokenizer lacks {', '.join(missing)}; train one: python -m dataset.train_tokenizer"
            )
        self.pad_id, self.end_id, self.image_id = ids[END_OF_TEXT], ids[END], ids[IMAGE_PAD]
        self._start = ids[START]
        self._picture = [ids[VISION_START], *[self.image_id] * image_tokens, ids[VISION_END]]

    @classmethod
    def load(cls, folder: str | Path, image_tokens: int) -> "Chat":
        path = Path(folder) / "tokenizer.json"
        if not path.is_file():
            raise DataError(f"no tokenizer.json in {folder}; `python -m dataset.train_tokenizer` makes one")
        return cls(Tokenizer.from_file(str(path)), image_tokens)

    def save(self, folder: str | Path) -> None:
        """tokenizer.json and the tokenizer_config.json that lets transformers load it."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.tokenizer.save(str(folder / "tokenizer.json"))
        config = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": END, "pad_token": END_OF_TEXT}
        (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n")

    def encode(self, text: str) -> list[int]:
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def decode(self, ids: Iterable[int]) -> str:
        return self.tokenizer.decode(list(ids), skip_special_tokens=True)

    def render(
        self, messages: Iterable[Message], where: str = "the sample", max_length: int | None = None
    ) -> Sample:
        """A conversation with its answers. Longer than max_length tokens: cut at the end, but never within a
        picture, and never so that no answer is left: that is a DataError that names `where`."""
        ids, labels = [], []
        for segment, scored in self._segments(messages):
            ids += segment
            labels += segment if scored else [IGNORED] * len(segment)
        if max_length is not None and len(ids) > max_length:
            if self.image_id in ids[max_length:] or ids[max_length - 1] == self.image_id:
                raise DataError(f"{where}: {len(ids)} tokens; cutting at {max_length} would cut a picture")
            ids, labels = ids[:max_length], labels[:max_length]
        if all(label == IGNORED for label in labels):
            raise DataError(f"{where}: no answer within {max_length or len(ids)} tokens; raise --max_length")
        return Sample(ids, labels)

    def prompt(self, messages: Iterable[Message]) -> list[int]:
        """A conversation that ends with the user, opened for the assistant's answer."""
        ids = [id for segment, _ in self._segments(messages) for id in segment]
        return [*ids, self._start, *self.encode("assistant\n")]

    def _segments(self, messages: Iterable[Message]) -> Iterator[tuple[list[int], bool]]:
        newline = self.encode("\n")
        for message in messages:
            answer = message["role"] == "assistant"
            yield [self._start, *self.encode(message["role"] + "\n")], False
            if answer:
                yield [*self.encode(message["content"]), self.end_id], True
            else:
                yield [*self._with_pictures(message["content"]), self.end_id], False
            yield newline, False

    def _with_pictures(self, content: str) -> list[int]:
        first, *rest = content.split(IMAGE)
        ids = self.encode(first)
        for text in rest:
            ids += [*self._picture, *self.encode(text)]
        return ids


def stream_text(chat: Chat, ids: Iterable[int]) -> Iterator[str]:
    """Text as it comes, piece by piece; bytes of a character that is not whole yet are held back."""
    pending: list[int] = []
    for id in ids:
        pending.append(id)
        text = chat.decode(pending)
        if text and not text.endswith("\N{REPLACEMENT CHARACTER}"):
            yield text
            pending = []
    if text := chat.decode(pending):
        yield text
