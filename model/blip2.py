"""BLIP-2's second stage (Li et al. 2023, section 3.3) on language models of Hugging Face.

    pixels (B, 3, S, S) -> vision encoder (B, P, D_vision) -> Q-Former, projection (B, Q, D) \
    text   (B, T)       -> its word embeddings (B, T, D)                           > [queries, text] -> logits

The queries are a soft prompt in front of the text. A causal model (OPT) goes on from both; an
encoder-decoder (T5) reads both with its encoder, and its decoder answers. `VLM` with the connector
"qformer" is the same with our own decoder.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from functools import cached_property
from types import SimpleNamespace

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    DynamicCache,
    PretrainedConfig,
)
from transformers.cache_utils import EncoderDecoderCache

from model.bert import IGNORED
from model.config import VisionConfig
from model.fields import build
from model.qformer import QFormerConnector
from model.speaker import Speaker
from model.vision import VisionTower


@dataclass(frozen=True)
class Blip2Config:
    """`language` is the configuration of a transformers model, `qformer` the fields of a BertConfig."""

    language: dict = field(default_factory=dict)
    qformer: dict = field(default_factory=dict)
    vision: VisionConfig = field(default_factory=VisionConfig)
    image_token_id: int = 0  # never read: the tokenizer has one
    eos_token_id: int = 0
    pad_token_id: int = 0
    image_tokens = 0  # places that a picture takes in the text

    @cached_property
    def published(self) -> PretrainedConfig:
        """The language model's configuration as transformers has it."""
        return AutoConfig.for_model(**self.language)

    @property
    def text(self) -> SimpleNamespace:
        """What a connector and a chat need to know of the language model."""
        own = self.published
        room = getattr(own, "max_position_embeddings", None) or getattr(own, "n_positions", 512)
        return SimpleNamespace(
            hidden_size=own.hidden_size,
            vocab_size=own.vocab_size,
            max_position_embeddings=room - self.qformer["num_query_tokens"],
        )

    def to_dict(self) -> dict:
        return {"model_type": "glimpse-blip2", **asdict(self)}

    @classmethod
    def from_dict(cls, values: dict) -> "Blip2Config":
        """Strict: an unknown key is an error that names it."""
        values = {k: v for k, v in values.items() if k != "model_type"}
        values["vision"] = build(VisionConfig, values.get("vision", {}), "vision.")
        return build(cls, values)


def behind_queries(labels: Tensor, queries: int) -> Tensor:
    """(B, T) -> (B, Q + T): what the queries would have to say is not scored."""
    return F.pad(labels, (queries, 0), value=IGNORED)


@dataclass
class Blip2Output:
    """`logits` (B, T, V) at the text (of T5: at what is said), and `loss` where labels were given."""

    logits: Tensor
    loss: Tensor | None = None


