"""BLIP's caption decoder (Li et al. 2022, section 3.1): BERT made causal, with a look at the picture in
every layer. No picture stands in its text.

    ids (B, T), image (B, P, D_vision) -> hidden (B, T, D) -> logits (B, T, V)

B texts and as many pictures, P patches, D width, V vocabulary.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.bert import Attention, BertConfig, Embeddings, FeedForward, Head, Past, init_bert
from model.config import VisionConfig
from model.decoder import attention_mask_for
from model.fields import build
from model.speaker import Speaker
from model.vision import VisionTower

SMOOTHING = 0.1  # of the labels, as BLIP trains


class BlipLayer(nn.Module):
    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.attention = Attention(config)
        self.crossattention = Attention(config, config.encoder_hidden_size)
        self.text_forward = FeedForward(config)

    def forward(
        self, x: Tensor, mask: Tensor | None, image: Tensor, past: tuple[Past, Past] | None
    ) -> tuple[Tensor, tuple[Past, Past]]:
        x, words = self.attention(x, mask, past=past and past[0])
        x, seen = self.crossattention(x, context=image, past=past and past[1])
        return self.text_forward(x), (words, seen)


class BlipCache:
    """Keys and values of the words so far, and of the picture, for each layer."""

    def __init__(self) -> None:
        self.layers: list[tuple[Past, Past]] = []

    @property
    def length(self) -> int:
        return self.layers[0][0][0].shape[2] if self.layers else 0

    def select(self, rows: Tensor) -> None:
        """Go on with these rows of the batch, in this order; a row may come more than once, or not at all."""
        self.layers = [tuple((k[rows], v[rows]) for k, v in layer) for layer in self.layers]


class BlipDecoder(nn.Module):
    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.config = config
        self.embeddings = Embeddings(config)
        self.layernorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)
        self.layers = nn.ModuleList(BlipLayer(config) for _ in range(config.num_hidden_layers))
        self.head = Head(config)
        self.apply(init_bert)

    def forward(
        self, ids: Tensor, image: Tensor, valid: Tensor | None = None, cache: BlipCache | None = None
    ) -> Tensor:
        """ids (B, T), what the eye saw (B, P, D_vision) -> hidden (B, T, D).

        `valid` (B, S) is 0 at padding, cached words included. With a cache, ids are the new ones alone, and
        keys and values of the picture are computed once.
        """
        past, kept = cache.length if cache else 0, []
        mask = attention_mask_for(past, ids.shape[1], valid, ids.device)
        places = torch.arange(past, past + ids.shape[1], device=ids.device)
        if valid is not None:  # padding is not counted
            places = (valid.long().cumsum(1) - 1).clamp(min=0)[:, past:]
        x = self.dropout(self.layernorm(self.embeddings(ids, places)))
        for index, layer in enumerate(self.layers):
            x, both = layer(x, mask, image, cache.layers[index] if past else None)
            kept.append(both)
        if cache is not None:
            cache.layers = kept
        return x

    def logits(self, hidden: Tensor) -> Tensor:
        """(..., D) -> (..., V)"""
        return self.head(hidden, self.embeddings.word_embeddings.weight)


@dataclass(frozen=True)
class BlipConfig:
    """A vision encoder and a caption decoder; ids are those of the tokenizer beside the weights."""

    text: BertConfig = field(default_factory=BertConfig)
    vision: VisionConfig = field(default_factory=VisionConfig)
    image_token_id: int = 0  # never read: the tokenizer has one
    eos_token_id: int = 0
    pad_token_id: int = 0
    min_new_tokens: int = 0  # no answer is shorter
    image_tokens = 0  # places that a picture takes in the text

    def to_dict(self) -> dict:
        return {"model_type": "glimpse-blip", **asdict(self)}

    @classmethod
    def from_dict(cls, values: dict) -> "BlipConfig":
        """Strict: an unknown key is an error that names it."""
        values = {k: v for k, v in values.items() if k != "model_type"}
        for key, kind in (("text", BertConfig), ("vision", VisionConfig)):
            values[key] = build(kind, values.get(key, {}), key + ".")
        return build(cls, values)


@dataclass
class BlipOutput:
    """`logits` (B, T, V), and `loss` where labels were given."""

    logits: Tensor
    loss: Tensor | None = None


class Blip(Speaker):
    """Used as a VLM is, with one picture for each text."""

    def __init__(self, config: BlipConfig) -> None:
        super().__init__()
        self.config = config
        self.vision = VisionTower(config.vision)
        self.decoder = BlipDecoder(config.text)

    def see(self, ids: Tensor, pixel_values: Tensor | None, image_features: Tensor | None = None) -> Tensor:
        """Pixels, or features already seen -> (B, P, D_vision)."""
        if pixel_values is not None:
            image_features = self.vision(pixel_values.flatten(0, -4))
        images = 0 if image_features is None else len(image_features)
        if images != len(ids):
            raise ValueError(f"{images} pictures for {len(ids)} texts; BLIP looks at one picture for each")
        return image_features.to(self.decoder.layernorm.weight.dtype)

    def forward(
        self,
        input_ids: Tensor,
        pixel_values: Tensor | None = None,
        attention_mask: Tensor | None = None,
        labels: Tensor | None = None,
        image_features: Tensor | None = None,
    ) -> BlipOutput:
        """input_ids (B, T) begin with [DEC]; labels (B, T) are -100 at prompt and padding, and are shifted
        here. Rows padded on the right need no attention_mask."""
        image = self.see(input_ids, pixel_values, image_features)
        logits = self.decoder.logits(self.decoder(input_ids, image, attention_mask))
        if labels is None:
            return BlipOutput(logits)
        scored = logits[:, :-1].flatten(0, 1).float(), labels[:, 1:].flatten()
        return BlipOutput(logits, F.cross_entropy(*scored, label_smoothing=SMOOTHING))

    @torch.inference_mode()
    def stream(
        self,
        input_ids: Tensor,
        pixel_values: Tensor | None = None,
        attention_mask: Tensor | None = None,
        generator: torch.Generator | None = None,
        **choices: object,
    ) -> Iterator[Tensor]:
        """Yield new ids (B,), one position at a time, the prompt left out; as `VLM.stream`.

        No row ends before it has the config's `min_new_tokens`.
        """
        how = self.sampling(choices)
        image, cache, prompt = self.see(input_ids, pixel_values), BlipCache(), input_ids.shape[1]
        valid = torch.ones_like(input_ids) if attention_mask is None else attention_mask

        def step(ids: Tensor) -> Tensor:
            logits = self.decoder.logits(self.decoder(ids, image, valid, cache)[:, -1])
            if cache.length - prompt < self.config.min_new_tokens:
                logits[:, list(how.stop_ids)] = -torch.inf
            return logits

        def append(ids: Tensor) -> Tensor:
            nonlocal valid
            valid = F.pad(valid, (0, 1), value=1)
            return step(ids[:, None])

        def select(rows: Tensor) -> None:
            nonlocal valid
            cache.select(rows)
            valid = valid[rows]

        yield from self.speak(lambda: step(input_ids), append, select, how, generator)
