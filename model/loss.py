"""The loss of everything that answers: next token, where a label says so."""

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from model.decoder import Decoder

IGNORED = -100  # a label that is not scored
AT_ONCE = 1 << 24  # logits; of more, as a large vocabulary has, a part at a time is made, and made again


def scored_loss(decoder: Decoder, hidden: Tensor, labels: Tensor, weights: Tensor | None = None) -> Tensor:
    """Mean cross-entropy of the n labels (B, T) that are not -100, each read one position before it; where
    there are weights (n,), each times its own.

    Logits are made for these positions alone: a vocabulary's worth for every image token would be waste.
    """
    targets = labels[:, 1:]
    scored = targets != IGNORED
    if not scored.any():
        raise ValueError("no label is scored: every one of the batch is -100")
    states, wanted = hidden[:, :-1][scored], targets[scored]  # (n, D), (n,)
    weights = torch.ones_like(states[:, 0]) if weights is None else weights
    rows = max(1, AT_ONCE // decoder.config.vocab_size)
    parts = [*zip(states.split(rows), wanted.split(rows), weights.split(rows), strict=True)]
    if len(parts) == 1:
        total = _summed(decoder, *parts[0])
    else:
        total = sum(checkpoint(_summed, decoder, *part, use_reentrant=False) for part in parts)
    return total / len(wanted)


def _summed(decoder: Decoder, states: Tensor, wanted: Tensor, weights: Tensor) -> Tensor:
    surprise = F.cross_entropy(decoder.logits(states).float(), wanted, reduction="none")
    return (surprise * weights).sum()
