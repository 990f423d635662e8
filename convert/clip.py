"""CLIP's vision tower: alone, as part of a whole CLIP, or as the eye of a LLaVA."""

from pathlib import Path

from torch import Tensor

from convert.families import completed
from convert.names import Rules, refuse, rename
from model.config import VisionConfig
from model.eyes import SHAPE_FIELDS

KIND = "clip_vision_model"
KNOWN = {"layer_norm_eps": (1e-5,), "num_channels": (3,), "attention_dropout": (0, 0.0)}
PREFIX = r"(?:model\.)?(?:vision_tower\.)?(?:vision_model\.)?"
RULES: Rules = (
    (PREFIX + r"(?:embeddings\.position_ids)", None),  # 0, 1, 2, ...
    (PREFIX + r"((?:embeddings|pre_layrnorm|encoder|post_layernorm)\..+)", r"\1"),
    (r"(?:text_model\..+|text_projection\..+|visual_projection\..+|logit_scale)", None),  # not the eye
)


def vision_config(values: dict, where: Path | str, **choices: object) -> VisionConfig:
    """config.json of a CLIP or of its vision model -> ours; `choices` are feature_layer and keep_cls."""
    values = values.get("vision_config", values)
    values = completed({"model_type": KIND} | values, where, [KIND])
    refuse(where, values, KNOWN)
    return VisionConfig(**{key: values[key] for key in SHAPE_FIELDS}, **choices)


def vision_tensors(tensors: dict[str, Tensor], where: Path | str) -> dict[str, Tensor]:
    """Under the names of `VisionTower.clip`."""
    return rename(tensors, RULES, where)
