"""BERT's bricks (Devlin et al. 2018), of which the Q-Former and BLIP's decoder are made.

    ids (B, T) -> Embeddings -> x (B, T, D)
    x          -> Attention, of x to itself or across to what an encoder saw -> FeedForward -> x
    x          -> Head -> logits (B, T, V)

Post-norm: each brick is norm(x + f(x)), where LLaMA's is x + f(norm(x)). Attention's weights are not dropped
out, the bricks' outputs are.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.decoder import attend
from model.fields import divides

IGNORED = -100  # a label that is not scored
Past = tuple[Tensor, Tensor]  # keys and values so far, (B, H, S, d) each


@dataclass(frozen=True)
class BertConfig:
    """Sizes of a stack of BERT layers; the names are Hugging Face's. The defaults are BLIP-2's Q-Former.

    `use_qformer_text_input`: whether the Q-Former can read (stage 1) or only look (stage 2).
    """

    vocab_size: int = 30523  # BERT's 30,522 and [DEC]
    hidden_size: int = 768
    intermediate_size: int = 3072
    num_hidden_layers: int = 12
    num_attention_heads: int = 12
    max_position_embeddings: int = 512
    layer_norm_eps: float = 1e-12
    hidden_dropout_prob: float = 0.1
    encoder_hidden_size: int = 1408
    cross_attention_frequency: int = 2
    num_query_tokens: int = 32
    use_qformer_text_input: bool = True

    def __post_init__(self) -> None:
        divides(self, "num_attention_heads", "hidden_size")


class Embeddings(nn.Module):
    """Words and their places, learnt: (B, T) -> (B, T, D). Not normed yet."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(config.vocab_size, config.hidden_size)
        self.position_embeddings = nn.Embedding(config.max_position_embeddings, config.hidden_size)

    def forward(self, ids: Tensor, places: Tensor) -> Tensor:
        """`places` (T,) or (B, T) count from 0."""
        if (last := places.max().item()) >= (room := self.position_embeddings.num_embeddings):
            raise ValueError(f"{last + 1} words do not fit the {room} places")
        return self.word_embeddings(ids) + self.position_embeddings(places)


class Attention(nn.Module):
    """norm(x + attention(x)): x looks at itself, or at a `context` (B, S, D_context) of another width."""

    def __init__(self, config: BertConfig, context_size: int | None = None) -> None:
        super().__init__()
        size = config.hidden_size
        self.heads = config.num_attention_heads
        self.query = nn.Linear(size, size)
        self.key = nn.Linear(context_size or size, size)
        self.value = nn.Linear(context_size or size, size)
        self.dense = nn.Linear(size, size)
        self.LayerNorm = nn.LayerNorm(size, eps=config.layer_norm_eps)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)

    def split(self, x: Tensor) -> Tensor:
        """(B, T, D) -> (B, H, T, d)"""
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def forward(
        self, x: Tensor, mask: Tensor | None = None, context: Tensor | None = None, past: Past | None = None
    ) -> tuple[Tensor, Past]:
        """(B, T, D) -> the same, and keys and values to go on from. `mask` is True where a query may look.

        `past` is what this layer returned before: earlier words stand in front of x's, a context stays.
        """
        if context is not None and past is not None:
            k, v = past
        else:
            source = x if context is None else context
            k, v = self.split(self.key(source)), self.split(self.value(source))
            if past is not None:
                k, v = torch.cat([past[0], k], dim=2), torch.cat([past[1], v], dim=2)
        out = attend(self.split(self.query(x)), k, v, mask)  # (B, H, T, d)
        out = self.dense(out.transpose(1, 2).flatten(2))
        return self.LayerNorm(x + self.dropout(out)), (k, v)


class FeedForward(nn.Module):
    """norm(x + W2 gelu(W1 x))"""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.intermediate = nn.Linear(config.hidden_size, config.intermediate_size)
        self.dense = nn.Linear(config.intermediate_size, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)

    def forward(self, x: Tensor) -> Tensor:
        return self.LayerNorm(x + self.dropout(self.dense(F.gelu(self.intermediate(x)))))


class Head(nn.Module):
    """BERT's way back to words: one more layer, then the word embeddings read backwards, with a bias."""

    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.dense = nn.Linear(config.hidden_size, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.bias = nn.Parameter(torch.zeros(config.vocab_size))

    def forward(self, x: Tensor, words: Tensor) -> Tensor:
        """(..., D) and the embeddings (V, D) -> (..., V)"""
        return F.linear(self.LayerNorm(F.gelu(self.dense(x))), words, self.bias)


def init_bert(module: nn.Module) -> None:
    """For `apply`: normal 0.02, biases zero, as BERT."""
    if isinstance(module, (nn.Linear, nn.Embedding)):
        nn.init.normal_(module.weight, std=0.02)
    if isinstance(module, nn.Linear):
        nn.init.zeros_(module.bias)
