"""CLIP's vision tower: alone, as part of a whole CLIP, or as the eye of a LLaVA."""

from pathlib import Path

from torch import Tensor

from convert.files import ConvertError
from convert.names import Rules, refuse, rename
from model.config import VisionConfig
from model.eyes import SHAPE_FIELDS

KNOWN = {"layer_norm_eps": (1e-5,), "num_channels": (3,), "attention_dropout": (0, 0.0)}
DEFAULTS = {  # what a configuration leaves out: ViT-B/32, CLIP's own
    "image_size": 224,
    "patch_size": 32,
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "hidden_act": "quick_gelu",
}
PREFIX = r"(?:model\.)?(?:vision_tower\.)?(?:vision_model\.)?"
RULES: Rules = (
    (PREFIX + r"(?:embeddings\.position_ids)", None),  # 0, 1, 2, ...
    (PREFIX + r"((?:embeddings|pre_layrnorm|encoder|post_layernorm)\..+)", r"\1"),
    (r"(?:text_model\..+|text_projection\..+|visual_projection\..+|logit_scale)", None),  # not the eye
)


def vision_config(values: dict, where: Path | str, **choices: object) -> VisionConfig:
    """config.json of a CLIP or of its vision model -> ours; `choices` are feature_layer and keep_cls."""
    values = values.get("vision_config") or values
    kind = values.get("model_type", "clip_vision_model")
    if kind != "clip_vision_model":
        raise ConvertError(f"{where}: the eye's model_type is {kind!r}; only clip_vision_model is known")
    refuse(where, values, KNOWN)
    return VisionConfig(**{key: values.get(key, DEFAULTS[key]) for key in SHAPE_FIELDS}, **choices)


def vision_tensors(tensors: dict[str, Tensor], where: Path | str) -> dict[str, Tensor]:
    """Under the names of `VisionTower.clip`."""
    return rename(tensors, RULES, where)
