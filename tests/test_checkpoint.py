"""A run that is cut off, anywhere, goes on as if nothing had been; nothing that was saved is lost."""

import errno
import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import BinaryIO
from unittest.mock import Mock

import pytest
import torch
from safetensors import SafetensorError

from dataset.batches.collate import Prepared
from dataset.batches.loader import make_loader
from dataset.images.preprocess import Preprocessor
from dataset.storybook.records import StorybookRecords
from model import files
from model.lora import LoRAConfig, adapt
from scoring.assistant import ADAPTER, Assistant
from trainer import checkpoint
from trainer.checkpoint import ResumeError, _sum, load_state, save_state, saved_states
from trainer.interrupt import Interrupted
from trainer.loop import Recipe, TrainingError, fit
from trainer.stages import AnswerLoss, choose_trainable

EVERYTHING = ("vision", "connector", "decoder")


def final_weights(assistant: Assistant, folder: Path, recipe: Recipe, stop_after: int | None) -> dict:
    module = AnswerLoss(assistant.vlm)
    choose_trainable(assistant.vlm, EVERYTHING)
    prepared = Prepared(StorybookRecords("train", 12), assistant.chat, assistant.preprocessor, augment=True)

    def loader_from(start: int) -> Iterator[dict]:
        for number, batch in enumerate(make_loader(prepared, recipe.batch_size, 0, start=start), start):
            if number == stop_after:
                raise KeyboardInterrupt
            yield batch

    fit(module, module, loader_from, recipe, folder, "resume", "auto", save_every=2, log_every=2)
    return {k: v.clone() for k, v in assistant.vlm.state_dict().items()}


def test_resumed_equals_uninterrupted_bit_for_bit(assistant: Assistant, tmp_path: Path) -> None:
    recipe = Recipe(steps=5, batch_size=4, accumulate=2, muon_lr=0.01, warmup=2)
    fresh = {k: v.clone() for k, v in assistant.vlm.state_dict().items()}
    whole = final_weights(assistant, tmp_path / "whole", recipe, None)
    assistant.vlm.load_state_dict(fresh)
    with pytest.raises(KeyboardInterrupt):
        final_weights(assistant, tmp_path / "cut", recipe, stop_after=7)
    assistant.vlm.load_state_dict(fresh)
    resumed = final_weights(assistant, tmp_path / "cut", recipe, None)
    assert all(torch.equal(whole[k], resumed[k]) for k in whole)
    assert any(not torch.equal(whole[k], fresh[k]) for k in whole)
    steps = [
        json.loads(line)["step"] for line in (tmp_path / "cut" / "metrics.jsonl").read_text().splitlines()
    ]
    assert steps == [2, 4, 5]


RECIPE = Recipe(steps=6, batch_size=2)


def linear(value: float = 1.0) -> torch.nn.Module:
    module = torch.nn.Linear(3, 2)
    torch.nn.init.constant_(module.weight, value)
    return module


def saved(folder: Path, *steps: int) -> list[Path]:
    """States at some steps, all weights the step's number."""
    return [save_state(folder, step, linear(step), [], {"steps": 6, "lr": 0.1}) for step in steps]


def resumed(folder: Path, resume: str = "last", recipe: dict | None = None) -> tuple[int, float]:
    module = linear(-1.0)
    step = load_state(folder, module, [], recipe or {"steps": 6, "lr": 0.1}, resume)
    return step, module.weight[0, 0].item()


def test_the_newest_two_states_are_kept(tmp_path: Path) -> None:
    saved(tmp_path, 1, 2, 3)
    assert [p.name for p in saved_states(tmp_path)] == ["state-00000002.pt", "state-00000003.pt"]
    assert resumed(tmp_path) == resumed(tmp_path, "auto") == (3, 3.0)
    assert len(list(tmp_path.iterdir())) == 4


def flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "one bit": flipped,
    "cut off": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "empty": lambda path: path.write_bytes(b""),
    "label of nonsense": lambda path: path.with_suffix(".json").write_text("{"),
    "label of a list": lambda path: path.with_suffix(".json").write_text("[]"),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=list(DAMAGE))
