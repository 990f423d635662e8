"""Other projects' folders and files: where they are, what they say, the tensors they hold."""

import os
import pickle
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from dataset.errors import read_object
from model.hub import within

SINGLE = ("model.safetensors", "pytorch_model.bin")
INDEX = ".index.json"  # beside shards: which tensor is in which file


class ConvertError(ValueError):
    """Which file or tensor cannot be converted, and by which rule, in one line."""


def find(source: str) -> Path:
    """A folder or file by its path, or a model of the hub by its name, from the cache: nothing is fetched."""
    if Path(source).exists():
        return Path(source)
    try:
        return Path(snapshot_download(source, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError):
        raise ConvertError(
            f"{source}: no such folder or file, nor in the hub's cache; fetch it first: hf download {source}"
        ) from None


def read_tensors(source: Path) -> dict[str, Tensor]:
    """All tensors of a file, or of a folder's one file or shards, as float32."""
    tensors: dict[str, Tensor] = {}
    for path in _weight_files(source):
        tensors |= _read_file(path)
    if not tensors:
        raise ConvertError(f"{source}: holds no tensors")
    return {name: t.float() if t.is_floating_point() else t for name, t in tensors.items()}


def _weight_files(source: Path) -> list[Path]:
    if source.is_file():
        return [source]
    for name in SINGLE:
        if (source / name).is_file():
            return [source / name]
        if (source / f"{name}{INDEX}").is_file():
            where = read_object(source / f"{name}{INDEX}").get("weight_map", {})
            shards = [_shard(source, shard) for shard in sorted(set(map(str, where.values())))]
            missing = [shard.name for shard in shards if not shard.is_file()]
            if missing or not shards:
                raise ConvertError(f"{source / name}{INDEX}: shards missing: {', '.join(missing) or 'all'}")
            return shards
    raise ConvertError(f"{source}: holds neither {' nor '.join(SINGLE)}, nor shards of either")


def _shard(source: Path, name: str) -> Path:
    if Path(name).name != name or name == "..":
        raise ConvertError(f"{source}: its index names the shard {name!r}, which is no file of this folder")
    return within(source, name)


def _read_file(path: Path) -> dict[str, Tensor]:
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (SafetensorError, OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        reason = str(error).splitlines()[0]
        raise ConvertError(f"{path}: cannot be read ({reason}); it may be cut off, get it again") from None
    if not isinstance(state, dict) or not all(isinstance(t, Tensor) for t in state.values()):
        raise ConvertError(f"{path}: not a state dict: names of tensors and the tensors, nothing else")
    return state


@contextmanager
def whole_folder(out: Path) -> Iterator[Path]:
    """A folder to write into that becomes `out` when all went well, and is gone when not."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ConvertError(f"{out}: exists already; name another folder, or remove it")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as beside:
        folder = Path(beside) / out.name
        folder.mkdir()
        yield folder
        os.replace(folder, out)
