"""Checkpoints: a folder with `config.json` and `model.safetensors`, written whole and read strictly.

A vision tower that is named in the config (`vision.pretrained`) is loaded from there and not copied, and so
are parts that are named in `bases` (bases.py). An adapter (lora.py) lies beside, in PEFT's two files.
"""

import json
import logging
import os
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from model import lora
from model.bases import PARTS, base_tensors, expect_bases
from model.config import VLMConfig
from model.partial import partial
from model.speaker import Speaker

log = logging.getLogger(__name__)  # heard with --verbose
CONFIG, WEIGHTS = "config.json", "model.safetensors"
MAX_CONFIG = 1_000_000  # bytes
OURS = "glimpse"  # model_type of what speaks with our own decoder
Model = Speaker  # VLM, Blip or Blip2
Config = VLMConfig  # or BlipConfig, Blip2Config
Kinds = dict[str, Callable[[], tuple[type, type]]]  # model_type: configuration and model


class CheckpointError(ValueError):
    """What is wrong with a checkpoint folder, in one line."""


def save(vlm: Model, folder: str | Path, dtype: torch.dtype | None = None) -> None:
    """Write config and weights, stored as `dtype` if given; each file appears whole or not at all.

    Raises CheckpointError for weights that `load` would refuse.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    tensors = stored(own_tensors(vlm), dtype, folder)
    _replace(folder / WEIGHTS, lambda path: write_tensors(tensors, path))
    text = json.dumps(vlm.config.to_dict(), indent=2) + "\n"
    _replace(folder / CONFIG, lambda path: Path(path).write_text(text, encoding="utf-8"))
    save_adapter(vlm, folder, dtype)


def load(folder: str | Path, kinds: Kinds) -> Model:
    """Read a folder written by `save`, of one of the `kinds`; weights as float32."""
    folder = Path(folder)
    (config, kind), path = read_config(folder, kinds), within(folder, WEIGHTS)
    if not path.is_file():
        raise CheckpointError(f"no {WEIGHTS} in {folder}")
    tensors = read_tensors(path)
    expect_size(config, kind, sum(t.numel() for t in tensors.values()), str(path))
    with nullcontext() if config.vision.pretrained else Undrawn():
        vlm = kind(config)
    load_strictly(own_tensors(vlm), tensors, str(path))
    try:
        for part, base in (getattr(config, "bases", None) or {}).items():
            load_strictly(part_of(vlm, part), base_tensors(base), f"{base['package']} ({part})")
    except ValueError as error:
        raise CheckpointError(f"{folder}: {error}") from None
    if any((folder / name).is_file() for name in (lora.CONFIG, lora.WEIGHTS)):
        put_adapter(vlm, folder)
    return vlm


def save_adapter(vlm: Model, folder: Path, dtype: torch.dtype | None = None) -> None:
    """The adapter that the decoder learns with, as PEFT writes it; where it has none, none is left there."""
    if not takes_adapters(vlm) or not lora.adapter_of(vlm.decoder):
        for name in (lora.CONFIG, lora.WEIGHTS):
            (folder / name).unlink(missing_ok=True)
        return
    tensors = stored(lora.adapter_tensors(vlm.decoder), dtype, folder)
    _replace(folder / lora.WEIGHTS, lambda path: write_tensors(tensors, path))
    text = json.dumps(lora.told(vlm.decoder.adapter), indent=2) + "\n"
    _replace(folder / lora.CONFIG, lambda path: Path(path).write_text(text, encoding="utf-8"))


def load_adapter(vlm: Model, folder: str | Path) -> None:
    """Put the adapter of a folder, ours or PEFT's, beside the decoder's matrices, in the place of one that is
    there already: both were made for the matrices as they are without."""
    expect_same_around(Path(folder), vlm)
    put_adapter(vlm, Path(folder))


def put_adapter(vlm: Model, folder: Path) -> None:
    path, about = within(folder, lora.WEIGHTS), within(folder, lora.CONFIG)
    if not takes_adapters(vlm):
        raise CheckpointError(f"{folder}: an adapter is for our own decoder, not for this kind of model")
    for file in (path, about):
        if not file.is_file():
            raise CheckpointError(f"no {file.name} in {folder}: not the folder of an adapter")
    tensors = read_tensors(path)
    try:
        tensors = lora.renamed(tensors)
        config = lora.config_of(_read_values(about), tensors)
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise CheckpointError(f"cannot use {about}: {error}") from None
    lora.drop(vlm.decoder)
    lora.adapt(vlm.decoder, config)
    load_strictly(lora.adapter_tensors(vlm.decoder), tensors, str(path))


def expect_same_around(folder: Path, vlm: Model) -> None:
    """Raises CheckpointError where the folder is a whole model's, whose adapter was trained beside another
    vision encoder or connector than ours. What lies elsewhere for one of the two is not compared."""
    path, parts = within(folder, WEIGHTS), ("vision.", "connector.")
    if not path.is_file():
        return
    held = own_tensors(vlm), read_tensors(path)
    ours, theirs = ({k: t for k, t in some.items() if k.startswith(parts)} for some in held)
    alone = {k for k in ours.keys() ^ theirs.keys() if k.startswith("vision.") and not lora.is_beside(k)}
    for name in sorted((ours.keys() | theirs.keys()) - alone):
        one, other = ours.get(name), theirs.get(name)
        if one is None or other is None or not torch.equal(one.to(other), other):
            part = "connector" if name.startswith("connector.") else "vision encoder"
            told = f"its adapter was trained beside another {part} than this model's"
            raise CheckpointError(f"{folder}: {told}; name that folder itself, with --weights")


def takes_adapters(vlm: Model) -> bool:
    """Only our own decoder does."""
    return vlm.config.to_dict()["model_type"] == OURS


def merge(vlm: Model, parts: Sequence[str] = PARTS) -> None:
    """Add the adapters of these parts to their matrices, which are no package's any more."""
    changed = set()
    if "decoder" in parts and takes_adapters(vlm) and lora.adapter_of(vlm.decoder):
        lora.merge(vlm.decoder)
        changed.add("decoder")
    if "vision" in parts and vlm.config.vision.adapter:
        vlm.vision.clip.merge()
        vlm.vision.config = replace(vlm.vision.config, adapter=0)
        vlm.config = replace(vlm.config, vision=replace(vlm.config.vision, adapter=0))
        changed.add("vision")
    bases = getattr(vlm.config, "bases", None) or {}
    if changed & set(bases):
        left = {one: base for one, base in bases.items() if one not in changed}
        vlm.config = replace(vlm.config, bases=left or None)


