"""The Q-Former against transformers' on the same weights, its masks against what they promise."""

from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, models
from transformers import BertConfig as TheirBert
from transformers import (
    BertForPreTraining,
    Blip2QFormerConfig,
    Blip2QFormerModel,
    CLIPVisionConfig,
    CLIPVisionModel,
)

from convert.bert import QFORMER
from convert.names import rename
from convert_vlm import main as convert_vlm
from model.bert import BertConfig
from model.files import load_strictly
from model.hub import load
from model.qformer import (
    QFormer,
    QFormerPretraining,
    contrast_mask,
    generating_mask,
    hard_negatives,
    matching_mask,
    text_mask,
)
from tests.conftest import scrambled
from tests.proof import same

SMALL = BertConfig(
    vocab_size=41,
    hidden_size=32,
    intermediate_size=48,
    num_hidden_layers=4,
    num_attention_heads=4,
    max_position_embeddings=24,
    hidden_dropout_prob=0.0,
    encoder_hidden_size=20,
    num_query_tokens=5,
)
MASKS = {"ITC": contrast_mask, "ITM": matching_mask, "ITG": generating_mask}
PLACES = torch.arange(7)
VALID = torch.tensor([[1] * 7, [1] * 5 + [0] * 2, [1] * 2 + [0] * 5])


def their_config(config: BertConfig) -> Blip2QFormerConfig:
    shared = "vocab_size hidden_size intermediate_size num_hidden_layers num_attention_heads layer_norm_eps"
    shared += " max_position_embeddings encoder_hidden_size cross_attention_frequency use_qformer_text_input"
    return Blip2QFormerConfig(**{name: getattr(config, name) for name in shared.split()})


@pytest.fixture(scope="module")
def pair() -> tuple[QFormer, Blip2QFormerModel]:
    torch.manual_seed(0)
    theirs = scrambled(Blip2QFormerModel(their_config(SMALL))).eval()
    ours = scrambled(QFormer(SMALL), seed=1).eval()
    words = {k: v for k, v in ours.state_dict().items() if k.startswith(("embeddings", "query_tokens"))}
    load_strictly(ours.state_dict(), rename(theirs.state_dict(), QFORMER, "theirs") | words, "theirs")
    return ours, theirs


@pytest.fixture
def image() -> torch.Tensor:
    return torch.randn(3, 9, 20, generator=torch.Generator().manual_seed(2))


@pytest.fixture
def ids() -> torch.Tensor:
    return torch.randint(0, 41, (3, 7), generator=torch.Generator().manual_seed(3))


def test_queries_alone(pair: tuple, image: torch.Tensor) -> None:
    ours, theirs = pair
    expected = theirs(ours.query_tokens.expand(3, -1, -1), encoder_hidden_states=image).last_hidden_state
    same("Q-Former: queries", "Blip2QFormerModel", ours(image)[0], expected)


def test_text_alone(pair: tuple, ids: torch.Tensor) -> None:
    ours, theirs = pair
    mine, _ = ours(ids=ids, mask=text_mask(VALID))
    expected = theirs(ours.embeddings(ids, PLACES), query_length=0, attention_mask=VALID).last_hidden_state
    said = VALID.bool()
    same("Q-Former: text", "Blip2QFormerModel", mine[said], expected[said])


@pytest.mark.parametrize("name", MASKS)
def test_queries_and_text(pair: tuple, image: torch.Tensor, ids: torch.Tensor, name: str) -> None:
    ours, theirs = pair
    allowed = MASKS[name](VALID, 5).expand(3, 1, 12, 12)
    mine, _ = ours(image, ids, allowed)
    expected = theirs(
        torch.cat([ours.query_tokens.expand(3, -1, -1), ours.embeddings(ids, PLACES)], dim=1),
        query_length=5,
        attention_mask=torch.zeros(3, 1, 12, 12).masked_fill(~allowed, -1e9),
        encoder_hidden_states=image,
    ).last_hidden_state
    there = torch.cat([torch.ones(3, 5), VALID], dim=1).bool()
    same(f"Q-Former: queries and text, {name}'s mask", "Blip2QFormerModel", mine[there], expected[there])


def test_two_passes_are_the_mask_of_the_contrast(pair: tuple, image: torch.Tensor, ids: torch.Tensor) -> None:
    ours, _ = pair
    together, _ = ours(image, ids, contrast_mask(VALID, 5))
    there = VALID.bool()
    torch.testing.assert_close(together[:, :5], ours(image)[0])
    torch.testing.assert_close(together[:, 5:][there], ours(ids=ids, mask=text_mask(VALID))[0][there])


