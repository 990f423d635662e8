"""The vision-language model: image tokens replace the embeddings of placeholders, and the decoder runs.

    pixel_values (I, 3, S, S) -> vision (I, P, D_vision) -> connector (I, N, D) \
    input_ids    (B, T)       -> embed_tokens (B, T, D)                          > splice -> decoder -> logits

I pictures of the whole batch in reading order (row by row, left to right), N image tokens for each; where
a picture is cut into tiles (dataset/images/tiles.py), each is one. As LLaVA (Liu et al. 2023, section 4.1).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from model import files
from model.config import VLMConfig
from model.connector import build_connector
from model.decoder import Decoder, KVCache
from model.loss import scored_loss
from model.quick import QuickDecoder
from model.speaker import Speaker
from model.vision import VisionTower


def splice(embeds: Tensor, is_image: Tensor, image_tokens: Tensor) -> Tensor:
    """Overwrite embeds (B, T, D) where `is_image` (B, T): the k-th such place, row by row, gets the k-th
    of the image tokens (I, N, D).

    Raises ValueError, naming row and numbers, unless each row holds whole pictures and all find a place.
    """
    images, per_image, size = image_tokens.shape
    counts = is_image.sum(1)
    for row in (counts % per_image).nonzero().flatten().tolist():
        raise ValueError(
            f"row {row} has {counts[row]} image placeholders: not a multiple of a picture's {per_image}"
        )
    if counts.sum() != images * per_image:
        raise ValueError(
            f"{images} pictures give {images * per_image} image tokens, but the rows have places for "
            f"{counts.tolist()}"
        )
    return embeds.masked_scatter(is_image[..., None], image_tokens.reshape(-1, size).to(embeds.dtype))


@dataclass
class VLMOutput:
    """`hidden` (B, T, D); `loss` where labels were given; `logits` (B, T, V), made when asked for."""

    hidden: Tensor
    decoder: Decoder
    loss: Tensor | None = None

    @property
    def logits(self) -> Tensor:
        return self.decoder.logits(self.hidden)


class VLM(Speaker):
    def __init__(self, config: VLMConfig) -> None:
        super().__init__()
        self.config = config
        self.vision = VisionTower(config.vision)
        self.connector = build_connector(config)
        self.decoder = Decoder(config.text)
        self.quick: QuickDecoder | None = None  # answers in the decoder's place, where there is one

    def embed(
        self, input_ids: Tensor, pixel_values: Tensor | None = None, image_features: Tensor | None = None
    ) -> Tensor:
        """(B, T) and the pictures, as pixels or as features already seen -> inputs_embeds (B, T, D).

        Without pictures a placeholder is a word like any other.
        """
        embeds = self.decoder.embed_tokens(input_ids)
        if pixel_values is not None:
            image_features = self.vision(pixel_values.flatten(0, -4))  # (..., 3, S, S) -> (I, P, D_vision)
        if image_features is None:
            return embeds
        image_tokens = self.connector(image_features.to(embeds.dtype))  # (I, N, D)
        return splice(embeds, input_ids == self.config.image_token_id, image_tokens)

    def forward(
        self,
        input_ids: Tensor,
        pixel_values: Tensor | None = None,
        attention_mask: Tensor | None = None,
        labels: Tensor | None = None,
        image_features: Tensor | None = None,
        cache: KVCache | None = None,
        ends: Tensor | None = None,
    ) -> VLMOutput:
        """Rows padded on the right need no attention_mask: nothing before the padding can see it. Rows of
        several conversations about a picture come with `ends` (B, T), see `decoder.shared_mask`."""
        embeds = self.embed(input_ids, pixel_values, image_features)
        hidden = self.decoder(embeds, attention_mask, cache, ends)
        if labels is None:
            return VLMOutput(hidden, self.decoder)
        loss = scored_loss(self.decoder, hidden, labels)
        loss = loss + self.config.text.router_aux_loss_coef * self.decoder.balance_loss()
        return VLMOutput(hidden, self.decoder, loss)

    @torch.inference_mode()
    def stream(
        self,
        input_ids: Tensor,
        pixel_values: Tensor | None = None,
        attention_mask: Tensor | None = None,
        generator: torch.Generator | None = None,
        cache: KVCache | None = None,
        **choices: object,
    ) -> Iterator[Tensor]:
        """Yield new ids (B,), one position at a time. Batches of unequal prompts are padded on the left and
        come with attention_mask (B, T). A `cache` holds what stands before input_ids, and is filled on.
        `choices` are the fields of `Sampling`."""
        how, decoder = self.sampling(choices), self.quick or self.decoder
        embeds = self.embed(input_ids, pixel_values)
        if attention_mask is not None and attention_mask.all():
            attention_mask = None
        B, T = input_ids.shape
        cache = cache or decoder.new_cache(B, T + how.max_new_tokens)

        def step(embeds: Tensor) -> Tensor:
            return decoder.logits(decoder(embeds, attention_mask, cache)[:, -1])

        def append(ids: Tensor) -> Tensor:
            nonlocal attention_mask
            if attention_mask is not None:
                attention_mask = F.pad(attention_mask, (0, 1), value=1)
            return step(self.decoder.embed_tokens(ids)[:, None])

        def select(rows: Tensor) -> None:
            nonlocal attention_mask
            cache.select(rows)
            if attention_mask is not None:
                attention_mask = attention_mask[rows]

        yield from self.speak(lambda: step(embeds), append, select, how, generator)

    def save_pretrained(self, folder: str | Path, dtype: torch.dtype | None = None) -> None:
        files.save(self, folder, dtype)

    @classmethod
    def from_pretrained(cls, folder: str | Path) -> "VLM":
        return files.load(folder, {files.OURS: lambda: (VLMConfig, cls)})
