"""Messages to token ids and labels, together; token ids back to text.

    messages -> parts (text, scored?) -> input_ids, labels

    <|im_start|>user\\n<|vision_start|><|image_pad|> x N<|vision_end|>\\nWhat is this?<|im_end|>\\n
    <|im_start|>assistant\\na cat<|im_end|>\\n            scored: the answer and its <|im_end|>, nothing else

Special tokens are placed by id; their spelling in a user's text is text. An image is written `<image>`.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from itertools import groupby
from pathlib import Path

from tokenizers import Encoding, Tokenizer

from dataset.errors import DataError, read_object
from dataset.instead import expect_itself
from dataset.record import IMAGE
from dataset.tiles import FILE, Grid

IGNORED = -100
END_OF_TEXT, START, END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
VISION_START, IMAGE_PAD, VISION_END = "<|vision_start|>", "<|image_pad|>", "<|vision_end|>"
SPECIALS = (END_OF_TEXT, START, END, VISION_START, IMAGE_PAD, VISION_END)
HALF = re.compile("[\ud800-\udfff]")
FORMAT_FILE = "chat_format.json"
Message = dict[str, str]


@dataclass(frozen=True)
class ChatFormat:
    """What stands around what is said, as lists of pieces; a piece that is a special token is its id.

    The default is ChatML, as MiniMind-V and Qwen write it. An answer is scored with `answer` around it.
    """

    begin: tuple[str, ...] = ()
    system: tuple[tuple[str, ...], tuple[str, ...]] = ((START, "system\n"), (END, "\n"))
    user: tuple[tuple[str, ...], tuple[str, ...]] = ((START, "user\n"), (END, "\n"))
    opening: tuple[str, ...] = (START, "assistant\n")
    answer: tuple[tuple[str, ...], tuple[str, ...]] = ((), (END,))
    after: tuple[str, ...] = ("\n",)
    picture: tuple[str, ...] = (VISION_START, IMAGE_PAD, VISION_END)  # IMAGE_PAD: `placeholder`, N times
    tile: tuple[str, ...] = ()  # of a picture that is cut: with {row} and {column}, in front of `picture`
    row_end: tuple[str, ...] = ()  # behind the tiles of each row
    tiles_end: tuple[str, ...] = ()  # behind all of them
    numbered: str = ""  # in front of each picture where a conversation has several: with {index}, from 0
    line_break: bool = True  # what `<image>\n` in a message has behind the picture is written
    before_words: str = ""  # in front of a message that begins with words
    pictures_first: bool = False  # they stand in front of `user`, wherever in a message they are
    placeholder: str = IMAGE_PAD
    end: str = END
    pad: str = END_OF_TEXT
    default_system: str = ""  # what the system says where a conversation has no message of its own

    def specials(self) -> set[str]:
        return {self.placeholder, self.end, self.pad}

    def pieces_of(self, grid: Grid) -> list[str]:
        """Of a picture: its tiles row by row, where it is cut, and the whole."""
        tiles = []
        for row in range(1, grid.rows + 1):
            for column in range(1, grid.columns + 1):
                tiles += [piece.format(row=row, column=column) for piece in self.tile]
            tiles += self.row_end
        tiles += self.tiles_end if grid.rows else ()
        return grid.ordered(tiles, list(self.picture))

    def pictures(self, count: int, grids: Iterable[Grid]) -> Iterator[list[str]]:
        """The pieces of each picture of a conversation that has `count`."""
        grids = iter(grids)
        for index in range(count):
            number = [self.numbered.format(index=index)] if self.numbered and count > 1 else []
            yield number + self.pieces_of(next(grids, Grid()))

    @classmethod
    def from_file(cls, path: Path) -> "ChatFormat":
        try:
            return cls(**{key: _tuples(value) for key, value in read_object(path).items()})
        except TypeError as error:
            raise DataError(f"{path}: not a chat format ({error}); convert the weights again") from None


def _tuples(value: object) -> object:
    return tuple(_tuples(one) for one in value) if isinstance(value, list) else value


LLAVA = ChatFormat(  # LLaVA-1.5's (Liu et al. 2023b): "USER: <image>\nWhat is this? ASSISTANT: a cat</s>"
    begin=("<s>",),
    system=((), (" ",)),
    user=(("USER: ",), (" ",)),
    opening=("ASSISTANT:",),
    answer=((" ",), ("</s>",)),
    after=(),
    picture=(IMAGE,),
    placeholder=IMAGE,
    end="</s>",
    pad="<pad>",
)

MINIMIND = ChatFormat(  # MiniMind-V's of the MiniMind2 era; a picture is a run of "@"
    system=(("<s>", "system\n"), ("</s>", "\n")),
    user=(("<s>", "user\n"), ("</s>", "\n")),
    opening=("<s>", "assistant\n"),
    answer=((), ("</s>",)),
    picture=("@",),
    placeholder="@",
    end="</s>",
    pad="<unk>",
)
MINIMIND3 = (
    ChatFormat(  # MiniMind-3V's: ChatML, a picture without marks around it, and thinking that is empty
        opening=(START, "assistant\n", "<think>", "\n\n", "</think>", "\n\n"),
        picture=(IMAGE_PAD,),
    )
)
BLIP = ChatFormat(  # a caption goes on from what the user has begun: "[DEC] a picture of"
    begin=("[DEC]",),
    system=((), (" ",)),
    user=((), ()),
    opening=(),
    answer=((), ("[SEP]",)),
    after=(),
    picture=(),
    placeholder="[MASK]",
    end="[SEP]",
    pad="[PAD]",
)
OPT = replace(  # BLIP-2's: "</s>Question: what is this? Answer:", and the answer's line ends
    BLIP, begin=("</s>",), answer=((), ("\n",)), placeholder="<pad>", end="</s>", pad="<pad>"
)
T5 = replace(OPT, begin=(), opening=("</s>",), answer=((), ("</s>",)))
FORMATS = (ChatFormat(), LLAVA, MINIMIND)


@dataclass(frozen=True)
class Sample:
    """Token ids and what is scored of them: labels are the ids themselves or -100. Equal lengths.

    `ends`, where there are several conversations about one picture: see packing.py.
    """

    input_ids: list[int]
    labels: list[int]
    ends: list[int] | None = None


@dataclass(frozen=True)
class Part:
    """Text, or one special token by its id; and whether it is scored."""

    text: str
    scored: bool = False
    id: int | None = None


class Chat:
    """A tokenizer that knows its chat format; each frame of a picture is `image_tokens` placeholders long.

    `grids` say how the pictures of a conversation are cut, in reading order; one that none is given for is
    one frame.
    """

    def __init__(
        self, tokenizer: Tokenizer, image_tokens: int, chat_format: ChatFormat | None = None
    ) -> None:
        self.tokenizer, self.image_tokens = tokenizer, image_tokens
        self.format = chat_format or ChatFormat()
        self._as_text()
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

    def _as_text(self) -> None:
        """Special tokens spelled out in a text are text, and all of it is encoded: a file may say that texts
        are to be cut, or padded."""
        self.tokenizer.encode_special_tokens = True
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()
        self._later = going_on(self.tokenizer)

    def __setstate__(self, state: dict) -> None:
        """In a worker process: tokenizers does not pickle the first setting."""
        self.__dict__.update(state)
        self._as_text()

    @classmethod
    def load(cls, folder: str | Path, image_tokens: int) -> "Chat":
        folder = Path(folder)
        path, how = folder / "tokenizer.json", folder / FORMAT_FILE
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
        self.tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
        config = {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "eos_token": self.format.end,
            "pad_token": self.format.pad,
        }
        (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
        if self.format != ChatFormat():
            how = json.dumps(asdict(self.format), indent=2) + "\n"
            (folder / FORMAT_FILE).write_text(how, encoding="utf-8")

    def encode(self, text: str) -> list[int]:
        return self._encoding(text).ids

    def _encoding(self, text: str, later: bool = False) -> Encoding:
        if HALF.search(text):
            raise DataError("the text holds half a character (a lone surrogate); remove it")
        return (self._later if later else self.tokenizer).encode(text, add_special_tokens=False)

    def decode(self, ids: Iterable[int]) -> str:
        return self.tokenizer.decode(list(ids), skip_special_tokens=True)

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
        ids, labels = self._encoded(self._parts(messages, grids))
        if max_length is not None and len(ids) > max_length:
            if self.image_id in ids[max_length:] or ids[max_length - 1] == self.image_id:
                raise DataError(f"{where}: {len(ids)} tokens; cutting at {max_length} would cut a picture")
            ids, labels = ids[:max_length], labels[:max_length]
        if all(label == IGNORED for label in labels):
            raise DataError(f"{where}: no answer within {max_length or len(ids)} tokens; raise --max_length")
        return Sample(ids, labels)

    def prompt(self, messages: Iterable[Message], grids: Iterable[Grid] = ()) -> list[int]:
        """A conversation that ends with the user, opened for the assistant's answer."""
        return self._encoded(self._asked(messages, grids))[0]

    def spelled(self, messages: Iterable[Message], grids: Iterable[Grid] = ()) -> str:
        """What `prompt` encodes, special tokens as they are written."""
        return "".join(part.text for part in self._asked(messages, grids))

    def _asked(self, messages: Iterable[Message], grids: Iterable[Grid]) -> list[Part]:
        return [*self._parts(messages, grids), *self._pieces(self.format.opening)]

    def _encoded(self, parts: Iterable[Part]) -> tuple[list[int], list[int]]:
        """Text between two special tokens is encoded in one go, as other programs do; a token is scored if
        it begins in a scored part."""
        ids, labels = [], []
        for special, group in groupby(parts, lambda part: part.id is not None):
            group = list(group)
            if special:
                ids += [part.id for part in group]
                labels += [part.id if part.scored else IGNORED for part in group]
                continue
            scored = [part.scored for part in group for _ in part.text]  # of each character
            later = len(ids) > len(self.format.begin)
            encoding = self._encoding("".join(part.text for part in group), later)
            ids += encoding.ids
            starts = [min(start, len(scored) - 1) for start, _ in encoding.offsets]
            labels += [id if scored[at] else IGNORED for id, at in zip(encoding.ids, starts, strict=True)]
        return ids, labels

    def _parts(self, messages: Iterable[Message], grids: Iterable[Grid] = ()) -> Iterator[Part]:
        how, messages = self.format, list(messages)
        yield from self._pieces(how.begin)
        if how.default_system and not (messages and messages[0]["role"] == "system"):
            messages = [{"role": "system", "content": how.default_system}, *messages]
        count = sum(m["content"].count(IMAGE) for m in messages if m["role"] != "assistant")
        pictures = how.pictures(count, grids)
        for message in messages:
            content = message["content"]
            if message["role"] == "assistant":
                yield from self._pieces(how.opening)
                before, after = how.answer
                yield from self._pieces(before, scored=True)
                yield Part(content, scored=True)
                yield from self._pieces(after, scored=True)
                yield from self._pieces(how.after)
            else:
                before, after = how.system if message["role"] == "system" else how.user
                if how.pictures_first:
                    for _ in range(content.count(IMAGE)):
                        yield from self._pieces(next(pictures))
                    content = content.replace(f"{IMAGE}\n", "").replace(IMAGE, "")
                yield from self._pieces(before)
                yield from self._with_pictures(content, pictures)
                yield from self._pieces(after)

    def _pieces(self, pieces: Iterable[str], scored: bool = False) -> Iterator[Part]:
        for piece in pieces:
            repeat = self.image_tokens if piece == self.format.placeholder else 1
            for _ in range(repeat):
                yield Part(piece, scored, self._special.get(piece))

    def _with_pictures(self, content: str, pictures: Iterator[list[str]]) -> Iterator[Part]:
        how, (first, *rest) = self.format, content.split(IMAGE)
        yield Part(first and how.before_words + first)
        for text in rest:
            yield from self._pieces(next(pictures))
            yield Part(text if how.picture and how.line_break else text.removeprefix("\n"))


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


def stream_text(chat: Chat, ids: Iterable[int]) -> Iterator[str]:
    """Text as it comes, piece by piece; bytes of a character that is not whole yet are held back."""
    return filter(None, token_texts(chat, ids))


def token_texts(chat: Chat, ids: Iterable[int]) -> Iterator[str]:
    """What each id adds to the text, perhaps nothing yet; and what is left at the end."""
    so_far: list[int] = []
    shown = text = ""
    for id in ids:
        so_far.append(id)
        text = chat.answer(so_far)
        whole = len(text) > len(shown) and not text.endswith("\N{REPLACEMENT CHARACTER}")
        yield text[len(shown) :] if whole else ""
        shown = text if whole else shown
    yield text[len(shown) :] if text != shown else ""


if __name__ == "__main__":  # python -m dataset.chat show FILE N
    from dataset.console import only
    from dataset.show import main

    only("show", main, "python -m dataset.chat show FILE N")
