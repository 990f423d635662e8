"""trainer.respell: other tokens, the same words and what is known of them."""

from dataclasses import replace
from itertools import chain

import pytest
import torch

from dataset.chat.render import Chat
from dataset.errors import DataError
from dataset.storybook.records import StorybookRecords
from dataset.train_tokenizer import train_tokenizer
from model import lora
from model.vlm import VLM
from scoring.assistant import Assistant
from tests.conftest import scrambled
from trainer.args import TrainArgs
from trainer.models import as_blip
from trainer.respell import ROWS, main, with_tokenizer


@pytest.fixture(scope="module")
def wider() -> Chat:
    """A tokenizer with more merges than the small one, of people's questions."""
    texts = (m["content"] for r in StorybookRecords("asked", 60, pictures=False) for m in r.messages)
    return Chat(train_tokenizer(chain(["user\n", "assistant\n"], texts), 500), image_tokens=4)


def test_a_known_token_keeps_its_row_and_a_new_one_begins_as_the_mean_of_its_pieces(assistant, wider):
    respelt = with_tokenizer(assistant, wider).vlm.state_dict()[ROWS]
    rows, (old, new) = assistant.vlm.state_dict()[ROWS], (assistant.chat.tokenizer, wider.tokenizer)
    known = [token for token in new.get_vocab() if old.token_to_id(token) is not None]
    fresh = [token for token in new.get_vocab() if old.token_to_id(token) is None and token.isascii()]
    assert len(known) > 262 and len(fresh) > 8
    for token in known:
        assert torch.equal(respelt[new.token_to_id(token)], rows[old.token_to_id(token)])
    for token in fresh:
        pieces = rows[assistant.chat.encode(token)]
        assert torch.allclose(respelt[new.token_to_id(token)], pieces.mean(0))


def test_nothing_else_changes(assistant, wider):
    before, after = assistant.vlm.state_dict(), with_tokenizer(assistant, wider).vlm.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[key], after[key]) for key in before if key != ROWS)


def test_its_own_tokenizer_changes_nothing(assistant):
    again = with_tokenizer(assistant, assistant.chat).vlm.state_dict()
    assert all(torch.equal(rows, again[key]) for key, rows in assistant.vlm.state_dict().items())


def test_the_folder_that_is_written_opens_and_reads_the_new_tokens(assistant, wider, tmp_path):
    assistant.save(tmp_path / "old")
    wider.save(tmp_path / "tokenizer")
    flags = {"weights": "old", "tokenizer": "tokenizer", "out": "new"}
    named = [part for flag, name in flags.items() for part in (f"--{flag}", str(tmp_path / name))]
    main([*named, "--store", "fp32"])
    opened = Assistant.load(tmp_path / "new", "cpu")
    assert opened.vlm.config.text.vocab_size == wider.tokenizer.get_vocab_size()
    assert opened.chat.encode("what colour is the boat?") == wider.encode("what colour is the boat?")


def test_an_adapter_becomes_part_of_the_model(assistant, wider, tmp_path):
    lora.adapt(assistant.vlm.decoder, lora.LoRAConfig(2, 4))
    scrambled(assistant.vlm.decoder)
    assistant.save(tmp_path / "old")
    wider.save(tmp_path / "tokenizer")
    flags = ["--weights", str(tmp_path / "old"), "--tokenizer", str(tmp_path / "tokenizer")]
    main([*flags, "--out", str(tmp_path / "new"), "--store", "fp32"])
    lora.merge(assistant.vlm.decoder)
    before, after = assistant.vlm.state_dict(), Assistant.load(tmp_path / "new", "cpu").vlm.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[key], after[key]) for key in before if key != ROWS)


def test_another_decoder_is_refused(assistant, wider):
    blip = as_blip(assistant, TrainArgs())
    with pytest.raises(DataError, match="only a model with our own decoder"):
        with_tokenizer(blip, wider)


def test_words_of_its_own_for_what_it_says_are_refused(assistant, wider):
    text = replace(assistant.vlm.config.text, tie_word_embeddings=False)
    untied = Assistant(VLM(replace(assistant.vlm.config, text=text)), assistant.chat, assistant.preprocessor)
    with pytest.raises(DataError, match="word embeddings of its own for what it says; its tokenizer stays"):
        with_tokenizer(untied, wider)


def test_a_tokenizer_of_another_make_is_refused(assistant, wider, monkeypatch):
    monkeypatch.setattr(wider.tokenizer.__class__, "token_to_id", lambda self, token: None, raising=False)
    with pytest.raises(DataError, match=r"dataset\.train_tokenizer"):
        with_tokenizer(assistant, wider)
