from scoring.answers import Answer
from scoring.report import object_f1, score, table

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


def test_types_of_other_data_have_no_languages() -> None:
    assert "by_language" not in score([answer("boot", "boot", "bag")])


def test_object_f1_counts_things_with_all_four_right() -> None:
    assert object_f1([answer("en/description", DESCRIBED, DESCRIBED)]) == 1
    half = DESCRIBED.replace("small red", "small blue")
    assert object_f1([answer("en/description", DESCRIBED, half)]) == 0.5
    one_of_two = "A meadow: at the top left a small red cat."
    assert object_f1([answer("en/description", DESCRIBED, one_of_two)]) == round(2 / 3, 4)
    assert object_f1([answer("en/description", DESCRIBED, "nonsense")]) == 0


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
