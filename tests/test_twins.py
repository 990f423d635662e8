"""Our rules and searches against transformers' on the same weights: equal ids, equal numbers."""

from dataclasses import replace

import pytest
import torch
from transformers import LlamaConfig as TheirConfig
from transformers import (
    LlamaForCausalLM,
    LogitsProcessor,
    Qwen2MoeConfig,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)
from transformers.models.qwen2_moe.modeling_qwen2_moe import Qwen2MoeSparseMoeBlock

from convert.llama import llama_config, llama_tensors
from model.decoder import KVCache
from model.generation import keep_top_k, keep_top_p, penalise_repetition
from model.moe import MixtureOfExperts
from model.vlm import VLM
from tests.conftest import END_ID, PAD_ID, TINY, scrambled
from tests.proof import same

PROMPTS = torch.randint(4, 50, (24, 7), generator=torch.Generator().manual_seed(3))


@pytest.fixture(scope="module")
def pair() -> tuple[VLM, LlamaForCausalLM]:
    """Our model and a LLaMA with the same decoder, likely to say the end soon."""
    torch.manual_seed(0)
    ours = scrambled(VLM(TINY)).eval()
    ours.decoder.norm.weight.data *= 0.6  # less sure of itself: beams differ from greedy
    theirs = LlamaForCausalLM(TheirConfig(**llama_config(TINY.text, "tiny")))
    state = llama_tensors(ours.decoder.state_dict())
    theirs.load_state_dict(state | {"lm_head.weight": state["model.embed_tokens.weight"]}, strict=True)
    return ours, theirs.eval()


def both(pair: tuple, ids: torch.Tensor, mask: torch.Tensor | None = None, **how: object) -> tuple:
    ours, theirs = pair
    new = how.pop("max_new_tokens", 12)
    mine = ours.generate(ids, attention_mask=mask, max_new_tokens=new, **how)
    expected = theirs.generate(
        ids,
        attention_mask=torch.ones_like(ids) if mask is None else mask,
        max_new_tokens=new,
        do_sample=False,
        eos_token_id=END_ID,
        pad_token_id=PAD_ID,
        **how,
    )[:, ids.shape[1] :]
    over = (expected == END_ID).cumsum(1) - (expected == END_ID).long() > 0
    return mine, expected.masked_fill(over, PAD_ID)  # beams of theirs take a pad_token_id of 0 for none


def test_greedy(pair: tuple) -> None:
    same("greedy search: ids", "LlamaForCausalLM.generate", *both(pair, PROMPTS), close=0)


def test_one_beam_is_greedy(pair: tuple) -> None:
    assert torch.equal(both(pair, PROMPTS, num_beams=1)[0], both(pair, PROMPTS)[0])


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("length_penalty", [1.0, 0.0, 2.5, -1.0])
@pytest.mark.parametrize("num_beams", [2, 4])
def test_beams(pair: tuple, num_beams: int, length_penalty: float, early_stopping: bool) -> None:
    how = {"num_beams": num_beams, "length_penalty": length_penalty, "early_stopping": early_stopping}
    mine, expected = both(pair, PROMPTS, **how)
    same("beam search: ids", "LlamaForCausalLM.generate", mine, expected, close=0)
    assert not torch.equal(mine, both(pair, PROMPTS)[0][:, : mine.shape[1]])


def test_beams_of_a_padded_batch(pair: tuple) -> None:
    mask = torch.ones(24, 7, dtype=torch.long)
    mask[::3, :4] = 0
    ids = PROMPTS.masked_fill(mask == 0, PAD_ID)
    for beams in (1, 4):
        mine, expected = both(pair, ids, mask, num_beams=beams)
        same("left-padded batch: ids", "LlamaForCausalLM.generate", mine, expected, close=0)


