"""Connectors of today's small models: a norm in front of the MLP, and fewer, wider tokens.

    patches (I, P, D_vision) -> normed  (I, P, D)
                             -> shuffle (I, P / s^2, s^2 D_vision) -> (I, P / s^2, D)

        a b c d        pixel shuffle, s = 2: four neighbours become one token four times as wide
        e f g h   ->   [a b e f] [c d g h]
        i j k l        [i j m n] [k l o p]
        m n o p

Nothing is lost in it: how many tokens a picture needs is how many the decoder can afford to read.
"""

import math

from torch import Tensor, nn

from model.config import VLMConfig


class NormedConnector(nn.Module):
    """MiniMind-3V's: LayerNorm, then LLaVA-1.5's two layers with a GELU between."""

    def __init__(self, config: VLMConfig) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(config.vision.hidden_size)
        self.linear_1 = nn.Linear(config.vision.hidden_size, config.text.hidden_size)
        self.act = nn.GELU()
        self.linear_2 = nn.Linear(config.text.hidden_size, config.text.hidden_size)

    def forward(self, features: Tensor) -> Tensor:
        return self.linear_2(self.act(self.linear_1(self.norm(features))))


class ShuffleConnector(nn.Module):
    """SmolVLM's and nanoVLM's (Marafioti et al. 2025): pixel shuffle, then one projection without a bias."""

    def __init__(self, config: VLMConfig) -> None:
        super().__init__()
        self.side, rows = config.shuffle, config.vision.image_size // config.vision.patch_size
        if rows % self.side or config.vision.keep_cls:
            more = " and what stands in front of them" if config.vision.keep_cls else ""
            raise ValueError(f"connector shuffle: {rows} rows of patches{more}, not to be cut by {self.side}")
        wide = config.vision.hidden_size * self.side**2
        self.linear_1 = nn.Linear(wide, config.text.hidden_size, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        return self.linear_1(pixel_shuffle(features, self.side))


def pixel_shuffle(features: Tensor, side: int) -> Tensor:
    """(I, P, D) of a square of patches -> (I, P / side^2, side^2 D), neighbours row by row."""
    images, patches, size = features.shape
    rows = math.isqrt(patches)
    if rows * rows != patches or rows % side:
        raise ValueError(
            f"{patches} patches do not make a square that can be cut into squares of {side} x {side}"
        )
    squares = features.view(images, rows // side, side, rows // side, side, size)
    return squares.permute(0, 1, 3, 2, 4, 5).reshape(images, patches // side**2, side * side * size)
