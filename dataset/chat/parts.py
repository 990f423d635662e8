"""Messages to parts, in a chat format: what is text, what is one special token, and which of it is scored.

user "<image>\\nWhat is this?", assistant "a cat"
    -> <|im_start|> "user\\n" <|vision_start|> <|image_pad|> x N <|vision_end|> "\\nWhat is this?" ...
       <|im_start|> "assistant\\n" "a cat" <|im_end|> "\\n"
                                   scored: these two
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from dataset.chat.chat_format import ChatFormat
from dataset.images.tiles import Grid
from dataset.record import IMAGE, Message


@dataclass(frozen=True)
class Part:
    """Text, or a special token by its id; whether it is scored, and how many times it comes."""

    text: str
    scored: bool = False
    id: int | None = None
    times: int = 1


@dataclass(frozen=True)
class Writer:
    """Writes conversations in a format. A frame of a picture is `image_tokens` placeholders; `special` are
    the ids of special tokens, by their spelling."""

    format: ChatFormat
    image_tokens: int
    special: Mapping[str, int]

    def asked(self, messages: Iterable[Message], grids: Iterable[Grid]) -> Iterator[Part]:
        """A conversation that ends with the user, opened for the answer."""
        yield from self.told(messages, grids)
        yield from self._pieces(self.format.opening)

    def told(self, messages: Iterable[Message], grids: Iterable[Grid]) -> Iterator[Part]:
        """A conversation; `grids` as for `Chat`."""
        how, messages = self.format, list(messages)
        yield from self._pieces(how.begin)
        if how.default_system and not (messages and messages[0]["role"] == "system"):
            messages = [{"role": "system", "content": how.default_system}, *messages]
        count = sum(m["content"].count(IMAGE) for m in messages if m["role"] != "assistant")
        pictures = how.pictures(count, grids)
        for message in messages:
            if message["role"] == "assistant":
                yield from self._answer(message["content"])
            else:
                around = how.system if message["role"] == "system" else how.user
                yield from self._question(message["content"], around, pictures)

    def _answer(self, content: str) -> Iterator[Part]:
        before, after = self.format.answer
        yield from self._pieces(self.format.opening)
        yield from self._pieces(before, scored=True)
        yield Part(content, scored=True)
        yield from self._pieces(after, scored=True)
        yield from self._pieces(self.format.after)

    def _question(
        self, content: str, around: tuple[tuple[str, ...], ...], pictures: Iterator[list[str]]
    ) -> Iterator[Part]:
        before, after = around
        if self.format.pictures_first:
            for _ in range(content.count(IMAGE)):
                yield from self._pieces(next(pictures))
            content = content.replace(f"{IMAGE}\n", "").replace(IMAGE, "")
        yield from self._pieces(before)
        yield from self._with_pictures(content, pictures)
        yield from self._pieces(after)

    def _with_pictures(self, content: str, pictures: Iterator[list[str]]) -> Iterator[Part]:
        how, (first, *rest) = self.format, content.split(IMAGE)
        yield Part(first and how.before_words + first)
        for text in rest:
            yield from self._pieces(next(pictures))
            yield Part(text if how.picture and how.line_break else text.removeprefix("\n"))

    def _pieces(self, pieces: Iterable[str], scored: bool = False) -> Iterator[Part]:
        for piece in pieces:
            times = self.image_tokens if piece == self.format.placeholder else 1
            if times:
                yield Part(piece, scored, self.special.get(piece), times)
