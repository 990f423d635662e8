"""The state of a run, saved whole or not at all, so that a resumed run equals an uninterrupted one."""

import os
from pathlib import Path

import torch
from torch import nn

STATE = "training_state.pt"


class ResumeError(ValueError):
    """Why a run cannot go on, in one line."""


def save_state(folder: Path, step: int, module: nn.Module, optimizers: list, recipe: dict) -> None:
    """Weights, optimizers, random state and the recipe they belong to; written beside, then renamed."""
    folder.mkdir(parents=True, exist_ok=True)
    state = {
        "step": step,
        "module": module.state_dict(),
        "optimizers": [optimizer.state_dict() for optimizer in optimizers],
        "random": torch.get_rng_state(),
        "recipe": recipe,
    }
    temporary = folder / (STATE + ".tmp")
    with open(temporary, "wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, folder / STATE)


def load_state(folder: Path, module: nn.Module, optimizers: list, recipe: dict) -> int:
    """Put everything back and return the step it stands at. Raises ResumeError if the recipe is another."""
    path = folder / STATE
    if not path.is_file():
        raise ResumeError(f"nothing to resume: no {STATE} in {folder}; start without --resume")
    state = torch.load(path, map_location="cpu", weights_only=True)
    changed = [k for k in recipe if state["recipe"].get(k) != recipe[k]]
    if changed:
        was, now = state["recipe"].get(changed[0]), recipe[changed[0]]
        raise ResumeError(f"{path} was made with --{changed[0]} {was}, not {now}; resume with the same flags")
    module.load_state_dict(state["module"])
    for optimizer, values in zip(optimizers, state["optimizers"], strict=True):
        optimizer.load_state_dict(values)
    torch.set_rng_state(state["random"])
    return state["step"]
