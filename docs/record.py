"""Records docs/session.gif: a real conversation with a model that ships, in a terminal. Needs no network.

    python -m docs.record                                    the storybook model
    python -m docs.record --model photo --out docs/photo.gif

It needs requirements-docs.txt. bash runs `make chat` at the other end of a pseudo-terminal; pyte keeps its
screen, and Pillow draws a frame whenever that changes. Waiting is cut: no frame stays longer than LONGEST,
whatever the machine took.
"""

import os
import pty
import select
import tempfile
import termios
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from matplotlib import font_manager
from PIL import Image, ImageDraw, ImageFont

from dataset.errors import DataError
from dataset.project import ROOT
from scoring.gallery import CHINESE
from scoring.heatmap import CJK
from trainer.cli import parse, user_errors

try:
    import pyte
except ImportError:  # told by `main`; --help is there without it
    pyte = None

SESSIONS = {  # folder in weights/ -> what is typed
    "tiny": (
        "What colour is the boat?",
        "How many birds are there?",
        "Is the bird to the left or to the right of the turtle?",
        "What colour is the cat?",
        "Describe the picture.",
    ),
    "photo": ("What animal is this?", "What colour is it?", "Describe the picture."),
}
COLUMNS, ROWS = 80, 46
FONT = ImageFont.truetype(font_manager.findfont("DejaVu Sans Mono"), 13)
KNOWN = {font.name: font.fname for font in font_manager.fontManager.ttflist}
WIDE = next((ImageFont.truetype(KNOWN[name], 14) for name in CJK if name in KNOWN), FONT)  # Chinese
CELL = (8, 16)  # pixels of a letter; a Chinese one takes two cells
MARGIN, BACKGROUND, FOREGROUND = 10, "#16181d", "#d8dee9"
NAMED = {"cyan": "#88c0d0", "red": "#e06c75", "green": "#98c379", "brown": "#e5c07b", "blue": "#61afef"}
SHORTEST, LONGEST, READ = 40, 200, 1800  # milliseconds: of a frame; to read an answer
PATIENCE, QUIET = 600, 0.15  # seconds: until something is said; until it is all said
SETUP = "PS1='$ '; unset HISTFILE; make() { command make -o .venv/ready \"$@\"; }\n"  # installs nothing


class Session:
    """A shell in a pseudo-terminal, its screen, and the frames drawn so far."""

    def __init__(self, folder: str) -> None:
        setup = Path(folder, "setup")
        setup.write_text(SETUP)
        self.screen = pyte.Screen(COLUMNS, ROWS)
        self.screen.write_process_input = lambda text: os.write(self.master, text.encode())
        self.stream = pyte.ByteStream(self.screen)
        self.frames: list[tuple[Image.Image, int]] = []
        environment = os.environ | {"HOME": folder, "TERM": "xterm-256color", "PYTHONUNBUFFERED": "1"}
        self.shell, self.master = pty.fork()
        if self.shell == 0:
            os.chdir(ROOT)
            os.execvpe("bash", ["bash", "--noprofile", "--rcfile", str(setup), "-i"], environment)
        termios.tcsetwinsize(self.master, (ROWS, COLUMNS))

    def wait_for(self, prompt: str) -> None:
        """Draw what comes until the cursor stands behind `prompt` and nothing more comes."""
        begun = time.monotonic()
        while self.came(QUIET) or not self.stands_at(prompt):
            if time.monotonic() - begun > PATIENCE:
                raise DataError(f"no {prompt!r} within {PATIENCE} s; the screen shows {self.screen.display}")

    def came(self, seconds: float) -> bool:
        """Whether something was said within so long; a frame is drawn of it."""
        begun = time.monotonic()
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        self.stream.feed(os.read(self.master, 1 << 16))
        waited = int(1000 * (time.monotonic() - begun))
        self.frames.append((drawn(self.screen), min(max(waited, SHORTEST), LONGEST)))
        return True

    def stands_at(self, prompt: str) -> bool:
        cursor = self.screen.cursor
        return cursor.x == len(prompt) + 1 and self.screen.display[cursor.y].rstrip() == prompt

    def type(self, line: str) -> None:
        for letter in line:
            os.write(self.master, letter.encode())
            self.came(1)
        self.hold(400)
        os.write(self.master, b"\r")

    def hang_up(self) -> None:
        """bash ends then, and what it runs."""
        os.close(self.master)
        os.waitpid(self.shell, 0)

    def hold(self, milliseconds: int) -> None:
        image, _ = self.frames[-1]
        self.frames[-1] = (image, milliseconds)


@dataclass
class Args:
    model: Literal["tiny", "photo"] = "tiny"
    """Which of the models that ship is asked."""
    out: Path = ROOT / "docs/session.gif"
    """The recording to write."""


@user_errors
def main(argv: list[str] | None = None) -> None:
    args = parse(Args, argv, __doc__)
    if pyte is None:
        raise DataError("recording needs pyte: .venv/bin/python -m pip install -r requirements-docs.txt")
    with tempfile.TemporaryDirectory() as home:
        session = Session(home)
        session.wait_for("$")
        session.frames.clear()
        session.type(f"make chat WEIGHTS=weights/{args.model}")
        session.wait_for(">")
        for question in SESSIONS[args.model]:
            session.hold(READ)
            session.type(question)
            session.wait_for(">")
        session.hold(2 * READ)
        session.hang_up()
    save(session.frames, args.out)


def drawn(screen: "pyte.Screen") -> Image.Image:
    wide, high = CELL
    image = Image.new("RGB", (COLUMNS * wide + 2 * MARGIN, ROWS * high + 2 * MARGIN), BACKGROUND)
    pen = ImageDraw.Draw(image)
    for row in range(ROWS):
        for column, cell in screen.buffer[row].items():
            corner = (MARGIN + column * wide, MARGIN + row * high)
            draw_cell(pen, corner, cell)
    x, y = MARGIN + screen.cursor.x * wide, MARGIN + screen.cursor.y * high
    if not screen.cursor.hidden:
        pen.rectangle((x, y, x + wide - 1, y + high - 1), fill=FOREGROUND)
    return image


def draw_cell(pen: ImageDraw.ImageDraw, corner: tuple[int, int], cell: "pyte.screens.Char") -> None:
    (x, y), (wide, high) = corner, CELL
    if cell.bg != "default":
        pen.rectangle((x, y, x + wide - 1, y + high - 1), fill=colour(cell.bg))
    if cell.data == "▀":  # drawn, so that no line shows between two
        pen.rectangle((x, y, x + wide - 1, y + high // 2 - 1), fill=colour(cell.fg))
    elif cell.data.strip():
        pen.text((x, y), cell.data, font=WIDE if cell.data >= CHINESE else FONT, fill=colour(cell.fg))


def colour(name: str) -> str:
    """Of pyte: a name, or six hexadecimal digits."""
    if len(name) == 6 and all(digit in "0123456789abcdef" for digit in name.lower()):
        return f"#{name}"
    return NAMED.get(name, FOREGROUND)


def save(frames: list[tuple[Image.Image, int]], out: Path) -> None:
    """As a GIF of one palette, that of the last frame, which has all that was shown."""
    palette = frames[-1][0].quantize(128)
    images = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image, _ in frames]
    times = [milliseconds for _, milliseconds in frames]
    images[0].save(out, save_all=True, append_images=images[1:], duration=times, loop=0, optimize=False)
    print(f"saved {out}: {len(frames)} frames, {sum(times) / 1000:.0f} s, {out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
