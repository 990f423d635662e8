"""llama.cpp itself, where it is installed (requirements-bench.txt), says of our files what we say."""

from pathlib import Path

import pytest
import torch
from PIL import Image

from benchmarks import llama_cpp
from benchmarks.llama_cpp import LlamaCpp
from convert.gguf_spelling import trial_texts
from convert_vlm import main as convert_vlm
from dataset.chat.render import Chat
from dataset.project import TINY
from dataset.storybook.records import StorybookRecords
from scoring.assistant import Assistant
from tests.conftest import SMALL_EYE
from tests.test_gguf_out import TALK, exported, made, plain  # noqa: F401, a fixture

pytestmark = pytest.mark.skipif(not llama_cpp.installed(), reason=llama_cpp.ABSENT)
DESCRIBE = [{"role": "user", "content": "<image>\nDescribe the picture."}]
PHOTO = (  # to weights/photo's decoder, without a picture
    "What is the capital of France?|Name a colour.|What do cats eat?|Is the sun a star?"
    "|How many legs has a dog?|Write a sentence about the sea.|Who wrote Hamlet?|What is 2 plus 3?|Say hello."
    "|What is ice made of?|Name three fruits.|What is the opposite of hot?|Where do fish live?"
    "|What colour is grass?|Tell me a joke.|When is winter?|What is a bicycle?"
    "|Why is the sky blue?|Do birds fly?|How do you make tea?"
).split("|")


def opened(folder: Path) -> LlamaCpp:
    eye = folder / "mmproj.gguf"
    return LlamaCpp(folder / "model.gguf", torch.get_num_threads(), eye if eye.is_file() else None)


@pytest.mark.parametrize("text", [{}, {"attention_bias": True}, {"qk_norm": True}], ids=["llama", "q2", "q3"])
def test_words_and_a_decoder(text: dict, plain: Chat, tmp_path: Path) -> None:  # noqa: F811
    """Ids of all trial texts, and the same greedy answer of scrambled weights."""
    ours = made(plain, text=text)
    theirs = opened(exported(ours, tmp_path))
    for said in trial_texts():
        assert theirs.encode(said) == ours.chat.encode(said)
    ids = ours.chat.prompt(TALK)
    expected = ours.vlm.generate(torch.tensor([ids]), max_new_tokens=6, stop_ids=())[0].tolist()
    assert theirs.say(ids, 6) == expected


@pytest.mark.parametrize("connector", ["linear", "mlp"])
def test_an_eye(connector: str, plain: Chat, tmp_path: Path) -> None:  # noqa: F811
    """SigLIP, of which llama.cpp has all: the same greedy answer about a picture."""
    eye = SMALL_EYE | {"kind": "siglip", "hidden_act": "gelu_pytorch_tanh"}
    ours = made(plain, vision=eye, connector=connector)
    theirs = opened(exported(ours, tmp_path))
    asked = [{"role": "user", "content": "<image>\nWhat is this?"}]
    pictures = [Image.effect_noise((32, 32), 90).convert("RGB") for _ in range(2)]
    expected = [ours.answer_batch([asked], [one], max_new_tokens=4)[0] for one in pictures]
    assert [theirs.answer(asked, [one], new=4) for one in pictures] == expected


@pytest.mark.slow
def test_the_storybooks_model_answers_about_pictures(tmp_path: Path) -> None:
    """20 questions; what differs (CLS, GELU, a word's last s) is seldom seen in an answer."""
    convert_vlm(["export", str(TINY), str(tmp_path / "gguf"), "--format", "gguf"])
    ours, theirs = Assistant.load(TINY, "cpu"), opened(tmp_path / "gguf")
    records = StorybookRecords("scenes", 200)
    asked = [
        (DESCRIBE if i % 40 == 0 else records[i].messages[:1], records[i].images) for i in range(0, 200, 10)
    ]
    expected = ours.answer_batch([m for m, _ in asked], [i for _, images in asked for i in images])
    found = [theirs.answer(messages, images, new=100) for messages, images in asked]
    same = sum(a == b for a, b in zip(found, expected, strict=True))
    for (messages, _), a, b in zip(asked, found, expected, strict=True):
        print(f"{messages[0]['content']!r}: {b!r}" + ("" if a == b else f"; llama.cpp: {a!r}"))
    assert same >= 18


@pytest.mark.slow
def test_the_photographs_decoder_answers(tmp_path: Path) -> None:
    """Its adapter merged, as text."""
    source = TINY.parent / "photo"
    convert_vlm(["export", str(source), str(tmp_path / "gguf"), "--format", "gguf"])
    ours, theirs = Assistant.load(source, "cpu"), opened(tmp_path / "gguf")
    talks = [[{"role": "user", "content": question}] for question in PHOTO]
    expected = ours.answer_batch(talks, [], max_new_tokens=10)
    found = [theirs.answer(talk, [], new=10) for talk in talks]
    for question, a, b in zip(PHOTO, found, expected, strict=True):
        print(f"{question!r}: {b!r}" + ("" if a == b else f"; llama.cpp: {a!r}"))
    assert sum(a == b for a, b in zip(found, expected, strict=True)) >= 19
