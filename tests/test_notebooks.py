"""Lessons can be read: imports explained, letters large enough, nothing red, and what comes next."""

import os
import pkgutil
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from tests.test_architecture import OURS as PACKAGES

ROOT = Path(__file__).parent.parent
LESSONS = [path for path in sorted(ROOT.glob("notebooks/*.ipynb")) if not path.stem.endswith("_zh")]
OURS = re.compile(rf"^(?:from|import) (?:(?:{'|'.join(sorted(PACKAGES))})\b|train_)")
FROM = re.compile(rf"^from ((?:{'|'.join(sorted(PACKAGES))})\b\S*) import ([\w, ]*\w)", re.MULTILINE)
SMALL = re.compile(r"(?:fontsize|labelsize)=([1-8])\b|figure\.dpi")
WIDE = re.compile(r"figsize=\((\d+)")


def code(path: Path) -> list[nbformat.NotebookNode]:
    return [cell for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_imports_are_few_and_explained(path: Path) -> None:
    cells = code(path)
    for cell in cells:
        lines = cell.source.splitlines()
        for above, line in zip(["", *lines], lines, strict=False):
            assert not OURS.match(line) or "  # " in line or above.startswith("# "), line
    first = [line for line in cells[0].source.splitlines() if OURS.match(line)]
    assert len(first) <= 5, "import the rest where it is used"


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_what_is_imported_of_ours_is_there(path: Path) -> None:
    """Without running a lesson, which takes minutes."""
    for cell in code(path):
        for module, names in FROM.findall(cell.source):
            for name in names.split(", "):
                pkgutil.resolve_name(f"{module}.{name}")


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_figures_can_be_read_at_full_size(path: Path) -> None:
    source = "\n".join(cell.source for cell in code(path))
    assert not SMALL.search(source), SMALL.search(source)
    assert all(int(inches) <= 10 for inches in WIDE.findall(source))


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_nothing_red_and_no_bytes_are_kept(path: Path) -> None:
    outputs = [output for cell in code(path) for output in cell.outputs]
    assert not [each for each in outputs if "error" in each.output_type or each.get("name") == "stderr"]
    said = "".join(output.get("text", "") for output in outputs)
    assert not set("Ġĉ\r") & set(said)


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_each_lesson_says_what_comes_before_and_after(path: Path) -> None:
    words = nbformat.read(path, 4).cells[0].source
    about = words[words.rindex("\n*") :].replace("\n", " ")
    assert "Next: " in about and (path.stem.startswith("01") or "Before it: " in about)
    lessons = {one.stem[:2] for one in LESSONS}
    assert set(re.findall(r"\b\d\d\b", about.partition("Next: ")[2])) <= lessons
    drawn = (ROOT / "notebooks/README.md").read_text()
    assert f'N{path.stem[:2]}["' in drawn


@pytest.mark.skipif(not shutil.which("make") or os.name == "nt", reason="no make here")
def test_every_lesson_is_executed() -> None:
    """But for the Chinese ones, whose code is the same (tests/test_docs.py)."""
    shown = subprocess.run(["make", "-n", "notebooks"], cwd=ROOT, capture_output=True, text=True, check=True)
    named = re.findall(r"notebooks/\S+\.ipynb", shown.stdout)
    assert sorted(named) == [str(path.relative_to(ROOT)) for path in LESSONS]


def test_no_progress_bars_in_a_notebook() -> None:
    """In a process of its own, as a notebook's kernel is."""
    lines = "import here\nfrom tqdm import tqdm\nlist(tqdm(range(3)))\n"
    env = {name: value for name, value in os.environ.items() if name != "TQDM_DISABLE"} | {"PYTHONPATH": "."}
    command = [sys.executable, "-c", lines]
    ran = subprocess.run(
        command, cwd=ROOT / "notebooks", env=env, capture_output=True, text=True, timeout=300
    )
    assert ran.returncode == 0 and ran.stderr == ""
