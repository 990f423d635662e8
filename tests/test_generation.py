import pytest
import torch
from torch.testing import assert_close

from model.generation import Sampling, choose, keep_top_k, keep_top_p, penalise_repetition
from model.vlm import VLM
from tests.conftest import END_ID, IMAGE_ID, PAD_ID

INF = torch.inf
NOTHING = torch.empty(1, 0, dtype=torch.long)


def test_penalty_divides_what_is_positive_and_multiplies_what_is_negative() -> None:
    logits = torch.tensor([[2.0, -2.0, 3.0]])
    assert_close(
        penalise_repetition(logits, torch.tensor([[0, 1, 1]]), 2.0), torch.tensor([[1.0, -4.0, 3.0]])
    )


def test_top_k() -> None:
    logits = torch.tensor([[1.0, 3.0, 2.0, 0.0]])
    assert_close(keep_top_k(logits, 2), torch.tensor([[-INF, 3.0, 2.0, -INF]]))
    assert_close(keep_top_k(logits, 99), logits)


@pytest.mark.parametrize("p, kept", [(0.5, 1), (0.51, 2), (0.8, 2), (0.81, 3), (1e-9, 1)])
def test_the_token_that_crosses_p_stays(p: float, kept: int) -> None:
    logits = torch.tensor([[0.2, 0.5, 0.1, 0.3 - 0.1]]).log()  # 0.5, 0.2, 0.2, 0.1
    logits = torch.tensor([[0.3, 0.5, 0.05, 0.15]]).log()
    assert (keep_top_p(logits, p) > -INF).sum() == kept


def test_temperature_comes_before_top_p() -> None:
    logits = torch.tensor([[0.6, 0.4]]).log()  # at temperature 0.1 the first alone reaches 0.9
    how = Sampling(temperature=0.1, top_p=0.9)
    assert {choose(logits, NOTHING, how).item() for _ in range(50)} == {0}


def test_sampling_follows_the_distribution() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.tensor([[0.2, 0.3, 0.5]]).log().expand(4000, 3)
    ids = choose(logits, NOTHING.expand(4000, 0), Sampling(temperature=1.0), generator)
    assert_close(ids.bincount() / 4000, torch.tensor([0.2, 0.3, 0.5]), rtol=0, atol=0.03)


def test_what_was_said_becomes_less_likely() -> None:
    logits, how = torch.tensor([[1.0, 1.1]]), Sampling(repetition_penalty=1.5)
    assert choose(logits, NOTHING, how).item() == 1
    assert choose(logits, torch.tensor([[1]]), how).item() == 0


@pytest.mark.parametrize(
    "wrong", [{"temperature": -1}, {"top_p": 0}, {"top_p": 1.5}, {"top_k": -1}, {"max_new_tokens": -1}]
)
def test_impossible_choices_are_refused_by_name(wrong: dict) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Sampling(**wrong)


def prompts() -> tuple[list[torch.Tensor], torch.Tensor]:
    """Three prompts of 9, 4 and 13 tokens; the first and the last hold pictures of 4 tokens each."""
    picture = [IMAGE_ID] * 4
    rows = [[5, *picture, 6, 7, 8, 9], [10, 11, 12, 13], [14, *picture, *picture, 15, 16, 17, 18]]
    return [torch.tensor([row]) for row in rows], torch.randn(
        3, 3, 32, 32, generator=torch.Generator().manual_seed(0)
    )


def test_a_batch_gives_what_its_rows_give_alone(vlm: VLM) -> None:
    rows, pixels = prompts()
    alone = [
        vlm.generate(row, p, max_new_tokens=6, stop_ids=())
        for row, p in zip(rows, (pixels[:1], None, pixels[1:]), strict=True)
    ]
    longest = max(row.shape[1] for row in rows)
    ids = torch.cat([torch.nn.functional.pad(r, (longest - r.shape[1], 0), value=PAD_ID) for r in rows])
    mask = torch.cat([torch.nn.functional.pad(torch.ones_like(r), (longest - r.shape[1], 0)) for r in rows])
    together = vlm.generate(ids, pixels, attention_mask=mask, max_new_tokens=6, stop_ids=())
    assert torch.equal(together, torch.cat(alone))


def test_greedy_equals_the_whole_sequence_read_anew_each_time(vlm: VLM) -> None:
    (ids, *_), pixels = prompts()
    whole = ids
    for _ in range(5):
        whole = torch.cat([whole, vlm(whole, pixels[:1]).logits[:, -1].argmax(-1, keepdim=True)], dim=1)
    assert torch.equal(vlm.generate(ids, pixels[:1], max_new_tokens=5, stop_ids=()), whole[:, ids.shape[1] :])


def test_a_row_ends_by_itself_and_is_filled(vlm: VLM) -> None:
    ids = torch.tensor([[5, 6, 7], [8, 9, 10]])
    free = vlm.generate(ids, max_new_tokens=6, stop_ids=())
    stop = free[0, 1].item()
    assert stop not in free[1] and free[0, 0] != stop, "pick other prompts"
    ended = vlm.generate(ids, max_new_tokens=6, stop_ids=(stop,))
    assert ended[0].tolist() == [free[0, 0], stop, *[PAD_ID] * 4]
    assert torch.equal(ended[1], free[1])


def test_max_new_tokens_counts_new_tokens_and_may_be_none(vlm: VLM) -> None:
    ids = torch.tensor([[5, 6, 7]])
    assert vlm.generate(ids, max_new_tokens=4, stop_ids=()).shape == (1, 4)
    assert vlm.generate(ids, max_new_tokens=0).shape == (1, 0)


def test_stream_gives_what_generate_gives(vlm: VLM) -> None:
    ids = torch.tensor([[5, 6, 7]])
    streamed = torch.stack(list(vlm.stream(ids, max_new_tokens=5)), dim=1)
    assert torch.equal(streamed, vlm.generate(ids, max_new_tokens=5))
    assert vlm.config.eos_token_id == END_ID
