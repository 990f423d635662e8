"""A script meets any terminal: letters that it does not have, no home, a folder that is not the project's."""

import ast
import io
import json
import os
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

import pytest
import torch

import eval_vlm
from dataset.check import main as check
from dataset.commands.console import in_chinese, script
from dataset.errors import DataError, shortened, shown
from dataset.images.load import load_image
from dataset.open import open_data
from dataset.project import PHOTO, ROOT, named
from dataset.show import main as show
from talk.terminal import history
from tests.test_architecture import OURS, files, imports

CHINESE = {
    "conversations": [{"role": "user", "content": "你好"}, {"role": "assistant", "content": "好"}],
    "type": "颜色",
}


CODE = [*ROOT.glob("*.py"), *(path for package in sorted(OURS) for path in files(package))]


def without_chinese(monkeypatch: pytest.MonkeyPatch) -> io.BytesIO:
    """What is written to a stdout that has no letters for it."""
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, "cp1252", write_through=True))
    return written


def test_what_cannot_be_shown_is_shown_as_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    written = without_chinese(monkeypatch)
    script(lambda argv: print("汽车 is a car"))([])
    assert written.getvalue() == b"\\u6c7d\\u8f66 is a car" + os.linesep.encode()


def test_ctrl_c_is_one_line_too(capsys: pytest.CaptureFixture) -> None:
    def interrupted(argv: list[str]) -> None:
        raise KeyboardInterrupt

    with pytest.raises(SystemExit) as ended:
        script(interrupted)([])
    assert ended.value.code == 130 and capsys.readouterr().err == "\ninterrupted\n"


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nGPU 0 has ..."),
        RuntimeError("MPS backend out of memory (MPS allocated: 17 GB)"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:121] DefaultCPUAllocator: can't allocate memory: ..."),
        MemoryError("Unable to allocate 8 TiB"),
    ],
    ids=["cuda", "mps", "cpu", "numpy"],
)
def test_memory_that_is_full_is_one_line_too(error: Exception) -> None:
    def full(argv: list[str]) -> None:
        raise error

    with pytest.raises(SystemExit, match=r"^error: the memory is full \(.*\); take a smaller --batch_size"):
        script(full)([])
    error.args = ("a bug of ours",)
    if isinstance(error, RuntimeError):
        with pytest.raises(RuntimeError, match="a bug of ours"):
            script(full)([])


