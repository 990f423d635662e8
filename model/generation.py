"""From logits to the next token: rules, choice, and the loop. Knows logits only, no model.

    logits (B, V) -> repetition penalty -> temperature -> top-k -> top-p -> ids (B,)

The order is fixed, and each rule is a pure function. Top-p is Holtzman et al. 2020 (section 3.1), the
repetition penalty Keskar et al. 2019 (section 4.1).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Sampling:
    """How to choose. `max_new_tokens` counts new tokens only; temperature 0 is greedy; top_k 0 and top_p 1
    keep everything; a row ends after one of `stop_ids`, and is filled with `pad_id` from there on.
    `num_beams` above 1 is beam search, which is greedy (beam.py says what the two after it mean)."""

    max_new_tokens: int = 256
    temperature: float = 0.0
    top_k: int = 0
    top_p: float = 1.0
    repetition_penalty: float = 1.0
    num_beams: int = 1
    length_penalty: float = 1.0
    early_stopping: bool = False
    stop_ids: tuple[int, ...] = ()
    pad_id: int = 0

    def __post_init__(self) -> None:
        for name, ok, need in (
            ("max_new_tokens", self.max_new_tokens >= 0, "0 or more"),
            ("temperature", 0 <= self.temperature < float("inf"), "0 (greedy) or more"),
            ("top_k", self.top_k >= 0, "0 (off) or more"),
            ("top_p", 0 < self.top_p <= 1, "above 0 and at most 1 (off)"),
            ("num_beams", 1 <= self.num_beams <= 64, "1 (off) to 64"),
            ("temperature", self.num_beams == 1 or self.temperature == 0, "0 with beams: they are greedy"),
            ("repetition_penalty", 0 < self.repetition_penalty < float("inf"), "above 0 (1 is off)"),
        ):
            if not ok:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be {need}")


def penalise_repetition(logits: Tensor, seen: Tensor, penalty: float) -> Tensor:
    """Make the ids in `seen` (B, n) less likely: divide where positive, multiply where negative."""
    scores = logits.gather(1, seen)
    scores = torch.where(scores > 0, scores / penalty, scores * penalty)
    return logits.scatter(1, seen, scores)


def keep_top_k(logits: Tensor, k: int) -> Tensor:
    """All but the k largest become -inf; ties with the k-th stay."""
    smallest = logits.topk(min(k, logits.shape[-1]), dim=-1).values[:, -1:]
    return logits.masked_fill(logits < smallest, -torch.inf)


def keep_top_p(logits: Tensor, p: float) -> Tensor:
    """Keep the most likely tokens up to and with the one at which their sum reaches p."""
    ordered, order = logits.sort(dim=-1, descending=True)
    chances = ordered.softmax(-1)
    before = chances.cumsum(-1) - chances  # the sum in front of each token: the one that crosses p stays
    return ordered.masked_fill(before >= p, -torch.inf).gather(-1, order.argsort(-1))


def choose(logits: Tensor, seen: Tensor, how: Sampling, generator: torch.Generator | None = None) -> Tensor:
    """(B, V) -> (B,). `seen` (B, n) are the ids generated so far: a prompt's words stay free to be said."""
    if how.repetition_penalty != 1 and seen.shape[1]:
        logits = penalise_repetition(logits, seen, how.repetition_penalty)
    if how.temperature == 0:
        return logits.argmax(-1)
    logits = logits.float() / how.temperature
    if how.top_k:
        logits = keep_top_k(logits, how.top_k)
    if how.top_p < 1:
        logits = keep_top_p(logits, how.top_p)
    return torch.multinomial(logits.softmax(-1), 1, generator=generator)[:, 0]


def generate(
    logits: Tensor, step: Callable[[Tensor], Tensor], how: Sampling, generator: torch.Generator | None = None
) -> Iterator[Tensor]:
    """Yield ids (B,) one position at a time until every row has stopped.

    logits (B, V) are those of the prompt's last position; `step(ids)` appends ids (B,) and returns the next.
    """
    B = logits.shape[0]
    stops = torch.tensor(how.stop_ids, device=logits.device, dtype=torch.long)
    seen = torch.empty(B, 0, dtype=torch.long, device=logits.device)
    done = torch.zeros(B, dtype=torch.bool, device=logits.device)
    for left in range(how.max_new_tokens, 0, -1):
        ids = choose(logits, seen, how, generator).masked_fill(done, how.pad_id)
        yield ids
        done = done | torch.isin(ids, stops)
        if left == 1 or done.all():
            return
        seen = torch.cat([seen, ids[:, None]], dim=1)
        logits = step(ids)