def test_a_damaged_state_is_named_and_only_auto_goes_back(
    damage: Callable[[Path], object], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    _, newest = saved(tmp_path, 1, 2)
    damage(newest)
    with pytest.raises(ResumeError, match=r"state-00000002.*--resume auto goes back one save"):
        resumed(tmp_path)
    assert resumed(tmp_path, "auto") == (1, 1.0)
    assert "state-00000002" in capsys.readouterr().out
    damage(saved_states(tmp_path)[0])
    with pytest.raises(ResumeError, match="state-00000001"):
        resumed(tmp_path, "auto")


def test_another_format_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "FORMAT", 2)
    saved(tmp_path, 1)
    monkeypatch.undo()
    with pytest.raises(ResumeError, match="has format 2, not 1"):
        resumed(tmp_path)


def test_without_a_label_there_is_no_state(tmp_path: Path) -> None:
    _, newest = saved(tmp_path, 1, 2)
    newest.with_suffix(".json").unlink()
    assert resumed(tmp_path) == (1, 1.0)
    saved(tmp_path, 4)
    assert not newest.exists()


def test_what_somebody_else_called_a_state_is_neither_removed_nor_resumed(tmp_path: Path) -> None:
    (first,) = saved(tmp_path, 1)
    for suffix in (".pt", ".json"):
        (tmp_path / f"state-best{suffix}").write_bytes(first.with_suffix(suffix).read_bytes())
    others = [tmp_path / "state-00000001.backup.pt", tmp_path / "state-of-things.md"]
    for path in others:
        path.write_text("my own")
    saved(tmp_path, 2, 3, 4)
    assert all(path.is_file() for path in others) and (tmp_path / "state-best.pt").is_file()
    assert [path.name for path in saved_states(tmp_path)] == ["state-00000003.pt", "state-00000004.pt"]
    assert resumed(tmp_path) == (4, 4.0)


def test_a_new_run_does_not_begin_over_another(tmp_path: Path) -> None:
    assert resumed(tmp_path, "no") == resumed(tmp_path, "auto") == (0, -1.0)
    with pytest.raises(ResumeError, match="nothing to resume"):
        resumed(tmp_path, "last")
    saved(tmp_path, 5)
    with pytest.raises(ResumeError, match="stands at step 5 of 6; continue with --resume last"):
        resumed(tmp_path, "no")
    saved(tmp_path, 6)
    with pytest.raises(
        ResumeError, match="at step 6 of 6; continue with --resume last and more --epochs, give"
    ):
        resumed(tmp_path, "no")
    assert resumed(tmp_path, "auto") == (6, 6.0)


def test_another_recipe_or_model_is_refused(tmp_path: Path) -> None:
    saved(tmp_path, 1)
    with pytest.raises(ResumeError, match=r"made with --lr 0.1, not 0.2"):
        resumed(tmp_path, recipe={"steps": 6, "lr": 0.2})
    module = torch.nn.Linear(4, 2)
    with pytest.raises(ResumeError, match="is of another model or --train"):
        load_state(tmp_path, module, [], {"steps": 6, "lr": 0.1}, "last")


def test_a_full_disk_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved(tmp_path, 1)

    def full(state: dict, file: BinaryIO) -> None:
        file.write(b"half of it")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(OSError, match=r"cannot write .*state-00000002.pt: No space left on device"):
        saved(tmp_path, 2)
    assert resumed(tmp_path) == (1, 1.0) and not list(tmp_path.glob("*.tmp"))


