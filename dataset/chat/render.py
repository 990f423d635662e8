"""Messages to token ids and labels, together.

    messages -> parts (text, scored?) -> input_ids, labels

    <|im_start|>user\\n<|vision_start|><|image_pad|> x N<|vision_end|>\\nWhat is this?<|im_end|>\\n
    <|im_start|>assistant\\na cat<|im_end|>\\n            scored: the answer and its <|im_end|>, nothing else

Special tokens are placed by id; their spelling in a user's text is text. An image is written `<image>`.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from tokenizers import Tokenizer

from dataset.chat.chat_format import FORMAT_FILE, SPECIALS, ChatFormat
from dataset.chat.parts import Part, Writer
from dataset.chat.tokenizer import Words, open_tokenizer
from dataset.errors import DataError
from dataset.images.tiles import FILE, Grid
from dataset.instead import expect_itself
from dataset.record import Message

TOKENIZER, TOKENIZER_CONFIG = "tokenizer.json", "tokenizer_config.json"
IGNORED = -100


@dataclass(frozen=True)
class Sample:
    """Token ids and what is scored of them: labels are the ids themselves or -100. Equal lengths.

    `ends`, where there are several conversations about one picture: see batches/packing.py.
    """

    input_ids: list[int]
    labels: list[int]
    ends: list[int] | None = None


class Chat:
    """A tokenizer that knows its chat format; each frame of a picture is `image_tokens` placeholders long.

    A picture is one frame, unless it is cut into tiles (imported SmolVLM and nanoVLM models): `grids` say how
    each picture of a conversation is cut, in reading order.
    """

    def __init__(
        self, tokenizer: Tokenizer, image_tokens: int, chat_format: ChatFormat | None = None
    ) -> None:
        self.words, self.image_tokens = Words(tokenizer), image_tokens
        self.format = chat_format or ChatFormat()
        added = {token.content: id for id, token in tokenizer.get_added_tokens_decoder().items()}
        placeholder = self.format.placeholder  # MiniMind-V's is a token like any other
        if chat_format and tokenizer.token_to_id(placeholder) is not None:
            added.setdefault(placeholder, tokenizer.token_to_id(placeholder))
        needed = SPECIALS if chat_format is None else sorted(self.format.specials())
        missing = [token for token in needed if token not in added]
        if missing:
            raise DataError(
                f"the tokenizer lacks {', '.join(missing)}; train one: python -m dataset.train_tokenizer"
            )
        self._special = added
        self.pad_id, self.end_id = added[self.format.pad], added[self.format.end]
        self.image_id = added[placeholder]

    @property
    def tokenizer(self) -> Tokenizer:
        return self.words.tokenizer

    @classmethod
    def load(cls, folder: str | Path, image_tokens: int) -> "Chat":
        folder = Path(folder)
        path, how = folder / TOKENIZER, folder / FORMAT_FILE
        if not folder.is_dir():
            raise DataError(f"no tokenizer.json in {folder}: no such folder, seen from {Path.cwd()}")
        if not path.is_file():
            raise DataError(f"no tokenizer.json in {folder}; `python -m dataset.train_tokenizer` makes one")
        expect_itself(path)
        chat_format = ChatFormat.from_file(how) if how.is_file() else None
        return cls(open_tokenizer(path), image_tokens, chat_format)

    def with_system(self, content: str) -> "Chat":
        """The same chat; where a conversation has no system message it begins with this one ("": none)."""
        return Chat(self.tokenizer, self.image_tokens, replace(self.format, default_system=content))

    def beginning(self, tokens: tuple[str, ...]) -> "Chat":
        """The same chat; every conversation begins with these."""
        return Chat(self.tokenizer, self.image_tokens, replace(self.format, begin=tokens))

    def save(self, folder: str | Path) -> None:
        """tokenizer.json, tokenizer_config.json for transformers, and the format where it is not ours."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / TOKENIZER).write_text(self.tokenizer.to_str(), encoding="utf-8")
        config = {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "eos_token": self.format.end,
            "pad_token": self.format.pad,
        }
        (folder / TOKENIZER_CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
        if self.format != ChatFormat():
            self.format.to_file(folder / FORMAT_FILE)

    def encode(self, text: str) -> list[int]:
        return self.words.encoding(text).ids

    def decode(self, ids: Iterable[int]) -> str:
        return self.words.decode(ids)

    def answer(self, ids: Iterable[int]) -> str:
        """What was said, without what the format puts in front of every answer."""
        return self.decode(ids).removeprefix("".join(self.format.answer[0]))

    def expect_tiles(self, most: int, where: str | Path) -> None:
        """Raises DataError where the largest grid, `most` x `most`, cannot be written."""
        how = self.format
        marks = {*how.pieces_of(Grid(most, most))} - {*how.row_end, *how.tiles_end}
        lacking = sorted(marks - self._special.keys()) if how.tile else ["a chat format that has tiles"]
        if most and lacking:
            told = f"pictures are cut into up to {most} x {most} tiles, and its words lack {lacking[0]}"
            raise DataError(f"{where}: {told}; set do_image_splitting to false in {FILE}")

    def render(
        self,
        messages: Iterable[Message],
        where: str = "the sample",
        max_length: int | None = None,
        grids: Iterable[Grid] = (),
    ) -> Sample:
        """A conversation with its answers. Longer than max_length tokens: cut at the end, but never within a
        picture, and never so that no answer is left: that is a DataError that names `where`."""
        ids, labels = self._encoded(self._writer.told(messages, grids), where)
        if max_length is not None and len(ids) > max_length:
            if self.image_id in ids[max_length:] or ids[max_length - 1] == self.image_id:
                raise DataError(f"{where}: {len(ids)} tokens; cutting at {max_length} would cut a picture")
            ids, labels = ids[:max_length], labels[:max_length]
        if all(label == IGNORED for label in labels):
            raise DataError(f"{where}: no answer within {max_length or len(ids)} tokens; raise --max_length")
        return Sample(ids, labels)

    def prompt(self, messages: Iterable[Message], grids: Iterable[Grid] = ()) -> list[int]:
        """A conversation that ends with the user, opened for the assistant's answer."""
        return self._encoded(self._writer.asked(messages, grids), "the question")[0]

    def spelled(self, messages: Iterable[Message], grids: Iterable[Grid] = ()) -> str:
        """What `prompt` encodes, special tokens as they are written."""
        return "".join(part.text * part.times for part in self._writer.asked(messages, grids))

    @property
    def _writer(self) -> Writer:
        return Writer(self.format, self.image_tokens, self._special)

    def _encoded(self, parts: Iterable[Part], where: str) -> tuple[list[int], list[int]]:
        """Text between two special tokens is encoded in one go, as other programs do; a token is scored if
        it begins in a scored part."""
        ids, labels = [], []
        for special, group in groupby(parts, lambda part: part.id is not None):
            group = list(group)
            if special:
                for part in group:
                    ids += [part.id] * part.times
                    labels += [part.id if part.scored else IGNORED] * part.times
                continue
            scored = [part.scored for part in group for _ in part.text]  # of each character
            later = len(ids) > len(self.format.begin)
            encoding = self.words.encoding("".join(part.text for part in group), later)
            if self.image_id in encoding.ids:  # MiniMind-V's is a token like any other
                told = f"{where}: {self.format.placeholder!r} stands for a picture in this model"
                raise DataError(f"{told}, and is in the text; write it in words")
            ids += encoding.ids
            starts = [min(start, len(scored) - 1) for start, _ in encoding.offsets]
            labels += [id if scored[at] else IGNORED for id, at in zip(encoding.ids, starts, strict=True)]
        return ids, labels
