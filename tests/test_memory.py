"""A conversation that remembers answers as one that reads everything again."""

from collections.abc import Iterator, Sequence

import pytest
import torch
from PIL import Image

from dataset.record import Message
from dataset.storybook.records import StorybookRecords
from model.decoder import KVCache
from scoring.assistant import Assistant
from scoring.memory import Memory
from tests.conftest import scrambled

QUESTIONS = ["<image>\nWhat do you see?", "What colour is it?", "And the house?"]


@pytest.fixture
def talker(assistant: Assistant) -> Assistant:
    scrambled(assistant.vlm)
    return assistant.quickened()


@pytest.fixture
def pictures() -> list[Image.Image]:
    return [StorybookRecords("single", 3)[i].images[0] for i in range(3)]


def said(assistant: Assistant, messages: Sequence[Message], images: list, memory: Memory | None) -> str:
    return "".join(assistant.stream(messages, images, memory, max_new_tokens=8))


def read(assistant: Assistant, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many tokens each later call of the model reads before it speaks."""
    lengths, stream = [], assistant.vlm.stream

    def counted(ids: torch.Tensor, *rest: object, **choices: object) -> Iterator[torch.Tensor]:
        lengths.append(ids.shape[1])
        return stream(ids, *rest, **choices)

    monkeypatch.setattr(assistant.vlm, "stream", counted)
    return lengths


def test_turns_are_as_without_memory(
    talker: Assistant, pictures: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory, messages, lengths = Memory(), [], read(talker, monkeypatch)
    for question in QUESTIONS:
        messages.append({"role": "user", "content": question})
        answer = said(talker, messages, pictures[:1], memory)
        assert answer == said(talker, messages, pictures[:1], None)
        messages.append({"role": "assistant", "content": answer})
    whole, fresh = lengths[1::2], lengths[::2]
    assert fresh[0] == whole[0] and all(torch.tensor(fresh[1:]) < torch.tensor(whole[1:]))


def test_another_picture_is_looked_at(talker: Assistant, pictures: list) -> None:
    memory, messages = Memory(), [{"role": "user", "content": QUESTIONS[0]}]
    for picture in pictures:
        assert said(talker, messages, [picture], memory) == said(talker, messages, [picture], None)
    two = [{"role": "user", "content": "<image>\n<image>\nWhat differs?"}]
    for images in (pictures[:2], [pictures[0], pictures[2]], pictures[1:]):
        assert said(talker, two, images, memory) == said(talker, two, images, None)


def test_an_answer_cut_short_leaves_nothing_wrong(talker: Assistant, pictures: list) -> None:
    memory, messages = Memory(), [{"role": "user", "content": QUESTIONS[0]}]
    pieces = talker.stream(messages, pictures[:1], memory, max_new_tokens=8)
    next(pieces)
    pieces.close()
    assert said(talker, messages, pictures[:1], memory) == said(talker, messages, pictures[:1], None)


def test_half_a_picture_is_not_known() -> None:
    memory, red = Memory(), Image.new("RGB", (4, 4), "red")
    memory.ids, memory.images = [1, 9, 9, 9, 2], [red]
    memory.cache = KVCache.__new__(KVCache)
    for length, ids, known in (
        (5, [1, 9, 9, 9, 2, 3], 5),
        (5, [1, 9, 9, 9, 2], 4),
        (3, [1, 9, 9, 9, 2, 3], 1),
        (5, [1, 9, 9, 9, 4, 3], 4),
        (5, [7, 9, 9, 9, 2, 3], 0),
    ):
        memory.cache.length = length
        found = memory.recall(ids, [red], image_id=9, counts=[3])
        assert found == (known, int(known > 3)) and known == memory.cache.length
    memory.cache.length = 5
    assert memory.recall([1, 9, 9, 9, 2, 3], [Image.new("RGB", (4, 4), "blue")], 9, [3]) == (1, 0)
