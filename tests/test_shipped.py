"""What ships: weights that load, answer, and fit the repository."""

import json
import socket
from pathlib import Path

import pytest

import convert_vlm
import eval_vlm
from convert.peer import Peer
from dataset.images.load import load_image
from dataset.storybook.questions import FAMILIES
from dataset.storybook.records import StorybookRecords
from scoring.answers import answer_all
from scoring.assistant import Assistant
from tests.conftest import CHECKPOINT

ROOT = Path(__file__).parent.parent
TINY, PHOTO = ROOT / "weights" / "tiny", ROOT / "weights" / "photo"
ADAPTER = {"adapter_config.json", "adapter_model.safetensors", "chat_format.json"}


@pytest.fixture(scope="module")
def shipped() -> Assistant:
    return Assistant.load(TINY)


@pytest.fixture(scope="module")
def photo() -> Assistant:
    return Assistant.load(PHOTO).quickened()


def asked(assistant: Assistant, question: str) -> str:
    image = load_image(PHOTO / "example.jpg")
    messages = [{"role": "user", "content": f"<image>\n{question}"}]
    return "".join(assistant.stream(messages, [image], max_new_tokens=40))


def test_the_photo_model_fits_and_names_what_it_stands_on() -> None:
    assert {p.name for p in PHOTO.iterdir()} >= CHECKPOINT | ADAPTER | {
        "README.md",
        "train.log",
        "example.jpg",
    }
    photo, all_of_it = (
        sum(p.stat().st_size for p in d.rglob("*") if p.is_file()) for d in (PHOTO, PHOTO.parent)
    )
    assert photo < 20e6 and all_of_it < 36e6
    assert set(json.loads((PHOTO / "config.json").read_text())["bases"]) == {"decoder", "vision"}


def test_it_fits_and_has_its_papers() -> None:
    assert {p.name for p in TINY.iterdir()} >= CHECKPOINT | {"README.md", "train.log"}
    assert sum(p.stat().st_size for p in TINY.iterdir()) < 15 * 2**20


def test_it_answers_questions_about_scenes_it_never_saw(shipped: Assistant) -> None:
    answers = list(answer_all(shipped, StorybookRecords("val", 10)))
    assert len(answers) == 220 and sum(a.right for a in answers) / len(answers) > 0.95
    for family in FAMILIES:
        some = [a.right for a in answers if a.type[3:] == family]
        assert len(some) == 20 and sum(some) / len(some) >= 0.85, family  # what the card says it can do


@pytest.mark.slow
def test_shuffled_pictures_destroy_the_score(shipped: Assistant) -> None:
    """Each question with the picture of another scene: what is left is guessing."""
    from dataclasses import replace

    records = StorybookRecords("val", 20)
    own = [r for r in records if len(r.images) == 1]
    swapped = [replace(r, images=own[(i + 66) % len(own)].images) for i, r in enumerate(own)]
    right, left = (sum(a.right for a in answer_all(shipped, some)) / len(own) for some in (own, swapped))
    assert right > 0.85 and left < 0.6 * right


def test_chat_needs_no_network(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    def refuse(*args: object) -> None:
        raise AssertionError("something asked for the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.chdir(ROOT)
    eval_vlm.main(["--image", "weights/photo/example.jpg", "--prompt", "what's in this pic?"])
    assert len(capsys.readouterr().out) > 5
    eval_vlm.main(
        ["--model_mode", "1", "--image", "weights/tiny/example.png", "--prompt", "Describe the picture."]
    )
    assert len(capsys.readouterr().out) > 20


@pytest.mark.slow
def test_transformers_answers_as_we_do_about_fifty_pictures(shipped: Assistant, tmp_path: Path) -> None:
    convert_vlm.main(["export", str(TINY), str(tmp_path / "llava")])
    peer = Peer(tmp_path / "llava", shipped.device)
    records = StorybookRecords("val", 50)
    asked = [records[22 * i + (i * 5) % 22] for i in range(50)]  # each family, both languages
    for record in asked:
        ours, theirs = (
            one.answer_batch([record.messages[:1]], record.images, max_new_tokens=100)
            for one in (shipped, peer)
        )
        assert ours == theirs, record.where
