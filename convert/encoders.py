"""Vision transformers, CLIP, SigLIP and DINOv2: alone, as part of a whole, or as a LLaVA's vision encoder."""

from pathlib import Path

from torch import Tensor

from convert.families import completed
from convert.files import ConvertError
from convert.names import Rules, rename
from model.config import VisionConfig
from model.eyes import KINDS, POSITIONS, config_of, placeless, resized

PREFIX = r"(?:model\.)?(?:vision_tower\.)?(?:vision_model\.)?(?:vision_encoder\.)?"
OTHERS = (r"(?:text_model\..+|text_projection\..+|visual_projection\..+|logit_scale|logit_bias)", None)
CLIP: Rules = (
    (PREFIX + r"embeddings\.position_ids", None),  # 0, 1, 2, ...
    (PREFIX + r"((?:embeddings|pre_layrnorm|encoder|post_layernorm)\..+)", r"\1"),
    OTHERS,
)
SIGLIP: Rules = (
    (PREFIX + r"embeddings\.position_ids", None),
    (PREFIX + r"((?:embeddings|encoder|post_layernorm)\..+)", r"\1"),
    (PREFIX + r"head\..+", None),  # makes one feature of all, which is not read
    OTHERS,
)
DINOV2: Rules = (
    (r"(?:dinov2\.)?((?:embeddings|layernorm)\..+)", r"\1"),
    *(  # names up to transformers 4
        (rf"(?:dinov2\.)?(encoder\.layer\.\d+\.attention\.)attention\.{name}(\..+)", rf"\1{name[0]}_proj\2")
        for name in ("query", "key", "value")
    ),
    (r"(?:dinov2\.)?(encoder\.layer\.\d+\.attention\.)output\.dense(\..+)", r"\1o_proj\2"),
    (r"(?:dinov2\.)?(encoder\.layer\.\d+\..+)", r"\1"),
)
RULES = {"clip": CLIP, "siglip": SIGLIP, "dinov2": DINOV2}  # by our kind


def vision_config(values: dict, where: Path | str, **choices: object) -> VisionConfig:
    """config.json of a whole model or of its eye -> ours; `choices`: feature_layer, keep_cls, image_size."""
    values = {"model_type": "clip_vision_model"} | values.get("vision_config", values)
    values = completed(values, where, KINDS)
    if "vision_config" in values:  # a whole CLIP or SigLIP whose configuration leaves its eye's out
        values = values["vision_config"]
    kind = KINDS[values["model_type"]]
    if not placeless(kind) and choices.get("keep_cls") is not None:
        if not choices["keep_cls"]:
            raise ConvertError(f"{where}: leaves out the first feature; {kind} has no CLS, it is a patch")
        choices["keep_cls"] = False
    return config_of(kind, values, where, **choices)


def vision_tensors(tensors: dict[str, Tensor], config: VisionConfig, where: Path | str) -> dict[str, Tensor]:
    """Under the names of `VisionTower.clip`; places for pictures of the size that it is asked about."""
    ours = rename(tensors, RULES[config.kind], where)
    if config.kind == "dinov2" and POSITIONS in ours:
        ours[POSITIONS] = resized(ours[POSITIONS], config.image_size // config.patch_size)
    return ours