def test_a_checkpoint_is_written_whole_or_not_at_all(
    assistant: Assistant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def files_there() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    adapt(assistant.vlm.decoder, LoRAConfig(2, 4))
    assistant.save(tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    before = files_there()
    assistant.vlm.connector.linear_1.bias.data.add_(1)
    with monkeypatch.context() as disk, pytest.raises(OSError, match="full"):
        disk.setattr(Preprocessor, "to_json", Mock(side_effect=OSError("full")))
        assistant.save(tmp_path)
    assert files_there() == before
    files.merge(assistant.vlm)
    assistant.save(tmp_path)
    after = files_there()
    assert before.keys() - after.keys() == set(ADAPTER) and after.keys() <= before.keys()
    assert after[files.WEIGHTS] != before[files.WEIGHTS] and after["notes.txt"] == b"mine"


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="a system without a disk that is full")
def test_torch_and_safetensors_tell_of_a_full_disk_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They raise what no script takes for a user's mistake."""
    (tmp_path / "state-00000001.pt.tmp").symlink_to("/dev/full")
    with pytest.raises(OSError, match=r"cannot write .*state-00000001.pt: No space left on device"):
        saved(tmp_path, 1)
    assert not list(tmp_path.iterdir())

    def full(*_: object, **__: object) -> None:
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(files, "save_file", full)
    with pytest.raises(OSError, match=r"cannot write .*a\.safetensors: .*No space left .*make room"):
        files.write_tensors({"a": torch.zeros(2)}, tmp_path / "a.safetensors")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_and_ends(number: int, assistant: Assistant, tmp_path: Path) -> None:
    choose_trainable(assistant.vlm, EVERYTHING)
    module = AnswerLoss(assistant.vlm)
    prepared = Prepared(StorybookRecords("train", 12), assistant.chat, assistant.preprocessor)

    def loader_from(start: int) -> Iterator[dict]:
        for index, batch in enumerate(make_loader(prepared, 2, 0, start=start), start):
            if index == 2:
                os.kill(os.getpid(), number)
            yield batch

    handler = signal.getsignal(number)
    with pytest.raises(Interrupted, match=r"stopped at step 3; .*state-00000003.pt is saved") as stopped:
        fit(module, module, loader_from, RECIPE, tmp_path, "signal")
    assert stopped.value.code == 128 + number and signal.getsignal(number) == handler
    assert [p.name for p in saved_states(tmp_path)] == ["state-00000003.pt"]


@pytest.mark.parametrize("what", ["loss", "gradient"])
def test_what_is_not_finite_stops_the_run_and_is_told(
    what: str, assistant: Assistant, tmp_path: Path
) -> None:
    choose_trainable(assistant.vlm, EVERYTHING)
    module, calls = AnswerLoss(assistant.vlm), []

    def losses(batch: dict) -> dict:
        calls.append(batch["where"])
        loss = module(batch)["loss"]
        if len(calls) < 3:
            return {"loss": loss}
        return {"loss": loss * torch.nan} if what == "loss" else {"loss": (loss - loss.detach()).sqrt()}

    prepared = Prepared(StorybookRecords("train", 12), assistant.chat, assistant.preprocessor)
    with pytest.raises(TrainingError, match=f"the {what} is (nan|inf) at storybook train .*failed_step.json"):
        fit(module, losses, lambda start: make_loader(prepared, 2, 0, start=start), RECIPE, tmp_path, "nan")
    assert json.loads((tmp_path / "failed_step.json").read_text()) == calls[2]
    assert [p.name for p in saved_states(tmp_path)] == ["state-00000002.pt"]
    state = torch.load(saved_states(tmp_path)[0])["module"]
    assert all(torch.isfinite(v).all() for v in state.values())


def test_random_numbers_go_on_where_they_were(tmp_path: Path) -> None:
    torch.manual_seed(5)
    saved(tmp_path, 1)
    expected = torch.rand(3)
    torch.manual_seed(6)
    resumed(tmp_path)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("kind", ["cuda", "mps"])
def test_random_numbers_of_a_gpu_go_on_where_they_were(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The state that is saved is put back; one of another device, or of a version without it, is left."""
    (path,), put = saved(tmp_path, 1), []
    assert torch.load(path)["drawn"] == {}
    there, number = SimpleNamespace(parameters=lambda: iter([Mock(device=torch.device(kind))])), torch.ones(2)
    monkeypatch.setattr(f"torch.{kind}.get_rng_state", lambda *_: number)
    monkeypatch.setattr(f"torch.{kind}.set_rng_state", lambda state, *_: put.append(state))
    checkpoint.draw_on(there, checkpoint.drawn(there))
    checkpoint.draw_on(there, {"other": number})
    checkpoint.draw_on(linear(), {kind: number})
    assert put == [number]


class Command:
    """Pickled it is a command, to be run by whoever unpickles it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return Path.touch, (self.path,)


def test_a_state_that_is_a_command_is_not_run(tmp_path: Path) -> None:
    (path,) = saved(tmp_path, 1)
    torch.save(Command(tmp_path / "ran"), path)
    label = path.with_suffix(".json")
    label.write_text(json.dumps(json.loads(label.read_text()) | _sum(path)))
    with pytest.raises(
        ResumeError, match="holds something other than weights and numbers; it was not loaded"
    ):
        resumed(tmp_path)
    assert not (tmp_path / "ran").exists()