@pytest.mark.parametrize(
    "names, chinese",
    [
        ({"LANG": "zh_CN.UTF-8"}, True),
        ({"LANG": "zh_TW", "LC_ALL": "en_US.UTF-8"}, False),
        ({"LANG": "en_US", "LC_ALL": "", "LC_MESSAGES": "zh_CN"}, True),
        ({"LANG": "C"}, False),
        ({}, False),
    ],
)
def test_the_users_language(names: dict, chinese: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in names.items():
        monkeypatch.setenv(name, value)
    assert in_chinese() == chinese


def test_check_and_show_without_letters(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    path.write_text(json.dumps(CHINESE) + "\n")
    written = without_chinese(monkeypatch)
    with pytest.raises(SystemExit) as ended:
        check([str(path)])
    show([str(path)])
    assert ended.value.code == 0
    assert rb"types: \u989c\u8272 1" in written.getvalue() and rb"\u4f60\u597d" in written.getvalue()


def test_closed_streams_are_empty_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    said = []
    script(lambda argv: said.append((sys.stdin.read(), sys.stdout.isatty(), print("x", file=sys.stderr))))([])
    assert said == [("", False, None)]
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        stream.close()


def test_a_reader_that_has_gone_is_told_nothing() -> None:
    talk = "from dataset.commands.console import script\nscript(lambda argv: print('x' * 100_000))([])"
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "cwd": ROOT}
    with subprocess.Popen([sys.executable, "-c", talk], **pipes) as program:
        program.stdout.close()
        assert program.stderr.read() == b""
    assert program.returncode == 141


def is_text_of_unknown_letters(call: ast.Call) -> bool:
    """A file read or written as text in whatever encoding the machine has."""
    function, given = call.func, {keyword.arg for keyword in call.keywords}
    if isinstance(function, ast.Attribute) and function.attr in ("read_text", "write_text"):
        return "encoding" not in given
    mode = call.args[1] if len(call.args) > 1 else ast.Constant("r")
    opens = isinstance(function, ast.Name) and function.id == "open"
    return opens and "b" not in getattr(mode, "value", "r") and "encoding" not in given


def test_files_are_utf_8_whatever_the_terminal_is() -> None:
    for path in CODE:
        calls = [node for node in ast.walk(ast.parse(path.read_bytes())) if isinstance(node, ast.Call)]
        assert not [call.lineno for call in calls if is_text_of_unknown_letters(call)], path


def test_every_script_meets_its_user_in_the_same_way() -> None:
    """A `main` that flags are given to is `script`'s or `user_errors`'s."""
    found = 0
    for path in CODE:
        for node in ast.parse(path.read_text()).body if "parse(" in path.read_text() else ():
            if isinstance(node, ast.FunctionDef) and node.name == "main":
                assert {d.id for d in node.decorator_list} & {"script", "user_errors"}, path
                found += 1
    assert found >= 8


def test_messages_are_short() -> None:
    picture = {"bytes": b"\x89PNG" * 100_000, "path": None}
    assert shown(picture).startswith("{'bytes': b'\\x89PNG") and len(shown(picture)) < 130
    long = shortened("a" * 5000 + "; do that")
    assert long.startswith("aaa") and long.endswith("; do that") and len(long) < 700
    assert shortened("b" * 600) == "b" * 600


def test_a_row_with_a_whole_picture_in_it_is_told_in_short(tmp_path: Path) -> None:
    row = CHINESE | {"image": [["iVBORw0K" * 10_000]]}
    (tmp_path / "d.jsonl").write_text(json.dumps(row) + "\n")
    with pytest.raises(DataError, match=r"line 1: image is \['iVBORw0K") as caught:
        open_data(str(tmp_path / "d.jsonl"))[0]
    assert len(str(caught.value)) < 400


def test_a_picture_written_out_in_its_address(tmp_path: Path) -> None:
    def record(image: str) -> object:
        (tmp_path / "d.jsonl").write_text(json.dumps(CHINESE | {"image": image}) + "\n")
        return open_data(str(tmp_path / "d.jsonl"))[0]

    png = (ROOT / "weights/tiny/example.png").read_bytes()
    data = record(f"data:image/png;base64,{b64encode(png).decode()}").images
    assert load_image(*data).tobytes() == load_image(png).tobytes()
    begin = "data:image/png;base64,"
    for bad in ("data:image/png,abc", begin, f"{begin}a*b{'c' * 9999}", "data:"):
        with pytest.raises(
            DataError, match=f"line 1: data:.* is not a picture in base64; write {begin}"
        ) as caught:
            record(bad)
        assert len(str(caught.value)) < 400


def test_there_is_a_history_where_there_is_a_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert history() == tmp_path / ".glimpse_history"
    for home in (str(tmp_path / "nowhere"), "/dev/null"):
        monkeypatch.setenv("HOME", home)
        assert history() is None
    monkeypatch.setattr(os.path, "expanduser", lambda name: name)  # no HOME, and no entry in passwd
    assert history() is None


def test_the_project_is_found_from_anywhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert (eval_vlm.Args().folder() / "config.json").is_file()
    assert (eval_vlm.Args(model_mode=1).folder() / "config.json").is_file()
    assert named(PHOTO) == "weights/photo" and named(Path("mine")) == "mine"
    (tmp_path / "d.jsonl").write_text(json.dumps(CHINESE) + "\n")
    show(["d.jsonl"])
    with pytest.raises(SystemExit, match=f"no config.json in weights: no such folder, seen from {tmp_path}"):
        eval_vlm.main(["--weights", "weights", "--prompt", "hi"])


def test_nothing_wants_posix() -> None:
    """Modules and calls that Windows lacks; keyboard.py does without."""
    for path in CODE:
        known = {"termios"} if path.name == "keyboard.py" else set()
        assert imports(path) & {"fcntl", "resource", "pwd", "termios"} == known, path
        assert not any(f"os.{name}" in path.read_text() for name in ("sysconf", "statvfs", "fork")), path
