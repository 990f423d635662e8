"""A new model's eye is the one that is named: all of its weights, its own pixels, and no other kind's."""

from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file
from transformers import CLIPVisionConfig, CLIPVisionModel

from dataset.commands.flags import parse
from dataset.errors import DataError
from dataset.images.preprocess import Preprocessor
from model.blip import BlipConfig
from scoring.assistant import Assistant
from tests.conftest import SMALL_EYE
from trainer.args import TrainArgs
from trainer.models import is_there, new_model


@pytest.fixture
def made(tmp_path: Path, tokenizer_folder: Path) -> Callable[..., Assistant]:
    CLIPVisionModel(CLIPVisionConfig(**SMALL_EYE)).save_pretrained(tmp_path / "eye")
    flags = ["--tokenizer", str(tokenizer_folder), "--vision", str(tmp_path / "eye")]
    return lambda *more: new_model(parse(TrainArgs, [*flags, *more], None))


def test_it_sees_its_own_pixels(made: Callable, tmp_path: Path) -> None:
    pixels = Preprocessor(32, (0.5,) * 3, (0.5,) * 3, crop=False)
    pixels.to_json(tmp_path / "eye/preprocessor_config.json")
    assert made().preprocessor == pixels
    Preprocessor(64).to_json(tmp_path / "eye/preprocessor_config.json")
    with pytest.raises(DataError, match="pictures of 64 pixels, the vision encoder takes 32"):
        made()


def test_nothing_of_it_is_drawn_at_random(made: Callable, tmp_path: Path) -> None:
    path = tmp_path / "eye/model.safetensors"
    whole = load_file(path)
    lost = next(name for name in whole if name.endswith("fc1.weight"))
    save_file({k: t for k, t in whole.items() if k != lost}, path, metadata={"format": "pt"})
    with pytest.raises(ValueError, match=r"eye: has no .*fc1\.weight, which CLIPVisionModel needs"):
        made()


def test_it_has_its_own_sizes(made: Callable) -> None:
    with pytest.raises(DataError, match=r"--set vision\.hidden_size: the encoder of --vision has its own"):
        made("--set", "vision.hidden_size=64")


def test_blips_have_their_connector_already() -> None:
    """BLIP's configuration knows no connectors, and no shuffle of one."""
    assert is_there("qformer", TrainArgs(), BlipConfig()) and not is_there("mlp", TrainArgs(), BlipConfig())
