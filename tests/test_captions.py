"""Descriptions scored as the field does: as pycocoevalcap's own scorers have it, with intervals."""

import numpy as np
import pytest
from pycocoevalcap.bleu.bleu import Bleu
from pycocoevalcap.cider.cider import Cider

from scoring.captions import N, bleu, bleu_counts, score, words

TOLD = {
    "a": ["A brown dog runs through the snow .", "The dog is running in deep snow .", "A dog in snow ."],
    "b": ["Two men sit on a bench .", "Men are sitting on a park bench .", "Two people on a bench"],
    "c": ["A girl 's red kite flies over the beach .", "A kite above the sea .", "A girl flies a red kite ."],
    "d": ["A cat sleeps on a red sofa .", "The cat is asleep on the couch .", "A sleeping cat ."],
    "e": ["Three boys play football in a park .", "Boys kick a ball .", "Children play on the grass ."],
}
SAID = {
    "a": "A dog runs through deep snow.",
    "b": "Two men are sitting on a bench.",
    "c": "A girl's kite.",
    "d": "A dog sleeps on a couch.",
    "e": "",
}
ZH = {"a": ["一只狗在雪地里奔跑。", "狗在跑"], "b": ["两个男人坐在长椅上。"], "c": ["海滩上的风筝。"]}


@pytest.mark.parametrize(
    "text, found",
    [  # as Stanford's PTBTokenizer and the COCO tools' list of punctuation leave them (tried with Java)
        ("It's a man's T-shirt; he can't, won't!", "it 's a man 's t-shirt he ca n't wo n't"),
        ("The man 's dog is n't here ...", "the man 's dog is n't here"),
        ('A "big" dog - brown -- runs, 3:30 p.m.', "a big dog brown runs 3:30 p.m."),
        ("dogs' toys & the U.S. flag: 2,000 # 1", "dogs toys & the u.s. flag 2,000 # 1"),
        ("I cannot; they’re Mr. Smith’s", "i can not they 're mr. smith 's"),
    ],
)
def test_english_words_are_the_treebanks(text: str, found: str) -> None:
    assert words(text, "en") == found.split()


def test_chinese_is_read_by_characters() -> None:
    assert words("一只 Border Collie，在跑。2024年", "zh") == [
        *"一只",
        "border",
        "collie",
        *"在跑",
        "2024",
        "年",
    ]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_scores_are_pycocoevalcaps(language: str, capsys: pytest.CaptureFixture) -> None:
    told = TOLD if language == "en" else ZH
    said = SAID if language == "en" else {"c": "沙滩上有风筝", "a": "一只狗在奔跑", "b": "男人"}
    scored = score(said, told, language)
    assert capsys.readouterr().out == ""
    cooked = {p: [" ".join(words(text, language)) for text in told[p]] for p in told}
    hypotheses = {p: [" ".join(words(said[p], language))] for p in told}
    four, _ = Bleu(N).compute_score(cooked, hypotheses, verbose=0)
    cider, _ = Cider().compute_score(cooked, hypotheses)
    assert [scored[f"BLEU-{n + 1}"]["value"] for n in range(N)] == pytest.approx(four, abs=5e-5)
    _, counts = bleu_counts(hypotheses, cooked)  # what draws of photos are scored by
    assert bleu(counts.sum(0, keepdims=True))[0] == pytest.approx(four)
    assert scored["CIDEr"]["value"] == pytest.approx(cider, abs=5e-5) and cider > 0.1


def test_bleu_by_hand() -> None:
    """Papineni et al. 2002: 5 words for 6; 4, 2, 1, 1 of 5, 4, 3, 2 runs are right."""
    precision = np.array([4 / 5, 2 / 4, 1 / 3, 1 / 2]).cumprod() ** (1 / np.arange(1, 5))
    found = bleu(np.array([[5.0, 6, 4, 2, 1, 1, 5, 4, 3, 2]]))
    assert found[0] == pytest.approx(precision * np.exp(1 - 6 / 5))


def test_a_perfect_answer() -> None:
    one = {photo: [said[0]] for photo, said in TOLD.items()}
    scored = score({photo: said[0] for photo, said in one.items()}, one, "en")
    assert all(scored[f"BLEU-{n}"] == {"value": 1, "low": 1, "high": 1} for n in range(1, N + 1))
    assert scored["CIDEr"] == {"value": 10, "low": 10, "high": 10}  # ten times a mean cosine


def test_intervals_hold_the_value_and_are_the_same_each_time() -> None:
    scored = score(SAID, TOLD, "en")
    assert scored == score(SAID, TOLD, "en") != score(SAID, TOLD, "en", seed=1)
    for name, row in scored.items():
        assert row["low"] <= row["value"] <= row["high"], name
    assert scored["BLEU-1"]["low"] < scored["BLEU-1"]["high"]
    many = {f"{i}{p}": said for i in range(20) for p, said in SAID.items()}
    wide, narrow = scored["BLEU-1"], score(many, {p: TOLD[p[-1]] for p in many}, "en")["BLEU-1"]
    assert narrow["high"] - narrow["low"] < 0.5 * (wide["high"] - wide["low"])


def test_answers_about_other_photos_score_less() -> None:
    other = dict(zip(SAID, [*list(SAID.values())[1:], SAID["a"]], strict=True))
    own, shuffled = score(SAID, TOLD, "en"), score(other, TOLD, "en")
    assert all(shuffled[name]["value"] < own[name]["value"] for name in ("BLEU-1", "BLEU-2", "CIDEr"))


def test_a_photo_without_references_is_said() -> None:
    with pytest.raises(ValueError, match="5 answers, 4 photos with references"):
        score(SAID, {photo: TOLD[photo] for photo in "abcd"}, "en")
