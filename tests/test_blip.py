"""BLIP's captioner against transformers' on the same weights, through the import code."""

from pathlib import Path

import pytest
import torch
from PIL import Image
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import BlipConfig as TheirConfig
from transformers import BlipForConditionalGeneration

from convert.blip import import_blip
from convert_vlm import main as convert_vlm
from model.blip import Blip, BlipCache, BlipConfig
from model.files import load_strictly
from scoring.assistant import Assistant
from tests.conftest import SMALL_EYE, scrambled
from tests.proof import same

DEC, SEP, PAD = 39, 2, 0
TEXT = {
    "vocab_size": 40,
    "hidden_size": 32,
    "encoder_hidden_size": 24,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "max_position_embeddings": 40,
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
    "bos_token_id": DEC,
    "sep_token_id": SEP,
    "eos_token_id": SEP,
    "pad_token_id": PAD,
    "label_smoothing": 0.1,
}


def imported(theirs: BlipForConditionalGeneration) -> Blip:
    config, tensors = import_blip(theirs.config.to_dict(), theirs.state_dict(), "theirs")
    ours = Blip(config).eval()
    load_strictly(ours.state_dict(), tensors, "theirs")
    return ours


@pytest.fixture(scope="module")
def pair() -> tuple[Blip, BlipForConditionalGeneration]:
    torch.manual_seed(0)
    theirs = BlipForConditionalGeneration(TheirConfig(text_config=TEXT, vision_config=SMALL_EYE))
    theirs = scrambled(theirs).eval()
    theirs.text_decoder.cls.predictions.decoder.bias = theirs.text_decoder.cls.predictions.bias
    talkative(theirs.text_decoder)
    return imported(theirs), theirs


def talkative(decoder: torch.nn.Module) -> None:
    """What was said weighs more than what was seen, and the end is likely: captions vary, and end."""
    for name, p in decoder.named_parameters():
        if "output.dense" in name or (".layer." in name and "LayerNorm.bias" in name):
            p.data *= 0.2
    decoder.cls.predictions.transform.LayerNorm.weight.data *= 0.5
    decoder.cls.predictions.bias.data[SEP] += 2


