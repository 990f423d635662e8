"""Comparisons with public references, and the page that lists them: `make proof` writes docs/PROOF.md."""

from pathlib import Path

import torch
import transformers
from torch import Tensor
from torch.testing import assert_close

FOUND: list[tuple[str, str, float, float]] = []  # what, reference, largest difference, largest value

HEAD = """# Proof

Each hand-written part gives the same results as a public implementation with the same weights. The weights
are scrambled (norms are not ones, biases not zeros), everything runs in float32 on a CPU, and the weights go
through the import and export code that users run. `make proof` writes this page: it runs the tests that
assert these equalities (rtol and atol 1e-4 or tighter; token ids must be equal).

"""


def same(what: str, reference: str, ours: Tensor, theirs: Tensor, close: float = 1e-4) -> None:
    """Asserts that they are equal within `close`, relative and absolute; notes by how much they differ."""
    ours, theirs = ours.detach(), theirs.detach()
    assert_close(ours, theirs, rtol=close, atol=close)
    seen = ~theirs.isinf() if theirs.is_floating_point() else torch.ones_like(theirs, dtype=torch.bool)
    difference = (ours[seen] - theirs[seen]).abs().max().item()
    FOUND.append((what, reference, difference, theirs[seen].abs().max().item()))


def write(path: Path) -> None:
    """The largest difference of each comparison, however many cases it had."""
    rows: dict[tuple[str, str], tuple[int, float, float]] = {}
    for what, reference, difference, size in FOUND:
        cases, most, largest = rows.get((what, reference), (0, 0.0, 0.0))
        rows[what, reference] = cases + 1, max(most, difference), max(largest, size)
    lines = ["| what | reference | cases | largest difference | largest value |", "|---|---|---|---|---|"]
    for (what, reference), (cases, most, largest) in sorted(rows.items()):
        difference = "equal" if most == 0 else f"{most:.1e}"
        lines.append(f"| {what} | {reference} | {cases} | {difference} | {largest:.3g} |")
    versions = f"torch {torch.__version__}, transformers {transformers.__version__}"
    path.parent.mkdir(exist_ok=True)
    path.write_text(HEAD + "\n".join(lines) + f"\n\n{versions}.\n")
