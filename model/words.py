"""A connector that begins with words: what a classifier calls each place, beside what an MLP makes of it.

    features (I, P, D_seen + colours + classes)
        -> mlp(norm(seen), colours) + softmax(logits) @ names -> image tokens (I, P, D)
    and to the first, which stands for the whole picture, + the name of its class, where it was taught some

Object tags beside features are Oscar's (Li et al. 2020); here they are soft, and stand where the object is.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.config import VLMConfig


class WordsConnector(nn.Module):
    """mlp(norm(features)) + softmax(sharpness * logits) @ names, for an encoder with `classes`.

    `names` (classes, D) begin as the decoder's own embeddings of the classes' names, so that image tokens
    are words in the right places before anything is learnt. Colours, where the encoder tells them, join
    within the MLP, by weights that begin as zeros: a model that had learnt without them answers as before.
    Classes of somebody's own pictures are `taught` (trainer/names.py). Their names are given whole, not by
    their chances: of new pictures as surely as of those it knows, so that a decoder believes them there, too.
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
        self.taught: nn.Linear | None = None
        if config.taught:
            self._make_room(torch.zeros(config.taught, size))

    @torch.no_grad()
    def begin(self, words: Tensor, ids: list[list[int]]) -> None:
        """Names of the encoder's classes, see `named`; what is added to them is small."""
        self.names.copy_(named(words, ids))
        self.linear_2.weight.mul_(0.3)

    @torch.no_grad()
    def teach(self, words: Tensor, ids: list[list[int]]) -> None:
        """Classes of whole pictures by their names, see `named`, in the place of those it was taught before;
        none is likelier than another yet."""
        self._make_room(named(words, ids))

    def _make_room(self, names: Tensor) -> None:
        self.taught = nn.Linear(self.linear_1.in_features, len(names), device=names.device)
        nn.init.zeros_(self.taught.weight)
        nn.init.zeros_(self.taught.bias)
        self.register_buffer("taught_names", names)

    def requires_grad_(self, requires_grad: bool = True) -> "WordsConnector":
        """Of all but the classifier of what it was taught, which the stage `names` alone trains."""
        super().requires_grad_(requires_grad)
        if self.taught is not None:
            self.taught.requires_grad_(False)
        return self

    def call(self, features: Tensor) -> Tensor:
        """(I, P, D_vision), the mean in front -> logits of what was taught (I, K)."""
        seen = features[:, 0, : self.linear_1.in_features]
        return self.taught(F.layer_norm(seen, seen.shape[-1:]))

    def forward(self, features: Tensor) -> Tensor:
        parts = [self.linear_1.in_features, self.told, self.classes]
        seen, colours, logits = features.split(parts, dim=-1)
        tags = (self.sharpness * logits.float()).softmax(-1).to(seen.dtype) @ self.names.to(seen.dtype)
        hidden = self.linear_1(self.norm(seen))
        if self.told:
            hidden = hidden + self.colours(colours)
        tokens = self.linear_2(self.act(hidden)) + tags
        if self.taught is None:
            return tokens
        called = self.taught_names[self.call(features).argmax(1)].to(tokens.dtype)
        return torch.cat([tokens[:, :1] + called[:, None], tokens[:, 1:]], dim=1)


def named(words: Tensor, ids: list[list[int]]) -> Tensor:
    """(K, D): each name is the mean of its tokens' embeddings, of `words` (V, D)."""
    return torch.stack([words[tokens].float().mean(0) for tokens in ids])
