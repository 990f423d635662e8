"""BLIP-2 against transformers' on the same weights, through the import code: scores, logits, words."""

from pathlib import Path

import pytest
import torch
from PIL import Image
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import Blip2Config as TheirConfig
from transformers import Blip2ForConditionalGeneration, Blip2ForImageTextRetrieval

from convert.blip import import_blip2, import_matcher, without_twins
from convert_vlm import main as convert_vlm
from model.blip2 import Blip2
from model.files import load_strictly, own_tensors
from model.qformer import similarity
from scoring.assistant import Assistant
from tests.conftest import SMALL_EYE, scrambled
from tests.proof import same

IMAGE, EOS, PAD, BOS = 59, 2, 1, 3
QFORMER = {
    "vocab_size": 41,
    "hidden_size": 32,
    "encoder_hidden_size": 24,
    "intermediate_size": 48,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "max_position_embeddings": 24,
}
LANGUAGES = {
    "OPT": {
        "model_type": "opt",
        "vocab_size": 60,
        "hidden_size": 32,
        "word_embed_proj_dim": 32,
        "ffn_dim": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "max_position_embeddings": 64,
        "pad_token_id": PAD,
        "bos_token_id": BOS,
        "eos_token_id": EOS,
        "dropout": 0.0,
    },
    "T5": {
        "model_type": "t5",
        "vocab_size": 60,
        "d_model": 32,
        "d_kv": 8,
        "d_ff": 48,
        "num_layers": 2,
        "num_heads": 4,
        "pad_token_id": PAD,
        "eos_token_id": EOS,
        "decoder_start_token_id": PAD,
        "dropout_rate": 0.0,
    },
}


def make(kind: type, language: str, **more: object) -> torch.nn.Module:
    torch.manual_seed(0)
    config = TheirConfig(
        vision_config=SMALL_EYE,
        qformer_config=QFORMER | more,
        text_config=LANGUAGES[language],
        num_query_tokens=5,
        image_text_hidden_size=16,
    )
    config.image_token_id = config.image_token_index = IMAGE
    theirs = scrambled(kind(config)).eval()
    return theirs


@pytest.fixture(scope="module", params=LANGUAGES)
def pair(request: pytest.FixtureRequest) -> tuple[str, Blip2, Blip2ForConditionalGeneration]:
    theirs = make(Blip2ForConditionalGeneration, request.param)
    for name, p in theirs.language_model.named_parameters():
        if name.endswith(("fc2.weight", "out_proj.weight", "wo.weight", ".o.weight")):
            p.data *= 0.3  # words weigh more: answers vary, and end
    config, tensors = import_blip2(theirs.config.to_dict(), theirs.state_dict(), "theirs")
    ours = Blip2(config).eval()
    load_strictly(own_tensors(ours), without_twins(ours, tensors), "theirs")
    return request.param, ours, theirs


