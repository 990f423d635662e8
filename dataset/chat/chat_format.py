"""Chat formats: what stands around what is said, ours and other projects'.

ChatML  <|im_start|>user\\nWhat is this?<|im_end|>\\n<|im_start|>assistant\\na cat<|im_end|>\\n
LLaVA   USER: What is this? ASSISTANT: a cat</s>
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from dataset.errors import DataError, read_object, shown
from dataset.images.tiles import Grid
from dataset.record import IMAGE

END_OF_TEXT, START, END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
VISION_START, IMAGE_PAD, VISION_END = "<|vision_start|>", "<|image_pad|>", "<|vision_end|>"
SPECIALS = (END_OF_TEXT, START, END, VISION_START, IMAGE_PAD, VISION_END)
FORMAT_FILE = "chat_format.json"
PAIRS = ("system", "user", "answer")  # what stands before, and what behind


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
            found = cls(**{key: _tuples(value) for key, value in read_object(path).items()})
        except TypeError as error:
            raise DataError(f"{path}: not a chat format ({error}); convert the weights again") from None
        if wrong := [
            f"{name} is {shown(value)}" for name, value in vars(found).items() if not _fits(name, value)
        ]:
            raise DataError(f"{path}: not a chat format ({wrong[0]}); convert the weights again")
        return found

    def to_file(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")


def _fits(name: str, value: object) -> bool:
    """Is it what this field of a format holds: words, yes or no, pieces, or two lists of pieces?"""
    usual, pair = getattr(ChatFormat, name), name in PAIRS
    if not isinstance(usual, tuple):
        return type(value) is type(usual)
    lists = value if pair else (value,)
    if not isinstance(lists, tuple) or len(lists) != 1 + pair:
        return False
    return all(isinstance(one, tuple) and all(isinstance(piece, str) for piece in one) for one in lists)


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
