import logging
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.testing import assert_close
from transformers import CLIPVisionModel

from model.config import PRESETS, VisionConfig, VLMConfig
from model.eyes import pretrained_vision_config
from model.files import CheckpointError
from model.vision import VisionTower
from model.vlm import VLM, splice
from tests.conftest import IMAGE_ID, TINY, scrambled

PICTURE = [IMAGE_ID] * 4


def pixels(images: int) -> torch.Tensor:
    return torch.randn(images, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def test_splice_puts_every_token_in_its_place() -> None:
    is_image = torch.tensor([[0, 1, 1, 1, 1, 0], [0, 0, 0, 0, 0, 0], [1, 1, 0, 0, 1, 1]]).bool()
    images = torch.arange(4 * 2.0).view(4, 2, 1) + 1  # four adjacent or separate pictures of two tokens
    spliced = splice(torch.zeros(3, 6, 1), is_image, images)[..., 0]
    assert spliced.tolist() == [[0, 1, 2, 3, 4, 0], [0] * 6, [5, 6, 0, 0, 7, 8]]


def test_whoever_may_read_the_config_may_read_the_weights(vlm: VLM, tmp_path: Path) -> None:
    vlm.save_pretrained(tmp_path)
    config, weights = ((tmp_path / name).stat().st_mode for name in ("config.json", "model.safetensors"))
    assert weights == config


@pytest.mark.parametrize(
    "rows, images, message",
    [
        ([[5, *PICTURE, 6]], 2, "2 pictures give 8 image tokens, but the rows have places for \\[4\\]"),
        ([[5, *PICTURE, *PICTURE]], 1, "1 pictures give 4 image tokens"),
        ([[5] * 6, [5, 6, *PICTURE[:3], 7]], 1, "row 1 has 3 image placeholders"),
    ],
)
def test_wrong_counts_are_refused(vlm: VLM, rows: list, images: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        vlm(torch.tensor(rows), pixels(images))


def test_pictures_go_to_their_rows(vlm: VLM) -> None:
    """Rows with two adjacent pictures, none and one: each as if it were alone with its own pictures."""
    rows = torch.tensor([[5, *PICTURE, *PICTURE, 6], [7] * 10, [8, 9, 10, *PICTURE, 11, 12, 13]])
    together = vlm(rows, pixels(3)).logits
    for row, own in enumerate((pixels(3)[:2], None, pixels(3)[2:])):
        assert_close(together[row], vlm(rows[row : row + 1], own).logits[0], rtol=1e-4, atol=1e-5)
    swapped = vlm(rows, pixels(3)[[1, 0, 2]]).logits
    assert not torch.allclose(together[0], swapped[0]) and torch.allclose(together[2], swapped[2], atol=1e-5)


def test_any_leading_shape_of_pixels(vlm: VLM) -> None:
    row = torch.tensor([[5, *PICTURE, *PICTURE, 6]])
    assert_close(vlm(row, pixels(2)[None]).logits, vlm(row, pixels(2)).logits)


def test_without_a_picture_placeholders_are_words(vlm: VLM) -> None:
    assert vlm(torch.tensor([[5, *PICTURE]])).logits.shape == (1, 5, 50)


def test_features_stand_in_for_pixels(vlm: VLM) -> None:
    row = torch.tensor([[5, *PICTURE, 6]])
    features = vlm.vision(pixels(1))
    assert_close(vlm(row, image_features=features).logits, vlm(row, pixels(1)).logits)


def test_loss_is_that_of_the_scored_positions_alone(vlm: VLM) -> None:
    ids = torch.randint(4, 50, (2, 9))
    labels = ids.clone()
    labels[0, :5] = labels[1, 7:] = -100
    out = vlm(ids, labels=labels)
    by_hand = torch.nn.functional.cross_entropy(
        out.logits[:, :-1].reshape(-1, 50), labels[:, 1:].reshape(-1), ignore_index=-100
    )
    assert_close(out.loss, by_hand)
    with pytest.raises(ValueError, match="no label is scored"):
        vlm(ids, labels=torch.full_like(ids, -100))


def test_padding_on_the_right_changes_nothing(vlm: VLM) -> None:
    ids = torch.randint(4, 50, (1, 6))
    padded = torch.nn.functional.pad(ids, (0, 3))
    labels = torch.nn.functional.pad(ids, (0, 3), value=-100)
    assert_close(vlm(padded, labels=labels).loss, vlm(ids, labels=ids).loss)


def test_a_frozen_eye_stays_frozen() -> None:
    vlm = scrambled(VLM(TINY)).train()
    vlm.vision.freeze()
    vlm.train()
    assert not vlm.vision.clip.training and vlm.decoder.training
    vlm(torch.tensor([[5, *PICTURE, 6]]), pixels(1), labels=torch.tensor([[5, *PICTURE, 6]])).loss.backward()
    assert all(p.grad is None for p in vlm.vision.parameters())
    assert vlm.connector.linear_1.weight.grad.abs().sum() > 0
    vlm.vision.freeze(False)
    vlm.train()
    assert vlm.vision.clip.training and all(p.requires_grad for p in vlm.vision.parameters())


@pytest.mark.parametrize("connector", ["linear", "mlp"])
@pytest.mark.parametrize("keep_cls", [False, True])
def test_save_load_gives_the_same_logits(tmp_path: Path, connector: str, keep_cls: bool) -> None:
    config = replace(
        TINY, connector=connector, vision=replace(TINY.vision, keep_cls=keep_cls, feature_layer=-2)
    )
    vlm = scrambled(VLM(config)).eval()
    row = torch.tensor([[5, *[IMAGE_ID] * config.vision.num_tokens, 6]])
    vlm.save_pretrained(tmp_path)
    again = VLM.from_pretrained(tmp_path).eval()
    assert again.config == config
    assert torch.equal(vlm(row, pixels(1)).logits, again(row, pixels(1)).logits)


def test_loading_is_strict_and_names_what_is_wrong(
    vlm: VLM, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    vlm.save_pretrained(tmp_path)
    caplog.set_level(logging.INFO, "model")
    VLM.from_pretrained(tmp_path)
    total = len(vlm.state_dict())
    assert f"loaded {total}/{total} tensors" in caplog.text
    path = tmp_path / "model.safetensors"
    good = load_file(path)
    name = "decoder.norm.weight"
    for bad, message in (
        ({k: v for k, v in good.items() if k != name}, f"missing {name}"),
        (good | {"extra": torch.ones(1)}, "unexpected extra"),
        (good | {name: torch.ones(5)}, rf"{name} is \(5,\), not \(32,\)"),
    ):
        save_file(bad, path)
        with pytest.raises(CheckpointError, match=message):
            VLM.from_pretrained(tmp_path)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(CheckpointError, match=r"cannot read .*model.safetensors"):
        VLM.from_pretrained(tmp_path)
    path.unlink()
    with pytest.raises(CheckpointError, match=r"no model.safetensors"):
        VLM.from_pretrained(tmp_path)
    with pytest.raises(CheckpointError, match=r"no config.json in .*nowhere"):
        VLM.from_pretrained(tmp_path / "nowhere")


@pytest.mark.parametrize("text", ["{", '{"text": {"colour": 1}}', "[]", '{"text": {"hidden_size": "x"}}'])
def test_a_bad_config_is_one_clear_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"cannot use .*config.json"):
        VLM.from_pretrained(tmp_path)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_survive_json(name: str) -> None:
    assert VLMConfig.from_dict(PRESETS[name].to_dict()) == PRESETS[name]


@pytest.mark.parametrize("layer", [-1, -2])
@pytest.mark.parametrize("keep_cls", [False, True])
def test_a_clip_checkpoint_is_named_not_copied(tmp_path: Path, layer: int, keep_cls: bool) -> None:
    source, folder = tmp_path / "clip", tmp_path / "vlm"
    clip = scrambled(VisionTower(TINY.vision)).clip
    clip.save_pretrained(source)
    config = pretrained_vision_config(str(source), feature_layer=layer, keep_cls=keep_cls)
    assert isinstance(config, VisionConfig) and config.pretrained == str(source)
    tower = VisionTower(config).eval()
    theirs = CLIPVisionModel.from_pretrained(source).eval()(pixels(2), output_hidden_states=True)
    expected = theirs.hidden_states[layer] if keep_cls else theirs.hidden_states[layer][:, 1:]
    assert_close(tower(pixels(2)), expected, rtol=1e-5, atol=1e-5)
    vlm = VLM(replace(TINY, vision=config))
    vlm.save_pretrained(folder)
    assert not any(k.startswith("vision.") for k in load_file(folder / "model.safetensors"))
    assert_close(VLM.from_pretrained(folder).eval().vision(pixels(2)), tower(pixels(2)))
