"""Feed-forwards: SwiGLU, and a mixture of SwiGLU experts that takes its place.

    x (B, T, D) -> router (N, E) -> the k best experts of each token, weighted (+ shared experts) -> (B, T, D)

N = B * T tokens, E experts, k experts for each token. As Mixtral (Jiang et al. 2024, section 2.1); shared
experts as DeepSeekMoE (Dai et al. 2024, section 3.2); balance loss as Switch (Fedus et al. 2021, eq. 4).
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.config import DecoderConfig


class SwiGLU(nn.Module):
    """down(silu(gate(x)) * up(x))"""

    def __init__(self, hidden_size: int, intermediate_size: int) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(hidden_size, intermediate_size, bias=False)
        self.up_proj = nn.Linear(hidden_size, intermediate_size, bias=False)
        self.down_proj = nn.Linear(intermediate_size, hidden_size, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class MixtureOfExperts(nn.Module):
    """The router sends each token to its k best experts; shared experts see every token.

    `balance_loss` is that of the last forward: k when all experts get equal shares, more when they do not.
    """

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        sizes = config.hidden_size, config.intermediate_size
        self.top_k = config.num_experts_per_tok
        self.gate = nn.Linear(config.hidden_size, config.num_local_experts, bias=False)
        self.experts = nn.ModuleList(SwiGLU(*sizes) for _ in range(config.num_local_experts))
        self.shared_experts = nn.ModuleList(SwiGLU(*sizes) for _ in range(config.num_shared_experts))
        self.balance_loss: Tensor | float = 0.0

    def forward(self, x: Tensor) -> Tensor:
        tokens = x.reshape(-1, x.shape[-1])  # (N, D)
        chances = self.gate(tokens).float().softmax(-1)  # (N, E)
        weights, chosen = chances.topk(self.top_k, dim=-1)  # (N, k)
        weights = weights / weights.sum(-1, keepdim=True)
        self.balance_loss = balance_loss(chances, chosen)
        out = torch.zeros_like(tokens)
        for index, expert in enumerate(self.experts):
            token, slot = (chosen == index).nonzero(as_tuple=True)
            share = weights[token, slot, None].to(x.dtype)
            out.index_add_(0, token, (share * expert(tokens[token])).to(out.dtype))
        for expert in self.shared_experts:
            out = out + expert(tokens)
        return out.view_as(x)


def balance_loss(chances: Tensor, chosen: Tensor) -> Tensor:
    """E * sum over experts of (share of tokens sent there) * (mean chance of going there).

    chances (N, E), chosen (N, k). The share has no gradient; the chance pulls towards the neglected.
    """
    experts = chances.shape[-1]
    share = F.one_hot(chosen, experts).float().mean(0).sum(0)  # (E,), sums to k
    return experts * (share * chances.mean(0)).sum()
