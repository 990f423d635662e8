"""What people call their own pictures, learnt before a decoder is to say it.

A decoder that is fine-tuned on sixty photographs learns them by heart. A linear classifier of what the
encoder sees of them (a probe, Alain & Bengio 2016) tells new ones apart better. Here the data's answers are
its classes; afterwards the words connector adds the name of the likeliest to the image token of the whole
picture, as it does with ImageNet's names, and the decoder has only to learn to read it aloud.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dataset.chat.render import Chat
from dataset.errors import DataError
from dataset.record import Record
from model.vlm import VLM
from trainer.words import unpadded

UNKNOWN = -1  # the number of a name that was not taught
SHARE = 0.1  # of the records, those that may be mistakes


def names_of(records: Sequence[Record]) -> list[str]:
    """The first answers, each once. Raises DataError where they are no classes of the pictures."""
    found: dict[str, None] = {}
    called: dict[int, str] = {}  # a picture's hash, be it a path or bytes -> what it was called first
    otherwise = 0
    for record in map(records.__getitem__, range(len(records))):
        found[record.caption] = None
        otherwise += called.setdefault(hash(record.images[0]), record.caption) != record.caption
    about = "it is for pictures of few kinds, several of each"
    if len(found) < 2 or 2 * len(found) > len(records):
        many = f"{len(found):,} different first answers in {len(records):,} records are no classes"
        raise DataError(f"stage names: {many}; {about}")
    if otherwise > SHARE * len(records):
        many = f"{otherwise:,} of {len(records):,} records call a picture otherwise than one before does"
        raise DataError(f"stage names: {many}; {about}. Begin with train_sft_vlm.py")
    return list(found)


class NameLoss(nn.Module):
    """Cross-entropy of the pictures' names; of the connector only its classifier of them learns."""

    def __init__(self, vlm: VLM) -> None:
        super().__init__()
        self.vlm = vlm
        self.numbers: dict[tuple[int, ...], int] = {}  # of the names, by their tokens

    def look_through(self, records: Sequence[Record], chat: Chat) -> None:
        """Take the names from the records' first answers, as `names_of` does."""
        if not self.vlm.config.vision.keep_cls:
            raise DataError("stage names: this model has no image token for the whole picture (keep_cls)")
        said = names_of(records)
        pad = self.vlm.config.pad_token_id
        self.numbers = {unpadded([*chat.encode(name), chat.end_id], pad): n for n, name in enumerate(said)}
        self.vlm.config = replace(self.vlm.config, taught=len(said))
        connector, words = self.vlm.connector, self.vlm.decoder.embed_tokens.weight
        connector.teach(words, [chat.encode(f" {name}") for name in said])
        connector.requires_grad_(False)
        for p in connector.taught.requires_grad_(True).parameters():
            p.lr_factor = getattr(connector.linear_1.weight, "lr_factor", 1.0)

    def forward(self, batch: dict) -> dict[str, Tensor]:
        logits, numbers = self._called(batch)
        return {
            "loss": F.cross_entropy(logits.float(), numbers),
            "found": (logits.argmax(1) == numbers).float().mean(),
        }

    def weigh(self, batch: dict) -> int:
        return len(batch["caption_ids"])

    def chance(self, batch_size: int) -> dict[str, float]:
        return {"loss": math.log(len(self.numbers))}

    @torch.no_grad()
    def evaluate(self, batches: list[dict]) -> dict[str, float]:
        """Which share of held-out pictures it calls by their names."""
        found = [(self._called(batch), len(batch["where"])) for batch in batches]
        right = sum((logits.argmax(1) == numbers).sum().item() for (logits, numbers), _ in found)
        return {"val_found": right / sum(number for _, number in found)}

    def _called(self, batch: dict) -> tuple[Tensor, Tensor]:
        """-> logits (B, K), and the names' numbers (B,)."""
        features = batch.get("image_features")
        if features is None:
            features = self.vlm.vision(batch["pixel_values"])
        pad, rows = self.vlm.config.pad_token_id, batch["caption_ids"].tolist()
        numbers = [self.numbers.get(unpadded(row, pad), UNKNOWN) for row in rows]
        dtype = self.vlm.connector.taught.weight.dtype
        return self.vlm.connector.call(features.to(dtype)), torch.tensor(numbers, device=features.device)
