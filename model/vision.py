"""The door to the vision encoder: pictures become features, whatever kind of encoder sees them (eyes.py).

    pixel_values (I, 3, S, S) -> features (I, P, D_vision),   P = (S / patch)^2, + 1 with CLS or a mean

What is decided here is which features the decoder reads (Radford et al. 2021 train CLIP, LLaVA section 4.1
takes a layer's patches and leaves CLS), and that a frozen encoder stays frozen.
"""

import torch
from torch import Tensor, nn

from model.config import VisionConfig
from model.eyes import build_eye, placeless, see


class VisionTower(nn.Module):
    """A vision encoder, from nothing or from a checkpoint, frozen or trainable."""

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        self.config = config
        self.frozen = False
        self.clip = build_eye(config)  # any kind; checkpoints know it by the first one's name

    def freeze(self, frozen: bool = True) -> None:
        """Frozen: no gradients, and evaluation mode for good; unfrozen it follows the next `train()`."""
        self.frozen = frozen
        self.clip.requires_grad_(not frozen)
        self.eval()

    def train(self, mode: bool = True) -> "VisionTower":
        return super().train(mode and not self.frozen)

    def forward(self, pixel_values: Tensor) -> Tensor:
        """(I, 3, S, S) -> (I, P, D_vision), CLS in front if the config keeps it."""
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            hidden = see(self.clip, self.config, pixel_values)  # (I, 1 + P, D_vision)
        return hidden if self.config.keep_cls else hidden[:, placeless(self.config.kind) :]
