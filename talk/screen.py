"""What a terminal shows beside text: colours, and pictures in half blocks, two pixels a letter."""

import shutil
import sys
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import TextIO

from PIL import Image

from talk.wrapped import Wrapped, wrapped

WIDTH, HEIGHT, LEAST = 48, 24, 6  # of a picture in letters: at most; rows at least


def is_terminal() -> bool:
    return sys.stdout.isatty()


def columns() -> int:
    return shutil.get_terminal_size().columns


def style(text: str, code: int) -> str:
    """In colour, where a terminal is looking."""
    return f"\033[{code}m{text}\033[0m" if text and is_terminal() else text


def beside_answers() -> TextIO:
    """Where what is no answer goes: among a pipe's answers it would pass for one."""
    return sys.stdout if sys.stdin.isatty() else sys.stderr


def tell(text: str, code: int | None = None) -> None:
    """Print lines, without a break in a word where a terminal is looking."""
    if sys.stdin.isatty():
        text = wrapped(text, columns()) if is_terminal() else text
        text = text if code is None else style(text, code)
    print(text, file=beside_answers())


def say(pieces: Iterator[str], stream: bool = True, code: int | None = None, talking: bool = False) -> str:
    """Print an answer as it comes, or whole; returns it. Ctrl-C ends the answer, and the program unless it is
    `talking`."""
    layout, said, broken = Wrapped(columns), "", False

    def put(text: str) -> None:
        print(text if code is None else style(text, code), end="", flush=True)

    try:
        for piece in pieces:
            said += piece
            if stream:
                put(layout.add(piece) if is_terminal() else piece)
    except KeyboardInterrupt:
        broken = True
    if stream:
        put(layout.end())
    else:
        put(wrapped(said, columns()) if is_terminal() else said)
    print(" ..." if broken else "")
    if broken and not talking:
        raise KeyboardInterrupt
    return said


def preview(image: Image.Image, width: int = WIDTH, height: int = HEIGHT) -> list[str]:
    """The picture's rows, in 24-bit colours."""
    small = image.convert("RGB")
    small.thumbnail((width, 2 * height))
    rows = []
    for y in range(0, small.height - 1, 2):
        pairs = ((small.getpixel((x, y)), small.getpixel((x, y + 1))) for x in range(small.width))
        cells = ("\033[38;2;{};{};{}m\033[48;2;{};{};{}m▀".format(*above, *below) for above, below in pairs)
        rows.append("".join(cells) + "\033[0m")
    return rows


def show(images: Sequence[Image.Image], lines: int) -> None:
    """The pictures beside each other, where a terminal is looking; `lines` of text and the prompt have room
    below."""
    if not (images and is_terminal()):
        return
    size = shutil.get_terminal_size()
    width = min(WIDTH, size.columns // len(images) - 1)
    height = max(LEAST, min(HEIGHT, size.lines - lines - 1))
    pictures = [preview(image, max(1, width), height) for image in images]
    empty = [" " * picture[0].count("▀") if picture else "" for picture in pictures]
    for cells in zip_longest(*pictures):
        print(" ".join(cell or blank for cell, blank in zip(cells, empty, strict=True)))
