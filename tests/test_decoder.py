from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch.testing import assert_close
from transformers import LlamaConfig, LlamaForCausalLM

import model.decoder
from model.config import DecoderConfig
from model.decoder import Decoder, KVCache, RMSNorm, attend, attention_mask_for, rope_angles, rotate
from tests.conftest import TINY, scrambled

CONFIG = TINY.text


@pytest.fixture
def decoder() -> Decoder:
    torch.manual_seed(0)
    return scrambled(Decoder(CONFIG)).eval()


def logits(decoder: Decoder, ids: torch.Tensor, **more: object) -> torch.Tensor:
    return decoder.logits(decoder(decoder.embed_tokens(ids), **more))


def some_ids(*shape: int) -> torch.Tensor:
    return torch.randint(4, CONFIG.vocab_size, shape, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(
    "changes", [{}, {"num_key_value_heads": 4}, {"head_dim": 12}, {"tie_word_embeddings": False}]
)
def test_equals_llama(changes: dict) -> None:
    config = replace(CONFIG, **changes)
    ours = scrambled(Decoder(config)).eval()
    names = (
        "vocab_size hidden_size intermediate_size num_hidden_layers num_attention_heads num_key_value_heads"
    )
    shared = {k: getattr(config, k) for k in [*names.split(), "rms_norm_eps", "tie_word_embeddings"]}
    rope = {"rope_type": "default", "rope_theta": config.rope_theta}
    theirs = LlamaForCausalLM(LlamaConfig(**shared, head_dim=config.head_size, rope_parameters=rope)).eval()
    state = {k if k.startswith("lm_head") else f"model.{k}": v for k, v in ours.state_dict().items()}
    if config.tie_word_embeddings:
        state["lm_head.weight"] = state["model.embed_tokens.weight"]
    theirs.load_state_dict(state, strict=True)
    ids = some_ids(2, 11)
    assert_close(logits(ours, ids), theirs(ids).logits, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("cuts", [[11], [5, 6], [1] * 11, [4, 1, 6]])
def test_cached_equals_uncached(decoder: Decoder, cuts: list[int]) -> None:
    ids = some_ids(2, 11)
    cache = KVCache(CONFIG, batch=2, capacity=11, like=decoder.embed_tokens.weight)
    pieces = [logits(decoder, piece, cache=cache) for piece in ids.split(cuts, dim=1)]
    assert_close(torch.cat(pieces, dim=1), logits(decoder, ids), rtol=1e-4, atol=1e-5)


def test_padded_equals_alone(decoder: Decoder) -> None:
    ids = some_ids(1, 7)
    padded = torch.cat([torch.zeros(1, 4, dtype=torch.long), ids], dim=1)
    mask = torch.tensor([[0] * 4 + [1] * 7])
    assert_close(
        logits(decoder, padded, attention_mask=mask)[:, 4:], logits(decoder, ids), rtol=1e-4, atol=1e-5
    )


def test_a_token_sees_nothing_after_it(decoder: Decoder) -> None:
    ids = some_ids(1, 9)
    changed = ids.clone()
    changed[0, 5] = ids[0, 5] % 40 + 5
    before, after = logits(decoder, ids), logits(decoder, changed)
    assert torch.equal(before[:, :5], after[:, :5])
    assert not torch.allclose(before[:, 5:], after[:, 5:])


def test_mask_is_the_picture_in_its_docstring() -> None:
    picture = torch.tensor([[1, 1, 1, 0, 0], [1, 1, 1, 1, 0], [1, 1, 1, 1, 1]]).bool()
    assert torch.equal(attention_mask_for(2, 3, None, torch.device("cpu")), picture)
    assert attention_mask_for(4, 1, None, torch.device("cpu")) is None


def test_attention_written_out_equals_fused(monkeypatch: pytest.MonkeyPatch) -> None:
    q, k, v = (torch.randn(2, 4, 6, 8) for _ in range(3))
    mask, fused = torch.ones(6, 6).tril().bool(), []
    asked = F.scaled_dot_product_attention
    monkeypatch.setattr(
        F, "scaled_dot_product_attention", lambda *a, **k: (fused.append(1), asked(*a, **k))[1]
    )
    expected = attend(q, k, v, mask)
    trained = attend(*(x.bfloat16().requires_grad_() for x in (q, k, v)), mask)
    assert_close(trained.float(), expected, rtol=0.05, atol=0.05)
    monkeypatch.setattr(model.decoder, "WATCHERS", [lambda weights: None])
    assert_close(attend(q, k, v, mask), expected)
    assert len(fused) == 1, "one of the three is fused"


def test_rope_turns_pairs_as_complex_numbers() -> None:
    x, positions = torch.randn(1, 2, 5, 8), torch.arange(3, 8)[None]
    pairs = torch.complex(x[..., :4], x[..., 4:])
    turned = pairs * torch.polar(torch.ones(5, 4), positions[0, :, None] * 1e4 ** (-torch.arange(4) / 4))
    ours = rotate(x, *rope_angles(positions, 8, 1e4))
    assert_close(ours, torch.cat([turned.real, turned.imag], dim=-1))


def test_rmsnorm_by_hand() -> None:
    norm = RMSNorm(2, eps=0.0)
    norm.weight.data = torch.tensor([1.0, 10.0])
    assert_close(norm(torch.tensor([3.0, 4.0])), torch.tensor([3.0, 40.0]) / 12.5**0.5)


def test_cache_and_context_have_an_end(decoder: Decoder) -> None:
    cache = KVCache(CONFIG, batch=1, capacity=4, like=decoder.embed_tokens.weight)
    with pytest.raises(ValueError, match="holds 4 tokens; 5 are needed"):
        logits(decoder, some_ids(1, 5), cache=cache)
    with pytest.raises(ValueError, match="513 tokens do not fit the context of 512"):
        logits(decoder, some_ids(1, 513))


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"hidden_size": 30}, "not a multiple of num_attention_heads 4"),
        ({"num_key_value_heads": 3}, "num_key_value_heads 3"),
        ({"head_dim": 7}, "head size 7 is odd"),
        ({"num_local_experts": 2, "num_experts_per_tok": 3}, "not within 1..2"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(DecoderConfig(hidden_size=32, num_attention_heads=4), **changes)
