"""A picture of where each word of an answer looks (model/look.py).

messages, pictures, answer -> the picture again for each content word, lit where the word looks
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from PIL import Image

from dataset.chat.render import Chat
from dataset.errors import DataError
from dataset.images.tiles import Grid
from dataset.record import Message
from model.blip import Blip
from model.look import looks
from model.vlm import VLM
from scoring.assistant import Assistant
from scoring.chinese import joined

PLAIN = set("a an the at in on and with is are to of it there by , . : ; ?".split()) | set(
    "的有一在了着和，。；：？个只座棵艘辆朵匹架颗把"
)
CJK = ("Noto Sans CJK SC", "Noto Sans SC", "WenQuanYi Zen Hei", "Source Han Sans SC", "SimHei", "PingFang SC")
COLUMNS, SIDE = 6, 1.7  # words in a row; inches of each
HALF = "\N{REPLACEMENT CHARACTER}"  # what part of a character decodes to
HIDDEN = 0.25  # brightness where nobody looks


@dataclass(frozen=True)
class Look:
    """One word, and its shares of each patch of each picture (I, rows, columns)."""

    word: str
    shares: torch.Tensor


def looked(
    assistant: Assistant, messages: Sequence[Message], images: Sequence[Image.Image], answer: str
) -> list[Look]:
    """Of each content word of an answer; a word of several tokens looks where the first of them does."""
    if not isinstance(assistant.vlm, VLM | Blip):
        raise DataError("heatmaps are of our own decoders: this model's words look inside of transformers")
    if not images:
        raise DataError("a heatmap needs a picture; name one with --image")
    grids, before = assistant.preprocessor.grids(images), assistant.prompt(messages, images)
    whole = assistant.chat.render([*messages, {"role": "assistant", "content": answer}], grids=grids)
    said = whole.input_ids[len(before) : assistant.context]
    ids = torch.tensor([before + said], device=assistant.device)
    found = looks(assistant.vlm, ids, assistant.pixels(images)).cpu()  # (T, frames, rows, columns)
    found = as_wholes(found, grids)  # (T, I, rows, columns)
    content = [(word, at) for word, at in words(assistant.chat, said) if word.lower() not in PLAIN]
    return [
        Look(word, found[len(before) + at - 1]) for word, at in content
    ]  # what is seen makes the next token


def of_word(looks: Sequence[Look], word: str) -> list[Look]:
    """Those of a word, however written; of several words, or Chinese characters, in a row: one for all."""
    wanted, found = "".join(word.lower().split()), []
    for first in range(len(looks)):
        for last in range(first + 1, len(looks) + 1):
            row = looks[first:last]
            if "".join(look.word.lower() for look in row) == wanted:
                found.append(Look(word, torch.stack([look.shares for look in row]).mean(0)))
    return found


def as_wholes(frames: torch.Tensor, grids: Sequence[Grid]) -> torch.Tensor:
    """Shares of each frame (T, frames, rows, columns) -> of each picture (T, I, rows, columns): what its
    tiles get is added to the cells of the whole that they cover."""
    rows, columns = frames.shape[2:]
    pictures = []
    for grid, own in zip(grids, frames.split([grid.frames for grid in grids], 1), strict=True):
        whole = own[:, grid.whole]
        if grid.rows:
            tiles = own[:, 1:] if grid.whole_first else own[:, :-1]
            side_by_side = tiles.unflatten(1, grid[:2]).permute(0, 1, 3, 2, 4).flatten(3).flatten(1, 2)
            mean = F.adaptive_avg_pool2d(side_by_side, (rows, columns))
            whole = whole + mean * (grid.rows * grid.columns)
        pictures.append(whole)
    return torch.stack(pictures, 1)


def words(chat: Chat, ids: Sequence[int]) -> list[tuple[str, int]]:
    """Words, and the number of the first token of each; Chinese ones as `chinese.joined` finds them."""
    found: list[tuple[str, int]] = []
    at = 0
    for end in range(1, len(ids) + 1):
        text = chat.decode(ids[at:end])
        if HALF in text and end < len(ids):
            continue  # the rest of the character is in the next tokens
        goes_on = found and text[:1].isalpha() and text.isascii() and found[-1][0].isascii()
        if goes_on and found[-1][0][-1:].isalnum():
            found[-1] = (found[-1][0] + text, found[-1][1])
        elif text.strip():
            found.append((text.strip(), at))
        at = end
    return joined(found)


def draw(looks: Sequence[Look], images: Sequence[Image.Image], path: Path) -> None:
    """Each word over the picture that it looks at most."""
    if not looks:
        raise DataError("the answer has no word to draw a heatmap of")
    rows = -(-len(looks) // COLUMNS)
    from matplotlib.figure import Figure  # here, as an answer without a drawing should not wait for it

    figure = Figure(figsize=(SIDE * min(COLUMNS, len(looks)), (SIDE + 0.3) * rows))
    for number, look in enumerate(looks, start=1):
        axes = figure.add_subplot(rows, min(COLUMNS, len(looks)), number)
        chosen = int(look.shares.sum((1, 2)).argmax())
        axes.imshow(lit(images[chosen], look.shares[chosen]))
        axes.set_title(drawable(look.word, f"word {number}"), fontsize=9, family=fonts())
        axes.axis("off")
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)


def expect_picture(path: Path) -> None:
    """Raises DataError for a name that matplotlib would not draw into, or would add an ending to."""
    from matplotlib.figure import Figure

    if path.is_dir():
        raise DataError(f"--heatmap {path}: is a folder; name a file in it, such as {path / 'look.png'}")
    if path.suffix.lower().removeprefix(".") not in Figure().canvas.get_supported_filetypes():
        raise DataError(f"--heatmap {path}: not the name of a picture; let it end in .png")


@functools.cache
def fonts() -> list[str]:
    """For words in a drawing: one that has Chinese, if this machine does, and one for the rest."""
    from matplotlib import font_manager

    known = {font.name for font in font_manager.fontManager.ttflist}
    return [*[name for name in CJK if name in known][:1], "DejaVu Sans"]


def drawable(word: str, otherwise: str) -> str:
    """The word, if the fonts here have its letters."""
    return word if word.isprintable() and (word.isascii() or len(fonts()) > 1) else otherwise


def lit(image: Image.Image, shares: torch.Tensor) -> Image.Image:
    """The picture, dark but where the shares (rows, columns) are large."""
    light = shares / shares.max().clamp(min=1e-9)
    grey = Image.fromarray((255 * (HIDDEN + (1 - HIDDEN) * light)).byte().numpy())
    black = Image.new("RGB", image.size)
    return Image.composite(image, black, grey.resize(image.size, Image.Resampling.BICUBIC))
