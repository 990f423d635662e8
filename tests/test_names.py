"""Names of whole pictures: what they add to the image tokens, and how a model is taught them."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from torch.testing import assert_close

import train_pretrain_vlm
import train_sft_vlm
from dataset.errors import DataError
from dataset.record import Record
from model.bases import base_of, base_tensors
from model.connector import build_connector
from model.eyes import efficientnet_config
from model.hub import load
from model.vlm import VLM
from scoring.assistant import Assistant
from tests.conftest import IMAGE_ID, TINY, scrambled, untaught
from tests.test_efficientnet import KIND, pixels
from tests.test_vision_adapter import PACKAGE
from trainer.args import TrainArgs
from trainer.checkpoint import saved_states
from trainer.models import with_connector
from trainer.names import NameLoss, names_of
from trainer.report import read_metrics

WORDS = replace(TINY, vision=efficientnet_config(KIND, 64), connector="words")
COLOURS = {"red": (200, 30, 30), "green": (30, 160, 60), "blue": (40, 60, 200)}


@torch.no_grad()
def test_the_first_token_alone_is_called_by_its_name() -> None:
    connector = scrambled(build_connector(WORDS)).eval()
    features = torch.randn(2, 5, WORDS.vision.hidden_size)
    before, words = connector(features), torch.randn(5, 32)
    connector.teach(words, [[0], [1, 4], [2]])
    names = torch.stack([words[0], (words[1] + words[4]) / 2, words[2]])
    scrambled(connector.taught)
    after = connector(features)
    assert torch.equal(after[:, 1:], before[:, 1:])
    seen = features[:, 0, : connector.linear_1.in_features]
    seen = (seen - seen.mean(1, keepdim=True)) / seen.var(1, correction=0, keepdim=True).sqrt()
    likeliest = (seen @ connector.taught.weight.T + connector.taught.bias).argmax(1)
    assert_close(after[:, 0], before[:, 0] + names[likeliest])


@torch.no_grad()
def test_what_was_taught_is_kept(tmp_path: Path) -> None:
    vlm = scrambled(VLM(replace(WORDS, taught=4))).eval()
    vlm.save_pretrained(tmp_path)
    row, picture, again = torch.tensor([[5, *[IMAGE_ID] * 5, 6]]), pixels(64, images=1), load(tmp_path).eval()
    assert torch.equal(again(row, picture).logits, vlm(row, picture).logits)
    assert len(again.connector.taught_names) == 4


def told(*answers: str, pictures: int = 100) -> list[Record]:
    """Each about a picture of its own, while there are any."""
    question = {"role": "user", "content": "<image>\nWhat?"}
    return [
        Record((f"{number % pictures}.png",), (question, {"role": "assistant", "content": answer}))
        for number, answer in enumerate(answers)
    ]


def test_answers_that_are_no_classes_are_refused() -> None:
    for answers in (["a cat"] * 6, ["a cat", "a dog", "a bird", "a cat"]):
        with pytest.raises(DataError, match="are no classes; it is for pictures of few kinds"):
            names_of(told(*answers))
    with pytest.raises(DataError, match="6 of 12 records call a picture otherwise than one before does"):
        names_of(told(*["a cup"] * 6, *["red"] * 6, pictures=6))
    mistaken = told(*["a cup"] * 6, *["a pot"] * 6, "a pot", pictures=12)
    assert names_of(mistaken) == ["a cup", "a pot"]


def test_a_model_without_a_token_for_the_whole_is_refused(convolutional: Assistant) -> None:
    config = replace(WORDS, vision=replace(WORDS.vision, keep_cls=False))
    with pytest.raises(DataError, match="no image token for the whole picture"):
        NameLoss(VLM(config)).look_through(told(*["a", "b"] * 4), convolutional.chat)


def test_another_connector_knows_nothing_of_it(chat: object) -> None:
    assistant = untaught(chat)
    assistant.vlm = VLM(replace(WORDS, text=assistant.vlm.config.text, taught=4))
    assert with_connector(assistant, "mlp", TrainArgs()).vlm.config.taught == 0


@pytest.fixture
def seeing(convolutional: Assistant) -> Assistant:
    """With a vision encoder that tells colours apart."""
    convolutional.vlm.vision.clip.load_state_dict(base_tensors(base_of(PACKAGE)), strict=False)
    return convolutional


@pytest.fixture
def coloured(tmp_path: Path) -> Path:
    """A folder for each of three colours, with eight pictures in it; and others to judge by."""
    generator = torch.Generator().manual_seed(0)
    for part, number in (("train", 8), ("val", 4)):
        for name, colour in COLOURS.items():
            (tmp_path / part / name).mkdir(parents=True)
            for n in range(number):
                noise = torch.randint(-25, 26, (3,), generator=generator).tolist()
                shade = tuple(c + d for c, d in zip(colour, noise, strict=True))
                Image.new("RGB", (64, 64), shade).save(tmp_path / part / name / f"{n}.png")
    return tmp_path


def teach(seeing: Assistant, folder: Path, *flags: str) -> None:
    seeing.save(folder / "start")
    shared = ["--data", str(folder / "train"), "--init", str(folder / "start"), "--out", str(folder / "out")]
    more = ["--workers", "0", "--dtype", "fp32", "--device", "cpu", "--features", str(folder / "features")]
    train_pretrain_vlm.main(["--stage", "names", *shared, *more, *flags])


def test_it_learns_the_names_and_nothing_else_moves(seeing: Assistant, coloured: Path) -> None:
    teach(seeing, coloured, "--epochs", "30", "--lr", "0.01", "--val", str(coloured / "val"))
    assert read_metrics(coloured / "out" / "metrics.jsonl")[-1]["val_found"] == 1
    before, after = (load_file(coloured / part / "model.safetensors") for part in ("start", "out"))
    new = {name for name in after if "taught" in name}
    assert set(after) - set(before) == new and len(new) == 3
    assert all(torch.equal(after[name], before[name]) for name in before)
    names, chat = after["connector.taught_names"], seeing.chat
    words = before["decoder.embed_tokens.weight"]
    expected = [words[chat.encode(f" {name}")].mean(0) for name in sorted(COLOURS)]
    assert_close(names[names[:, 0].argsort()], torch.stack(expected)[torch.stack(expected)[:, 0].argsort()])


def test_a_name_that_was_not_taught_counts_as_wrong(seeing: Assistant, coloured: Path) -> None:
    (coloured / "val" / "red").rename(coloured / "val" / "purple")
    judged = ["--val", str(coloured / "val"), "--batch_size", "4"]
    teach(seeing, coloured, "--epochs", "20", "--lr", "0.01", *judged)
    assert read_metrics(coloured / "out" / "metrics.jsonl")[-1]["val_found"] == pytest.approx(2 / 3)


def test_the_encoders_adapter_learns_with_it(seeing: Assistant, coloured: Path) -> None:
    teach(seeing, coloured, "--epochs", "1", "--train", "vision", "connector", "--lora_vision", "2")
    after = load_file(coloured / "out" / "model.safetensors")
    halves = [tensor for name, tensor in after.items() if name.endswith("lora_B")]
    assert halves and all(half.abs().sum() > 0 for half in halves)


def test_a_run_that_goes_on_is_the_same(seeing: Assistant, coloured: Path) -> None:
    teach(seeing, coloured, "--epochs", "2", "--save_every", "4")
    out = coloured / "out"
    whole = load_file(out / "model.safetensors")
    saved_states(out)[-1].unlink()
    teach(seeing, coloured, "--epochs", "2", "--save_every", "4", "--resume", "last")
    again = load_file(out / "model.safetensors")
    assert all(torch.equal(again[name], whole[name]) for name in whole)


def test_fine_tuning_leaves_it_as_it_was(seeing: Assistant, coloured: Path) -> None:
    teach(seeing, coloured, "--epochs", "2")
    flags = [
        "--data",
        str(coloured / "train"),
        "--init",
        str(coloured / "out"),
        "--out",
        str(coloured / "sft"),
    ]
    train_sft_vlm.main([*flags, "--epochs", "1", "--workers", "0", "--dtype", "fp32", "--device", "cpu"])
    before, after = (load_file(coloured / part / "model.safetensors") for part in ("out", "sft"))
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert "connector.linear_1.weight" in moved and "connector.names" in moved
    assert not any("taught" in name for name in moved)
