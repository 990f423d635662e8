"""What a frozen eye sees is kept: the same numbers, computed once, whatever happens to the files."""

import errno
import os
import pickle
from pathlib import Path
from unittest.mock import Mock

import pytest
import torch
from PIL import Image
from torch.testing import assert_close

from dataset.errors import DataError
from dataset.record import Record
from dataset.storybook.records import StorybookRecords
from scoring.assistant import Assistant
from tests.conftest import scrambled
from trainer import features
from trainer.features import FeatureStore, compute_features, fingerprint, picture_key

SAID = ({"role": "user", "content": "?"}, {"role": "assistant", "content": "!"})


@pytest.fixture
def records() -> list[Record]:
    """One picture, two, none, and the first again."""
    a, b, c = (StorybookRecords("single", 3)[i].images[0] for i in range(3))
    return [Record(images, SAID, where=f"record {n}") for n, images in enumerate([(a,), (b, c), (), (a,)])]


@pytest.fixture
def looked(assistant: Assistant, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many pictures the eye looks at, each time."""
    counts, forward = [], assistant.vlm.vision.forward

    def counted(pixels: torch.Tensor) -> torch.Tensor:
        counts.append(len(pixels))
        return forward(pixels)

    monkeypatch.setattr(assistant.vlm.vision, "forward", counted)
    return counts


def test_each_picture_is_looked_at_once(
    assistant: Assistant, records: list[Record], looked: list[int], tmp_path: Path
) -> None:
    seen = compute_features(assistant, records, tmp_path)
    again = compute_features(assistant, records, tmp_path)
    assert looked == [1, 1, 1]
    for found in (seen, again, pickle.loads(pickle.dumps(seen))):
        for index, record in enumerate(records):
            if not record.images:
                assert found.get(index) is None
                continue
            expected = assistant.vlm.vision(assistant.pixels(record.images))
            assert_close(found.get(index).float(), expected, rtol=2e-3, atol=2e-3)


def test_what_was_cut_off_is_written_again(
    assistant: Assistant, records: list[Record], looked: list[int], tmp_path: Path
) -> None:
    whole = compute_features(assistant, records, tmp_path).get(1)
    folder = tmp_path / fingerprint(assistant)
    for cut in (("keys.txt", -7), ("rows.bin", -7), ("rows.bin", None), ("keys.txt", None)):
        name, end = cut
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[:end] if end else b"")
        looked.clear()
        assert torch.equal(compute_features(assistant, records, tmp_path).get(1), whole), cut
        assert looked, "nothing was computed again"
    (folder / "rows.bin").unlink()
    assert torch.equal(compute_features(assistant, records, tmp_path).get(1), whole)


def test_another_eye_has_another_folder(assistant: Assistant, records: list[Record], tmp_path: Path) -> None:
    before, one = fingerprint(assistant), compute_features(assistant, records, tmp_path).get(0)
    scrambled(assistant.vlm.vision)
    assert fingerprint(assistant) != before
    assert not torch.equal(compute_features(assistant, records, tmp_path).get(0), one)


def test_a_picture_is_known_by_its_content(tmp_path: Path) -> None:
    red, blue = (Image.new("RGB", (4, 4), colour) for colour in ("red", "blue"))
    red.save(tmp_path / "a.png")
    red.save(tmp_path / "b.png")
    blue.save(tmp_path / "c.png")
    a, b, c = (picture_key(tmp_path / f"{name}.png") for name in "abc")
    assert a == b == picture_key((tmp_path / "a.png").read_bytes()) != c
    assert picture_key(red) == picture_key(red.copy()) != picture_key(blue)
    assert picture_key(red.resize((2, 8))) != picture_key(red)


def test_a_full_disk_is_said(
    assistant: Assistant,
    records: list[Record],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    nothing_free = features.shutil.disk_usage(tmp_path)._replace(free=0)
    monkeypatch.setattr(features.shutil, "disk_usage", lambda folder: nothing_free)
    assert compute_features(assistant, records, tmp_path) is None
    assert "features of 3 pictures need 0.0 GB" in capsys.readouterr().out


def test_what_cannot_be_kept_or_read_names_the_folder(
    assistant: Assistant, records: list[Record], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(DataError, match=r"--features .*file: Not a directory; name another folder"):
        compute_features(assistant, records, tmp_path / "file")
    broken = tmp_path / fingerprint(assistant)
    broken.mkdir()
    (broken / "rows.bin").touch()
    (broken / "keys.txt").write_bytes(b"\xff\n")
    with pytest.raises(DataError, match=r"keys.txt is damaged; remove .*, which is made anew"):
        compute_features(assistant, records, tmp_path)
    (broken / "keys.txt").unlink()
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    monkeypatch.setattr(FeatureStore, "add", Mock(side_effect=full))
    with pytest.raises(DataError, match=r"features cannot be kept: No space left on device in .*; make room"):
        compute_features(assistant, records, tmp_path)


def test_rows_are_found_by_key(tmp_path: Path) -> None:
    store, rows = FeatureStore(tmp_path, (2, 3)), torch.randn(3, 2, 3).half()
    store.add((name * 64, row) for name, row in zip("abc", rows, strict=True))
    for some in (store, FeatureStore(tmp_path, (2, 3))):
        assert torch.equal(some.get(["c" * 64, "a" * 64]), rows[[2, 0]])


def test_what_another_run_has_written_meanwhile_is_not_written_again(tmp_path: Path) -> None:
    rows = torch.arange(1.0, 4).half()[:, None, None]  # (3, 1, 1)
    one, other = FeatureStore(tmp_path, (1, 1)), FeatureStore(tmp_path, (1, 1))  # both find nothing there
    one.add((name * 64, row) for name, row in zip("ab", rows[:2], strict=True))
    other.add((name * 64, row) for name, row in zip("abc", rows, strict=True))
    for store in (other, FeatureStore(tmp_path, (1, 1))):
        assert torch.equal(store.get([name * 64 for name in "abc"]), rows)
    assert (tmp_path / "rows.bin").stat().st_size == 2 * len(rows)


def test_a_key_that_stands_there_twice_does_no_harm(tmp_path: Path) -> None:
    rows = torch.arange(1.0, 5).half()[:, None, None]  # (4, 1, 1)
    (tmp_path / "keys.txt").write_text("".join(f"{name * 64}\n" for name in "aab"))
    (tmp_path / "rows.bin").write_bytes(rows[[0, 0, 1]].numpy().tobytes())
    store = FeatureStore(tmp_path, (1, 1))
    store.add((name * 64, row) for name, row in zip("cd", rows[2:], strict=True))
    for found in (store, FeatureStore(tmp_path, (1, 1))):
        assert torch.equal(found.get([name * 64 for name in "abcd"]), rows)
