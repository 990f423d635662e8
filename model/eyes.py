"""The kinds of vision encoder behind the one door of vision.py.

    kind                   what it is                                               its features
    clip, blip, blip2      transformers' vision transformers                        patches, CLS in front
    dinov2                 the same, trained without words (Oquab et al. 2023)      patches, CLS in front
    siglip                 the same (Zhai et al. 2023; SigLIP 2 of a fixed size)    patches, nothing in front
    efficientnet-lite0..4  convolutional, by hand in efficientnet.py                cells, their mean in front

A kind is a module; `see` gives its features, patches and what stands in front of them.
"""

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

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
KINDS = {  # of eyes that come from elsewhere, by model_type
    "clip": "clip",
    "clip_vision_model": "clip",
    "siglip": "siglip",
    "siglip_vision_model": "siglip",
    "dinov2": "dinov2",
}
FIXED = {  # what a kind's configuration may say that ours has no field for
    "clip": {"layer_norm_eps": (1e-5,), "num_channels": (3,), "attention_dropout": (0, 0.0)},
    "siglip": {"layer_norm_eps": (1e-6,), "num_channels": (3,), "attention_dropout": (0, 0.0)},
    "dinov2": {
        "layer_norm_eps": (1e-6,),
        "num_channels": (3,),
        "attention_probs_dropout_prob": (0, 0.0),
        "hidden_dropout_prob": (0, 0.0),
        "qkv_bias": (True,),
        "use_swiglu_ffn": (False,),
    },
}
HEADLESS = {"siglip": {"vision_use_head": False}}  # the one feature that it makes of all is not read
POSITIONS = "embeddings.position_embeddings"  # DINOv2's, (1, 1 + P, D)
STRIDE = 32  # of EfficientNet: the side of a cell, in pixels


def build_eye(config: VisionConfig) -> nn.Module:
    """A new encoder of config.kind, or the one that config.pretrained names."""
    if config.kind in SCALES:
        sizes = config.hidden_size, config.patch_size, config.classes
        wanted = feature_size(config.kind, config.colours), STRIDE, CLASSES
        if sizes != wanted:
            told = f"hidden_size, patch_size, classes {', '.join(map(str, wanted))}, not {sizes}"
            raise ValueError(f"vision: {config.kind} has {told}")
        return EfficientNet(config.kind, config.colours, config.adapter)
    if config.classes:
        raise ValueError(f"vision: classes is {config.classes}; {config.kind} knows none by name")
    if config.colours:
        raise ValueError(f"vision: colours is {config.colours}; {config.kind} tells none apart")
    if config.adapter:
        raise ValueError(f"vision: adapter is {config.adapter}; {config.kind} learns as it is")
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
    choices = {"attn_implementation": attention, **HEADLESS.get(config.kind, {})}
    if config.pretrained:
        return pretrained_eye(config, kind, choices)
    sizes = {name: getattr(config, name) for name in SHAPE_FIELDS}
    if config.kind == "dinov2":
        sizes["mlp_ratio"] = config.intermediate_size // config.hidden_size
    eye = kind(kind.config_class(**sizes, **choices))
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
    """How many features stand in front of the patches: 1, CLS or the mean of all; SigLIP has none."""
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


def pretrained_eye(config: VisionConfig, kind: type, choices: dict[str, object]) -> nn.Module:
    """The encoder that config.pretrained names, whole, with places for pictures of config.image_size."""
    name = config.pretrained
    try:
        with quietly():
            eye, found = from_cache(kind.from_pretrained, name, output_loading_info=True, **choices)
    except RuntimeError as error:  # of other sizes
        raise ValueError(f"{name}: holds no {kind.__name__} ({' '.join(str(error).split())[:100]})") from None
    if lacking := sorted(found["missing_keys"]):  # drawn at random otherwise
        raise ValueError(f"{name}: has no {lacking[0]}, which {kind.__name__} needs; get it again")
    if config.kind == "dinov2":
        places = eye.get_parameter(POSITIONS)
        places.data = resized(places.data, config.image_size // config.patch_size)
    return eye


@contextmanager
def quietly() -> Iterator[None]:
    """Without transformers' bars and hints, which are about its own use."""
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


def resized(positions: Tensor, side: int) -> Tensor:
    """(1, 1 + P, D) -> (1, 1 + side * side, D), as DINOv2 itself does for pictures of another size."""
    first, places = positions[:, :1], positions[:, 1:]
    old = int(places.shape[1] ** 0.5)
    if old == side:
        return positions
    grid = places.unflatten(1, (old, old)).permute(0, 3, 1, 2)  # (1, D, old, old)
    grid = F.interpolate(grid, size=(side, side), mode="bicubic", align_corners=False)
    return torch.cat([first, grid.flatten(2).transpose(1, 2)], dim=1)


def from_cache(read: Callable, name: str, *more: object, **choices: object) -> object:
    """What `read` makes of a folder, or of a name in the hub's cache: nothing is fetched."""
    try:
        return read(name, *more, local_files_only=True, **choices)
    except OSError as error:
        first, fetched = str(error).splitlines()[0], f"hf download {shlex.quote(name)}"
        raise ValueError(f"{name}: no such folder, nor in the cache ({fetched}): {first}") from None


def folder_of(name: str) -> Path:
    """Where the files of a checkpoint lie (a folder or a hub name)."""
    from transformers.utils import cached_file

    return Path(from_cache(cached_file, name, "config.json")).parent


def pretrained_vision_config(name: str, **choices: object) -> VisionConfig:
    """The kind and the sizes of the checkpoint `name` (a folder or a hub name), read from its config.json."""
    import transformers

    values, _ = from_cache(transformers.PreTrainedConfig.get_config_dict, name)
    found = values.get("model_type")
    if found not in KINDS:
        raise ValueError(f"{name}: model_type is {found!r}; known vision encoders: {', '.join(KINDS)}")
    kind = getattr(transformers, TRANSFORMERS[KINDS[found]])
    values = from_cache(kind.config_class.from_pretrained, name).to_dict()
    return config_of(KINDS[found], values, name, pretrained=name, **choices)


def config_of(kind: str, values: dict, where: Path | str, **choices: object) -> VisionConfig:
    """A whole configuration of transformers -> ours. Raises ValueError for what ours cannot say."""
    for key, known in FIXED[kind].items():
        if values.get(key, known[0]) not in known:
            raise ValueError(f"{where}: {key} is {values[key]!r}; {kind} has {known[0]} only here")
    sizes = {name: values.get(name) for name in SHAPE_FIELDS}
    if kind == "dinov2":
        sizes["intermediate_size"] = int(values["hidden_size"] * values["mlp_ratio"])
    return VisionConfig(kind=kind, **{**sizes, **choices})


def efficientnet_config(kind: str, image_size: int = 256, colours: int = 0) -> VisionConfig:
    """The configuration of an EfficientNet-Lite that sees the mean of its cells, too."""
    size, shape = feature_size(kind, colours), {"patch_size": STRIDE, "num_attention_heads": 1}  # it has none
    return VisionConfig(
        image_size, **shape, hidden_size=size, kind=kind, classes=CLASSES, colours=colours, keep_cls=True
    )