def test_text_after_cached_queries_is_text_beside_them(
    pair: tuple, image: torch.Tensor, ids: torch.Tensor
) -> None:
    ours, _ = pair
    mask = generating_mask(VALID, 5)
    together, _ = ours(image, ids, mask)
    _, past = ours(image)
    after, past = ours(ids=ids[:, :4], mask=mask[:, :, 5:9, :9], past=past)
    last, _ = ours(ids=ids[:, 4:], mask=mask[:, :, 9:], past=past)
    torch.testing.assert_close(together[:, 5:], torch.cat([after, last], dim=1), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", MASKS)
def test_a_masked_word_changes_nothing(
    pair: tuple, image: torch.Tensor, ids: torch.Tensor, name: str
) -> None:
    """Word 4 of the first text: seen by all for ITM, by words for ITC, by itself and later words for ITG."""
    ours, _ = pair
    other = ids.clone()
    other[0, 4] = (ids[0, 4] + 1) % 41
    one, two = (ours(image, words, MASKS[name](VALID, 5))[0][0] for words in (ids, other))
    changed = [not torch.allclose(a, b, atol=1e-6) for a, b in zip(one, two, strict=True)]
    expected = {"ITM": [True] * 12, "ITC": [False] * 5 + [True] * 7, "ITG": [False] * 9 + [True] * 3}
    assert changed == expected[name]


@pytest.mark.parametrize("name", MASKS)
def test_padding_changes_nothing(pair: tuple, image: torch.Tensor, ids: torch.Tensor, name: str) -> None:
    ours, _ = pair
    other = torch.where(VALID.bool(), ids, (ids + 1) % 41)
    there = torch.cat([torch.ones(3, 5), VALID], dim=1).bool()
    one, two = (ours(image, words, MASKS[name](VALID, 5))[0][there] for words in (ids, other))
    assert torch.equal(one, two)


def test_hard_negatives_are_likely_the_similar_and_never_the_same() -> None:
    torch.manual_seed(0)
    logits = torch.tensor([[9.0, 3.0, 0.0, 3.0], [0.0, 9.0, 0.0, 0.0], [4.0, 0.0, 9.0, 0.0], [0.0] * 4])
    alike = torch.eye(4, dtype=torch.bool)
    alike[0, 3] = True
    drawn = torch.stack([hard_negatives(logits, alike) for _ in range(200)])
    assert not (drawn[:, 0] == 0).any() and not (drawn[:, 0] == 3).any()
    assert (drawn[:, 0] == 1).float().mean() > 0.9 and (drawn[:, 2] == 0).float().mean() > 0.9
    assert all((drawn[:, row] != row).all() for row in range(4))
    assert set(drawn[:, 3].tolist()) == {0, 1, 2}


def test_easy_negatives_are_any_but_the_same() -> None:
    torch.manual_seed(0)
    logits = torch.tensor([[9.0, 3.0, 0.0, 0.0]]).repeat(4, 1)
    same = torch.tensor([[True, False, False, True]]).repeat(4, 1)
    hard, mixed = (torch.cat([hard_negatives(logits, same, easy) for _ in range(100)]) for easy in (0.0, 0.5))
    assert set(mixed.tolist()) == {1, 2} and 0.02 < (hard == 2).float().mean() < 0.1
    assert 0.2 < (mixed == 2).float().mean() < 0.35


def test_negatives_where_all_texts_are_the_same() -> None:
    assert hard_negatives(torch.zeros(3, 3), torch.ones(3, 3, dtype=torch.bool)).tolist() == [1, 2, 0]


def test_stage_one_at_batch_size_one_leaves_matching_out(image: torch.Tensor, ids: torch.Tensor) -> None:
    model = QFormerPretraining(QFormer(SMALL), 16)
    losses = model(image[:1], ids[:1], VALID[:1])
    assert "itm" not in losses and torch.isfinite(losses["loss"])
    assert set(model(image, ids, VALID)) == {"loss", "itc", "itm", "itg", "itc_found", "itm_right"}


def test_a_qformer_starts_from_bert(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    sizes = {k: v for k, v in asdict(SMALL).items() if k in TheirBert().to_dict()}
    bert = scrambled(BertForPreTraining(TheirBert(**sizes)))
    bert.save_pretrained(tmp_path / "bert")
    Tokenizer(models.WordLevel({f"w{i}": i for i in range(41)}, "w0")).save(
        str(tmp_path / "bert/tokenizer.json")
    )
    eye = CLIPVisionConfig(
        hidden_size=20, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2, image_size=32
    )
    CLIPVisionModel(eye).save_pretrained(tmp_path / "eye")
    convert_vlm(
        [
            "import",
            str(tmp_path / "bert"),
            str(tmp_path / "out"),
            "--from",
            "bert",
            "--vision",
            str(tmp_path / "eye"),
        ]
    )
    said = capsys.readouterr().err.splitlines()
    qformer, theirs = load(tmp_path / "out").connector.qformer, bert.bert.state_dict()
    state = qformer.state_dict()
    layer = theirs["encoder.layer.1.attention.self.key.weight"]
    assert torch.equal(state["layers.1.attention.key.weight"], layer)
    assert torch.equal(state["layers.1.text_forward.dense.bias"], theirs["encoder.layer.1.output.dense.bias"])
    words = state["embeddings.word_embeddings.weight"]
    assert torch.equal(words[:41], theirs["embeddings.word_embeddings.weight"]) and len(words) == 41 + 6 + 1
    new = {line.split()[1] for line in said if line.startswith("new ")}
    assert new == {n for n in state if "crossattention" in n or "query_" in n}
    taken = {line.split()[1] for line in said if line.startswith("BERT")}
    assert taken == set(state) - new


@pytest.mark.parametrize("process_pairs", [2])
def test_two_processes_contrast_all_pairs(process_pairs: int, image: torch.Tensor, ids: torch.Tensor) -> None:
    """What one process finds in four pairs, two find in two each, if each knows the other's."""
    torch.manual_seed(0)
    model = QFormerPretraining(QFormer(SMALL), 16)
    image, ids = torch.cat([image, image.flip(1)])[:4], torch.cat([ids, ids.flip(1)])[:4]
    valid = torch.ones_like(ids)
    whole = model(image, ids, valid)["itc"]
    seen, texts = model.see(image)[0], model.read(ids, valid)
    halves = []
    for first in (0, process_pairs):
        some = slice(first, first + process_pairs)
        model.gather = lambda x, first=first: (seen if x.ndim == 3 else texts, first)
        halves.append(model(image[some], ids[some], valid[some])["itc"])
    torch.testing.assert_close(sum(halves) / 2, whole)
