from dataclasses import replace

import pytest
import torch
from torch.testing import assert_close

from model.moe import MixtureOfExperts, balance_loss
from model.vlm import VLM
from tests.conftest import TINY, scrambled

MOE = replace(TINY.text, num_local_experts=4, num_experts_per_tok=2, num_shared_experts=1)


def test_equals_every_expert_asked_for_every_token() -> None:
    torch.manual_seed(0)
    moe = scrambled(MixtureOfExperts(MOE))
    x = torch.randn(2, 5, 32)
    expected = torch.zeros_like(x)
    for b in range(2):
        for t in range(5):
            chances = moe.gate(x[b, t]).softmax(-1)
            best = chances.topk(2).indices.tolist()
            for e in best:
                expected[b, t] += chances[e] / chances[best].sum() * moe.experts[e](x[b, t])
            expected[b, t] += moe.shared_experts[0](x[b, t])
    assert_close(moe(x), expected, rtol=1e-4, atol=1e-5)


def test_balance_loss_is_k_when_even_and_more_when_not() -> None:
    chances = torch.full((4, 4), 0.25)
    even = torch.tensor([[0, 1], [2, 3], [0, 1], [2, 3]])
    assert balance_loss(chances, even).item() == pytest.approx(2.0)
    greedy = torch.tensor([[0.97, 0.01, 0.01, 0.01]] * 4)
    assert balance_loss(greedy, torch.tensor([[0, 1]] * 4)).item() == pytest.approx(4 * 0.98)


def test_balance_loss_is_part_of_the_training_loss_and_reaches_the_router() -> None:
    torch.manual_seed(0)
    config = replace(TINY, text=MOE)
    vlm = scrambled(VLM(config))
    ids = torch.randint(4, 50, (2, 8))
    with_it = vlm(ids, labels=ids).loss
    share = vlm.decoder.balance_loss()
    vlm.config = replace(config, text=replace(MOE, router_aux_loss_coef=0.0))
    assert_close(with_it - vlm(ids, labels=ids).loss, MOE.router_aux_loss_coef * share)
    with_it.backward()
    assert all(block.mlp.gate.weight.grad.abs().sum() > 0 for block in vlm.decoder.layers)
