"""What the documents point at is there, and says what they say."""

import ast
import json
import pkgutil
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import nbformat
import pytest

from docs import badges, flags, photos
from docs.data_flow import main as draw_data_flow
from notebooks.twin import translated, twins
from scoring import doctor, suite
from tests.test_architecture import OURS, files

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/*.md", "notebooks/*.md", "weights/*/*.md")
    for path in ROOT.glob(pattern)
    if "out" not in path.parts
)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FILE = re.compile(rf"(?<![\w/.$])((?:{'|'.join(sorted(OURS))}|tests|benchmarks|notebooks|docs)/[\w/.-]+\w)")
SCRIPT = re.compile(r"(?:python|\$\(PY\)) (?:-m )?([\w/.]+)")
TARGET = re.compile(r"(?:^|`|QUICK=1 )make ([a-z]+)", re.MULTILINE)
COMMAND = re.compile(r"(-m [\w.]+(?: check| show)?|(?<![\w/])\w+\.py)(?=[ `])([^`\n#|]*)")
FLAG = re.compile(r"(?<![-\w])--(?:no_)?(\w+)")
OTHERS = re.compile(
    r"^.*(?:transformers serve|llama-server|jupyter|tensorboard|torchrun --|pip install).*$", re.MULTILINE
)


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
    for name in TARGET.findall(text):
        assert name in targets, f"{page.name}: make {name}"


def test_files_that_lessons_and_code_name_exist() -> None:
    """The pages' are asked for above."""
    for path in [*ROOT.glob("*.py"), *ROOT.glob("[!.]*/**/*.py"), *ROOT.glob("notebooks/*.ipynb")]:
        if ROOT / "out" not in path.parents:
            lost = [name for name in FILE.findall(path.read_text()) if name.endswith(".py")]
            assert all((ROOT / name).exists() for name in lost), f"{path}: {lost}"


@cache
def flags_of(command: str) -> set[str]:
    kinds = flags.dataclasses_of(command)
    return {"help"} | {flag.name.removeprefix("--") for kind in kinds for flag in flags.flags_of(kind)}


@cache
def fields_of_all() -> set[str]:
    """Every annotated name in our sources: all flags are among them, and nothing is imported for it."""
    sources = (p.read_text() for p in [*ROOT.glob("*.py"), *ROOT.glob("[!.]*/**/*.py")])
    named = re.compile(r'^    (\w+): |arg\(name="(\w+)"\)', re.MULTILINE)
    return {name for text in sources for pair in named.findall(text) for name in pair} | {"help"}


def commands(text: str) -> Iterator[tuple[str, set[str]]]:
    """Each of our commands that a page gives flags to, as docs/flags.py calls it; and these flags."""
    for command, rest in COMMAND.findall(text.replace("\\\n", " ")):
        for name in (command, " ".join(command.split()[:2])):
            if name in flags.commands() and FLAG.search(rest):
                yield name, set(FLAG.findall(rest))
                break


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_flags_that_are_named_exist(page: Path) -> None:
    """Those that a command is given are its own; all others are some command's."""
    text = page.read_text()
    for command, given in commands(text):
        assert given <= flags_of(command), f"{page.name}: {command} {given - flags_of(command)}"
    others = set(FLAG.findall(OTHERS.sub("", text)))
    assert others <= fields_of_all(), f"{page.name}: {others - fields_of_all()}"


def test_every_command_is_found_with_its_dataclasses() -> None:
    found = flags.commands()
    assert len(found) >= 20 and found["train_sft_vlm.py"] == ["train_sft_vlm", "TrainArgs"]
    assert found["convert_vlm.py"] == ["convert_vlm", "Import", "Export", "Merge"]
    assert found["-m dataset.records check"] == ["dataset.check", "Check"]
    assert found["-m dataset.storybook"][0] == "dataset.storybook.__main__"


def test_flags_are_told_with_bounds_choices_and_rules() -> None:
    told = {flag.name: flag for flag in flags.flags_of(flags.dataclasses_of("eval_vlm.py")[0])}
    assert told["--max_new_tokens"].takes == "0 or more" and told["--max_new_tokens"].default == "`256`"
    assert told["--dtype"].takes == "`auto`, `fp32`, `bf16`, `int8`"
    assert told["--top_p"].help.endswith("Only with `--temperature`.")
    taken = [flag.name for flag in flags.flags_of(flags.dataclasses_of("convert_vlm.py")[0])]
    assert taken[:3] == ["SOURCE", "OUT", "--from"]


