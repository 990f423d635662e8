"""Losses over the words of the vocabulary."""

import math
from collections.abc import Sequence

from torch import Tensor, nn

from model.loss import IGNORED
from model.vlm import VLM
from trainer.loop import scored_labels


def unpadded(ids: Sequence[int], pad_id: int) -> tuple[int, ...]:
    """Equal for equal words, however much padding follows them."""
    return tuple(id for id in ids if id != pad_id)


class WordLoss(nn.Module):
    """A loss over the words of the vocabulary."""

    def __init__(self, vlm: VLM) -> None:
        super().__init__()
        self.vlm = vlm

    def chance(self, batch_size: int) -> dict[str, float]:
        """What each loss is for a model that guesses: all words, or pairs, equally likely."""
        return {"loss": math.log(self.vlm.config.text.vocab_size)}

    def weigh(self, batch: dict) -> int:
        """Of how many things the loss of a batch is the mean; 0 where it teaches nothing."""
        return scored_labels(batch)


class AnswerLoss(WordLoss):
    """The loss of align and SFT: next token of the answers, given pictures and questions."""

    def weigh(self, batch: dict) -> int:
        """Where the decoder rests, nothing is learnt without a picture."""
        seen = "pixel_values" in batch or "image_features" in batch
        teaches = seen or any(p.requires_grad for p in self.vlm.decoder.parameters())
        return scored_labels(batch) if teaches else 0

    def forward(self, batch: dict) -> dict[str, Tensor]:
        shared = {"ends": batch["ends"]} if "ends" in batch else {}
        out = self.vlm(
            batch["input_ids"],
            batch.get("pixel_values"),
            labels=batch["labels"],
            image_features=batch.get("image_features"),
            **shared,
        )
        return {"loss": out.loss}


class TextLoss(WordLoss):
    """Next token of the whole conversation, questions too; nothing is seen, so nothing can be known."""

    def forward(self, batch: dict) -> dict[str, Tensor]:
        ids = batch["input_ids"]
        return {"loss": self.vlm(ids, labels=ids.masked_fill(self._unscored(ids), IGNORED)).loss}

    def weigh(self, batch: dict) -> int:
        return int((~self._unscored(batch["input_ids"])[:, 1:]).sum())

    def _unscored(self, ids: Tensor) -> Tensor:
        return (ids == self.vlm.config.pad_token_id) | (ids == self.vlm.config.image_token_id)
