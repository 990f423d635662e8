"""A folder as it comes from a Mac, a phone and a browser: what is left out is said, nothing ends there."""

import os
from pathlib import Path

import pytest
from PIL import Image

import eval_vlm
from dataset.errors import DataError
from dataset.images.load import load_image
from dataset.images.picture_files import formats, is_picture, pictures_in, suffixes
from dataset.records import open_records
from scoring.assistant import Assistant
from scoring.gallery import chosen

KINDS = {"b.jfif": "JPEG", "c.avif": "AVIF", "d.JPEG": "JPEG", "e.jp2": "JPEG2000", "z.png": "PNG"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Five pictures, and what other programs leave."""
    path = tmp_path / "f"
    (path / "inner.png").mkdir(parents=True)
    for name, kind in KINDS.items():
        Image.new("RGB", (40, 30), "red").save(path / name, kind)
    for name in ("._z.png", ".DS_Store", "Thumbs.db", "notes.txt"):
        (path / name).write_bytes(b"\0\5\x16\7")
    return path


@pytest.fixture
def asked(assistant: Assistant, monkeypatch: pytest.MonkeyPatch) -> Assistant:
    """The one that scripts load."""
    monkeypatch.setattr(Assistant, "load", lambda *_: assistant)
    return assistant


def test_what_links_to_itself_and_a_pipe_hold_nothing_up(folder: Path) -> None:
    (folder / "loop.png").symlink_to("loop.png")
    os.mkfifo(folder / "pipe.png")
    assert [path.name for path in pictures_in(folder)] == sorted([*KINDS, "loop.png", "pipe.png"])
    for name, said in (("loop.png", "symbolic links"), ("pipe.png", "a pipe; save the picture")):
        with pytest.raises(DataError, match=rf"{name}: .*{said}"):
            load_image(folder / name)
    (folder / "gone.png").symlink_to("nowhere.png")
    with pytest.raises(DataError, match=r"gone.png: No such file or directory; check its name"):
        load_image(folder / "gone.png")


def test_pictures_of_a_folder(folder: Path, capsys: pytest.CaptureFixture) -> None:
    assert [path.name for path in pictures_in(folder)] == sorted(KINDS)
    said = capsys.readouterr().err
    assert said == (
        f"{folder}: 2 left out, no pictures by their names: Thumbs.db, notes.txt\n"
        f"{folder}: 1 left out, folders, not looked into: inner.png\n"
    )


def test_names_are_those_of_what_is_opened() -> None:
    known = Image.registered_extensions()
    assert {known[suffix] for suffix in suffixes() if suffix in known} - {"MPO", "HEIF"} <= {*formats()}
    assert all(map(is_picture, ("a.HEIC", "a.jpe", "a.tif", "a.pgm", "a.apng", "a.mpo")))
    assert not any(map(is_picture, ("a.eps", "a.mpg", "a.pdf", "png", "a.png.txt")))


def test_a_folder_goes_on(folder: Path, asked: Assistant, capsys: pytest.CaptureFixture) -> None:
    (folder / "m.png").write_bytes((folder / "z.png").read_bytes()[:60])
    (folder / "n.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0heic")
    with pytest.raises(SystemExit, match="error: 2 of 7 questions were not asked"):
        eval_vlm.main(["--image", str(folder), "--prompt", "hi", "--max_new_tokens", "2"])
    out, err = capsys.readouterr()
    assert [line for line in out.splitlines() if line.startswith(str(folder))] == [
        str(folder / name) for name in sorted([*KINDS, "m.png", "n.heic"])
    ]
    assert f"error: {folder / 'm.png'}: " in err and f"error: {folder / 'n.heic'}: HEIC" in err


def test_what_is_left_over_is_said(folder: Path, asked: Assistant, capsys: pytest.CaptureFixture) -> None:
    flags = ["--use_multi", "2", "--prompt", "hi", "--max_new_tokens", "2"]
    eval_vlm.main(["--image", str(folder), *flags])
    out, err = capsys.readouterr()
    assert out.count(str(folder)) == 4 and f"{folder / 'z.png'}: left over" in err


def test_classes_and_gallery_see_the_same_files(folder: Path, capsys: pytest.CaptureFixture) -> None:
    (folder / "inner.png").rmdir()
    found = open_records(folder.parent)
    assert [found[i].images[0].name for i in range(len(found))] == sorted(KINDS)
    (folder / "m.png").write_bytes(b"no picture")
    assert {record.images[0].name for record in chosen([folder], 9)} == {*KINDS}
    assert f"error: {folder / 'm.png'}: not a picture" in capsys.readouterr().err
    bare = folder.rename(folder.parent / "named") / "b.jfif"
    assert len(chosen([bare.rename(bare.with_suffix("")), folder.parent / "named/z.png"], 9)) == 4
