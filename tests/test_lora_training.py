"""What trains, is saved, goes on and answers with an adapter, by the scripts that users call."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.testing import assert_close
from transformers import LlamaForCausalLM

import convert_vlm
import eval_vlm
import train_pretrain_vlm
import train_sft_vlm
from dataset import train_tokenizer
from dataset.batches.collate import Prepared
from dataset.batches.loader import make_loader
from dataset.storybook.records import StorybookRecords
from model.files import CheckpointError, merge
from model.hub import load
from model.lora import CONFIG, WEIGHTS, LoRAConfig, adapt, adapter_of, adapter_tensors
from model.vlm import VLM
from scoring.assistant import Assistant
from tests.test_scripts import SMALL
from trainer import average
from trainer.loop import Recipe, fit, make_optimizers, train_step
from trainer.models import own_what_trains
from trainer.stages import AnswerLoss, choose_trainable

SHARED = "--samples 16 --batch_size 4 --workers 0 --warmup 1 --dtype fp32".split()


def batches(assistant: Assistant, size: int = 4) -> Iterator[dict]:
    prepared = Prepared(StorybookRecords("train", 12), assistant.chat, assistant.preprocessor)
    return make_loader(prepared, size, seed=0)


def test_the_adapter_trains_alone(assistant: Assistant) -> None:
    vlm = assistant.vlm
    adapt(vlm.decoder, LoRAConfig(4, 8))
    choose_trainable(vlm, ("connector", "decoder"), connector_lr=0.5)
    module, recipe = AnswerLoss(vlm), Recipe(steps=3, batch_size=4, lr=1e-2)
    before = {k: v.clone() for k, v in vlm.state_dict().items()}
    optimizers, some = make_optimizers(module, recipe), batches(assistant)
    for _ in range(3):
        train_step(module, module, [next(some)], optimizers, recipe, 1.0)
    changed = {k for k, v in vlm.state_dict().items() if not torch.equal(v, before[k])}
    assert changed == {k for k in before if ".lora_" in k or k.startswith("connector.")}
    rates = {group["peak_lr"] for group in optimizers[0].param_groups}
    assert rates == {1e-2, 5e-3}


def final_weights(assistant: Assistant, folder: Path, stop_after: int | None) -> dict:
    recipe = Recipe(steps=3, batch_size=2, accumulate=2, warmup=2)
    choose_trainable(assistant.vlm, ("connector", "decoder"))
    module = AnswerLoss(assistant.vlm)
    prepared = Prepared(StorybookRecords("train", 12), assistant.chat, assistant.preprocessor)

    def loader_from(start: int) -> Iterator[dict]:
        for number, batch in enumerate(make_loader(prepared, recipe.batch_size, 0, start=start), start):
            if number == stop_after:
                raise KeyboardInterrupt
            yield batch

    fit(module, module, loader_from, recipe, folder, "resume", "auto", save_every=1)
    return {k: v.clone() for k, v in assistant.vlm.state_dict().items()}


def test_resumed_equals_uninterrupted(assistant: Assistant, tmp_path: Path) -> None:
    adapt(assistant.vlm.decoder, LoRAConfig(4, 8))
    fresh = {k: v.clone() for k, v in assistant.vlm.state_dict().items()}
    whole = final_weights(assistant, tmp_path / "whole", None)
    assistant.vlm.load_state_dict(fresh)
    with pytest.raises(KeyboardInterrupt):
        final_weights(assistant, tmp_path / "cut", stop_after=3)
    assistant.vlm.load_state_dict(fresh)
    resumed = final_weights(assistant, tmp_path / "cut", None)
    assert all(torch.equal(whole[k], resumed[k]) for k in whole)
    assert any(not torch.equal(whole[k], fresh[k]) for k in whole)


def test_what_learns_is_no_longer_elsewhere(vlm: VLM) -> None:
    base = {"package": "p", "version": "1", "file": "f", "sha256": "s"}
    vlm.config = replace(vlm.config, bases={"decoder": base, "vision": base})
    adapt(vlm.decoder, LoRAConfig(4, 8))
    choose_trainable(vlm, ("connector", "decoder"))
    own_what_trains(vlm, ("connector", "decoder"))
    assert set(vlm.config.bases) == {"decoder", "vision"}, "an adapter leaves what it stands beside as it is"
    choose_trainable(vlm, ("vision", "connector", "decoder"))
    own_what_trains(vlm, ("vision", "connector", "decoder"))
    assert set(vlm.config.bases) == {"decoder"}
    merge(vlm)
    assert vlm.config.bases is None, "with an adapter in it a decoder is no package's any more"


@pytest.fixture(scope="module")
def home(tokenizer_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """start: a small model; lora: the same with an adapter of rank 4."""
    home = tmp_path_factory.mktemp("home")
    new = ["--tokenizer", str(tokenizer_folder), *SMALL, "--out", str(home / "start")]
    train_sft_vlm.main([*new, *SHARED])
    init = ["--init", str(home / "start"), "--out", str(home / "lora"), "--lora", "4", "--lr", "1e-2"]
    train_sft_vlm.main([*init, *SHARED, "--train", "decoder"])
    return home


def test_the_scripts(home: Path, tmp_path: Path) -> None:
    """Trained with --lora; asked as it is, as the start with --lora_name, and merged: the same answers."""
    assert adapter_of(load(home / "lora").decoder) == LoRAConfig(4, 8)
    start, lora = str(home / "start"), str(home / "lora")
    expected = Assistant.load(lora, "cpu")
    said = Assistant.load(start, "cpu").adapted(lora)
    batch = next(batches(expected))
    with torch.no_grad():
        loss = AnswerLoss(expected.vlm)(batch)["loss"]
        assert_close(AnswerLoss(said.vlm)(batch)["loss"], loss)
        convert_vlm.main(["merge", lora, str(tmp_path / "merged")])
        merged = load(tmp_path / "merged")
        assert_close(AnswerLoss(merged)(batch)["loss"], loss)
        convert_vlm.main(["merge", start, str(tmp_path / "both"), "--lora_name", lora])
        assert not torch.allclose(AnswerLoss(load(start))(batch)["loss"], loss, atol=1e-4)
    assert adapter_of(merged.decoder) is None and not (tmp_path / "merged" / CONFIG).exists()
    both = load(tmp_path / "both").decoder.state_dict()
    assert all(torch.equal(v, both[k]) for k, v in merged.decoder.state_dict().items())
    ask = ["--prompt", "?", "--max_new_tokens", "3", "--weights", start]
    eval_vlm.main(["--lora_name", lora, *ask])
    for parameter in expected.vlm.connector.parameters():  # as where --train names it, too
        parameter.data.add_(0.01)
    expected.save(tmp_path / "beside")
    with pytest.raises(SystemExit, match=r"trained beside another connector .* name that folder itself"):
        eval_vlm.main(["--lora_name", str(tmp_path / "beside"), *ask])


@pytest.mark.parametrize("name", [CONFIG, "config.json", "tokenizer.json"])
def test_no_run_begins_over_an_adapter_or_a_tokenizer(name: str, home: Path, tmp_path: Path) -> None:
    (tmp_path / name).write_text("somebody's own")
    runs = [
        (train_sft_vlm.main, ["--init", str(home / "start")]),
        (average.main, ["--weights", str(home / "start"), str(home / "lora")]),
    ]
    if name == "tokenizer.json":
        runs.append((train_tokenizer.main, []))
    for main, flags in runs:
        with pytest.raises(SystemExit, match=f"holds {name}, which would be written over; give another"):
            main([*flags, "--out", str(tmp_path)])
    assert [path.read_text() for path in tmp_path.iterdir()] == ["somebody's own"]


@pytest.mark.parametrize("lost", [CONFIG, WEIGHTS])
def test_half_an_adapter_in_a_folder_of_weights_is_named(lost: str, home: Path, tmp_path: Path) -> None:
    """Without it the rest would answer, and say nonsense."""
    shutil.copytree(home / "lora", tmp_path / "half", ignore=shutil.ignore_patterns(lost))
    with pytest.raises(CheckpointError, match=f"no {lost} in .*half"):
        load(tmp_path / "half")


def test_what_it_goes_on_with(home: Path, tmp_path: Path) -> None:
    """An adapter learns on; with --lora 0 it becomes part of a decoder that learns as a whole."""
    init = ["--init", str(home / "lora"), *SHARED]
    train_sft_vlm.main([*init, "--out", str(tmp_path / "on")])
    train_sft_vlm.main([*init, "--lora", "0", "--out", str(tmp_path / "whole")])
    train_pretrain_vlm.main([*init, "--out", str(tmp_path / "align")])
    folders = [tmp_path / "on", tmp_path / "whole", tmp_path / "align", home / "lora"]
    on, whole, align, before = (load(folder).decoder for folder in folders)
    assert adapter_of(on) == adapter_of(align) == LoRAConfig(4, 8) and adapter_of(whole) is None
    held, was = adapter_tensors(on), adapter_tensors(before)
    assert not any(torch.equal(held[k], was[k]) for k in was)
    assert all(torch.equal(adapter_tensors(align)[k], was[k]) for k in was)
    parts = [load(folder) for folder in (home / "lora", tmp_path / "on")]
    flags = ["--weights", str(home / "lora"), str(tmp_path / "on"), "--store", "fp32"]
    average.main([*flags, "--out", str(tmp_path / "mean")])
    for part in parts:
        merge(part)
    mean, name = load(tmp_path / "mean").decoder.state_dict(), "layers.0.mlp.up_proj.weight"
    assert_close(mean[name], sum(part.decoder.state_dict()[name] for part in parts) / 2)


def test_exported_with_what_it_learnt(home: Path, tmp_path: Path) -> None:
    convert_vlm.main(["export", str(home / "lora"), str(tmp_path / "llama"), "--format", "llama"])
    theirs, ours = LlamaForCausalLM.from_pretrained(tmp_path / "llama").eval(), load(home / "lora").eval()
    ids = torch.randint(0, 500, (2, 9))
    with torch.no_grad():
        assert_close(theirs(ids).logits, ours(ids).logits, rtol=1e-4, atol=1e-4)
        assert not torch.allclose(load(home / "start")(ids).logits, ours(ids).logits, atol=1e-3)


SCRIPTS = {"sft": train_sft_vlm, "pretrain": train_pretrain_vlm, "eval": eval_vlm, "convert": convert_vlm}
MISTAKES = {
    "another rank": ("sft", "--init lora --lora 8", "--lora 8: .*lora has an adapter of rank 4"),
    "another alpha": (
        "sft",
        "--init lora --lora 4 --lora_alpha 3",
        "rank 4 and alpha 8, which keeps learning",
    ),
    "nothing to adapt": ("pretrain", "--init start --lora 4", "trains the adapter alone"),
    "two things": ("sft", "--init start --lora 4 --train decoder last_layer", "--train decoder last_layer"),
    "merged for nothing": ("sft", "--init lora --lora 0 --train connector", "--lora 0: trains the decoder"),
    "less than none": ("sft", "--init start --lora -1", "--lora -1: give 0 or more"),
    "no folder": ("eval", "--weights start --lora_name nowhere", "no adapter_model.safetensors in nowhere"),
    "no adapter": ("eval", "--weights start --lora_name start", "is --weights, whose adapter is in use"),
    "twice": ("eval", "--weights lora --lora_name lora", "whose adapter is in use; leave it out"),
    "transformers'": ("eval", "--weights start --load 1 --lora_name lora", "model_type is 'glimpse'"),
    "none to merge": ("convert", "merge start merged", "start: has no adapter to merge"),
    "out is there": ("convert", "merge lora start", "start: exists already"),
}


@pytest.mark.parametrize("script, flags, message", MISTAKES.values(), ids=list(MISTAKES))
def test_mistakes(script: str, flags: str, message: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)
    more = {"eval": "--data storybook:scenes".split(), "convert": []}.get(script, [*SHARED, "--out", "new"])
    with pytest.raises(SystemExit, match=f"^error: .*{message}") as exit:
        SCRIPTS[script].main([*flags.split(), *more])
    assert "\n" not in str(exit.value.code)
    assert not (home / "new/model.safetensors").exists() and not (home / "merged").exists()
