"""Beam search: keep the W best beginnings of an answer, not only the best one. Knows logits only.

    logits (B, V) -> W beams a row -> best finished answer of each row, (B, new)

Sutskever et al. 2014 (section 3.2), with Wu et al. 2016's idea (section 7) of dividing an answer's score by
a power of its length; the order of the rules and the stop are those of transformers' `generate`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from model.generation import Sampling, penalise_repetition


@dataclass
class Row:
    """One prompt's beams: what each has said, the sum of its log-probabilities, and what is finished."""

    how: Sampling
    said: list[list[int]] = field(default_factory=lambda: [[]])
    scores: Tensor = field(default_factory=lambda: torch.zeros(1))  # (beams,), best first
    finished: list[tuple[float, list[int]]] = field(default_factory=list)  # (score, answer), best first

    def advance(self, log_probs: Tensor) -> list[int]:
        """log_probs (beams, V) of the next token -> which beam each of the new ones goes on from.

        So many candidates are looked at that W stay even if all the others end here. An ending counts only
        among the W best, and every candidate ends at the last position.
        """
        W, V = self.how.num_beams, log_probs.shape[-1]
        total = (self.scores[:, None] + log_probs).flatten()
        best, flat = total.topk(min(max(2, 1 + len(self.how.stop_ids)) * W, len(total)))
        length = len(self.said[0]) + 1
        parents, said, scores = [], [], []
        for rank, (score, index) in enumerate(zip(best.tolist(), flat.tolist(), strict=True)):
            beam, id = divmod(index, V)
            if id in self.how.stop_ids or length == self.how.max_new_tokens:
                if rank < W:
                    self.finished.append((score / length**self.how.length_penalty, [*self.said[beam], id]))
            elif len(parents) < W:
                parents.append(beam)
                said.append([*self.said[beam], id])
                scores.append(score)
        self.finished = sorted(self.finished, key=lambda answer: -answer[0])[:W]
        self.said, self.scores = said, torch.tensor(scores)
        return parents

    @property
    def done(self) -> bool:
        """Nothing goes on, or W answers are there and none gets better (early_stopping: they are enough)."""
        if not self.said or len(self.finished) < self.how.num_beams:
            return not self.said
        reach = self.scores[0].item() / len(self.said[0]) ** self.how.length_penalty
        return self.how.early_stopping or reach <= self.finished[-1][0]


def beam_search(logits: Tensor, step: Callable[[Tensor, Tensor], Tensor], how: Sampling) -> Tensor:
    """The best answer of each row, (B, new), filled up with `pad_id`.

    logits (B, V) are those of the prompts' last position. `step(rows, ids)` goes on from some of the rows of
    the last call (at first the prompts), each with one id more, and returns their logits (rows, V).
    """
    rows = [Row(how) for _ in range(logits.shape[0])]
    live, first = list(rows), list(range(len(rows)))  # `first[i]`: where the beams of live[i] begin in logits
    while live:
        log_probs = logits.float().log_softmax(-1).cpu()
        parents, ids, starts, still = [], [], [], []
        for row, start in zip(live, first, strict=True):
            own = penalised(log_probs[start : start + len(row.said)], row)
            chosen = row.advance(own)
            if not row.done:
                still.append(row)
                starts.append(len(parents))
                parents += [start + beam for beam in chosen]
                ids += [said[-1] for said in row.said]
        live, first = still, starts
        if live:
            logits = step(*(torch.tensor(some, device=logits.device) for some in (parents, ids)))
    answers = [row.finished[0][1] for row in rows]
    longest = max(map(len, answers))
    padded = [[*answer, *[how.pad_id] * (longest - len(answer))] for answer in answers]
    return torch.tensor(padded, device=logits.device)


def penalised(log_probs: Tensor, row: Row) -> Tensor:
    if row.how.repetition_penalty == 1 or not row.said[0]:
        return log_probs
    return penalise_repetition(log_probs, torch.tensor(row.said), row.how.repetition_penalty)
