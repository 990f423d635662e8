"""A connector that begins with words: what a classifier calls each place, beside what an MLP makes of it.

    features (I, P, D_seen + colours + classes)
        -> mlp(norm(seen), colours) + softmax(logits) @ names -> image tokens (I, P, D)

Object tags beside features are Oscar's (Li et al. 2020); here they are soft, and stand where the object is.
"""

import torch
from torch import Tensor, nn

from model.config import VLMConfig


class WordsConnector(nn.Module):
    """mlp(norm(features)) + softmax(sharpness * logits) @ names, for an encoder with `classes`.

    `names` (classes, D) begin as the decoder's own embeddings of the classes' names, so that image tokens
    are words in the right places before anything is learnt. Colours, where the encoder tells them, join
    within the MLP, by weights that begin as zeros: a model that had learnt without them answers as before.
    """

    def __init__(self, config: VLMConfig) -> None:
        super().__init__()
        if not config.vision.classes:
            kind = config.vision.kind
            raise ValueError(f"connector words: a vision encoder of kind {kind} knows no classes by name")
        self.classes, size = config.vision.classes, config.text.hidden_size
        self.told = config.vision.colours**3
        seen = config.vision.hidden_size - self.told - self.classes
        self.norm = nn.LayerNorm(seen)
        self.linear_1 = nn.Linear(seen, size)
        if self.told:
            self.colours = nn.Linear(self.told, size, bias=False)
            nn.init.zeros_(self.colours.weight)
        self.act = nn.GELU()
        self.linear_2 = nn.Linear(size, size)
        self.names = nn.Parameter(torch.zeros(self.classes, size))
        self.sharpness = nn.Parameter(torch.ones(()))

    @torch.no_grad()
    def begin(self, words: Tensor, ids: list[list[int]]) -> None:
        """Each name is the mean of its tokens' embeddings, `words` (V, D); what is added to it is small."""
        self.names.copy_(torch.stack([words[tokens].mean(0) for tokens in ids]))
        self.linear_2.weight.mul_(0.3)

    def forward(self, features: Tensor) -> Tensor:
        parts = [self.linear_1.in_features, self.told, self.classes]
        seen, colours, logits = features.split(parts, dim=-1)
        tags = (self.sharpness * logits.float()).softmax(-1).to(seen.dtype) @ self.names.to(seen.dtype)
        hidden = self.linear_1(self.norm(seen))
        if self.told:
            hidden = hidden + self.colours(colours)
        return self.linear_2(self.act(hidden)) + tags
