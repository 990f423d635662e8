"""The state of a run, so that a resumed run equals an uninterrupted one, whenever it was killed.

    state-00000500.pt      weights, optimizers, random state, recipe
    state-00000500.json    {"format", "step", "steps", "bytes", "sha256"}, written last: it makes it a state

Each file is written beside, flushed to the disk and renamed; the state before the newest is kept.
"""

import hashlib
import json
import os
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import torch
from torch import nn

from trainer.distributed import rank
from trainer.shards import as_held, whole

FORMAT, KEPT = 1, 2
NAME = re.compile(r"(state-\d{8,})\.(pt|json)(\.tmp)?")  # whatever else is called state-... is somebody's own
Resume = Literal["no", "last", "auto"]


class ResumeError(ValueError):
    """Why a run cannot go on, in one line."""


class StateError(ValueError):
    """Why a state is not worth saving, in one line."""


def save_state(
    folder: Path, step: int, module: nn.Module, optimizers: list, recipe: dict, write: bool = True
) -> Path:
    """Write the state that stands at `step`, then remove all but the newest `KEPT`.

    Without `write`, in all processes but one, it only helps to put shards together. Raises StateError for
    weights that are not finite; what was saved before stays.
    """
    path = folder / f"state-{step:08d}.pt"
    learnt = {"module": module.state_dict(), "optimizers": [o.state_dict() for o in optimizers]}
    learnt = whole(learnt)
    _expect_finite(learnt["module"], folder, step)
    if not write:
        return path
    folder.mkdir(parents=True, exist_ok=True)
    state = learnt | {"random": torch.get_rng_state(), "drawn": drawn(module), "recipe": recipe}
    about = {"format": FORMAT, "step": step, "steps": recipe["steps"]}
    write_whole(path, lambda temporary: about.update(_written(state, temporary)))
    write_text_whole(_label(path), json.dumps(about) + "\n")
    _remove_all_but(folder, saved_states(folder)[-KEPT:])
    return path


def drawn(module: nn.Module) -> dict[str, torch.Tensor]:
    """State of the numbers that a GPU draws by itself: dropout, and what captions are told apart from."""
    device = next(module.parameters()).device
    if device.type == "cpu":
        return {}
    return {device.type: torch.get_device_module(device).get_rng_state(device)}


def draw_on(module: nn.Module, states: dict[str, torch.Tensor]) -> None:
    """From there; a state of another kind of device says nothing to this one."""
    device = next(module.parameters()).device
    if device.type in states:
        torch.get_device_module(device).set_rng_state(states[device.type], device)


def _expect_finite(weights: dict[str, torch.Tensor], folder: Path, step: int) -> None:
    strange = [name for name, t in weights.items() if t.is_floating_point() and not torch.isfinite(t).all()]
    if strange:
        good = f"{paths[-1]} stays" if (paths := saved_states(folder)) else "there is no state before it"
        found = f"{strange[0]} is not finite at step {step}, which is not saved; {good}"
        raise StateError(f"{found}; try a lower --lr, in another --out")


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """`write` fills a file beside; it takes its place only when it is on the disk."""
    temporary = path.with_name(path.name + ".tmp")
    try:
        write(temporary)
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        reason = error.strerror or error
        raise OSError(f"cannot write {path}: {reason}; what was saved before it is untouched") from error


def write_text_whole(path: Path, text: str) -> None:
    write_whole(path, lambda file: file.write_text(text, encoding="utf-8"))


def _written(state: dict, path: Path) -> dict:
    with open(path, "wb") as file:  # given a path, torch tells of a full disk by a RuntimeError
        torch.save(state, file)
    return _sum(path)


def _sum(path: Path) -> dict:
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"bytes": path.stat().st_size, "sha256": digest}


def _label(path: Path) -> Path:
    return path.with_suffix(".json")


def saved_states(folder: Path) -> list[Path]:
    """The states of a run that were written to the end, the newest last."""
    return [path for path in sorted(_own(folder, "*.pt")) if _label(path).is_file()]


def _own(folder: Path, pattern: str = "*") -> list[Path]:
    return [path for path in folder.glob(pattern) if NAME.fullmatch(path.name)]


def _remove_all_but(folder: Path, kept: list[Path]) -> None:
    """Labels go first: a state without one does not count."""
    named = {path.stem for path in kept}
    for path in sorted(_own(folder)):  # .json before .pt
        if NAME.fullmatch(path.name)[1] not in named:
            path.unlink(missing_ok=True)


