"""What the buttons of the web page do, without a browser."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from dataset.errors import DataError
from dataset.project import PHOTO, TINY
from web.demo import LOOKED, MAX_PICTURES, MAX_QUESTION, Demo, Offer, checkpoints
from web.visitor import Visitor
from web.words import TEXTS, language_of

EXAMPLE = str(TINY / "example.png")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """Two models: the storybook's, and the same with nothing beside its weights but what it needs."""
    bare = tmp_path_factory.mktemp("models") / "bare"
    bare.mkdir()
    for path in TINY.iterdir():
        if path.suffix in (".json", ".safetensors"):
            shutil.copy(path, bare)
    return Demo(Offer(models=(TINY, bare)))


def asked(demo: Demo, visitor: Visitor, question: str = "What colour is the boat?") -> str:
    *_, turn = demo.ask(visitor, question, max_new_tokens=8)
    return turn.answer


def test_only_what_is_offered_is_opened(demo: Demo, tmp_path: Path) -> None:
    weights = TINY.parent
    assert checkpoints((weights,)) == [str(PHOTO), str(TINY)]  # the page opens with the first
    assert checkpoints((TINY, weights)) == [str(TINY), str(PHOTO)]
    assert demo.storyteller() == str(TINY)
    with pytest.raises(DataError, match=r"no model\.safetensors below"):
        checkpoints((tmp_path,))
    visitor = demo.opened("en")
    with pytest.raises(DataError, match="is not one of the models offered"):
        demo.choose(visitor, "/etc")
    assert visitor.model == str(TINY) and visitor.example
    for question in (" ", "a" * 3000):
        with pytest.raises(DataError, match="Ask something, in 2,000 letters at most"):
            asked(demo, visitor, question)


def test_ones_own_picture_takes_the_place_of_the_example(demo: Demo) -> None:
    visitor = demo.opened("en")
    assert asked(demo, visitor) == "yellow" and len(visitor.talk.images) == 1
    demo.add(visitor, EXAMPLE)
    assert not visitor.turns and not visitor.looks and len(visitor.talk.images) == 1
    for _ in range(MAX_PICTURES - 1):
        demo.add(visitor, EXAMPLE)
    with pytest.raises(DataError, match="8 pictures at most"):
        demo.add(visitor, EXAMPLE)
    assert len(visitor.talk.images) == MAX_PICTURES


def test_a_picture_that_was_talked_about_takes_the_conversation_with_it(demo: Demo) -> None:
    visitor = demo.opened("en")
    demo.add(visitor, EXAMPLE)
    asked(demo, visitor)
    demo.add(visitor, EXAMPLE)
    first, second = visitor.talk.images
    assert not demo.remove(visitor, 1)  # nobody asked about it yet
    assert visitor.talk.images == [first] and [turn.pictures for turn in visitor.turns] == [[first]]
    visitor.talk.images.append(second)
    assert demo.remove(visitor, 0)
    assert visitor.talk.images == [second] and not visitor.turns and visitor.talk.unseen == 1
    assert not demo.remove(visitor, 0) and not visitor.talk.images
    assert not demo.remove(visitor, 5)


@pytest.mark.parametrize("language", TEXTS)
def test_all_that_a_visitor_is_told_is_in_their_language(demo: Demo, language: str, tmp_path: Path) -> None:
    visitor, texts = demo.opened(language), TEXTS[language]
    for _ in range(3):
        demo.scene(visitor)
        assert visitor.truth.isascii() == (language == "en")
    bad = tmp_path / "bad.png"
    bad.write_text("no picture")
    with pytest.raises(DataError) as told:
        demo.add(visitor, str(bad))
    assert str(told.value).startswith(texts["unreadable"].format(reason="bad.png: not a picture"))
    with pytest.raises(DataError) as told:
        asked(demo, visitor, " ")
    assert str(told.value) == texts["too_long"].format(letters=MAX_QUESTION)


def test_a_picture_that_shows_where_a_word_looks_keeps_its_shape(demo: Demo) -> None:
    visitor = demo.opened("en")
    visitor.begin([Image.open(EXAMPLE).resize((300, 200))])
    asked(demo, visitor)
    demo.look(visitor, 0)
    assert visitor.looked.width == LOOKED[0] and abs(visitor.looked.height - LOOKED[0] * 2 / 3) <= 1


@pytest.mark.parametrize("language", TEXTS)
def test_without_a_picture_it_asks_for_one(demo: Demo, language: str) -> None:
    visitor = demo.opened(language)
    demo.restart(visitor)
    with pytest.raises(DataError) as told:
        asked(demo, visitor)
    assert str(told.value) == TEXTS[language]["no_picture"] and not visitor.turns


def test_another_model_has_read_nothing_of_the_conversation(demo: Demo) -> None:
    visitor = demo.opened("en")
    demo.choose(visitor, demo.names[1])
    assert not visitor.talk.images and not visitor.example  # no example lies beside it
    demo.add(visitor, EXAMPLE)
    asked(demo, visitor)
    images = visitor.talk.images
    demo.choose(visitor, demo.names[0])
    assert visitor.talk.images == images and not visitor.turns and visitor.talk.memory.cache is None
    assert asked(demo, visitor) == "yellow"


def test_an_answer_ends_where_a_new_conversation_begins(demo: Demo) -> None:
    visitor = demo.opened("en")
    answer = demo.ask(visitor, "Describe the picture.", max_new_tokens=48)
    next(answer)
    demo.restart(visitor)
    assert list(answer) == [] and not visitor.turns and not visitor.looks


def test_a_question_within_an_answer_ends_it_and_is_answered(demo: Demo) -> None:
    """Two answers at once would write into the same memory."""
    visitor = demo.opened("en")
    first = demo.ask(visitor, "Describe the picture.", max_new_tokens=48)
    next(first)
    assert asked(demo, visitor) == "yellow"
    assert list(first) == [] and [turn.question for turn in visitor.turns][1:] == ["What colour is the boat?"]
    assert visitor.talk.messages[-1]["content"] == "yellow" and visitor.looks and not visitor.asking
    memory = visitor.talk.memory
    assert asked(demo, visitor) == "yellow" and visitor.talk.memory is memory


def test_a_waiting_question_is_about_the_pictures_it_was_asked_about(
    demo: Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    line, visitor = demo.line.pieces, demo.opened("en")

    def after(change: Callable[[], object]) -> None:
        """The next question waits in line, and meanwhile something changes."""
        monkeypatch.setattr(demo.line, "pieces", lambda make: (change(), line(make))[1])

    after(lambda: demo.add(visitor, EXAMPLE))
    visitor.example = False  # a picture more, not another one
    assert asked(demo, visitor) == "yellow" and len(visitor.turns[0].pictures) == 1
    assert visitor.talk.unseen == 1
    after(lambda: demo.remove(visitor, 1))
    assert list(demo.ask(visitor, "What colour is the boat?")) == []
    assert len(visitor.talk.images) == 1 and not visitor.turns, "a new conversation, about what is left"


def test_it_speaks_chinese_to_who_asks_for_it_first() -> None:
    for text, language in (("zh-CN,zh;q=0.9", "zh"), ("ZH", "zh"), ("en-US,zh", "en"), ("", "en")):
        assert language_of(text) == language
    assert TEXTS["zh"].keys() == TEXTS["en"].keys()
