"""LLaMA-family decoders: LLaMA, SmolLM2, Mistral without a window, Qwen2 (biases), Mixtral (experts)."""

from pathlib import Path

from torch import Tensor

from convert.families import completed
from convert.files import ConvertError
from convert.names import Rules, refuse, rename
from model.config import DecoderConfig

KNOWN = {
    "hidden_act": ("silu",),
    "mlp_bias": (False,),
    "use_sliding_window": (False,),
    "pretraining_tp": (1,),
    "partial_rotary_factor": (1.0, 1),
}
BIASED = {"llama": False, "mistral": False, "qwen2": True, "mixtral": False}  # q, k, v?
SIZES = (
    "vocab_size",
    "hidden_size",
    "intermediate_size",
    "num_hidden_layers",
    "num_attention_heads",
    "max_position_embeddings",
)

RULES: Rules = (
    (r"(?:model\.)?(embed_tokens\.weight|norm\.weight)", r"\1"),
    (r"(?:model\.)?(layers\.\d+\.(?:input|post_attention)_layernorm\.weight)", r"\1"),
    (r"(?:model\.)?(layers\.\d+\.self_attn\.[qkv]_proj\.(?:weight|bias))", r"\1"),
    (r"(?:model\.)?(layers\.\d+\.self_attn\.o_proj\.weight)", r"\1"),
    (r"(?:model\.)?(layers\.\d+\.mlp\.(?:gate|up|down)_proj\.weight)", r"\1"),
    (r"(?:model\.)?(layers\.\d+)\.block_sparse_moe\.gate\.weight", r"\1.mlp.gate.weight"),
    (
        r"(?:model\.)?(layers\.\d+)\.block_sparse_moe(\.experts\.\d+)\.w1\.weight",
        r"\1.mlp\2.gate_proj.weight",
    ),
    (
        r"(?:model\.)?(layers\.\d+)\.block_sparse_moe(\.experts\.\d+)\.w2\.weight",
        r"\1.mlp\2.down_proj.weight",
    ),
    (r"(?:model\.)?(layers\.\d+)\.block_sparse_moe(\.experts\.\d+)\.w3\.weight", r"\1.mlp\2.up_proj.weight"),
    (r"(lm_head\.weight)", r"\1"),
    (r"(?:model\.)?layers\.\d+\.self_attn\.rotary_emb\.inv_freq", None),  # a table that is computed
)


def decoder_config(values: dict, where: Path | str) -> DecoderConfig:
    """config.json of the family -> ours. Raises ConvertError that names the field which differs."""
    values = completed(values, where, BIASED)
    kind = values["model_type"]
    refuse(where, values, KNOWN)
    if kind != "qwen2" and values.get("sliding_window"):
        raise ConvertError(
            f"{where}: sliding_window is {values['sliding_window']}; here every token sees all"
        )
    if kind != "qwen2" and values.get("attention_bias"):
        raise ConvertError(f"{where}: attention_bias is true; only Qwen2's (query, key, value) is known")
    heads, head_dim = values["num_attention_heads"], values.get("head_dim")
    experts = (
        ("num_local_experts", "num_experts_per_tok", "router_aux_loss_coef") if kind == "mixtral" else ()
    )
    return DecoderConfig(
        **{key: values[key] for key in (*SIZES, "rms_norm_eps", "tie_word_embeddings", *experts)},
        num_key_value_heads=values["num_key_value_heads"] or heads,
        head_dim=None if head_dim == values["hidden_size"] // heads else head_dim,
        rope_theta=rope_theta(values, where),
        attention_bias=BIASED[kind],
    )


def rope_theta(values: dict, where: Path | str) -> float:
    """Of the one RoPE that all layers share; a scaled one is refused by name."""
    rope = values["rope_parameters"]
    if rope["rope_type"] != "default":
        raise ConvertError(
            f"{where}: rope_type is {rope['rope_type']!r}; this model turns by plain RoPE only"
        )
    return float(rope["rope_theta"])


def decoder_tensors(
    tensors: dict[str, Tensor], config: DecoderConfig, where: Path | str
) -> dict[str, Tensor]:
    """Under our names. A head that is said to be tied must be equal to the embedding, and goes."""
    ours = rename(tensors, RULES, where)
    head = ours.get("lm_head.weight")
    if config.tie_word_embeddings and head is not None:
        if not head.equal(ours.get("embed_tokens.weight", head)):
            raise ConvertError(f"{where}: lm_head.weight differs from embed_tokens.weight, said to be tied")
        del ours["lm_head.weight"]
    return ours


def llama_config(config: DecoderConfig, where: Path | str) -> dict:
    """Ours -> config.json of LlamaForCausalLM. Raises ConvertError for what a LLaMA does not have."""
    if config.num_local_experts:
        raise ConvertError(f"{where}: num_local_experts is {config.num_local_experts}; a LLaMA has none")
    if config.attention_bias:
        raise ConvertError(f"{where}: attention_bias is true; a LLaMA's would be on o_proj, too")
    return {
        "model_type": "llama",
        "architectures": ["LlamaForCausalLM"],
        **{key: getattr(config, key) for key in SIZES},
        "num_key_value_heads": config.num_key_value_heads,
        "head_dim": config.head_size,
        "hidden_act": "silu",
        "rms_norm_eps": config.rms_norm_eps,
        "rope_parameters": {"rope_type": "default", "rope_theta": config.rope_theta},
        "rope_theta": config.rope_theta,
        "tie_word_embeddings": config.tie_word_embeddings,
    }


def llama_tensors(decoder: dict[str, Tensor], prefix: str = "model.") -> dict[str, Tensor]:
    """Our decoder's tensors under a LLaMA's names: the trunk after `prefix`, the head as lm_head."""
    return {name if name.startswith("lm_head") else prefix + name: t for name, t in decoder.items()}