@pytest.fixture
def pixels() -> torch.Tensor:
    return torch.randn(6, 3, 32, 32, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def ids() -> torch.Tensor:
    return torch.randint(4, 59, (6, 7), generator=torch.Generator().manual_seed(2))


def placed(ids: torch.Tensor) -> torch.Tensor:
    """Their text has places for the queries in front."""
    return torch.cat([torch.full((len(ids), 5), IMAGE), ids], dim=1)


def test_logits_and_loss(pair: tuple, pixels: torch.Tensor, ids: torch.Tensor) -> None:
    name, ours, theirs = pair
    mask = torch.ones_like(ids)
    mask[::2, 5:] = 0
    labels = ids.masked_fill(mask == 0, -100)
    labels[:, :2] = -100
    known = {"pixel_values": pixels, "attention_mask": torch.nn.functional.pad(mask, (5, 0), value=1)}
    mine = ours(ids, pixels, mask, labels)
    if name == "T5":
        known["attention_mask"] = torch.ones(6, 7, dtype=torch.long)
        expected = theirs(input_ids=placed(ids[:, :2]), labels=labels[:, 2:].contiguous(), **known)
        same("BLIP-2 on T5: logits", "Blip2ForConditionalGeneration", mine.logits, expected.logits)
    else:
        wide = torch.nn.functional.pad(labels, (5, 0), value=-100)
        expected = theirs(input_ids=placed(ids), labels=wide, **known)
        there = mask.bool()
        same(
            "BLIP-2 on OPT: logits",
            "Blip2ForConditionalGeneration",
            mine.logits[there],
            expected.logits[:, 5:][there],
        )
    same(f"BLIP-2 on {name}: loss", "Blip2ForConditionalGeneration", mine.loss, expected.loss)


@pytest.mark.parametrize("num_beams", [1, 3])
def test_answers(pair: tuple, pixels: torch.Tensor, ids: torch.Tensor, num_beams: int) -> None:
    name, ours, theirs = pair
    mine = ours.generate(ids, pixels, max_new_tokens=10, num_beams=num_beams)
    expected = theirs.generate(
        pixels, placed(ids), max_new_tokens=10, num_beams=num_beams, do_sample=False, pad_token_id=PAD
    )
    expected = expected[:, 1:] if name == "T5" else expected[:, -mine.shape[1] :]
    same(
        f"BLIP-2 on {name}: answers, {num_beams} beams",
        "Blip2ForConditionalGeneration",
        mine,
        expected,
        close=0,
    )


def test_a_padded_row_says_what_it_says_alone(pair: tuple, pixels: torch.Tensor, ids: torch.Tensor) -> None:
    _, ours, _ = pair
    mask = torch.ones_like(ids)
    mask[::2, :3] = 0
    batch = ours.generate(ids.masked_fill(mask == 0, PAD), pixels, attention_mask=mask, max_new_tokens=6)
    for row in range(6):
        alone = ours.generate(
            ids[row : row + 1][:, mask[row].bool()], pixels[row : row + 1], max_new_tokens=6
        )
        assert batch[row, : alone.shape[1]].tolist() == alone[0].tolist()


def test_sampling(pair: tuple, pixels: torch.Tensor, ids: torch.Tensor) -> None:
    _, ours, _ = pair

    def say(seed: int, **how: object) -> list:
        generator = torch.Generator().manual_seed(seed)
        return ours.generate(ids, pixels, max_new_tokens=6, generator=generator, **how).tolist()

    warm = {"temperature": 1.0, "top_k": 20, "top_p": 0.95}
    assert say(0, **warm) == say(0, **warm) != say(1, **warm)
    assert say(0, temperature=1.0, top_k=1) == say(1)


def test_pictures_and_texts_must_be_as_many(pair: tuple, pixels: torch.Tensor, ids: torch.Tensor) -> None:
    with pytest.raises(ValueError, match="5 pictures for 6 texts"):
        pair[1](ids, pixels[:5], labels=ids)


def test_an_imported_folder_answers_a_question(
    pair: tuple, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    name, ours, theirs = pair
    theirs.save_pretrained(tmp_path / "theirs")
    words = {f"w{i}": i for i in range(60)}
    del words[f"w{EOS}"], words[f"w{PAD}"]
    tokenizer = Tokenizer(models.WordLevel(words | {"</s>": EOS, "<pad>": PAD}, unk_token="w58"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.add_special_tokens(["</s>", "<pad>"])
    tokenizer.save(str(tmp_path / "theirs" / "tokenizer.json"))
    convert_vlm(["import", str(tmp_path / "theirs"), str(tmp_path / "ours"), "--from", "blip2"])
    assert "not compared" not in capsys.readouterr().err
    assistant = Assistant.load(tmp_path / "ours", "cpu")
    picture = Image.new("RGB", (40, 30), "red")
    said = "".join(
        assistant.stream([{"role": "user", "content": "<image>\nw7 w8"}], [picture], max_new_tokens=6)
    )
    prompt = {"OPT": [EOS, 7, 8], "T5": [7, 8, EOS]}[name]
    known = ours.generate(torch.tensor([prompt]), assistant.pixels([picture]), max_new_tokens=6)
    assert said == assistant.chat.decode(known[0].tolist()) != ""


def test_contrast_and_matching_scores(pixels: torch.Tensor) -> None:
    theirs = make(Blip2ForImageTextRetrieval, "OPT", use_qformer_text_input=True)
    eye, matcher = import_matcher(theirs.config.to_dict(), theirs.state_dict(), "theirs")
    ids = torch.randint(0, 41, (6, 7), generator=torch.Generator().manual_seed(3))
    valid = torch.ones_like(ids)
    valid[1::2, 4:] = 0
    theirs.config.image_token_index = None  # their text has no places for the queries
    image = eye(pixels)
    nearest = theirs(pixels, ids, valid)
    seen, _ = matcher.see(image)
    texts = matcher.read(ids, valid)
    reference = "Blip2ForImageTextRetrieval"
    same("BLIP-2: ITC, directions of queries", reference, seen, nearest.image_embeds)
    same("BLIP-2: ITC, directions of texts", reference, texts, nearest.text_embeds)
    same("BLIP-2: ITC scores", reference, similarity(seen, texts), nearest.logits_per_image)
    matched = theirs(pixels, ids, valid, use_image_text_matching_head=True).logits_per_image
    same("BLIP-2: ITM scores", reference, matcher.match(image, ids, valid), matched)
