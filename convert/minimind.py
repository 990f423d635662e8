"""MiniMind-V's .pth of the MiniMind2-V era, dense and with experts (jingyaogong/minimind-v, commit 26de815).

Its RoPE turns neighbours (0, 1), (2, 3), ...; ours turns halves (0, d/2), (1, d/2 + 1), ...: the rows of the
query and key projections are put in that order, and nothing else changes.
"""

from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

from convert.files import ConvertError
from convert.names import Rules, refuse, rename
from model.config import DecoderConfig

LAYER = r"(layers\.\d+)\."
EXPERT = r"(layers\.\d+)\.feed_forward(\.experts\.\d+)\."
RULES: Rules = (
    (r"tok_embeddings\.weight", "decoder.embed_tokens.weight"),
    (r"norm\.weight", "decoder.norm.weight"),
    (r"output\.weight", "decoder.lm_head.weight"),
    (LAYER + r"attention\.w([qkvo])\.weight", r"decoder.\1.self_attn.\2_proj.weight"),
    (LAYER + r"attention_norm\.weight", r"decoder.\1.input_layernorm.weight"),
    (LAYER + r"ffn_norm\.weight", r"decoder.\1.post_attention_layernorm.weight"),
    (LAYER + r"feed_forward\.w1\.weight", r"decoder.\1.mlp.gate_proj.weight"),
    (LAYER + r"feed_forward\.w2\.weight", r"decoder.\1.mlp.down_proj.weight"),
    (LAYER + r"feed_forward\.w3\.weight", r"decoder.\1.mlp.up_proj.weight"),
    (LAYER + r"feed_forward\.gate\.weight", r"decoder.\1.mlp.gate.weight"),
    (EXPERT + r"w1\.weight", r"decoder.\1.mlp\2.gate_proj.weight"),
    (EXPERT + r"w2\.weight", r"decoder.\1.mlp\2.down_proj.weight"),
    (EXPERT + r"w3\.weight", r"decoder.\1.mlp\2.up_proj.weight"),
    (
        LAYER + r"feed_forward\.shared_experts\.w1\.weight",
        r"decoder.\1.mlp.shared_experts.0.gate_proj.weight",
    ),
    (
        LAYER + r"feed_forward\.shared_experts\.w2\.weight",
        r"decoder.\1.mlp.shared_experts.0.down_proj.weight",
    ),
    (LAYER + r"feed_forward\.shared_experts\.w3\.weight", r"decoder.\1.mlp.shared_experts.0.up_proj.weight"),
    (r"vision_proj\.vision_proj\.0\.(weight|bias)", r"connector.linear_1.\1"),
    (r"pos_cis|freqs_cis|.*rotary.*", None),  # a table that is computed
    (r"vision_encoder\..+", None),  # the eye comes from --vision
)
KNOWN = {"norm_topk_prob": (True,), "scoring_func": ("softmax",)}


def decoder_config(values: dict, tensors: dict[str, Tensor], where: Path | str) -> DecoderConfig:
    """LMConfig's fields (their defaults where there is no config.json) -> ours; sizes are the tensors'."""
    refuse(where, values, KNOWN)
    for key in ("tok_embeddings.weight", "output.weight"):
        if key not in tensors:
            raise ConvertError(f"{where}: no tensor {key}; not a MiniMind2-V state dict")
    vocabulary, size = tensors["tok_embeddings.weight"].shape
    first, expert = "layers.0.feed_forward.w1.weight", "layers.0.feed_forward.experts.0.w1.weight"
    moe = expert in tensors
    if moe != values.get("use_moe", moe) or not (moe or first in tensors):
        raise ConvertError(f"{where}: no tensor {expert if values.get('use_moe') else first} in the weights")
    return DecoderConfig(
        vocab_size=vocabulary,
        hidden_size=size,
        intermediate_size=len(tensors[expert if moe else first]),
        num_hidden_layers=1 + max(int(name.split(".")[1]) for name in tensors if name.startswith("layers.")),
        num_attention_heads=values.get("n_heads", 8),
        num_key_value_heads=values.get("n_kv_heads") or values.get("n_heads", 8),
        max_position_embeddings=values.get("max_seq_len", 8192),
        rope_theta=float(values.get("rope_theta", 1e6)),
        rms_norm_eps=values.get("norm_eps", 1e-5),
        tie_word_embeddings=tensors["output.weight"].equal(tensors["tok_embeddings.weight"]),
        num_local_experts=values.get("n_routed_experts", 4) if moe else 0,
        num_experts_per_tok=values.get("num_experts_per_tok", 2),
        num_shared_experts=int(bool(values.get("n_shared_experts", True))) if moe else 0,
        router_aux_loss_coef=values.get("aux_loss_alpha", 0.1),
    )


def tensors_of(tensors: dict[str, Tensor], config: DecoderConfig, where: Path | str) -> dict[str, Tensor]:
    """Decoder and connector under our names."""
    ours = rename(tensors, RULES, where)
    for name, tensor in ours.items():
        if name.endswith(("q_proj.weight", "k_proj.weight")):
            ours[name] = halves_from_neighbours(tensor, config.head_size)
    if config.tie_word_embeddings:
        del ours["decoder.lm_head.weight"]
    return ours


def halves_from_neighbours(weight: Tensor, head_size: int) -> Tensor:
    """(heads * d, D), rows of each head from order (0, 1, 2, ...) to (0, 2, 4, ..., 1, 3, 5, ...)."""
    return weight.view(-1, head_size // 2, 2, weight.shape[1]).transpose(1, 2).reshape(weight.shape)


def image_token_id(ids: Sequence[int], where: Path | str) -> int:
    if len(set(ids)) != 1:
        raise ConvertError(f"{where}: image_ids are {list(ids)}; one id, as often as a picture has tokens")
    return ids[0]
