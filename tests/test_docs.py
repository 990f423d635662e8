"""What the documents point at is there, and says what they say."""

import json
import re
from pathlib import Path

import nbformat
import pytest

from docs.data_flow import main as draw_data_flow
from notebooks.twin import translated, twins
from scoring import suite

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/*.md", "notebooks/*.md", "weights/*/*.md")
    for path in ROOT.glob(pattern)
    if "out" not in path.parts
)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FILE = re.compile(
    r"(?<![\w/.$])((?:model|dataset|trainer|scoring|serve|convert|tests|benchmarks|notebooks|docs)/[\w/.-]+\w)"
)
SCRIPT = re.compile(r"(?:python|\$\(PY\)) (?:-m )?([\w/.]+)")
TARGET = re.compile(r"make ([a-z]+)")


def headings(path: Path) -> set[str]:
    """Anchors as GitHub makes them."""
    titles = re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(page.read_text()):
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name) if name else page
        assert target.exists(), f"{page.name}: {link}"
        assert not anchor or anchor in headings(target), f"{page.name}: {link}"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_scripts_and_targets_that_are_named_exist(page: Path) -> None:
    text = page.read_text()
    for name in FILE.findall(text):
        assert (ROOT / name).exists() or (ROOT / f"{name}.py").exists(), f"{page.name}: {name}"
    for name in SCRIPT.findall(text):
        path = ROOT / (name if name.endswith(".py") else name.replace(".", "/"))
        found = path.exists() or path.with_suffix(".py").exists() or (path / "__main__.py").exists()
        assert found or name.startswith(("http", "pip", "venv", "torch")), f"{page.name}: {name}"
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for block in re.findall(r"```(.*?)```", text, re.DOTALL):
        for name in TARGET.findall(block):
            assert name in targets, f"{page.name}: make {name}"


def test_readme_lists_every_notebook_and_module() -> None:
    readme = (ROOT / "README.md").read_text()
    for path in ROOT.glob("notebooks/*.ipynb"):
        assert f"(notebooks/{path.name})" in readme, path.name
    modules = [path for folder in ("model", ".", "trainer", "serve") for path in ROOT.glob(f"{folder}/*.py")]
    for path in modules:
        assert path.name == "__init__.py" or path.name in readme, path


@pytest.mark.parametrize("page", ["README.md", "weights/tiny/README.md"])
def test_scores_are_those_that_the_suite_wrote(page: str) -> None:
    tables = suite.table(json.loads((ROOT / "docs/suite.json").read_text())).split("\n\n")
    assert all(table in (ROOT / page).read_text() for table in tables)


def test_the_data_flow_is_drawn_from_the_model_that_ships(tmp_path: Path) -> None:
    draw_data_flow(["--out", str(tmp_path / "flow.png")])
    assert (tmp_path / "flow.png").stat().st_size > 20_000


@pytest.mark.parametrize("name", twins())
def test_notebooks_in_chinese_are_the_english_ones_in_chinese(name: str) -> None:
    """Run `python notebooks/twin.py` where this fails."""
    stored = nbformat.read(ROOT / "notebooks" / f"{name}_zh.ipynb", 4)
    assert stored == translated(name)
