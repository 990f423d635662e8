"""`--vision NAME`: SigLIP, DINOv2 and CLIP under new models, with their own sizes and their own pixels."""

import shutil
from pathlib import Path

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from torch import nn

import train_sft_vlm
from convert.trial import picture
from dataset.images.preprocess import HALF, Preprocessor
from dataset.images.processor_file import open_preprocessor
from model.eyes import TRANSFORMERS
from model.vlm import VLM
from scoring.assistant import Assistant
from tests.proof import same
from tests.test_convert import save_clip, saved
from tests.test_scripts import SMALL, data  # noqa: F401  (a fixture)
from tests.test_today import EYES, PROCESSORS
from trainer.args import TrainArgs
from trainer.models import open_model

TEXT = tuple(item for item in SMALL if item.startswith("text."))


def an_eye(kind: str, folder: Path) -> nn.Module:
    """As it is published: the whole of CLIP or SigLIP, or the eye alone; DINOv2 of larger pictures."""
    if kind == "clip":
        save_clip(folder)
    else:
        saved(EYES[kind](), folder)
        PROCESSORS[kind.split(",")[0]].save_pretrained(folder)
    return getattr(transformers, TRANSFORMERS[kind.split(",")[0]]).from_pretrained(folder).eval()


def seeing(folder: Path, words: Path, **choices: object) -> Assistant:
    args = TrainArgs(vision=str(folder), tokenizer=words, set=TEXT, device="cpu", dtype="fp32", **choices)
    return open_model(args, "align")


@pytest.mark.parametrize("kind", [*EYES, "clip"])
@pytest.mark.parametrize("connector", ["mlp", "shuffle"])
@torch.no_grad()
def test_an_eye_by_its_name(kind: str, connector: str, tmp_path: Path, tokenizer_folder: Path) -> None:
    theirs = an_eye(kind, tmp_path / "eye")
    seeing(tmp_path / "eye", tokenizer_folder, connector=connector).save(tmp_path / "ours")
    assert not any(k.startswith("vision.") for k in load_file(tmp_path / "ours/model.safetensors"))
    ours = Assistant.load(tmp_path / "ours", "cpu")
    pixels = ours.pixels([picture()])
    if kind != "clip":  # its folder has no preprocessor_config.json here
        processor = PROCESSORS[kind.split(",")[0]]
        expected = processor(picture(), return_tensors="pt")["pixel_values"]
        same("--vision: pixels", type(processor).__name__, pixels, expected, close=1e-5)
    expected = theirs(pixels).last_hidden_state[:, int("siglip" not in kind) :]
    same(f"--vision {kind}: features", type(theirs).__name__, ours.vlm.vision(pixels), expected)
    assert ours.vlm.config.image_tokens == (4 if connector == "mlp" else 1) == ours.chat.image_tokens
    assert ours.answer_batch([[{"role": "user", "content": "<image>\nHi"}]], [picture()], max_new_tokens=2)


@pytest.mark.parametrize("kind", ["siglip, whole", "dinov2"])
def test_an_eye_that_learns_is_the_checkpoints_own(
    kind: str,
    tmp_path: Path,
    tokenizer_folder: Path,
    data: Path,  # noqa: F811
) -> None:
    an_eye(kind, tmp_path / "eye")
    flags = ["--data", str(data), "--samples", "2", "--batch_size", "2", "--epochs", "1", "--workers", "0"]
    flags += ["--connector", "shuffle"]
    new = ["--vision", str(tmp_path / "eye"), "--tokenizer", str(tokenizer_folder), "--set", *TEXT]
    train_sft_vlm.main([*flags, *new, "--out", str(tmp_path / "1")])
    own = ["--init", str(tmp_path / "1"), "--train", "vision", "connector", "--lr", "1e-9"]
    train_sft_vlm.main([*flags, *own, "--out", str(tmp_path / "2")])
    pixels = torch.randn(1, 3, 32, 32)
    before = VLM.from_pretrained(tmp_path / "1").eval().vision(pixels)
    shutil.rmtree(tmp_path / "eye")
    after = VLM.from_pretrained(tmp_path / "2").eval()
    assert after.config.vision.pretrained is None and after.config.shuffle == 2
    torch.testing.assert_close(after.vision(pixels), before, rtol=1e-4, atol=1e-4)


def test_what_an_eye_lacks_is_not_drawn_at_random(tmp_path: Path, tokenizer_folder: Path) -> None:
    an_eye("siglip", tmp_path / "eye")
    path = tmp_path / "eye/model.safetensors"
    weights = load_file(path)
    lost = next(name for name in weights if name.endswith("post_layernorm.bias"))
    save_file({name: t for name, t in weights.items() if name != lost}, path, metadata={"format": "pt"})
    with pytest.raises(
        ValueError, match=r"eye: has no .*post_layernorm\.bias, which SiglipVisionModel needs"
    ):
        seeing(tmp_path / "eye", tokenizer_folder)


def test_what_ours_cannot_say_is_refused(tmp_path: Path, tokenizer_folder: Path) -> None:
    saved(EYES["siglip"](), tmp_path / "eye")
    path = tmp_path / "eye/config.json"
    path.write_text(path.read_text().replace('"layer_norm_eps": 1e-06', '"layer_norm_eps": 1e-05'))
    with pytest.raises(ValueError, match="eye: layer_norm_eps is 1e-05; siglip has 1e-06 only here"):
        seeing(tmp_path / "eye", tokenizer_folder)


def test_without_a_file_pixels_are_the_familys(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert open_preprocessor(tmp_path, "siglip", 32) == Preprocessor(32, HALF, HALF, crop=False)
    assert open_preprocessor(tmp_path, "clip", 32) == Preprocessor(32)
    assert "has no preprocessor_config.json; pictures are made as for siglip" in capsys.readouterr().err