def texts_of(path: Path) -> Iterator[str]:
    """Of a module, but for docstrings: its messages are among them."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


def test_who_reads_meets_a_vision_encoder_not_an_eye() -> None:
    """That is the code's own word for it. One is in the saved states of runs."""
    eye, world = re.compile(r"\beyes?\b(?!\.)"), {"photo", "storybook"}
    told = [(path, path.read_text()) for path in PAGES]
    for path in [*ROOT.glob("*.py"), *(path for package in OURS for path in files(package))]:
        if not world & set(path.parts):
            told += [(path, text) for text in texts_of(path) if text != "an eye of sha256"]
    assert [(path, text) for path, text in told if eye.search(text)] == []


def test_every_page_has_its_place_on_the_site() -> None:
    placed = set(re.findall(r": (\S+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE))
    assert placed == {path.relative_to(ROOT).as_posix() for path in PAGES}


def test_names_of_the_python_api_exist() -> None:
    names = re.findall(r"^::: (\S+)$", (ROOT / "docs/API.md").read_text(), re.MULTILINE)
    assert len(names) > 10 and all(pkgutil.resolve_name(name) for name in names)


def test_badges_are_true() -> None:
    wanted = re.search(r"^torch==(\d+\.\d+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)[1]
    assert badges.BADGES["pytorch"][1] == wanted
    assert badges.BADGES["python"][1] == "{}.{}+".format(*doctor.PYTHON)
    for name, said in badges.BADGES.items():
        assert (badges.HERE / f"{name}.svg").read_text() == badges.badge(*said), "python -m docs.badges"


@pytest.mark.parametrize(("language", "page"), photos.PAGES.items())
def test_photographs_are_shown_with_their_answers(language: str, page: str) -> None:
    """Run `python -m docs.photos` where this fails."""
    told = (ROOT / page).read_text().split("<!-- photos -->")[1].split("<!-- /photos -->")[0]
    for path, asked in photos.QUESTIONS.items():
        assert (ROOT / path).is_file() and path in told
        assert all(f"{question} **" in told for question in asked[language])
    with pytest.raises(ValueError, match="no line <!-- photos -->"):
        photos.between_marks("no marks", told)


@pytest.mark.parametrize("page, minutes", [("README.md", "minutes on"), ("README_zh.md", "分钟：")])
def test_front_pages_tell_of_the_photo_model_what_its_card_tells(page: str, minutes: str) -> None:
    card, text = (ROOT / "weights/photo/README.md").read_text(), (ROOT / page).read_text()
    trained = sum(map(float, re.findall(r"^\| `(?:sft|reward)`.*\| ([\d.]+) \|$", card, re.MULTILINE)))
    (right,) = re.findall(r"^\| now \|.*\| ([\d.]+) \| [\d.]+ \|$", card, re.MULTILINE)
    assert f"{trained:.0f} {minutes}" in text and f"{right}%" in text


@pytest.mark.parametrize("page", photos.PAGES.values())
def test_front_pages_are_short(page: str) -> None:
    """What a stranger reads to the end; everything else has its page in docs/."""
    assert len((ROOT / page).read_text().splitlines()) <= 125


def test_both_front_pages_have_the_same_commands_and_links() -> None:
    english, chinese = ((ROOT / page).read_text() for page in photos.PAGES.values())
    assert typed(english) == typed(chinese)
    assert len(re.findall("^## ", english, re.MULTILINE)) == len(re.findall("^## ", chinese, re.MULTILINE))
    ours, theirs = (
        {link for link in LINK.findall(text) if link[0] != "#" and not link.startswith("README")}
        for text in (english, chinese)
    )
    assert ours - theirs == {"https://github.com/jingyaogong/minimind-v"} | {
        f"notebooks/{name}.ipynb" for name in twins()
    }  # their Chinese twins are in both; the papers are in one
    assert theirs <= ours


def typed(page: str) -> list[str]:
    """What a page's blocks of commands say without the remarks."""
    blocks = re.findall(r"^```\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    return [line.partition(" #")[0].rstrip() for block in blocks for line in block.splitlines()]


def test_the_recording_is_small() -> None:
    assert (ROOT / "docs/session.gif").stat().st_size < 2e6


def test_readme_lists_every_notebook_and_the_map_every_module() -> None:
    readme, plan = (ROOT / "README.md").read_text(), (ROOT / "docs/CODE.md").read_text()
    for path in ROOT.glob("notebooks/*.ipynb"):
        assert f"(notebooks/{path.name})" in readme, path.name
    packages = OURS - {"convert"}  # named by what it converts
    for path in [*ROOT.glob("*.py"), *(path for package in packages for path in files(package))]:
        world = {"photo", "storybook"} & set(path.parts)  # told as a whole
        assert world or path.name.startswith("__") or path.name in plan, path


@pytest.mark.parametrize("page", ["docs/SCORES.md", "weights/tiny/README.md"])
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
