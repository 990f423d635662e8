"""What is shown of a run in progress: the same pictures look after look, and its curves on a board."""

import errno
import json
import os
from pathlib import Path

import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import train_pretrain_vlm
import train_sft_vlm
from dataset.record import Record
from scoring.answers import Answer
from scoring.assistant import Assistant
from trainer.report import Report, read_metrics
from trainer.samples import SHOWN, Samples


def record(number: int, image: Image.Image) -> Record:
    said = ({"role": "user", "content": f"<image>\n{number}?"}, {"role": "assistant", "content": "<b>"})
    return Record((image,), said, where=f"r{number}")


def answers(said: str) -> list[Answer]:
    """In another order than the records."""
    return [Answer(f"r{n}", "all", f"<image>\n{n}?", "<b>", said if n else "<b>") for n in reversed(range(9))]


def test_a_page_of_looks(tmp_path: Path) -> None:
    records = [record(n, Image.new("RGB", (300, 200), (n, 0, 0))) for n in range(9)]
    samples = Samples(tmp_path, records)
    for step, said in ((10, "x\u2028"), (20, "<b>")):  # a line separator, which is none of a file
        samples.show(step, answers(said))
    page = (tmp_path / "samples.html").read_text()
    assert page.count("<img") == SHOWN and page.count("<td") == 2 * SHOWN
    assert page.count("class=right>&lt;b&gt;") == 1 + SHOWN and page.count("class=wrong>x") == SHOWN - 1
    Samples(tmp_path, records).show(15, answers("y"))  # a run that went back to step 10
    steps = [json.loads(line)["step"] for line in (tmp_path / "samples.jsonl").read_bytes().splitlines()]
    assert steps == [10, 15]


def test_what_a_full_disk_cuts_off_does_not_end_the_run_that_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = [record(n, Image.new("RGB", (8, 8))) for n in range(9)]
    Samples(tmp_path, records).show(10, answers("x"))
    whole = (tmp_path / "samples.jsonl").read_text()

    def full(path: Path, text: str, encoding: str) -> None:
        path.write_bytes(text.encode(encoding)[: len(text) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched, pytest.raises(OSError, match=r"cannot write .*samples\.jsonl"):
        patched.setattr(Path, "write_text", full)
        Samples(tmp_path, records).show(20, answers("y"))
    assert (tmp_path / "samples.jsonl").read_text() == whole
    (tmp_path / "metrics.jsonl").write_text('{"step": 20, "loss": 2.0, "seconds": 1.0}\n{"step": 40, "lo')
    Report(tmp_path, "run", 60, first=20).close()
    assert [row["step"] for row in read_metrics(tmp_path / "metrics.jsonl")] == [20]


def test_lines_that_a_power_cut_has_left_are_told_and_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    path, row = tmp_path / "metrics.jsonl", b'{"step": 2, "seconds": 1.0, "loss": 3.0}\n'
    path.write_bytes(b"\0\0\n" + row + b"{}\n[1]\n\xff\n" + row[:9])
    assert read_metrics(path) == [json.loads(row)]
    told = capsys.readouterr().err
    assert [f"line {n} is damaged" in told for n in range(1, 7)] == [True, False, True, True, True, False]


def test_a_run_writes_them_and_its_curves(assistant: Assistant, tmp_path: Path) -> None:
    assistant.save(tmp_path / "start")
    flags = "--samples 16 --batch_size 4 --workers 0 --device cpu --board tensorboard --val storybook:val"
    few = ["--val_samples", "8", "--val_every", "1", "--init", str(tmp_path / "start")]
    train_sft_vlm.main([*flags.split(), *few, "--out", str(tmp_path / "run")])
    assert "<img" in (tmp_path / "run" / "samples.html").read_text()
    curves = EventAccumulator(str(tmp_path / "run" / "board")).Reload()
    assert [event.step for event in curves.Scalars("loss")] == [1, 2, 3, 4]
    assert "val_exact_match" in curves.Tags()["scalars"]


def test_a_stage_that_sees_nothing_is_not_asked_about_pictures(
    assistant: Assistant, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assistant.save(tmp_path / "start")
    flags = "--stage text --samples 4 --batch_size 4 --workers 0 --device cpu --val storybook:val"
    few = ["--val_samples", "4", "--init", str(tmp_path / "start")]
    train_pretrain_vlm.main([*flags.split(), *few, "--out", str(tmp_path / "run")])
    assert "depend on the picture" not in capsys.readouterr().out
    (row,) = read_metrics(tmp_path / "run" / "metrics.jsonl")
    assert "val_exact_match" in row and "val_picture_gain" not in row


def test_a_board_that_is_not_there_is_said(assistant: Assistant, tmp_path: Path) -> None:
    assistant.save(tmp_path / "start")
    run = ["--samples", "4", "--batch_size", "4", "--workers", "0", "--init", str(tmp_path / "start")]
    with pytest.raises(SystemExit, match="--board wandb needs the package"):
        train_sft_vlm.main([*run, "--board", "wandb", "--out", str(tmp_path / "run")])