def test_beams_about_a_picture_go_on_from_it(vlm: VLM) -> None:
    """Four beams find an answer at least as likely as the greedy one, and it is that of a row alone."""
    ids = torch.tensor([[5, *[3] * 4, 6, 7], [8, *[3] * 4, 9, 10]])
    pixels = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    how = {"num_beams": 4, "max_new_tokens": 5, "stop_ids": ()}

    def likelihood(row: int, answer: torch.Tensor) -> float:
        whole = torch.cat([ids[row], answer])[None]
        chances = vlm(whole, pixels[row : row + 1]).logits.log_softmax(-1)[0, ids.shape[1] - 1 : -1]
        return chances.gather(1, answer[:, None]).sum().item()

    together = vlm.generate(ids, pixels, **how)
    greedy = vlm.generate(ids, pixels, max_new_tokens=5, stop_ids=())
    for row in range(2):
        alone = vlm.generate(ids[row : row + 1], pixels[row : row + 1], **how)
        assert torch.equal(alone[0], together[row])
        assert likelihood(row, alone[0]) >= likelihood(row, greedy[row]) - 1e-5


@pytest.mark.parametrize("cuts", [[7], [3, 4], [1] * 7])
def test_chunked_prefill(pair: tuple, cuts: list[int]) -> None:
    ours, theirs = pair
    cache = KVCache(TINY.text, batch=24, capacity=7, like=ours.decoder.embed_tokens.weight)
    with torch.no_grad():
        pieces = [ours(piece, cache=cache).logits for piece in PROMPTS.split(cuts, dim=1)]
        same(
            "prefill in chunks: logits", "LlamaForCausalLM", torch.cat(pieces, dim=1), theirs(PROMPTS).logits
        )


def test_logits_rules() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = 3 * torch.randn(64, 50, generator=generator)
    seen = torch.randint(0, 50, (64, 9), generator=generator)

    def check(name: str, ours: torch.Tensor, rule: LogitsProcessor) -> None:
        same(f"{name}: logits", type(rule).__name__, ours, rule(seen, logits.clone()))

    check("temperature", logits / 0.7, TemperatureLogitsWarper(0.7))
    for k in (1, 5, 50):
        check("top-k", keep_top_k(logits, k), TopKLogitsWarper(k))
    for p in (0.05, 0.3, 0.8, 0.99):
        check("top-p", keep_top_p(logits, p), TopPLogitsWarper(p))
    for penalty in (0.8, 1.3):
        ours = penalise_repetition(logits, seen, penalty)
        check("repetition penalty", ours, RepetitionPenaltyLogitsProcessor(penalty))


def test_shared_expert_of_qwen2_moe() -> None:
    """Theirs weighs the shared expert by a gate; where the gate is at zero, by one half."""
    config = replace(TINY.text, num_local_experts=4, num_shared_experts=1)
    sizes = {"hidden_size": 32, "moe_intermediate_size": 48, "shared_expert_intermediate_size": 48}
    theirs = Qwen2MoeSparseMoeBlock(
        Qwen2MoeConfig(**sizes, num_experts=4, num_experts_per_tok=2, norm_topk_prob=True)
    )
    torch.manual_seed(0)
    for p in theirs.parameters():
        p.data = 0.3 * torch.randn(p.shape)
    theirs.shared_expert_gate.weight.data.zero_()
    ours = MixtureOfExperts(config)
    ours.gate.weight.data = theirs.gate.weight.data
    for i, expert in enumerate(ours.experts):
        gate, up = theirs.experts.gate_up_proj.data[i].chunk(2)
        expert.gate_proj.weight.data, expert.up_proj.weight.data = gate, up
        expert.down_proj.weight.data = theirs.experts.down_proj.data[i]
    ours.shared_experts[0].load_state_dict(theirs.shared_expert.state_dict())
    ours.shared_experts[0].down_proj.weight.data /= 2
    x = torch.randn(2, 6, 32)
    with torch.no_grad():
        expected = theirs(x)
    expected = expected[0] if isinstance(expected, tuple) else expected
    same("experts with a shared one: outputs", "Qwen2MoeSparseMoeBlock", ours(x), expected)
