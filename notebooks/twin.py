"""Notebooks in Chinese out of the English ones: the code is theirs, the words come from notebooks/zh/*.md.

    python notebooks/twin.py        writes notebooks/*_zh.ipynb anew

A translation is a Markdown file that names the cell before each piece: <!-- cell-03 -->
"""

import re
import sys
from pathlib import Path

import nbformat

HERE = Path(__file__).resolve().parent
MARK = re.compile(r"<!-- (cell-\d+) -->\n")


def translated(name: str) -> nbformat.NotebookNode:
    """The notebook with its words in Chinese. Raises ValueError unless each has a translation."""
    notebook = nbformat.read(HERE / f"{name}.ipynb", 4)
    parts = MARK.split((HERE / "zh" / f"{name}.md").read_text())
    words = dict(zip(parts[1::2], parts[2::2], strict=True))
    cells = [cell for cell in notebook.cells if cell.cell_type == "markdown"]
    if {cell.id for cell in cells} != set(words):
        raise ValueError(f"{name}: cells and translations differ: {({c.id for c in cells}) ^ set(words)}")
    for cell in cells:
        cell.source = words[cell.id].strip()
    return notebook


def twins() -> list[str]:
    return sorted(path.stem for path in (HERE / "zh").glob("*.md"))


if __name__ == "__main__":
    if sys.argv[1:]:  # --help, or what it would not heed
        sys.exit(__doc__)
    for name in twins():
        nbformat.write(translated(name), HERE / f"{name}_zh.ipynb")
        print(f"wrote {name}_zh.ipynb")
