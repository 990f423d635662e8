"""MiniMind-3V's .pth, dense and with experts (jingyaogong/minimind-v, commit 9595617, 2026-04).

A Qwen3-like decoder (norms of query and key, RoPE by halves) under transformers' names; the connector is a
norm and two layers; the vision encoder, a SigLIP 2, lies elsewhere.
"""

from pathlib import Path

from torch import Tensor

from convert.files import ConvertError
from convert.llama import rope
from convert.minimind import image_token_id
from convert.names import Rules, refuse, rename
from model.config import DecoderConfig, VLMConfig

LAYER = r"model\.(layers\.\d+\."
RULES: Rules = (
    (r"model\.(embed_tokens|norm)\.weight", r"decoder.\1.weight"),
    (LAYER + r"(?:input|post_attention)_layernorm\.weight)", r"decoder.\1"),
    (LAYER + r"self_attn\.(?:[qkvo]_proj|[qk]_norm)\.weight)", r"decoder.\1"),
    (LAYER + r"mlp\.(?:experts\.\d+\.)?(?:gate|up|down)_proj\.weight)", r"decoder.\1"),
    (LAYER + r"mlp\.gate\.weight)", r"decoder.\1"),
    (r"lm_head\.weight", "decoder.lm_head.weight"),
    (r"vision_proj\.mlp\.0\.(weight|bias)", r"connector.norm.\1"),
    (r"vision_proj\.mlp\.1\.(weight|bias)", r"connector.linear_1.\1"),
    (r"vision_proj\.mlp\.3\.(weight|bias)", r"connector.linear_2.\1"),
    (r"model\.freqs_(?:cos|sin)", None),  # tables that are computed
    (r"(?:model\.)?vision_encoder\..+", None),  # the eye comes from --vision
)
KNOWN = {"hidden_act": ("silu",), "norm_topk_prob": (True,), "inference_rope_scaling": (False,)}
PLACEHOLDER = 12  # <|image_pad|>


def is_of(tensors: dict[str, Tensor]) -> bool:
    return "model.layers.0.self_attn.q_norm.weight" in tensors


def config(values: dict, tensors: dict[str, Tensor], where: Path | str) -> VLMConfig:
    """VLMConfig's fields (their defaults where there is no config.json) -> ours; sizes are the tensors'."""
    refuse(where, values, KNOWN)
    text = _decoder(values, tensors, where)
    ids = values.get("image_ids", [PLACEHOLDER])
    return VLMConfig(
        text=text,
        connector="normed",
        image_token_id=image_token_id(ids, where),
        eos_token_id=values.get("eos_token_id", 2),
        pad_token_id=values.get("pad_token_id") or 0,
    )


def _decoder(values: dict, tensors: dict[str, Tensor], where: Path | str) -> DecoderConfig:
    vocabulary, size = tensors["model.embed_tokens.weight"].shape
    head = len(tensors["model.layers.0.self_attn.q_norm.weight"])
    queries, keys = (len(tensors[f"model.layers.0.self_attn.{x}_proj.weight"]) // head for x in "qk")
    dense, expert = (f"model.layers.0.mlp.{part}gate_proj.weight" for part in ("", "experts.0."))
    if dense not in tensors and expert not in tensors:
        raise ConvertError(f"{where}: no tensor {dense} in the weights")
    moe, (theta, scaling) = expert in tensors, rope({"rope_theta": 1e6} | values, where)
    experts = (
        {
            "num_local_experts": len(tensors["model.layers.0.mlp.gate.weight"]),
            "num_experts_per_tok": values.get("num_experts_per_tok", 1),
            "router_aux_loss_coef": values.get("router_aux_loss_coef", 5e-4),
        }
        if moe
        else {}
    )
    return DecoderConfig(
        vocab_size=vocabulary,
        hidden_size=size,
        intermediate_size=len(tensors[expert if moe else dense]),
        num_hidden_layers=1 + max(int(n.split(".")[2]) for n in tensors if n.startswith("model.layers.")),
        num_attention_heads=queries,
        num_key_value_heads=keys,
        head_dim=head,
        max_position_embeddings=values.get("max_position_embeddings", 32768),
        rope_theta=theta,
        rope_scaling=scaling,
        rms_norm_eps=values.get("rms_norm_eps", 1e-6),
        tie_word_embeddings=tensors["lm_head.weight"].equal(tensors["model.embed_tokens.weight"]),
        qk_norm=True,
        **experts,
    )


def tensors_of(tensors: dict[str, Tensor], config: DecoderConfig, where: Path | str) -> dict[str, Tensor]:
    """Decoder and connector under our names."""
    ours = rename(tensors, RULES, where)
    if config.tie_word_embeddings:
        del ours["decoder.lm_head.weight"]
    return ours
