"""The eye: a vision transformer (CLIP's; BLIP's or BLIP-2's) that turns pictures into patch features.

    pixel_values (I, 3, S, S) -> patches (I, P, D_vision),   P = (S / patch)^2

The transformer is Hugging Face's; what is ours is the choice of features (Radford et al. 2021 train it,
LLaVA section 4.1 takes a layer's patches and leaves CLS) and the promise that a frozen eye stays frozen.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import Blip2VisionModel, BlipVisionModel, CLIPVisionConfig, CLIPVisionModel
from transformers.activations import ACT2FN

from model.config import VisionConfig

SHAPE_FIELDS = (
    "image_size patch_size hidden_size intermediate_size num_hidden_layers num_attention_heads hidden_act"
).split()
EYES = {"clip": CLIPVisionModel, "blip": BlipVisionModel, "blip2": Blip2VisionModel}


class VisionTower(nn.Module):
    """A vision model, from nothing or from a checkpoint, frozen or trainable."""

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.config = config
        if config.kind not in EYES or config.hidden_act not in ACT2FN:
            raise ValueError(f"vision: kind {config.kind!r} or hidden_act {config.hidden_act!r} is unknown")
        self.frozen, eye = False, EYES[config.kind]
        attention = "sdpa" if torch.cuda.is_available() else "eager"  # 1.8 times faster on CPUs, in bf16
        if config.pretrained:
            self.clip = from_cache(eye, config.pretrained, attn_implementation=attention)
        else:
            sizes = {k: getattr(config, k) for k in SHAPE_FIELDS}
            self.clip = eye(eye.config_class(**sizes, attn_implementation=attention))
        if config.kind == "clip" and not config.pretrained:
            positions = self.clip.embeddings.position_embedding.weight  # (1 + P, D_vision)
            positions.data = sine_positions(config.image_size // config.patch_size, config.hidden_size)

    def freeze(self, frozen: bool = True) -> None:
        """Frozen: no gradients, and evaluation mode for good; unfrozen it follows the next `train()`."""
        self.frozen = frozen
        self.requires_grad_(not frozen)
        self.eval()

    def train(self, mode: bool = True) -> "VisionTower":
        return super().train(mode and not self.frozen)

    def forward(self, pixel_values: Tensor) -> Tensor:
        """(I, 3, S, S) -> (I, P, D_vision), CLS in front if the config keeps it."""
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            seen = self.clip(pixel_values, output_hidden_states=True)
        hidden = seen.last_hidden_state  # (I, 1 + P, D_vision), after the last norm: what the BLIPs read
        if self.config.kind == "clip":
            hidden = seen.hidden_states[self.config.feature_layer]
        return hidden if self.config.keep_cls else hidden[:, 1:]  # CLS has no place in the picture


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


def pretrained_vision_config(name: str, **choices: object) -> VisionConfig:
    """The sizes of the checkpoint `name` (a folder or a hub name), read from its config.json."""
    clip = from_cache(CLIPVisionConfig, name)
    return VisionConfig(**{k: getattr(clip, k) for k in SHAPE_FIELDS}, pretrained=name, **choices)