def load_state(folder: Path, module: nn.Module, optimizers: list, recipe: dict, resume: Resume) -> int:
    """Put everything back and return the step it stands at; 0 where there is nothing and that is fine.

    `last` wants the newest state and nothing else. `auto` starts anew where there is none, and where the
    newest is damaged it says so and takes the one before. `no` starts anew, but not over what another run
    has left there. Raises ResumeError; nothing is changed then.
    """
    paths = saved_states(folder)
    if resume == "last" and not paths:
        raise ResumeError(f"nothing to resume: no saved state in {folder}; start without --resume")
    if resume == "no" or not paths:
        expect_no_run(folder)
        _remove_all_but(folder, [])
        return 0
    path, state = _newest(paths, or_older=resume == "auto")
    _expect_same(state["recipe"], recipe, path)
    return _put_back(state, module, optimizers, path)


def _newest(paths: list[Path], or_older: bool) -> tuple[Path, dict]:
    *older, path = paths
    try:
        return path, _read(path)
    except ResumeError as damage:
        if not (or_older and older):
            raise
        print(f"{damage}; continuing from the state before it")
        return _newest(older, or_older)


def expect_no_run(folder: Path) -> None:
    """Raises ResumeError where another run would be written over."""
    if paths := saved_states(folder):
        at, end = (_about(paths[-1])[key] for key in ("step", "steps"))
        more = "" if at < end else " and more --epochs"
        go_on = f"continue with --resume last{more}, "
        raise ResumeError(
            f"{folder} holds a run that stands at step {at} of {end}; {go_on}give another --out, or remove it"
        )


def _about(path: Path) -> dict:
    try:
        about = json.loads(_label(path).read_text(encoding="utf-8"))
        number, kept = about["format"], {key: about[key] for key in ("step", "steps", "bytes", "sha256")}
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ResumeError(
            f"{_label(path)} cannot be read ({error}); --resume auto goes back one save"
        ) from error
    if number != FORMAT:
        raise ResumeError(f"{path} has format {number}, not {FORMAT}; use the code that wrote it")
    return kept


def _read(path: Path) -> dict:
    about = _about(path)
    try:
        if {key: about[key] for key in ("bytes", "sha256")} != _sum(path):
            raise ResumeError(
                f"{path} is damaged: not what was written (sha256); --resume auto goes back one save"
            )
    except OSError as error:
        raise ResumeError(
            f"{path} cannot be read ({error.strerror}); --resume auto goes back one save"
        ) from error
    try:
        return torch.load(path, map_location="cpu", weights_only=True) | {"step": about["step"]}
    except (pickle.UnpicklingError, RuntimeError, EOFError, TypeError):  # its label was made for it
        raise ResumeError(
            f"{path} holds something other than weights and numbers; it was not loaded"
        ) from None


def _expect_same(was: dict, now: dict, path: Path) -> None:
    """But for the length, which may grow. What an older state does not know is not compared."""
    longer = now["steps"] - was["steps"]
    before, after = (_by_words(recipe, bool(longer)) for recipe in (was, now))
    for words in after:
        if words in before and before[words] != after[words]:
            given = f"{words} {before[words]}, not {after[words]}"
            raise ResumeError(f"{path} was made with {given}; resume with the same flags")
    if longer < 0:
        counts = f"a run of {was['steps']} steps, not {now['steps']}"
        raise ResumeError(f"{path} is of {counts}; give as many --epochs as then, or more")
    if longer and rank() == 0:
        print(f"{path}: the run becomes longer: {was['steps']} steps before, {now['steps']} now")


def _by_words(recipe: dict, longer: bool) -> dict[str, object]:
    """All that has to be the same; of a longer run the warm-up need not, which is a share of a short one."""
    left_out = {"steps", "known", *(["warmup"] if longer else [])}
    flags = {f"--{name}": value for name, value in recipe.items() if name not in left_out}
    return flags | recipe.get("known", {})


def _put_back(state: dict, module: nn.Module, optimizers: list, path: Path) -> int:
    try:
        held = module.state_dict()
        module.load_state_dict(
            {k: as_held(v, held[k]) if k in held else v for k, v in state["module"].items()}
        )
        for optimizer, values in zip(optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(_as_held(values, optimizer))
    except (RuntimeError, ValueError, LookupError) as error:
        first = " ".join(str(error).split())[:200]
        raise ResumeError(
            f"{path} is of another model or --train ({first}); resume with the same flags"
        ) from None
    torch.set_rng_state(state["random"])
    draw_on(module, state.get("drawn", {}))
    return state["step"]


def _as_held(values: dict, optimizer: torch.optim.Optimizer) -> dict:
    """An optimizer's state, its moments divided as its parameters are."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    moments = {
        i: {k: as_held(v, parameters[i]) if v.shape == parameters[i].shape else v for k, v in own.items()}
        for i, own in values["state"].items()
    }
    return values | {"state": moments}
