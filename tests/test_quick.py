"""The decoder laid out for answering says what the decoder says."""

from dataclasses import replace

import pytest
import torch
from torch.testing import assert_close

from model.captured import CapturedDecoder
from model.config import DecoderConfig
from model.decoder import Decoder
from model.device import multiplies_bf16
from model.quick import FEW, Laid, QuickDecoder
from model.vlm import VLM
from tests.conftest import scrambled

CONFIG = DecoderConfig(
    vocab_size=61,
    hidden_size=32,
    intermediate_size=48,
    num_hidden_layers=3,
    num_attention_heads=4,
    num_key_value_heads=2,
    max_position_embeddings=64,
)
KINDS = {
    "grouped": CONFIG,
    "many keys": replace(CONFIG, num_key_value_heads=4),
    "one key": replace(CONFIG, num_key_value_heads=1),
    "own head": replace(CONFIG, tie_word_embeddings=False),
    "biased": replace(CONFIG, attention_bias=True),
    "wide heads": replace(CONFIG, head_dim=16),
    "experts": replace(CONFIG, num_local_experts=3),
}
WAYS = [QuickDecoder, CapturedDecoder]
BF16 = pytest.mark.skipif(not multiplies_bf16(torch.device("cpu")), reason="this CPU has no bf16")


def decoder(config: DecoderConfig) -> Decoder:
    return scrambled(Decoder(config)).eval().requires_grad_(False)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", KINDS)
def test_same_logits_at_once_and_step_by_step(kind: str, way: type[QuickDecoder]) -> None:
    plain = decoder(KINDS[kind])
    quick, embeds = way(plain, "fp32"), torch.randn(2, 9, 32)
    expected = plain.logits(plain(embeds))
    cache = quick.new_cache(2, 9)
    parts = [quick.logits(quick(embeds[:, a:b], None, cache)) for a, b in ((0, 4), (4, 5), (5, 6), (6, 9))]
    assert_close(torch.cat(parts, dim=1), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("way", WAYS)
def test_padded_is_alone(way: type[QuickDecoder]) -> None:
    plain = decoder(CONFIG)
    quick, embeds = way(plain, "fp32"), torch.randn(2, 7, 32)
    mask = torch.tensor([[0, 0, 1, 1, 1, 1, 1], [1] * 7])
    cache = quick.new_cache(2, 7)
    quick(embeds[:, :6], mask[:, :6], cache)
    last = quick.logits(quick(embeds[:, 6:], mask, cache))[:, 0]
    for row, first in ((0, 2), (1, 0)):
        alone = plain.logits(plain(embeds[row : row + 1, first:]))[:, -1]
        assert_close(last[row : row + 1], alone, rtol=1e-4, atol=1e-4)


def test_steps_of_one_shape_say_what_others_say(vlm: VLM) -> None:
    """Greedy for a padded batch, and with beams, which choose rows of the cache anew."""
    ids = torch.randint(5, 50, (2, 9))
    mask = torch.tensor([[0, 0, 0, *[1] * 6], [1] * 9])
    ways = [way(vlm.decoder, "fp32") for way in WAYS]
    for choices in ({"attention_mask": mask}, {"num_beams": 3}):
        said = []
        for way in ways:
            vlm.quick = way
            said.append(torch.stack(list(vlm.stream(ids, max_new_tokens=8, stop_ids=(), **choices))))
        assert torch.equal(*said) and len(said[0].unique()) > 2


def test_what_is_not_written_yet_is_hidden() -> None:
    """A cache that held another conversation goes on as a new one does."""
    captured, embeds = CapturedDecoder(decoder(CONFIG), "fp32"), torch.randn(1, 6, 32)
    fresh, used = captured.new_cache(1, 12), captured.new_cache(1, 12)
    used.keys.normal_()
    used.values.normal_()
    for cache in (fresh, used):
        captured(embeds[:, :5], None, cache)
    assert_close(captured(embeds[:, 5:], None, fresh), captured(embeds[:, 5:], None, used))


@pytest.mark.parametrize(
    "layout, near", [("fp32", 1e-5), pytest.param("bf16", 0.02, marks=BF16), ("int8", 0.03)]
)
@pytest.mark.parametrize("rows", [1, FEW, FEW + 1])
def test_a_layout_is_near_the_layers_it_is_made_of(layout: str, near: float, rows: int) -> None:
    linears = [torch.nn.Linear(64, n).requires_grad_(False) for n in (32, 16)]
    norm, x = torch.rand(64) + 0.5, torch.randn(rows, 64)
    expected = torch.cat([linear(x * norm) for linear in linears], dim=-1)
    out = Laid(linears, layout, norm)(x).float()
    assert (out - expected).norm() < near * expected.norm()
    assert_close(Laid(linears, layout)(x[:, None]).shape, torch.Size([rows, 1, 48]))


@pytest.mark.parametrize("layout", [pytest.param("bf16", marks=BF16), "int8"])
def test_few_bytes_say_nearly_the_same(layout: str) -> None:
    plain = decoder(CONFIG)
    quick, embeds = QuickDecoder(plain, layout), torch.randn(4, 9, 32)
    logits = quick.logits(quick(embeds, None, quick.new_cache(4, 9))).float()
    expected = plain.logits(plain(embeds))
    assert (logits - expected).norm() < 0.08 * expected.norm()


@pytest.mark.parametrize("way", WAYS)
def test_the_context_has_an_end(way: type[QuickDecoder]) -> None:
    quick = way(decoder(CONFIG), "fp32")
    with pytest.raises(ValueError, match="65 tokens do not fit the context of 64"):
        quick(torch.zeros(1, 65, 32), None, quick.new_cache(1, 65))
