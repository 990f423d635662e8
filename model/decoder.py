"""The decoder: LLaMA-style, all of it here. Read top to bottom.

    input_ids (B, T) -> embed_tokens -> inputs_embeds (B, T, D)
    inputs_embeds    -> layers x (x + attention(norm(x)); x + SwiGLU(norm(x))) -> norm -> hidden (B, T, D)
    hidden           -> lm_head -> logits (B, T, V)

B batch, T new tokens, S tokens so far (T of them new), D hidden size, H query heads, K key/value heads,
d head size, V vocabulary. Sources: RMSNorm (Zhang & Sennrich 2019), RoPE (Su et al. 2021, section 3.2),
GQA (Ainslie et al. 2023), SwiGLU (Shazeer 2020); put together as LLaMA (Touvron et al. 2023) does.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from model.config import DecoderConfig
from model.moe import MixtureOfExperts, SwiGLU
from model.rope_scaling import scaled


class RMSNorm(nn.Module):
    """x / rms(x) * weight, the mean taken in float32 whatever the precision of x."""

    def __init__(self, size: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        wide = x.float()
        wide = wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + self.eps)
        return self.weight * wide.to(x.dtype)


Rope = tuple[Tensor, Tensor]  # cosine and sine of angles


def rope_angles(positions: Tensor, head_size: int, theta: float, scaling: dict | None = None) -> Rope:
    """Cosine and sine of how far each pair of numbers turns at a position: two of (B, 1, T, d), float32."""
    frequencies = theta ** (-torch.arange(0, head_size, 2, device=positions.device).float() / head_size)
    angles = positions[:, None, :, None].float() * scaled(frequencies, scaling)  # (B, 1, T, d/2)
    angles = torch.cat([angles, angles], dim=-1)  # number i is paired with number i + d/2
    return angles.cos(), angles.sin()


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn each pair (x[i], x[i + d/2]) of (B, heads, T, d) by its angle."""
    first, second = x.chunk(2, dim=-1)
    return x * cos.to(x.dtype) + torch.cat([-second, first], dim=-1) * sin.to(x.dtype)