def read_tensors(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"cannot read {path}: {error}; it may be cut off, get it again") from None


def _read_values(path: Path) -> dict:
    if path.stat().st_size > MAX_CONFIG:
        raise ValueError(f"{path.stat().st_size} bytes are not a configuration")
    values = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(values, dict):
        raise ValueError("not a JSON object of settings; get it again")
    return values


def part_of(vlm: Model, part: str) -> dict[str, Tensor]:
    """The tensors of a part that lies in another package, under their names there."""
    return lora.without_adapter({"decoder": vlm.decoder, "vision": vlm.vision.clip}[part].state_dict())


def within(folder: Path, name: str) -> Path:
    """A file of a folder, and truly there: a link leads nowhere else but to the blobs of the hub's cache."""
    home, path = folder.resolve(), (folder / name).resolve()
    if not (path.is_relative_to(home) or path.is_relative_to(home.parent.parent / "blobs")):
        raise CheckpointError(f"{folder / name} leads out of {folder}, to {path}; put the file itself there")
    return folder / name


def expect_size(config: Config, kind: type, held: int, where: str) -> None:
    """Refuse a config that asks for far more weights than there are, before any memory is taken for them."""
    with torch.device("meta"), Undrawn():
        empty = kind(replace(config, vision=replace(config.vision, pretrained=None)))
    there = elsewhere(config)
    own = (p for k, p in empty.named_parameters() if lora.is_beside(k) or not k.startswith(there))
    asked = sum(p.numel() for p in own)
    if asked > 2 * held + 10**9 * bool(config.vision.pretrained):
        raise CheckpointError(
            f"{where} holds {held:,} weights, its {CONFIG} asks for {asked:,}; get both again"
        )


