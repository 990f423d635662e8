"""What newcomers typed about the example picture, and the storybook model once answered with nonsense."""

from pathlib import Path

import pytest

from dataset.images.load import load_image
from scoring.assistant import Assistant

TINY = Path(__file__).parent.parent / "weights" / "tiny"
ALL = ("boat", "bird", "turtle", "car")
TWO_PICTURES = ("the first", "the second", "both", "neither")
TYPED = {  # what is said holds one word of each, and none after the bar
    "What color is the boat?": "yellow | red orange",
    "is there a bird?": "yes",
    "what do you see?": "boat bird turtle car",
    "what's in this pic?": "boat bird turtle car",
    "descrbe this image": "boat bird turtle car",
    "describe this picture please": "boat bird turtle car",
    "can you describe the picture in detail?": "boat bird turtle car",
    "List all the objects in the image": "boat bird turtle car",
    "what time is it": "night/not know | day evening",
    "海龟在哪里？": "右边 | 左边",
    "最大的东西是什么": "船/乌龟 | 鸟 车",
    "hi": "picture/pictures/Glimpse | boat bird turtle car",
    "who are you?": "Glimpse/model | boat bird turtle car",
    "thanks": "welcome/glad/pleasure | boat bird turtle car",
    "asdf": "understand/picture | boat bird turtle car",
}


@pytest.fixture(scope="module")
def shipped() -> Assistant:
    return Assistant.load(TINY)


def said(assistant: Assistant, *questions: str) -> str:
    """The answer to the last of the questions, after the others."""
    image, messages = load_image(TINY / "example.png"), []
    for question in questions:
        content = question if messages else f"<image>\n{question}"
        messages.append({"role": "user", "content": content})
        answer = "".join(assistant.stream(messages, [image], max_new_tokens=80))
        messages.append({"role": "assistant", "content": answer})
    return answer


@pytest.mark.parametrize("question", TYPED)
def test_a_newcomers_words_are_understood(shipped: Assistant, question: str) -> None:
    answer = said(shipped, question)
    wanted, _, unwanted = TYPED[question].partition(" | ")
    assert all(any(one in answer for one in word.split("/")) for word in wanted.split()), answer
    assert not any(word in answer for word in (*unwanted.split(), *TWO_PICTURES)), answer
    assert answer.isascii() == question.isascii()


def test_all_animals_are_named(shipped: Assistant) -> None:
    answer = said(shipped, "what animals are there?")
    assert "bird" in answer and "turtle" in answer and "boat" not in answer


@pytest.mark.parametrize("question", ["are you sure?", "Why?"])
def test_an_answer_is_stood_by(shipped: Assistant, question: str) -> None:
    answer = said(shipped, "is there a bird?", question)
    assert any(word in answer for word in ("sure", "see", "picture")), answer
    assert not any(word in answer for word in (*ALL, *TWO_PICTURES)), answer
