"""RoPE for a context longer than the one that was trained on first: Llama 3's way (Dubey et al. 2024).

    frequencies (d/2,) -> frequencies (d/2,)

A pair of numbers that turns often within the first context tells near places apart, and stays as it is; one
that turns less than once is slowed down by `factor`; between the two the one goes over into the other.
"""

import math

from torch import Tensor

FIELDS = ("factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings")


def expect_scaling(scaling: dict | None) -> None:
    """Raises ValueError for other fields than FIELDS, and for numbers that are not above 0."""
    if scaling is None:
        return
    numbers = isinstance(scaling, dict) and set(scaling) == set(FIELDS) and list(scaling.values())
    if not numbers or not all(type(x) in (int, float) and 0 < x < math.inf for x in numbers):
        raise ValueError(f"rope_scaling is {str(scaling)[:80]}, not {', '.join(FIELDS)} above 0")
    if scaling["low_freq_factor"] >= scaling["high_freq_factor"]:  # nothing would lie between the two
        raise ValueError(
            f"rope_scaling is {str(scaling)[:80]}: low_freq_factor is not below high_freq_factor"
        )


def scaled(frequencies: Tensor, scaling: dict | None) -> Tensor:
    """Radians a token."""
    if scaling is None:
        return frequencies
    factor, low, high, context = (scaling[name] for name in FIELDS)
    turns = context * frequencies / (2 * math.pi)  # within the first context
    kept = ((turns - low) / (high - low)).clamp(0, 1)
    return frequencies * (kept + (1 - kept) / factor)
