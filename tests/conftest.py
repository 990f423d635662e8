"""Small things that the tests make themselves: a tokenizer, a tiny model with scrambled weights."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from dataset.chat.render import Chat
from dataset.images.preprocess import Preprocessor
from dataset.train_tokenizer import storybook_text, train_tokenizer
from model.config import DecoderConfig, VisionConfig, VLMConfig
from model.eyes import efficientnet_config
from model.vlm import VLM
from scoring.assistant import Assistant
from tests import proof

CHECKPOINT = {
    "config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
    "preprocessor_config.json",
}
SMALL_EYE = {
    "hidden_size": 24,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": 32,
    "patch_size": 16,
}
IMAGE_ID, END_ID, PAD_ID = 3, 2, 0

TINY = VLMConfig(
    text=DecoderConfig(
        vocab_size=50,
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
    ),
    vision=VisionConfig(
        image_size=32,
        patch_size=16,
        hidden_size=24,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
    ),
    image_token_id=IMAGE_ID,
    eos_token_id=END_ID,
    pad_token_id=PAD_ID,
)


def scrambled(module: torch.nn.Module, seed: int = 0) -> torch.nn.Module:
    """Weights far from their initial values: norms are not ones and biases not zeros."""
    generator = torch.Generator().manual_seed(seed)
    for p in module.parameters():
        p.data.add_(0.3 * torch.randn(p.shape, generator=generator))
    return module


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--proof", type=Path, help="write the table of comparisons with references here")


def pytest_configure() -> None:
    """Scripts speak English to tests, whatever the developer reads."""
    os.environ.pop("LC_ALL", None)
    os.environ["LC_MESSAGES"] = "C"


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if (path := session.config.getoption("--proof")) and exitstatus == 0:
        proof.write(path)


@pytest.fixture
def vlm() -> VLM:
    torch.manual_seed(0)
    return scrambled(VLM(TINY)).eval()


@pytest.fixture(scope="session")
def tokenizer_folder(tmp_path_factory: pytest.TempPathFactory) -> object:
    folder = tmp_path_factory.mktemp("tokenizer")
    Chat(train_tokenizer(storybook_text(300), 600), image_tokens=1).save(folder)
    return folder


@pytest.fixture(scope="session")
def chat(tokenizer_folder: object) -> Chat:
    return Chat.load(tokenizer_folder, TINY.vision.num_tokens)


@pytest.fixture
def assistant(chat: Chat) -> Assistant:
    return untaught(chat)


def untaught(chat: Chat) -> Assistant:
    """A tiny model that fits the tokenizer; it has learnt nothing."""
    torch.manual_seed(0)
    text = replace(TINY.text, vocab_size=chat.tokenizer.get_vocab_size())
    ids = {"image_token_id": chat.image_id, "eos_token_id": chat.end_id, "pad_token_id": chat.pad_id}
    return Assistant(VLM(replace(TINY, text=text, **ids)).eval(), chat, Preprocessor(TINY.vision.image_size))


@pytest.fixture(scope="module")
def convolutional(tokenizer_folder: Path) -> Assistant:
    """A small decoder that reads what a convolutional vision encoder sees."""
    eye = replace(efficientnet_config("efficientnet-lite0", 64), num_attention_heads=8)  # it has none
    old = untaught(Chat.load(tokenizer_folder, eye.num_tokens))
    vlm = VLM(replace(old.vlm.config, vision=eye, connector="words")).eval()
    scrambled(vlm.decoder), scrambled(vlm.connector)
    return Assistant(vlm, old.chat, Preprocessor(64))