class Blip2(Speaker):
    """Used as a VLM is, with one picture for each text, which is not mentioned in it."""

    def __init__(self, config: Blip2Config) -> None:
        super().__init__()
        self.config = config
        self.vision = VisionTower(config.vision)
        self.connector = QFormerConnector(config)
        self.encodes = config.published.is_encoder_decoder
        kind = AutoModelForSeq2SeqLM if self.encodes else AutoModelForCausalLM
        self.decoder = kind.from_config(config.published)

    def embed(
        self,
        input_ids: Tensor,
        pixel_values: Tensor | None,
        attention_mask: Tensor | None,
        image_features: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """-> inputs_embeds (B, Q + T, D), and their mask (B, Q + T)."""
        if pixel_values is not None:
            image_features = self.vision(pixel_values.flatten(0, -4))
        images = 0 if image_features is None else len(image_features)
        if images != len(input_ids):
            raise ValueError(f"{images} pictures for {len(input_ids)} texts; BLIP-2 looks at one for each")
        words = self.decoder.get_input_embeddings()(input_ids)
        queries = self.connector(image_features.to(words.dtype)).to(words.dtype)
        mask = torch.ones_like(input_ids) if attention_mask is None else attention_mask.long()
        return torch.cat([queries, words], dim=1), F.pad(mask, (queries.shape[1], 0), value=1)

    def forward(
        self,
        input_ids: Tensor,
        pixel_values: Tensor | None = None,
        attention_mask: Tensor | None = None,
        labels: Tensor | None = None,
        image_features: Tensor | None = None,
    ) -> Blip2Output:
        """labels (B, T) stand beside input_ids, -100 at prompt and padding. An encoder-decoder needs them:
        its encoder reads what is not scored, its decoder says what is."""
        if self.encodes:
            if labels is None:
                raise ValueError("an encoder-decoder needs labels: they tell the question from the answer")
            input_ids, attention_mask, labels = self.parted(input_ids, attention_mask, labels)
            embeds, mask = self.embed(input_ids, pixel_values, attention_mask, image_features)
            out = self.decoder(inputs_embeds=embeds, attention_mask=mask, labels=labels)
            return Blip2Output(out.logits, out.loss)
        embeds, mask = self.embed(input_ids, pixel_values, attention_mask, image_features)
        queries = embeds.shape[1] - input_ids.shape[1]
        logits = self.decoder(inputs_embeds=embeds, attention_mask=mask).logits
        if labels is None:
            return Blip2Output(logits[:, queries:])
        targets = behind_queries(labels, queries)[:, 1:]
        loss = F.cross_entropy(logits[:, :-1].flatten(0, 1).float(), targets.flatten())
        return Blip2Output(logits[:, queries:], loss)

    def parted(self, ids: Tensor, mask: Tensor | None, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What is read, its mask, and what is said (-100 behind it), each packed to the left."""
        pad = self.config.pad_token_id
        read = (labels == IGNORED) & (ids != pad if mask is None else mask.bool())
        said = labels != IGNORED
        first = read.long().argsort(dim=1, descending=True, stable=True)[:, : read.sum(1).max()]
        then = said.long().argsort(dim=1, descending=True, stable=True)[:, : said.sum(1).max()]
        answers = labels.gather(1, then).masked_fill(~said.gather(1, then), IGNORED)
        return ids.gather(1, first), read.gather(1, first), answers

    @torch.inference_mode()
    def stream(
        self,
        input_ids: Tensor,
        pixel_values: Tensor | None = None,
        attention_mask: Tensor | None = None,
        generator: torch.Generator | None = None,
        **choices: object,
    ) -> Iterator[Tensor]:
        """Yield new ids (B,), one position at a time; as `VLM.stream`."""
        how = self.sampling(choices)
        embeds, mask = self.embed(input_ids, pixel_values, attention_mask)
        speaker = (Answering if self.encodes else Continuing)(self.decoder, embeds, mask)
        yield from self.speak(speaker.start, speaker.append, speaker.select, how, generator)


class Continuing:
    """A causal model that goes on from embeddings (B, S, D), their mask (B, S) 0 at padding."""

    def __init__(self, model: nn.Module, embeds: Tensor, mask: Tensor) -> None:
        self.model, self.embeds, self.mask, self.cache = model, embeds, mask, DynamicCache()

    def start(self) -> Tensor:
        return self._logits(inputs_embeds=self.embeds)

    def append(self, ids: Tensor) -> Tensor:
        self.mask = F.pad(self.mask, (0, 1), value=1)
        return self._logits(input_ids=ids[:, None])

    def select(self, rows: Tensor) -> None:
        self.cache.batch_select_indices(rows)
        self.mask = self.mask[rows]

    def _logits(self, **new: Tensor) -> Tensor:
        out = self.model(**new, attention_mask=self.mask, past_key_values=self.cache, use_cache=True)
        return out.logits[:, -1]


class Answering:
    """An encoder-decoder: what was read stays, the decoder goes on from its start token."""

    def __init__(self, model: nn.Module, embeds: Tensor, mask: Tensor) -> None:
        self.model, self.mask = model, mask
        self.read = model.get_encoder()(inputs_embeds=embeds, attention_mask=mask).last_hidden_state
        self.cache = EncoderDecoderCache(DynamicCache(), DynamicCache())

    def start(self) -> Tensor:
        first = self.model.config.decoder_start_token_id
        return self.append(self.mask.new_full((len(self.mask),), first))

    def append(self, ids: Tensor) -> Tensor:
        out = self.model(
            encoder_outputs=(self.read,),
            attention_mask=self.mask,
            decoder_input_ids=ids[:, None],
            past_key_values=self.cache,
            use_cache=True,
        )
        return out.logits[:, -1]

    def select(self, rows: Tensor) -> None:
        self.cache.batch_select_indices(rows)
        self.read, self.mask = self.read[rows], self.mask[rows]
