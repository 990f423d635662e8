"""Other projects' folders and files: where they are, what they say, the tensors they hold."""

import os
import pickle
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from dataset.errors import read_object
from dataset.instead import expect_itself
from model.files import within
from model.partial import INDEX, WHOLE, partial

WRAPPED = re.compile(  # what torch.compile, DDP, FSDP and checkpointed activations put into names
    r"^(?:_orig_mod\.)?module\.|_orig_mod\.|_fsdp_wrapped_module\.|_checkpoint_wrapped_module\."
)
WITHIN = ("model", "state_dict", "model_state_dict", "module")  # where a training state keeps the weights


class ConvertError(ValueError):
    """Which file or tensor cannot be converted, and by which rule, in one line."""


WITH_TEMPLATE = ("llava", "smolvlm")  # come with an eye, and a template that writes pictures
SEEING = ("clip", *WITH_TEMPLATE, "blip", "blip2")  # come with an eye, which transformers reads
SPEAKING = ("llama", *WITH_TEMPLATE)  # come with words that transformers reads, too


@dataclass(frozen=True)
class Sources:
    """Folders that parts were read from; None for a part that is new or that transformers does not read."""

    model: Path | None = None
    eye: Path | None = None
    words: Path | None = None


def find(source: str) -> Path:
    """A folder or file by its path, or a model of the hub by its name, from the cache: nothing is fetched."""
    if Path(source).exists():
        return Path(source)
    try:
        return Path(snapshot_download(source, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError):
        fetched = f"fetch it first: hf download {shlex.quote(source)}"
        raise ConvertError(f"{source}: no such folder or file, nor in the hub's cache; {fetched}") from None


def find_model(source: str) -> Path:
    """The same, but not of an adapter or of a model in pieces."""
    found = find(source)
    expect_itself(found)
    if found.is_dir() and (told := partial(found)):
        raise ConvertError(told)
    return found


def read_tensors(source: Path) -> dict[str, Tensor]:
    """All tensors of a file, or of a folder's one file or shards, as float32."""
    tensors: dict[str, Tensor] = {}
    for path in _weight_files(source):
        tensors |= _read_file(path)
    if not tensors:
        raise ConvertError(f"{source}: holds no tensors")
    if name := next((name for name in tensors if ".lora_A." in name), None):
        raise ConvertError(f"{source}: holds {name}, of an adapter (LoRA); take the model it was made for")
    tensors = _unwrapped(tensors, source)
    return {name: t.float() if t.is_floating_point() else t for name, t in tensors.items()}


def _unwrapped(tensors: dict[str, Tensor], source: Path) -> dict[str, Tensor]:
    """Without the marks that a compiled or distributed model leaves in the names; says which."""
    plain = {WRAPPED.sub("", name): tensor for name, tensor in tensors.items()}
    if len(plain) < len(tensors):
        raise ConvertError(f"{source}: holds tensors with and without a prefix; get it again")
    if marks := sorted({mark for name in tensors for mark in WRAPPED.findall(name)}):
        print(f"{source}: {', '.join(marks)} taken off the names of its tensors", file=sys.stderr)
    return plain


def _weight_files(source: Path) -> list[Path]:
    if source.is_file():
        return [source]
    for name in WHOLE:
        if (source / name).is_file():
            return [source / name]
        if (source / f"{name}{INDEX}").is_file():
            where = read_object(source / f"{name}{INDEX}").get("weight_map", {})
            if not isinstance(where, dict):
                raise ConvertError(f"{source / name}{INDEX}: weight_map is no JSON object; get it again")
            shards = [_shard(source, shard) for shard in sorted(set(map(str, where.values())))]
            missing = [shard.name for shard in shards if not shard.is_file()]
            if missing or not shards:
                raise ConvertError(f"{source / name}{INDEX}: shards missing: {', '.join(missing) or 'all'}")
            return shards
    raise ConvertError(f"{source}: holds neither {' nor '.join(WHOLE)}, nor shards of either")


def _shard(source: Path, name: str) -> Path:
    if Path(name).name != name or name == "..":
        raise ConvertError(f"{source}: its index names the shard {name!r}, which is not in this folder")
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
        raise ConvertError(f"{path}: not a state dict: names of tensors and the tensors{_held_within(state)}")
    return state


def _held_within(state: object) -> str:
    key = next((key for key in WITHIN if isinstance(state, dict) and isinstance(state.get(key), dict)), None)
    return f"; it keeps one under {key!r}: torch.save that alone" if key else ", nothing else"


@contextmanager
def settings_of(where: Path) -> Iterator[None]:
    """Within it a value that no configuration has ends in one line that says where, whoever meets it."""
    try:
        yield
    except (ValueError, TypeError, AttributeError, ArithmeticError, LookupError) as error:
        if isinstance(error, ValueError) and type(error) is not ValueError:
            raise  # one of ours, which says so itself
        raise ConvertError(f"{where}: its settings cannot be used ({error}); get them again") from error


def expect_new(out: Path) -> None:
    if out.resolve() == Path.cwd():
        raise ConvertError(f"{out}: the folder you are in cannot be the new one; name one in it, such as new")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ConvertError(f"{out}: exists already; name another folder, or remove it")


@contextmanager
def whole_folder(out: Path) -> Iterator[Path]:
    """A folder to write into that becomes `out` when all went well, and is gone when not."""
    expect_new(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as beside:
        folder = Path(beside) / out.name
        folder.mkdir()
        yield folder
        os.replace(folder, out)
