"""The kinds of vision encoder behind the one door of vision.py.

    kind                   what it is                                               its features
    clip, blip, blip2      transformers' vision transformers                        patches, CLS in front
    dinov2                 the same, trained without words (Oquab et al. 2023)      patches, CLS in front
    siglip                 the same (Zhai et al. 2023; SigLIP 2 of a fixed size)    patches, nothing in front
    efficientnet-lite0..4  convolutional, by hand in efficientnet.py                cells, their mean in front

A kind is a module; `see` gives its features with what has no place in the picture in front of the patches.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.config import VisionConfig
from model.efficientnet import CLASSES, SCALES, EfficientNet, feature_size

SHAPE_FIELDS = (
    "image_size patch_size hidden_size intermediate_size num_hidden_layers num_attention_heads hidden_act"
).split()
TRANSFORMERS = {
    "clip": "CLIPVisionModel",
    "blip": "BlipVisionModel",
    "blip2": "Blip2VisionModel",
    "dinov2": "Dinov2Model",
    "siglip": "SiglipVisionModel",
}
STRIDE = 32  # of EfficientNet: the side of a cell, in pixels


def build_eye(config: VisionConfig) -> nn.Module:
    """A new encoder of config.kind, or the one that config.pretrained names."""
    if config.kind in SCALES:
        sizes = config.hidden_size, config.patch_size, config.classes
        if sizes != (feature_size(config.kind), STRIDE, CLASSES):
            wanted = f"{feature_size(config.kind)}, {STRIDE}, {CLASSES}"
            raise ValueError(
                f"vision: {config.kind} has hidden_size, patch_size, classes {wanted}, not {sizes}"
            )
        return EfficientNet(config.kind)
    if config.classes:
        raise ValueError(f"vision: classes is {config.classes}; {config.kind} knows none by name")
    if config.kind not in TRANSFORMERS:
        raise ValueError(
            f"vision: kind {config.kind!r} is unknown; known: {', '.join([*TRANSFORMERS, *SCALES])}"
        )
    if config.keep_cls and not placeless(config.kind):
        raise ValueError(f"vision: keep_cls is true; {config.kind} has no CLS")
    import transformers  # takes seconds
    from transformers.activations import ACT2FN

    if config.hidden_act not in ACT2FN:
        raise ValueError(f"vision: hidden_act {config.hidden_act!r} is unknown")
    kind = getattr(transformers, TRANSFORMERS[config.kind])
    attention = "sdpa" if torch.cuda.is_available() else "eager"  # 1.8 times faster on CPUs, in bf16
    if config.pretrained:
        return whole_from_cache(kind, config.pretrained, attn_implementation=attention)
    sizes = {name: getattr(config, name) for name in SHAPE_FIELDS}
    if config.kind == "dinov2":
        sizes["mlp_ratio"] = config.intermediate_size // config.hidden_size
    if config.kind == "siglip":
        sizes["vision_use_head"] = False  # the one feature that it makes of all is not read
    eye = kind(kind.config_class(**sizes, attn_implementation=attention))
    if config.kind == "clip":
        positions = eye.embeddings.position_embedding.weight  # (1 + P, D_vision)
        positions.data = sine_positions(config.image_size // config.patch_size, config.hidden_size)
    return eye


def see(eye: nn.Module, config: VisionConfig, pixel_values: Tensor) -> Tensor:
    """(I, 3, S, S) -> (I, 1 + P, D_vision); of SigLIP (I, P, D_vision)"""
    if config.kind in SCALES:
        return eye(pixel_values)
    seen = eye(pixel_values, output_hidden_states=True)
    if config.kind == "clip":
        return seen.hidden_states[config.feature_layer]
    if config.feature_layer not in (-1, config.num_hidden_layers):
        return seen.hidden_states[config.feature_layer]
    return seen.last_hidden_state  # after the last norm: what the BLIPs read


def placeless(kind: str) -> int:
    """Features in front of the patches, CLS or the mean, that have no place in the picture."""
    return int(kind != "siglip")


def sine_positions(side: int, size: int) -> Tensor:
    """Sines and cosines of row and column, (1 + side * side, size): a start that tells places apart.

    CLIP's own start (normal, 0.02) is a hundredth of the patches' signal, and from few pictures no more
    was learnt of it: the model saw what there was, not where. As Beyer et al. 2022 (Better plain ViT).
    """
    place = torch.arange(side * side)
    waves = side ** (-torch.arange(size // 4) / (size // 4))  # radians a patch: 1 down to 1 / side
    table = []
    for coordinate in (place // side, place % side):
        angles = coordinate[:, None] * waves  # (P, size / 4)
        table += [angles.sin(), angles.cos()]
    return F.pad(torch.cat(table, dim=1), (0, size % 4, 1, 0))  # CLS, which has no place, in front


def from_cache(kind: type, name: str, **choices: object) -> object:
    """`kind.from_pretrained` of a folder, or of the hub's cache: nothing is fetched."""
    try:
        return kind.from_pretrained(name, local_files_only=True, **choices)
    except OSError as error:
        first = str(error).splitlines()[0]
        raise ValueError(f"{name}: no such folder, nor in the cache (hf download {name}): {first}") from None


def whole_from_cache(kind: type, name: str, **choices: object) -> nn.Module:
    """A model of which nothing is drawn at random. Raises ValueError for what its checkpoint lacks."""
    try:
        model, told = from_cache(kind, name, output_loading_info=True, **choices)
    except RuntimeError as error:  # of other sizes
        raise ValueError(f"{name}: holds no {kind.__name__} ({' '.join(str(error).split())[:100]})") from None
    if lacking := sorted(told["missing_keys"]):
        raise ValueError(f"{name}: lacks {lacking[0]} of a {kind.__name__}; get it again")
    return model


def pretrained_vision_config(name: str, **choices: object) -> VisionConfig:
    """The sizes of the checkpoint `name` (a folder or a hub name), read from its config.json."""
    from transformers import AutoConfig, CLIPVisionConfig

    if not (found := from_cache(AutoConfig, name).model_type).startswith("clip"):
        take = f"import it (convert_vlm.py import {name} OUT --from clip), and give --init OUT"
        raise ValueError(f"{name}: model_type is {found!r}, and a new model takes a CLIP's eye; {take}")
    clip = from_cache(CLIPVisionConfig, name)
    return VisionConfig(**{k: getattr(clip, k) for k in SHAPE_FIELDS}, pretrained=name, **choices)


def efficientnet_config(kind: str, image_size: int = 256) -> VisionConfig:
    """The configuration of an EfficientNet-Lite that sees the mean of its cells, too."""
    shape = {"hidden_size": feature_size(kind), "patch_size": STRIDE, "num_attention_heads": 1}  # it has none
    return VisionConfig(image_size, **shape, kind=kind, classes=CLASSES, keep_cls=True)
