"""--help of every command, and what is said of a flag that is not there."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest

import convert_vlm
import eval_vlm
from dataset.commands import console, help
from dataset.commands.refused import nearest
from dataset.project import ROOT

OTHERWISE = {
    "dataset/records.py": "dataset.check",
    "dataset/chat/__main__.py": "dataset.show",
}  # whose help they give
NO_FLAGS = {"notebooks/twin.py"}


def run_directly() -> list[str]:
    """The files that say what happens when they are run."""
    marked = 'if __name__ == "__main__":'
    paths = [
        path for path in ROOT.rglob("*.py") if ROOT / "out" not in path.parents and ".venv" not in path.parts
    ]
    names = {str(path.relative_to(ROOT)) for path in paths if re.search(f"^{marked}", path.read_text(), re.M)}
    return sorted(names - NO_FLAGS)


def main_of(name: str) -> Callable:
    return import_module(OTHERWISE.get(name) or name.removesuffix(".py").replace("/", ".")).main


def told(main: Callable, words: list[str], capsys: pytest.CaptureFixture) -> str:
    with pytest.raises(SystemExit) as exit:
        main(words)
    assert exit.value.code == 0
    return capsys.readouterr().out


def refused(main: Callable, words: list[str]) -> str:
    with pytest.raises(SystemExit) as exit:
        main(words)
    said = str(exit.value.code)
    assert said.startswith("error: ") and "\n" not in said
    return said


def test_commands_are_found() -> None:
    assert len(run_directly()) >= 20 and {"eval_vlm.py", "tests/planted.py"} <= set(run_directly())


@pytest.mark.parametrize("name", run_directly())
def test_help_has_examples_on_lines_of_their_own(
    name: str, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    main = main_of(name)
    shown = told(main, ["--help"], capsys)
    lines = shown.splitlines()
    about = sys.modules[main.__module__].__doc__
    examples = [line.strip() for line in about.splitlines() if re.match(" *python .", line)]
    assert examples and [line.strip() for line in lines if line.startswith("  python ")] == examples
    assert all(len(line) <= 80 for line in lines), [line for line in lines if len(line) > 80]
    assert "None" not in shown.replace("None:", "") and "  -h, --help" in shown and "--verbose" in shown
    assert " ".join(about.split("\n\n")[0].split()) in " ".join(shown.split())


@pytest.mark.parametrize("name", run_directly())
def test_a_mistyped_flag_is_one_line(name: str) -> None:
    if name == "eval_vlm.py":
        assert refused(main_of(name), ["--wieghts", "x"]).endswith(
            "there is no flag --wieghts; did you mean --weights?"
        )
    assert "--qqqqq" in refused(main_of(name), ["--qqqqq"]) or "name a command" in refused(main_of(name), [])


@pytest.mark.parametrize(
    "main, line, said",
    [
        (eval_vlm.main, "--weight=x", "there is no flag --weight; did you mean --weights?"),
        (
            eval_vlm.main,
            "--max-new-token 3",
            "there is no flag --max-new-token; did you mean --max_new_tokens?",
        ),
        (eval_vlm.main, "--no_steam", "there is no flag --no_steam; did you mean --no_stream?"),
        (eval_vlm.main, "--verbos", "there is no flag --verbos; did you mean --verbose?"),
        (eval_vlm.main, "cat.png", "cat.png: belongs to no flag; `python"),
        (eval_vlm.main, "--dtype fp8", "--dtype fp8: give one of auto, bf16, fp32, int8"),
        (eval_vlm.main, "--model_mode 7", "--model_mode 7: give one of 0, 1, 2"),
        (eval_vlm.main, "--top_k many", "--top_k many: give a whole number"),
        (eval_vlm.main, "--temperature hot", "--temperature hot: give a number"),
        (eval_vlm.main, "--samples few", "--samples few: give a whole number"),
        (eval_vlm.main, "--top_k", "--top_k: needs a value after it"),
        (eval_vlm.main, "doctor --fast", "there is no flag --fast; `python"),
        (convert_vlm.main, "", "name a command, one of import, export, merge; `python"),
        (convert_vlm.main, "improt a b", "there is no command improt; did you mean import?"),
        (convert_vlm.main, "zip a b", "there is no command zip; there are import, export, merge"),
        (convert_vlm.main, "import a", "OUT, --from: missing; `python"),
        (convert_vlm.main, "import a --form llava", "there is no flag --form; did you mean --from?"),
        (convert_vlm.main, "export a b --form llava", "there is no flag --form; did you mean --format?"),
    ],
)
def test_what_is_refused_is_named_with_what_to_write(main: Callable, line: str, said: str) -> None:
    assert said in refused(main, line.split())


def test_help_of_one_of_several_commands(
    capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    shown = told(convert_vlm.main, ["import", "--help"], capsys)
    assert convert_vlm.Import.__doc__ in " ".join(shown.split()) and "SOURCE OUT" in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_what_matters_comes_first(capsys: pytest.CaptureFixture) -> None:
    flags = re.findall("^  --(\\w+)", told(eval_vlm.main, ["--help"], capsys), re.M)
    assert flags[:4] == ["verbose", "image", "prompt", "weights"]


@pytest.mark.parametrize(
    "spec, words, argv, name",
    [
        (None, ["eval_vlm.py", "--help"], None, "python eval_vlm.py"),
        ("dataset.storybook.__main__", ["/x/__main__.py", "show"], None, "python -m dataset.storybook"),
        ("dataset.records", ["/x/records.py", "check", "a"], ["a"], "python -m dataset.records check"),
        ("dataset.records", ["/x/records.py", "check"], [], "python -m dataset.records check"),
    ],
)
def test_a_command_is_called_as_it_was_begun(
    spec: str | None, words: list[str], argv: list[str] | None, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = SimpleNamespace(__spec__=spec and SimpleNamespace(name=spec))
    monkeypatch.setitem(sys.modules, "__main__", module)
    monkeypatch.setattr(sys, "argv", words)
    assert help.called(argv) == name


@pytest.mark.parametrize(
    "words, passed", [(["check", "a"], ["a"]), (["--help"], ["--help"]), (["-h"], ["-h"])]
)
def test_a_module_with_one_command(
    words: list[str], passed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    got = []
    monkeypatch.setattr(sys, "argv", ["records.py", *words])
    console.only("check", got.extend, "records check FILE")
    assert got == passed
    monkeypatch.setattr(sys, "argv", ["records.py"])
    with pytest.raises(SystemExit, match="error: name a command, as in: records check FILE"):
        console.only("check", got.extend, "records check FILE")


def test_nearest() -> None:
    assert nearest("Lok", ["/look", "/image"]) == "did you mean /look?" and nearest("x", ["image"]) == ""


@pytest.mark.skipif(not shutil.which("make") or os.name == "nt", reason="no make here")
@pytest.mark.parametrize("typed", ["What's `this`?", 'a $5 "note" of 6" \\', "$(HOME)", "$$ #1"])
def test_what_is_typed_reaches_a_script_as_it_is(typed: str) -> None:
    flags = [f"PROMPT={typed}", f"IMAGE={typed}.png", f"WEIGHTS={typed}"]
    told = ["make", "-n", "--no-print-directory", "-o", ".venv/ready", "chat", *flags]
    run = subprocess.run(told, cwd=ROOT, capture_output=True, text=True)
    command = ["eval_vlm.py", "--weights", typed, "--image", f"{typed}.png", "--prompt", typed]
    assert shlex.split(run.stdout.splitlines()[-1])[1:] == command


@pytest.mark.skipif(not shutil.which("make") or os.name == "nt", reason="no make here")
def test_make_help_names_every_target() -> None:
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    makefile = Path(ROOT, "Makefile").read_text()
    targets = re.search(r"^COMMANDS := (.*)", makefile, re.M)[1].split()
    assert re.findall(r"^  make (\w+) +\S", shown, re.M) == re.findall(r"^([a-z]+):", makefile, re.M)
    assert sorted(targets) == sorted(re.findall(r"^  make (\w+)", shown, re.M))
    assert max(map(len, shown.splitlines())) <= 80
    stray = subprocess.run(
        ["make", "chat", "IMAGE=my", "photo.jpg"], cwd=ROOT, capture_output=True, text=True
    )
    assert stray.returncode and 'no command "photo.jpg"; put a name with blanks in quotes' in stray.stderr
    bare = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert bare == shown
