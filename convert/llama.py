"""LLaMA-family decoders: LLaMA, SmolLM2, Mistral without a window, Qwen2 (biases), Qwen3 (norms of query and
key), Mixtral (experts)."""

from pathlib import Path

from torch import Tensor

from convert.families import completed
from convert.files import ConvertError
from convert.names import Rules, refuse, rename
from model.config import DecoderConfig
from model.rope_scaling import FIELDS

KNOWN = {
    "hidden_act": ("silu",),
    "mlp_bias": (False,),
    "use_sliding_window": (False,),
    "pretraining_tp": (1,),
    "partial_rotary_factor": (1.0, 1),
}
BIASED = {"llama": False, "mistral": False, "qwen2": True, "qwen3": False, "mixtral": False}  # q, k, v?
WINDOWED = ("qwen2", "qwen3")  # say with use_sliding_window whether they heed sliding_window
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
    (r"(?:model\.)?(layers\.\d+\.self_attn\.(?:o_proj|[qk]_norm)\.weight)", r"\1"),
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
    if kind not in WINDOWED and values.get("sliding_window"):
        raise ConvertError(
            f"{where}: sliding_window is {values['sliding_window']}; here every token sees all"
        )
    if kind != "qwen2" and values.get("attention_bias"):
        raise ConvertError(f"{where}: attention_bias is true; only Qwen2's (query, key, value) is known")
    heads, head_dim = values["num_attention_heads"], values.get("head_dim")
    experts = (
        ("num_local_experts", "num_experts_per_tok", "router_aux_loss_coef") if kind == "mixtral" else ()
    )
    theta, scaling = rope(values, where)
    return DecoderConfig(
        **{key: values[key] for key in (*SIZES, "rms_norm_eps", "tie_word_embeddings", *experts)},
        num_key_value_heads=values["num_key_value_heads"] or heads,
        head_dim=None if head_dim == values["hidden_size"] // heads else head_dim,
        rope_theta=theta,
        rope_scaling=scaling,
        attention_bias=BIASED[kind],
        qk_norm=kind == "qwen3",
    )


def rope(values: dict, where: Path | str) -> tuple[float, dict | None]:
    """Theta, and how it is scaled: from `rope_parameters` (transformers 5), or `rope_theta`, `rope_scaling`.
    A way of scaling other than Llama 3's is refused by name."""
    found = values.get("rope_parameters") or values.get("rope_scaling") or {}
    kind = found.get("rope_type", found.get("type", "default"))
    if kind not in ("default", "llama3"):
        raise ConvertError(f"{where}: rope_type is {kind!r}; RoPE is plain here, or scaled as llama3's")
    theta = float(found.get("rope_theta", values.get("rope_theta", 10000.0)))
    if kind == "default":
        return theta, None
    if lacking := [name for name in FIELDS if name not in found]:
        raise ConvertError(f"{where}: rope_type is llama3, and {', '.join(lacking)} is missing")
    return theta, {name: found[name] for name in FIELDS}


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
    if config.qk_norm:
        raise ConvertError(f"{where}: qk_norm is true; a LLaMA has no norms of query and key")
    return {
        "model_type": "llama",
        "architectures": ["LlamaForCausalLM"],
        **{key: getattr(config, key) for key in SIZES},
        "num_key_value_heads": config.num_key_value_heads,
        "head_dim": config.head_size,
        "hidden_act": "silu",
        "rms_norm_eps": config.rms_norm_eps,
        "rope_parameters": {
            "rope_theta": config.rope_theta,
            **(
                {"rope_type": "llama3", **config.rope_scaling}
                if config.rope_scaling
                else {"rope_type": "default"}
            ),
        },
        "rope_theta": config.rope_theta,
        "tie_word_embeddings": config.tie_word_embeddings,
    }


def llama_tensors(decoder: dict[str, Tensor], prefix: str = "model.") -> dict[str, Tensor]:
    """Our decoder's tensors under a LLaMA's names: the trunk after `prefix`, the head as lm_head."""
    return {name if name.startswith("lm_head") else prefix + name: t for name, t in decoder.items()}