class KVCache:
    """Keys and values of the S tokens so far, in memory set aside once: (layers, B, K, capacity, d) each."""

    def __init__(self, config: DecoderConfig, batch: int, capacity: int, like: Tensor) -> None:
        shape = (config.num_hidden_layers, batch, config.num_key_value_heads, capacity, config.head_size)
        self.keys = torch.zeros(shape, device=like.device, dtype=like.dtype)
        self.values = torch.zeros_like(self.keys)
        self.length = 0

    def update(self, layer: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Append T new (B, K, T, d) to one layer; returns all S of it. `length` moves once per forward."""
        end = self.length + k.shape[2]
        if end > self.keys.shape[3]:
            raise ValueError(f"the cache holds {self.keys.shape[3]} tokens; {end} are needed")
        self.keys[layer, :, :, self.length : end] = k
        self.values[layer, :, :, self.length : end] = v
        return self.keys[layer, :, :, :end], self.values[layer, :, :, :end]

    def select(self, rows: Tensor) -> None:
        """Go on with these rows of the batch, in this order; a row may come more than once, or not at all."""
        self.keys, self.values = self.keys[:, rows], self.values[:, rows]


def attention_mask_for(past: int, new: int, valid: Tensor | None, device: torch.device) -> Tensor | None:
    """Who may look at whom: True where a query (row) may see a key (column); (T, S) or (B, 1, T, S).

        past 2, new 3      keys 0 1 2 3 4
              query 2           1 1 1 0 0
              query 3           1 1 1 1 0
              query 4           1 1 1 1 1

    One rule for training, prefill, chunked prefill and decoding: a key may not come after its query.
    `valid` (B, S), where given, also hides padding. A padding query sees itself alone: a row that sees
    nothing would be 0/0. None: every query may see every key.
    """
    if new == 1 and valid is None:
        return None
    keys = torch.arange(past + new, device=device)
    queries = keys[past:, None]
    mask = keys <= queries  # (T, S)
    if valid is None:
        return mask
    return ((mask & valid.bool()[:, None, :]) | (keys == queries))[:, None]  # (B, 1, T, S)


def shared_mask(ends: Tensor) -> Tensor:
    """Who may look at whom in rows of several conversations that begin alike, (B, T) -> (B, T, T).

        place              0 1 2 3 4 5 6
        ends               7 7 5 4 5 7 7     a token is seen from itself to before its end
              picture 0    1 0 0 0 0 0 0
              picture 1    1 1 0 0 0 0 0
              What?   2    1 1 1 0 0 0 0     a question with two answers:
              A dog.  3    1 1 1 1 0 0 0     one
              A pup.  4    1 1 1 0 1 0 0     is blind to the other
              Where?  5    1 1 0 0 0 1 0     and this one to all three
              Here.   6    1 1 0 0 0 1 1

    A row is a tree, written branch by branch; a token's end is where its branch ends. Each conversation sees
    itself alone, as if it stood in a row of its own. How many tokens it sees is also where a token stands
    there, so positions go on from the fork for each branch. Padding, whose end is 0, sees itself.
    """
    place = torch.arange(ends.shape[1], device=ends.device)
    seen = (place[:, None] < ends[:, None, :]).tril()
    return seen | torch.eye(len(place), dtype=torch.bool, device=ends.device)


LONG = 1024  # tokens from which the fused attention is faster there, too, and takes far less memory
WATCHERS: list[Callable[[Tensor], object]] = []  # are shown all weights (B, H, T, S); look.py is one


def attend(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
    """softmax(q k^T / sqrt(d)) v over the keys that `mask` allows; q (B, H, T, d), k and v (B, H, S, d).

    Written out where short rows are trained on a CPU in bf16 (there torch's fused one is up to 3 times
    slower), fused everywhere else.
    """
    trained = q.requires_grad and q.device.type == "cpu" and q.dtype == torch.bfloat16
    if not WATCHERS and not (trained and k.shape[2] < LONG):
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    scores = (q / q.shape[-1] ** 0.5) @ k.transpose(-2, -1)  # (B, H, T, S)
    if mask is not None:
        scores += torch.zeros_like(mask, dtype=scores.dtype).masked_fill(~mask, -torch.inf)
    weights = scores.softmax(-1)
    for watch in WATCHERS:
        watch(weights)
    return weights @ v


class Attention(nn.Module):
    """Grouped-query attention: H query heads share K key/value heads, H / K to one."""

    def __init__(self, config: DecoderConfig, layer: int) -> None:
        super().__init__()
        self.layer, self.head_size = layer, config.head_size
        self.group = config.num_attention_heads // config.num_key_value_heads
        query_size = config.num_attention_heads * config.head_size
        key_size = config.num_key_value_heads * config.head_size
        self.q_proj = nn.Linear(config.hidden_size, query_size, bias=config.attention_bias)
        self.k_proj = nn.Linear(config.hidden_size, key_size, bias=config.attention_bias)
        self.v_proj = nn.Linear(config.hidden_size, key_size, bias=config.attention_bias)
        self.o_proj = nn.Linear(query_size, config.hidden_size, bias=False)
        norms = (RMSNorm(self.head_size, config.rms_norm_eps) for _ in "qk")
        self.q_norm, self.k_norm = norms if config.qk_norm else (nn.Identity(), nn.Identity())

    def forward(self, x: Tensor, rope: Rope, mask: Tensor | None, cache: KVCache | None = None) -> Tensor:
        B, T, _ = x.shape
        q = self.q_norm(self.q_proj(x).view(B, T, -1, self.head_size)).transpose(1, 2)  # (B, H, T, d)
        k = self.k_norm(self.k_proj(x).view(B, T, -1, self.head_size)).transpose(1, 2)  # (B, K, T, d)
        v = self.v_proj(x).view(B, T, -1, self.head_size).transpose(1, 2)  # (B, K, T, d)
        q, k = rotate(q, *rope), rotate(k, *rope)
        if cache is not None:
            k, v = cache.update(self.layer, k, v)  # (B, K, S, d)
        k, v = (t.repeat_interleave(self.group, 1) for t in (k, v))  # (B, H, S, d): head h reads h // group
        out = attend(q, k, v, mask)  # (B, H, T, d)
        return self.o_proj(out.transpose(1, 2).reshape(B, T, -1))


class Block(nn.Module):
    """One layer: attention, then feed-forward, each read from a norm and added to the stream."""

    def __init__(self, config: DecoderConfig, layer: int) -> None:
        super().__init__()
        self.input_layernorm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.self_attn = Attention(config, layer)
        self.post_attention_layernorm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        self.mlp = (
            MixtureOfExperts(config)
            if config.num_local_experts
            else SwiGLU(config.hidden_size, config.intermediate_size)
        )

    def forward(self, x: Tensor, rope: Rope, mask: Tensor | None, cache: KVCache | None = None) -> Tensor:
        x = x + self.self_attn(self.input_layernorm(x), rope, mask, cache)
        return x + self.mlp(self.post_attention_layernorm(x))


class Decoder(nn.Module):
    """Embeddings, blocks, final norm and head. `forward` gives hidden states; `logits` reads them out."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.config = config
        self.recompute = False  # in training a layer's insides are computed again instead of kept
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(Block(config, i) for i in range(config.num_hidden_layers))
        self.norm = RMSNorm(config.hidden_size, config.rms_norm_eps)
        if not config.tie_word_embeddings:
            self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        self.apply(_init_weights)

    def forward(
        self,
        inputs_embeds: Tensor,
        attention_mask: Tensor | None = None,
        cache: KVCache | None = None,
        ends: Tensor | None = None,
    ) -> Tensor:
        """(B, T, D) -> hidden (B, T, D). `attention_mask` (B, S) is 0 at padding, cached tokens included;
        `ends` (B, T): see `shared_mask`."""
        past, new = cache.length if cache else 0, inputs_embeds.shape[1]
        if attention_mask is None:
            positions = torch.arange(past, past + new, device=inputs_embeds.device)[None]  # (1, T)
        else:
            positions = (attention_mask.long().cumsum(1) - 1).clamp(min=0)[:, past:]  # padding is not counted
        mask = attention_mask_for(past, new, attention_mask, inputs_embeds.device)
        reach = past + new
        if ends is not None:
            mask = shared_mask(ends)
            positions, mask = mask.sum(-1) - 1, mask[:, None]
            reach = int(positions.max()) + 1
        if reach > self.config.max_position_embeddings:
            raise ValueError(
                f"{reach} tokens do not fit the context of {self.config.max_position_embeddings}"
            )
        config = self.config
        rope = rope_angles(positions, config.head_size, config.rope_theta, config.rope_scaling)
        x = inputs_embeds
        for block in self.layers:
            if self.recompute and self.training:
                x = checkpoint(block, x, rope, mask, use_reentrant=False)
            else:
                x = block(x, rope, mask, cache)
        if cache is not None:
            cache.length += new
        return self.norm(x)

    def new_cache(self, batch: int, capacity: int) -> KVCache:
        return KVCache(self.config, batch, capacity, like=self.norm.weight)

    def logits(self, hidden: Tensor) -> Tensor:
        """(..., D) -> (..., V)"""
        head = self.embed_tokens if self.config.tie_word_embeddings else self.lm_head
        return F.linear(hidden, head.weight)

    def balance_loss(self) -> Tensor | float:
        """The routers' load-balancing loss of the last forward, summed over layers; 0 without experts."""
        return sum(b.mlp.balance_loss for b in self.layers if isinstance(b.mlp, MixtureOfExperts))


def _init_weights(module: nn.Module) -> None:
    if isinstance(module, (nn.Linear, nn.Embedding)):
        nn.init.normal_(module.weight, std=0.02)
