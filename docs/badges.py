"""Draws the badges of README.md: docs/badges/NAME.svg. tests/test_docs.py checks what they say.

python -m docs.badges
"""

from dataclasses import dataclass
from pathlib import Path

from trainer.cli import parse, user_errors

HERE = Path(__file__).parent / "badges"
BADGES = {  # file -> what is said, of what, in which colour
    "python": ("Python", "3.11+", "#3776ab"),
    "pytorch": ("PyTorch", "2.13", "#d64a2f"),
    "core": ("core", "< 800 lines", "#2e7d32"),
    "offline": ("network", "not needed", "#2e7d32"),
    "licence": ("licence", "Apache 2.0", "#555f6b"),
}
LETTER, SPACE = 6.6, 12  # pixels: of a letter, and around each half
SVG = """<svg xmlns="http://www.w3.org/2000/svg" width="{whole}" height="20" role="img"
 aria-label="{left}: {right}">
<rect rx="3" width="{whole}" height="20" fill="#40464f"/>
<path d="M{split} 0h{rest}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3h-{rest}z" fill="{colour}"/>
<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">
<text x="{left_at}" y="14">{left}</text><text x="{right_at}" y="14">{right}</text></g></svg>
"""


@dataclass
class Args:
    out: Path = HERE
    """Folder to write."""


@user_errors
def main(argv: list[str] | None = None) -> None:
    out = parse(Args, argv, __doc__).out
    out.mkdir(parents=True, exist_ok=True)
    for name, (left, right, colour) in BADGES.items():
        (out / f"{name}.svg").write_text(badge(left, right, colour))


def badge(left: str, right: str, colour: str) -> str:
    split, second = (round(len(text) * LETTER + SPACE) for text in (left, right))
    places = {"left_at": split / 2, "right_at": split + second / 2}
    sizes = {"whole": split + second, "split": split, "rest": second - 3}
    return SVG.format(left=left, right=right.replace("<", "&lt;"), colour=colour, **sizes, **places)


if __name__ == "__main__":
    main()