class Undrawn(TorchFunctionMode):
    """Weights that are read from a file next are not drawn at random before: a second for 135 million."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if getattr(function, "__module__", None) == nn.init.__name__:
            return args[0] if args else kwargs["tensor"]
        return function(*args, **kwargs)


def read_config(folder: Path, kinds: Kinds) -> tuple[Config, type]:
    """The configuration, and the model that it is of."""
    path = within(folder, CONFIG)
    if not folder.is_dir():
        raise CheckpointError(f"no {CONFIG} in {folder}: no such folder, seen from {Path.cwd()}")
    if not path.is_file():
        unknown = f"no {CONFIG} in {folder}: not a checkpoint folder; `make train` makes one"
        raise CheckpointError(partial(folder) or unknown)
    try:
        values = _read_values(path)
        kind = values.get("model_type", "glimpse")
        if kind not in kinds:
            raise ValueError(f"model_type is {kind!r}; known: {', '.join(kinds)}")
        expect_bases(values.get("bases"))
        config, model = kinds[kind]()
        return config.from_dict(values), model
    except (ValueError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        raise CheckpointError(f"cannot use {path}: {error}") from None


def own_tensors(vlm: Model) -> dict[str, Tensor]:
    """The state dict without the decoder's adapter and what lies elsewhere; the vision encoder's adapter
    belongs to it. Shared tensors are there under one name each."""
    first: dict[int, str] = {}
    state, there = vlm.state_dict(), elsewhere(vlm.config)
    beside = {k: v for k, v in state.items() if k.startswith("vision.") and lora.is_beside(k)}
    state = {k: v for k, v in lora.without_adapter(state).items() if not k.startswith(there)} | beside
    return {k: v for k, v in state.items() if first.setdefault(v.data_ptr(), k) == k}


def elsewhere(config: Config) -> tuple[str, ...]:
    """The beginnings of names of tensors that lie somewhere else."""
    parts = {*(getattr(config, "bases", None) or {}), *(["vision"] if config.vision.pretrained else [])}
    return tuple(f"{part}." for part in sorted(parts))


def load_strictly(target: dict[str, Tensor], source: dict[str, Tensor], where: str) -> None:
    """Copy every tensor of `source` into its namesake, or none, and an error that names the first faults.

    How many were loaded goes to the module's logger.
    """
    faults = [f"missing {k}" for k in target.keys() - source.keys()]
    faults += [f"unexpected {k}" for k in source.keys() - target.keys()]
    faults += [
        f"{k} is {tuple(source[k].shape)}, not {tuple(target[k].shape)}"
        for k in target.keys() & source.keys()
        if source[k].shape != target[k].shape
    ]
    faults += [f"{k} is {t.dtype}" for k, t in source.items() if not t.is_floating_point()]
    faults = faults or not_finite(source)
    if faults:
        more = f" and {len(faults) - 3} more" if len(faults) > 3 else ""
        raise CheckpointError(f"{where} does not fit the model: {'; '.join(sorted(faults)[:3])}{more}")
    with torch.no_grad():
        for name, tensor in source.items():
            target[name].copy_(tensor)
    log.info("loaded %d/%d tensors from %s", len(source), len(target), where)


def not_finite(tensors: dict[str, Tensor]) -> list[str]:
    return [f"{name} is not finite" for name, tensor in tensors.items() if not torch.isfinite(tensor).all()]


def stored(held: dict[str, Tensor], dtype: torch.dtype | None, folder: Path) -> dict[str, Tensor]:
    tensors = {name: tensor.detach().to("cpu", dtype).contiguous() for name, tensor in held.items()}
    if faults := not_finite(tensors):
        precision = f" as {str(dtype).removeprefix('torch.')}; store float32" if dtype else ""
        raise CheckpointError(f"{folder} is not written: {faults[0]}{precision}")
    return tensors


def write_tensors(tensors: dict[str, Tensor], path: Path) -> None:
    """A safetensors file that may be read by whom other new files may; the library lets its owner alone."""
    path.touch()
    mode = path.stat().st_mode
    try:
        save_file(tensors, path, metadata={"format": "pt"})
    except SafetensorError as error:  # of a full disk, too
        path.unlink()
        raise OSError(f"cannot write {path}: {error}; make room there, or name another folder") from error
    path.chmod(mode)


def _replace(path: Path, write: object) -> None:
    temporary = path.with_name(path.name + ".tmp")
    write(temporary)
    with open(temporary, "rb+") as file:
        os.fsync(file.fileno())  # on the disk before it takes the other's place
    os.replace(temporary, path)