@pytest.fixture
def pixels() -> torch.Tensor:
    return torch.randn(6, 3, 32, 32, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def ids() -> torch.Tensor:
    words = torch.randint(3, 39, (6, 8), generator=torch.Generator().manual_seed(2))
    words[:, 0] = DEC
    return words


def test_logits_and_loss(pair: tuple, pixels: torch.Tensor, ids: torch.Tensor) -> None:
    ours, theirs = pair
    valid = torch.ones_like(ids)
    valid[1::2, 5:] = 0
    labels = ids.masked_fill(valid == 0, -100)
    labels[:, :3] = -100  # [DEC] and the prompt
    mine = ours(ids, pixels, valid, labels)
    expected = theirs(pixels, ids, valid, labels)
    said = valid.bool()
    same("BLIP: logits", "BlipForConditionalGeneration", mine.logits[said], expected.logits[said])
    same("BLIP: loss, labels smoothed", "BlipForConditionalGeneration", mine.loss, expected.loss)
    alone = ours(ids, pixels, labels=labels)  # padding on the right: nothing before it can see it
    torch.testing.assert_close(alone.loss, mine.loss)


@pytest.mark.parametrize("num_beams", [1, 3])
def test_captions(pair: tuple, pixels: torch.Tensor, ids: torch.Tensor, num_beams: int) -> None:
    ours, theirs = pair
    prompt = ids[:, :3]
    mine = ours.generate(prompt, pixels, max_new_tokens=12, num_beams=num_beams)
    stopped = torch.cat([prompt, torch.full((6, 1), SEP)], dim=1)  # their generate drops the last, [SEP]
    expected = theirs.generate(pixels, stopped, num_beams=num_beams, max_new_tokens=12, do_sample=False)
    expected = expected[:, 3:]
    over = (expected == SEP).cumsum(1) - (expected == SEP).long() > 0
    expected = expected.masked_fill(over, PAD)  # beams of theirs take a pad_token_id of 0 for none
    assert (mine[:, : expected.shape[1]] == SEP).any(), "no caption ends: the test does not see endings"
    same(f"BLIP: captions, {num_beams} beams", "BlipForConditionalGeneration", mine, expected, close=0)


@pytest.mark.parametrize("cuts", [[8], [3, 5], [1] * 8])
def test_cached_is_uncached(pair: tuple, pixels: torch.Tensor, ids: torch.Tensor, cuts: list[int]) -> None:
    ours, _ = pair
    image, cache = ours.see(ids, pixels), BlipCache()
    parts = [ours.decoder(some, image, cache=cache) for some in ids.split(cuts, dim=1)]
    torch.testing.assert_close(torch.cat(parts, dim=1), ours.decoder(ids, image), rtol=1e-4, atol=1e-5)


def test_a_padded_row_says_what_it_says_alone(pair: tuple, pixels: torch.Tensor, ids: torch.Tensor) -> None:
    ours, _ = pair
    mask = torch.ones_like(ids)
    mask[::2, :3] = 0
    for num_beams in (1, 2):
        how = {"max_new_tokens": 8, "num_beams": num_beams}
        batch = ours.generate(ids.masked_fill(mask == 0, PAD), pixels, attention_mask=mask, **how)
        for row in range(6):
            alone = ours.generate(ids[row : row + 1][:, mask[row].bool()], pixels[row : row + 1], **how)
            assert batch[row, : alone.shape[1]].tolist() == alone[0].tolist()


def test_no_caption_is_shorter_than_it_may_be(pair: tuple, pixels: torch.Tensor, ids: torch.Tensor) -> None:
    ours, _ = pair
    short = ours.generate(ids[:, :3], pixels, max_new_tokens=12)
    assert (short[:, :5] == SEP).any()
    longer = Blip(BlipConfig(ours.config.text, ours.config.vision, 0, SEP, PAD, min_new_tokens=6)).eval()
    longer.load_state_dict(ours.state_dict())
    for how in ({}, {"num_beams": 3}, {"temperature": 1.0, "top_p": 0.9, "repetition_penalty": 1.1}):
        said = longer.generate(ids[:, :3], pixels, max_new_tokens=12, **how)
        assert not (said[:, :6] == SEP).any()


def test_a_caption_is_of_its_own_picture(pair: tuple, pixels: torch.Tensor, ids: torch.Tensor) -> None:
    ours, _ = pair
    batch = ours.generate(ids[:, :3], pixels, max_new_tokens=6)
    turned = ours.generate(ids[:, :3].flip(0), pixels.flip(0), max_new_tokens=6)
    assert torch.equal(batch, turned.flip(0))
    assert not torch.equal(batch, ours.generate(ids[:, :3], pixels.flip(0), max_new_tokens=6))


def test_pictures_and_texts_must_be_as_many(pair: tuple, pixels: torch.Tensor, ids: torch.Tensor) -> None:
    with pytest.raises(ValueError, match="5 pictures for 6 texts"):
        pair[0](ids, pixels[:5])
    with pytest.raises(ValueError, match="0 pictures for 6 texts"):
        pair[0](ids)


def test_an_imported_folder_captions_a_picture(
    pair: tuple, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    ours, theirs = pair
    theirs.save_pretrained(tmp_path / "theirs")
    words = {f"w{i}": i for i in range(3, 39)} | {"[PAD]": PAD, "[MASK]": 1, "[SEP]": SEP}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="w38"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.add_special_tokens(["[PAD]", "[SEP]", "[MASK]"])
    tokenizer.save(str(tmp_path / "theirs" / "tokenizer.json"))
    convert_vlm(["import", str(tmp_path / "theirs"), str(tmp_path / "ours"), "--from", "blip"])
    assert "not compared" not in capsys.readouterr().err
    assistant = Assistant.load(tmp_path / "ours", "cpu")
    picture = Image.new("RGB", (40, 30), "red")
    asked = [{"role": "user", "content": "<image>\nw5 w6"}]  # "a picture of"
    assert assistant.chat.prompt(asked) == [DEC, 5, 6]
    known = ours.generate(torch.tensor([[DEC, 5, 6]]), assistant.pixels([picture]), max_new_tokens=6)
    said = assistant.answer_batch([asked], [picture], max_new_tokens=6)[0]
    assert said == assistant.chat.decode(known[0].tolist()) != ""
