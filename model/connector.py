"""The connector: what turns patch features into tokens that the decoder can read.

    patches (I, P, D_vision) -> image tokens (I, N, D),   N = P; fewer in `shuffle` and `qformer`

`linear` is LLaVA's and MiniMind-V's single projection (Liu et al. 2023, eq. 1); `mlp` is LLaVA-1.5's two
layers with a GELU between (Liu et al. 2023b, section 3.2), whose names both carry.
"""

from torch import Tensor, nn

from model.config import VLMConfig
from model.qformer import QFormerConnector
from model.shuffle import NormedConnector, ShuffleConnector
from model.words import WordsConnector


class LinearConnector(nn.Module):
    def __init__(self, config: VLMConfig) -> None:
        super().__init__()
        self.linear_1 = nn.Linear(config.vision.hidden_size, config.text.hidden_size)

    def forward(self, features: Tensor) -> Tensor:
        return self.linear_1(features)


class MLPConnector(nn.Module):
    def __init__(self, config: VLMConfig) -> None:
        super().__init__()
        self.linear_1 = nn.Linear(config.vision.hidden_size, config.text.hidden_size)
        self.act = nn.GELU()
        self.linear_2 = nn.Linear(config.text.hidden_size, config.text.hidden_size)

    def forward(self, features: Tensor) -> Tensor:
        return self.linear_2(self.act(self.linear_1(features)))


CONNECTORS = {
    "linear": LinearConnector,
    "mlp": MLPConnector,
    "words": WordsConnector,
    "qformer": QFormerConnector,
    "normed": NormedConnector,
    "shuffle": ShuffleConnector,
}


def build_connector(config: VLMConfig) -> nn.Module:
    if config.connector not in CONNECTORS:
        raise ValueError(f"unknown connector {config.connector!r}; known: {', '.join(CONNECTORS)}")
    return CONNECTORS[config.connector](config)
