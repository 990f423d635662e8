from pathlib import Path

import pytest

from dataset.record import Record
from dataset.storybook.pope import NEGATIVES
from dataset.storybook.records import PER_SCENE, StorybookRecords
from scoring import suite
from scoring.answers import Answer, Question
from scoring.assistant import Assistant
from scoring.judge import denies, right
from scoring.report import agreement, object_f1, score, table
from scoring.suite import ABSENT, CONTROL, SETS, Shuffled, interval, run

DESCRIBED = "A meadow: at the top left a small red cat and in the centre a big blue house."


def answer(type: str, truth: str, said: str) -> Answer:
    return Answer("here", type, "?", truth, said)


def test_counts_by_type_and_language() -> None:
    scored = score(
        [
            answer("en/colour", "red", " red\n"),
            answer("en/colour", "red", "Red"),
            answer("zh/count", "一", "一"),
        ]
    )
    assert (scored["n"], scored["exact_match"]) == (3, 0.6667)
    assert scored["by_type"] == {
        "en/colour": {"n": 2, "exact_match": 0.5},
        "zh/count": {"n": 1, "exact_match": 1.0},
    }
    assert scored["by_language"]["en"]["exact_match"] == 0.5
    assert "66.67%  of 3" in table(scored)


@pytest.mark.parametrize("type", [None, "all"])
def test_no_type_hides_the_score_of_all(type: str | None) -> None:
    turns = ({"role": "user", "content": "?"}, {"role": "assistant", "content": "red"})
    untyped = Question(Record((), turns, type), index=0, number=1, room=9)
    scored = score([untyped.answered("red"), answer("hue", "red", "blue"), answer("hue", "red", "green")])
    first, *others = (line.split() for line in table(scored).splitlines())
    assert first == ["all", "33.33%", "of", "3"] and [type or "none", "100.00%", "of", "1"] in others


def test_types_of_other_data_have_no_languages() -> None:
    assert "by_language" not in score([answer("boot", "boot", "bag")])


def test_object_f1_counts_things_with_all_four_right() -> None:
    assert object_f1([answer("en/description", DESCRIBED, DESCRIBED)]) == 1
    half = DESCRIBED.replace("small red", "small blue")
    assert object_f1([answer("en/description", DESCRIBED, half)]) == 0.5
    one_of_two = "A meadow: at the top left a small red cat."
    assert object_f1([answer("en/description", DESCRIBED, one_of_two)]) == round(2 / 3, 4)
    assert object_f1([answer("en/description", DESCRIBED, "nonsense")]) == 0


def test_descriptions_of_something_else_have_no_object_f1() -> None:
    scored = score([answer("photo/description", "A dog.", "A dog."), answer("photo/name", "a", "a")])
    assert "object_f1" not in scored and scored["exact_match"] == 1
    mixed = score([answer(f"{language}/description", DESCRIBED, DESCRIBED) for language in ("zh", "zh-tw")])
    assert mixed["object_f1"] == {"all": 1.0, "zh": 1.0, "zh-tw": 1.0}


@pytest.mark.parametrize(
    "question, truth, yes, no",
    [
        ("有几个人？", "十二个。", "12", "十个。"),
        ("有几只狗？", "二十三只。", "有23只狗", "两只"),
        ("how many?", "12.", "Twelve dogs.", "Two."),
        ("how many people are there?", "No people.", "None.", "One."),
        ("how many?", "No one.", "0", "1"),
    ],
)
def test_numbers_however_they_are_written(question: str, truth: str, yes: str, no: str) -> None:
    kind = f"{'en' if question.isascii() else 'zh'}/count"
    assert right(kind, question, truth, yes) and right(kind, question, yes, truth)
    assert not right(kind, question, truth, no)


def test_a_yes_in_chinese_may_hold_a_no() -> None:
    assert [denies(text) for text in ("没错，有一只狗。", "有不少狗。", "没有。", "不是。")] == [
        False,
        False,
        True,
        True,
    ]


def test_hallucination_counts_yes_as_pope_does() -> None:
    scored = score(
        [
            answer("en/pope-random", "yes", "yes"),
            answer("en/pope-random", "yes", "no"),
            answer("zh/pope-random", "没有", "有"),
            answer("zh/pope-random", "没有", "没有"),
            answer("en/pope-random", "yes", "yes"),
        ]
    )
    assert scored["pope"]["random"] == {
        "accuracy": 0.6,
        "precision": 0.6667,
        "recall": 0.6667,
        "f1": 0.6667,
        "yes_ratio": 0.6,
    }
    assert "pope, random: accuracy 0.6000" in table(scored)


def test_intervals_are_wilsons() -> None:
    assert interval(0.5, 100) == pytest.approx((0.4038, 0.5962), abs=1e-4)  # found in every textbook
    assert interval(1.0, 50) == pytest.approx((0.9286, 1.0), abs=1e-4)


def test_the_suite_scores_every_set_and_its_control(assistant: Assistant, tmp_path: Path) -> None:
    scored = run(assistant, 2, max_new_tokens=2)
    assert list(scored) == [*SETS, CONTROL]
    assert scored["scenes"]["n"] == 2 * PER_SCENE["scenes"] and set(scored["pope"]["pope"]) == set(NEGATIVES)
    text = suite.table(scored)
    assert "| combinations: colours that these kinds never had | 0.0% (0.0 to " in text
    assert all(
        f"| {said} | " in text for said in [*ABSENT.values(), "comparison", "object F1 of descriptions"]
    )
    suite.draw(scored, tmp_path / "suite.png")
    assert (tmp_path / "suite.png").stat().st_size > 1000


def test_shuffled_questions_see_another_scene() -> None:
    records = StorybookRecords("scenes", 3)
    shuffled = Shuffled(records, PER_SCENE["scenes"])
    assert len(shuffled) == len(records) and shuffled[5].messages == records[5].messages
    assert shuffled[5].images[0] == records[5 + PER_SCENE["scenes"]].images[0] != records[5].images[0]
    assert shuffled[len(records) - 1].images[0] == records[PER_SCENE["scenes"] - 1].images[0]


def test_agreement_is_the_share_of_a_questions_answers_that_are_its_usual_one() -> None:
    said = {"first": ["red", "red ", "blue"], "second": ["two", "two", "two"]}
    answers = [Answer(where, "en/colour", "?", "red", text) for where, some in said.items() for text in some]
    assert agreement(answers) == {"en": {"n": 6, "exact_match": 0.8333}}
