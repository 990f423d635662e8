"""Renaming: rules from other projects' tensor names to ours, each tensor by exactly one rule."""

import re
from collections.abc import Sequence

from torch import Tensor

from convert.files import ConvertError

Rules = Sequence[tuple[str, str | None]]  # pattern of a whole name -> our name, or None: not needed


def rename(tensors: dict[str, Tensor], rules: Rules, where: object) -> dict[str, Tensor]:
    """Every tensor under its new name, without those that a rule drops.

    Raises ConvertError for a tensor that no rule knows, and for two that would get one name.
    """
    found: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        matches = ((re.fullmatch(pattern, name), ours) for pattern, ours in rules)
        match, ours = next(((m, ours) for m, ours in matches if m), (None, None))
        if match is None:
            raise ConvertError(f"{where}: tensor {name} {tuple(tensor.shape)} fits no rule; it would be lost")
        if ours is None:
            continue
        target = match.expand(ours)
        if target in found:
            raise ConvertError(f"{where}: tensor {name} and another would both become {target}")
        found[target] = tensor
    return found


def refuse(where: object, values: dict, allowed: dict[str, tuple]) -> None:
    """Raises ConvertError for a field of a configuration that says what our model does not do."""
    for key, known in allowed.items():
        if key in values and values[key] not in known:
            raise ConvertError(
                f"{where}: {key} is {values[key]!r}; this model has {' or '.join(map(repr, known))} only"
            )
