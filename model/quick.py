"""The decoder laid out for answering: the same numbers, near the rate at which memory is read.

To say one token every weight is read once, so the rate of reading is the limit; what is left to win is how
the weights lie in memory, how many bytes they are, and how little is done beside.

    q, k and v are one product, gate and up another, each with the weight of the norm in front of it
    fp32   W in the order in which oneDNN reads it                                        4 bytes a weight
    bf16   the same, by the instructions of a CPU or GPU that has them                    2
    int8   each row of W by its own scale (LLM.int8, Dettmers et al. 2022, section 2.1)   1

`QuickDecoder` is called as `Decoder` is, and stands in its place where nothing is trained.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.decoder import Block, Decoder, KVCache, RMSNorm, attention_mask_for, rope_angles
from model.device import pick_dtype
from model.moe import SwiGLU

LAYOUTS = ("fp32", "bf16", "int8")
FEW = 16  # rows of x: weights are laid out for so many, and int8 ones are read as they are


class Laid:
    """Linear layers that read the same x, as one: (..., in) -> (..., sum of their outs)."""

    def __init__(self, linears: list[nn.Linear], layout: str, norm: Tensor | None = None) -> None:
        """`norm` (in,) is the weight of the norm in front: a factor of each column."""
        weight = torch.cat([linear.weight.detach() for linear in linears]).float()  # (out, in)
        weight = weight if norm is None else weight * norm.detach()
        biases = [linear.bias.detach() for linear in linears if linear.bias is not None]
        around = pick_dtype("auto", weight.device) if layout == "int8" else layout
        self.dtype = torch.float32 if around == "fp32" else torch.bfloat16
        self.bias = torch.cat(biases).to(self.dtype) if biases else None
        self.packed = (
            layout != "int8" and weight.device.type == "cpu" and torch.backends.mkldnn.is_available()
        )
        self.scale: Tensor | None = None
        self.weight = weight.to(self.dtype)
        if layout == "int8":
            scale = weight.abs().amax(1).clamp(min=1e-12) / 127  # (out,)
            self.weight = (weight / scale[:, None]).round().to(torch.int8)
            self.scale = scale.bfloat16()
        if self.packed:  # what torch.compile does with weights that are frozen
            self.weight = torch.ops.mkldnn._reorder_linear_weight(self.weight, FEW)

    def __call__(self, x: Tensor) -> Tensor:
        x = x.to(self.dtype)
        if self.packed:
            return torch.ops.mkldnn._linear_pointwise(x, self.weight, self.bias, "none", [], "")
        if self.scale is None:
            return F.linear(x, self.weight, self.bias)
        if x.device.type == "cpu" and x[..., 0].numel() <= FEW:
            out = torch._weight_int8pack_mm(x.flatten(0, -2).bfloat16(), self.weight, self.scale)
            out = out.unflatten(0, x.shape[:-1]).to(x.dtype)
        else:
            out = F.linear(x, self.weight.to(x.dtype)) * self.scale
        return out if self.bias is None else out + self.bias


class QuickBlock:
    """`Block`, but for how it is written down."""

    def __init__(self, block: Block, layout: str) -> None:
        attention, mlp = block.self_attn, block.mlp
        self.layer, self.head_size, self.group = attention.layer, attention.head_size, attention.group
        self.eps, self.keys = block.input_layernorm.eps, attention.k_proj.out_features // self.head_size
        before = block.input_layernorm.weight
        self.qkv = Laid([attention.q_proj, attention.k_proj, attention.v_proj], layout, before)
        self.o = Laid([attention.o_proj], layout)
        self.q_norm, self.k_norm = attention.q_norm, attention.k_norm
        self.mlp, self.norm = mlp, block.post_attention_layernorm
        if isinstance(mlp, SwiGLU):
            self.gate_up = Laid([mlp.gate_proj, mlp.up_proj], layout, self.norm.weight)
            self.down = Laid([mlp.down_proj], layout)

    def __call__(self, x: Tensor, rope: tuple[Tensor, Tensor], mask: Tensor | None, cache: KVCache) -> Tensor:
        x = x + self.o(self._attention(normed(x, self.eps), rope, mask, cache))
        if not isinstance(self.mlp, SwiGLU):
            return x + self.mlp(self.norm(x))  # experts stay as they are
        gate, up = self.gate_up(normed(x, self.eps)).chunk(2, dim=-1)
        return x + self.down(F.silu(gate) * up)

    def _attention(
        self, x: Tensor, rope: tuple[Tensor, Tensor], mask: Tensor | None, cache: KVCache
    ) -> Tensor:
        B, T, _ = x.shape
        heads = self.qkv(x).view(B, T, -1, self.head_size).transpose(1, 2)  # (B, H + 2K, T, d)
        if isinstance(self.q_norm, RMSNorm):
            q, k, v = heads.split([heads.shape[1] - 2 * self.keys, self.keys, self.keys], 1)
            heads = torch.cat([self.q_norm(q).to(q.dtype), self.k_norm(k).to(k.dtype), v], 1)
        turned = turn(heads[:, : -self.keys], *rope)  # all but v
        q, k = turned[:, : -self.keys], turned[:, -self.keys :]
        k, v = cache.update(self.layer, k, heads[:, -self.keys :])  # (B, K, S, d)
        if T > 1:
            out = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, enable_gqa=True)
            return out.transpose(1, 2).reshape(B, T, -1)
        q = q.view(B, self.keys, self.group, self.head_size)  # those that share a key, as if one by one
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask).reshape(B, 1, -1)


def normed(x: Tensor, eps: float) -> Tensor:
    """x / rms(x): RMSNorm but for its weight."""
    length = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
    return x * torch.rsqrt(length * length / x.shape[-1] + eps)


def turn(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """`rotate` of decoder.py, with the minus sign in the first half of `sin`."""
    first, second = x.chunk(2, dim=-1)
    return torch.addcmul(x * cos, torch.cat([second, first], dim=-1), sin)


class QuickDecoder:
    """Shares the embeddings of the decoder that it is made from; `layout` is one of LAYOUTS."""

    def __init__(self, decoder: Decoder, layout: str) -> None:
        self.config, self.embed_tokens, self.layout = decoder.config, decoder.embed_tokens, layout
        self.blocks = [QuickBlock(block, layout) for block in decoder.layers]
        words = decoder.embed_tokens if self.config.tie_word_embeddings else decoder.lm_head
        head = nn.Linear(*words.weight.T.shape, bias=False, device="meta")
        head.weight = words.weight
        self.head = Laid([head], layout, decoder.norm.weight)
        places = torch.arange(self.config.max_position_embeddings, device=words.weight.device)[None]
        angles = self.config.head_size, self.config.rope_theta, self.config.rope_scaling
        cos, sin = rope_angles(places, *angles)  # (1, 1, S, d)
        sin[..., : self.config.head_size // 2] *= -1
        self.cos, self.sin = cos[0, 0].to(self.head.dtype), sin[0, 0].to(self.head.dtype)

    def new_cache(self, batch: int, capacity: int) -> KVCache:
        return KVCache(self.config, batch, capacity, like=self.cos)

    def __call__(self, inputs_embeds: Tensor, attention_mask: Tensor | None, cache: KVCache) -> Tensor:
        """(B, T, D) -> hidden (B, T, D), which `logits` alone can read."""
        past, new = cache.length, inputs_embeds.shape[1]
        if past + new > len(self.cos):
            raise ValueError(f"{past + new} tokens do not fit the context of {len(self.cos)}")
        if attention_mask is None:
            rope = self.cos[past : past + new], self.sin[past : past + new]  # (T, d)
        else:
            places = (attention_mask.long().cumsum(1) - 1).clamp(min=0)[:, None, past:]
            rope = self.cos[places], self.sin[places]  # (B, 1, T, d)
        mask = attention_mask_for(past, new, attention_mask, inputs_embeds.device)
        x = inputs_embeds.float()
        for block in self.blocks:
            x = block(x, rope, mask, cache)
        cache.length += new
        return normed(x, self.config.rms_norm_eps)

    def logits(self, hidden: Tensor) -> Tensor:
        return self.head(hidden)
