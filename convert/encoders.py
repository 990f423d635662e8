"""Vision transformers, CLIP, SigLIP and DINOv2: alone, as part of a whole, or as a LLaVA's eye."""

from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from convert.families import completed
from convert.files import ConvertError
from convert.names import Rules, refuse, rename
from model.config import VisionConfig
from model.eyes import SHAPE_FIELDS, placeless

PREFIX = r"(?:model\.)?(?:vision_tower\.)?(?:vision_model\.)?(?:vision_encoder\.)?"
OTHERS = (r"(?:text_model\..+|text_projection\..+|visual_projection\..+|logit_scale|logit_bias)", None)
POSITIONS = "embeddings.position_embeddings"  # DINOv2's, (1, 1 + P, D)


@dataclass(frozen=True)
class Encoder:
    """One of our kinds in transformers: what is known of its configuration, and its tensors' names."""

    known: dict[str, tuple]
    rules: Rules


CLIP = Encoder(
    {"layer_norm_eps": (1e-5,), "num_channels": (3,), "attention_dropout": (0, 0.0)},
    (
        (PREFIX + r"embeddings\.position_ids", None),  # 0, 1, 2, ...
        (PREFIX + r"((?:embeddings|pre_layrnorm|encoder|post_layernorm)\..+)", r"\1"),
        OTHERS,
    ),
)
SIGLIP = Encoder(
    {"layer_norm_eps": (1e-6,), "num_channels": (3,), "attention_dropout": (0, 0.0)},
    (
        (PREFIX + r"embeddings\.position_ids", None),
        (PREFIX + r"((?:embeddings|encoder|post_layernorm)\..+)", r"\1"),
        (PREFIX + r"head\..+", None),  # makes one feature of all, which is not read
        OTHERS,
    ),
)
DINOV2 = Encoder(
    {
        "layer_norm_eps": (1e-6,),
        "num_channels": (3,),
        "attention_probs_dropout_prob": (0, 0.0),
        "hidden_dropout_prob": (0, 0.0),
        "qkv_bias": (True,),
        "use_swiglu_ffn": (False,),
    },
    (
        (r"(?:dinov2\.)?((?:embeddings|layernorm)\..+)", r"\1"),
        *(  # names up to transformers 4
            (
                rf"(?:dinov2\.)?(encoder\.layer\.\d+\.attention\.)attention\.{name}(\..+)",
                rf"\1{name[0]}_proj\2",
            )
            for name in ("query", "key", "value")
        ),
        (r"(?:dinov2\.)?(encoder\.layer\.\d+\.attention\.)output\.dense(\..+)", r"\1o_proj\2"),
        (r"(?:dinov2\.)?(encoder\.layer\.\d+\..+)", r"\1"),
    ),
)
ENCODERS = {"clip": CLIP, "siglip": SIGLIP, "dinov2": DINOV2}  # by our kind
KINDS = {  # by model_type
    "clip": "clip",
    "clip_vision_model": "clip",
    "siglip": "siglip",
    "siglip_vision_model": "siglip",
    "dinov2": "dinov2",
}


def vision_config(values: dict, where: Path | str, **choices: object) -> VisionConfig:
    """config.json of a whole model or of its eye -> ours; `choices`: feature_layer, keep_cls, image_size."""
    values = {"model_type": "clip_vision_model"} | values.get("vision_config", values)
    values = completed(values, where, KINDS)
    if "vision_config" in values:  # a whole CLIP or SigLIP whose configuration leaves its eye's out
        values = values["vision_config"]
    kind = KINDS[values["model_type"]]
    refuse(where, values, ENCODERS[kind].known)
    sizes = {name: values.get(name) for name in SHAPE_FIELDS}
    if kind == "dinov2":
        sizes["intermediate_size"] = int(values["hidden_size"] * values["mlp_ratio"])
    if not placeless(kind) and choices.get("keep_cls") is not None:
        if not choices["keep_cls"]:
            raise ConvertError(f"{where}: leaves out the first feature; {kind} has no CLS, it is a patch")
        choices["keep_cls"] = False
    return VisionConfig(kind=kind, **{**sizes, **choices})


def vision_tensors(tensors: dict[str, Tensor], config: VisionConfig, where: Path | str) -> dict[str, Tensor]:
    """Under the names of `VisionTower.clip`; places for pictures of the size that it is asked about."""
    ours = rename(tensors, ENCODERS[config.kind].rules, where)
    if config.kind == "dinov2" and POSITIONS in ours:
        ours[POSITIONS] = resized(ours[POSITIONS], config.image_size // config.patch_size)
    return ours


def resized(positions: Tensor, side: int) -> Tensor:
    """(1, 1 + P, D) -> (1, 1 + side * side, D), as DINOv2 itself does for pictures of another size."""
    first, places = positions[:, :1], positions[:, 1:]
    old = int(places.shape[1] ** 0.5)
    if old == side:
        return positions
    grid = places.unflatten(1, (old, old)).permute(0, 3, 1, 2)  # (1, D, old, old)
    grid = F.interpolate(grid, size=(side, side), mode="bicubic", align_corners=False)
    return torch.cat([first, grid.flatten(2).transpose(1, 2)], dim=1)
