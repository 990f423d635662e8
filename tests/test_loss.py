"""What saves memory changes no number."""

import pytest
import torch
import torch.nn.functional as F
from torch.testing import assert_close

import model.loss
from model.loss import IGNORED, scored_loss
from model.vlm import VLM
from tests.conftest import TINY, scrambled


@pytest.fixture
def vlm() -> VLM:
    return scrambled(VLM(TINY)).train()


@pytest.fixture
def said() -> tuple[torch.Tensor, torch.Tensor]:
    ids = torch.randint(5, TINY.text.vocab_size, (3, 9))
    return ids, ids.masked_fill(torch.rand(3, 9) < 0.4, IGNORED)


def learnt(vlm: VLM, ids: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    vlm.zero_grad()
    loss = vlm(ids, labels=labels).loss
    loss.backward()
    return loss.detach(), {name: p.grad for name, p in vlm.named_parameters() if p.grad is not None}


def test_it_is_the_cross_entropy_of_what_is_scored(vlm: VLM, said: tuple) -> None:
    ids, labels = said
    logits = vlm(ids).logits[:, :-1]
    expected = F.cross_entropy(logits.flatten(0, 1), labels[:, 1:].flatten(), ignore_index=IGNORED)
    hidden = vlm.decoder(vlm.decoder.embed_tokens(ids))
    assert_close(scored_loss(vlm.decoder, hidden, labels), expected)


@pytest.mark.parametrize("way", ["loss in parts", "layers recomputed"])
def test_saving_memory_changes_nothing(
    vlm: VLM, said: tuple, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    loss, gradients = learnt(vlm, *said)
    calls, forward = [], vlm.decoder.layers[0].mlp.forward
    vlm.decoder.layers[0].mlp.forward = lambda x: (calls.append(1), forward(x))[1]
    if way == "loss in parts":
        monkeypatch.setattr(model.loss, "AT_ONCE", 4 * TINY.text.vocab_size)
    else:
        vlm.decoder.recompute = True
    again, same = learnt(vlm, *said)
    assert_close(again, loss)
    for name, gradient in gradients.items():
        assert_close(same[name], gradient, msg=name)
    assert len(calls) == (2 if way == "layers recomputed" else 1)
