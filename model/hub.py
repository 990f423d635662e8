"""Checkpoints: a folder with `config.json` and `model.safetensors`, written whole and read strictly.

A vision tower that is named in the config (`vision.pretrained`) is loaded from there and not copied.
"""

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from model.blip import Blip, BlipConfig
from model.blip2 import Blip2, Blip2Config
from model.config import VLMConfig
from model.vlm import VLM

CONFIG, WEIGHTS = "config.json", "model.safetensors"
MAX_CONFIG = 1_000_000  # bytes
KINDS = {  # model_type -> what it is
    "glimpse": (VLMConfig, VLM),
    "glimpse-blip": (BlipConfig, Blip),
    "glimpse-blip2": (Blip2Config, Blip2),
}
Model = VLM | Blip | Blip2
Config = VLMConfig | BlipConfig | Blip2Config


class CheckpointError(ValueError):
    """What is wrong with a checkpoint folder, in one line."""


def save(vlm: Model, folder: str | Path, dtype: torch.dtype | None = None) -> None:
    """Write config and weights, stored as `dtype` if given; each file appears whole or not at all."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {k: v.detach().to("cpu", dtype).contiguous() for k, v in own_tensors(vlm).items()}
    _replace(folder / WEIGHTS, lambda path: save_file(tensors, path, metadata={"format": "pt"}))
    text = json.dumps(vlm.config.to_dict(), indent=2) + "\n"
    _replace(folder / CONFIG, lambda path: Path(path).write_text(text))


def load(folder: str | Path) -> Model:
    """Read a folder written by `save`, weights as float32, and say how many tensors were loaded."""
    folder = Path(folder)
    config, path = read_config(folder), within(folder, WEIGHTS)
    if not path.is_file():
        raise CheckpointError(f"no {WEIGHTS} in {folder}")
    try:
        tensors = load_file(path)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"cannot read {path}: {error}; it may be cut off, get it again") from None
    expect_size(config, sum(t.numel() for t in tensors.values()), str(path))
    vlm = make(config)
    load_strictly(own_tensors(vlm), tensors, str(path))
    return vlm


def within(folder: Path, name: str) -> Path:
    """A file of a folder, and truly there: a link leads nowhere else but to the blobs of the hub's cache."""
    home, path = folder.resolve(), (folder / name).resolve()
    if not (path.is_relative_to(home) or path.is_relative_to(home.parent.parent / "blobs")):
        raise CheckpointError(f"{folder / name} leads out of {folder}, to {path}; put the file itself there")
    return folder / name


def expect_size(config: Config, held: int, where: str) -> None:
    """Refuse a config that asks for far more weights than there are, before any memory is taken for them."""
    with torch.device("meta"):
        asked = sum(
            p.numel()
            for p in make(replace(config, vision=replace(config.vision, pretrained=None))).parameters()
        )
    if asked > 2 * held + 10**9 * bool(config.vision.pretrained):
        raise CheckpointError(
            f"{where} holds {held:,} weights, its {CONFIG} asks for {asked:,}; get both again"
        )


def make(config: Config) -> Model:
    """A new model of the kind that the configuration is of."""
    return next(kind for its_config, kind in KINDS.values() if its_config is type(config))(config)


def read_config(folder: Path) -> Config:
    path = within(folder, CONFIG)
    if not path.is_file():
        raise CheckpointError(f"no {CONFIG} in {folder}: not a checkpoint folder; `make train` makes one")
    try:
        if path.stat().st_size > MAX_CONFIG:
            raise ValueError(f"{path.stat().st_size} bytes are no configuration")
        values = json.loads(path.read_text())
        kind = values.get("model_type", "glimpse")
        if kind not in KINDS:
            raise ValueError(f"model_type is {kind!r}; known: {', '.join(KINDS)}")
        return KINDS[kind][0].from_dict(values)
    except (ValueError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        raise CheckpointError(f"cannot use {path}: {error}") from None


def own_tensors(vlm: Model) -> dict[str, Tensor]:
    """The state dict without a vision tower that lives elsewhere, and shared tensors under one name each."""
    elsewhere = ("vision.",) if vlm.config.vision.pretrained else ()
    first: dict[int, str] = {}
    state = {k: v for k, v in vlm.state_dict().items() if not k.startswith(elsewhere)}
    return {k: v for k, v in state.items() if first.setdefault(v.data_ptr(), k) == k}


def load_strictly(target: dict[str, Tensor], source: dict[str, Tensor], where: str) -> None:
    """Copy every tensor of `source` into its namesake, or none, and an error that names the first faults."""
    faults = [f"missing {k}" for k in target.keys() - source.keys()]
    faults += [f"unexpected {k}" for k in source.keys() - target.keys()]
    faults += [
        f"{k} is {tuple(source[k].shape)}, not {tuple(target[k].shape)}"
        for k in target.keys() & source.keys()
        if source[k].shape != target[k].shape
    ]
    faults += [f"{k} is {t.dtype}" for k, t in source.items() if not t.is_floating_point()]
    faults = faults or [f"{k} is not finite" for k, t in source.items() if not torch.isfinite(t).all()]
    if faults:
        more = f" and {len(faults) - 3} more" if len(faults) > 3 else ""
        raise CheckpointError(f"{where} does not fit the model: {'; '.join(sorted(faults)[:3])}{more}")
    with torch.no_grad():
        for name, tensor in source.items():
            target[name].copy_(tensor)
    print(f"loaded {len(source)}/{len(target)} tensors from {where}", file=sys.stderr)


def _replace(path: Path, write: object) -> None:
    temporary = path.with_name(path.name + ".tmp")
    write(temporary)
    with open(temporary, "rb+") as file:
        os.fsync(file.fileno())  # on the disk before it takes the other's place
    os.replace(temporary, path)
