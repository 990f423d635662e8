"""Descriptions of photos scored as the field does, each score with an interval.

    {photo: answer}, {photo: references} -> words -> pycocoevalcap -> {"BLEU-1": {"value", "low", "high"}}

BLEU is that of the whole corpus (Papineni et al. 2002), CIDEr is CIDEr-D, the mean over photos (Vedantam et
al. 2015), which weighs runs of words by how few of these photos' references have them: scores of different
photos do not compare. 1 is what papers print as 100. Intervals are the bootstrap's (Efron 1979): photos are
drawn anew, with replacement, and 95% of the draws' scores lie within.

P photos, R draws of them, N = 4 the longest run of words that BLEU compares.
"""

import re
from collections.abc import Mapping, Sequence

import numpy as np
from pycocoevalcap.bleu.bleu_scorer import BleuScorer
from pycocoevalcap.cider.cider import Cider

DRAWS, N = 200, 4
TOKEN = re.compile(  # of lower case English, as the Penn Treebank has it
    r"can(?=not\b)|[a-z]+(?=n't\b)|n't\b|'(?:s|m|d|re|ve|ll)\b"  # can not, is n't, man 's
    r"|\d+(?:[.,:]\d+)+|(?:[a-z]\.){2,}|(?:mr|mrs|ms|dr|jr|st)\."  # 2,000, u.s., mr.
    r"|\w+(?:[-/]\w+)*|[&#$%=+@]"  # t-shirt
)
CHARACTER = re.compile(r"[^\W\u3400-\u9fff]+|[\u3400-\u9fff]")  # one Chinese, or a run of others
TINY, SMALL = 1e-15, 1e-9  # BleuScorer's, against division by 0


def words(text: str, language: str) -> list[str]:
    """In lower case, without punctuation; Chinese by characters.

    English comes out as PTBTokenizer and the COCO tools' list of punctuation leave it, but for brackets.
    """
    pattern = CHARACTER if language == "zh" else TOKEN
    return pattern.findall(text.lower().replace("’", "'"))


def score(
    answers: Mapping[str, str], references: Mapping[str, Sequence[str]], language: str, seed: int = 0
) -> dict[str, dict[str, float]]:
    """{"BLEU-1" .. "BLEU-4", "CIDEr": {"value", "low", "high"}} of one answer a photo.

    Raises ValueError where a photo has an answer and no reference, or the other way round.
    """
    if answers.keys() != references.keys() or not answers or not all(references.values()):
        raise ValueError(f"{len(answers)} answers, {len(references)} photos with references: not the same")
    said = {photo: [" ".join(words(text, language))] for photo, text in answers.items()}
    told = {
        photo: [" ".join(words(text, language)) for text in references[photo]] for photo in said
    }  # in the order of `said`
    draws = np.random.default_rng(seed).integers(len(said), size=(DRAWS, len(said)))  # (R, P)
    values, counts = bleu_counts(said, told)
    drawn = bleu(counts[draws].sum(1))  # (R, N)
    scored = {f"BLEU-{n + 1}": _limits(values[n], drawn[:, n]) for n in range(N)}
    value, each = Cider(n=N).compute_score(told, said)  # each (P,)
    return {**scored, "CIDEr": _limits(value, each[draws].mean(1))}


def bleu_counts(
    said: Mapping[str, list[str]], told: Mapping[str, list[str]]
) -> tuple[list[float], np.ndarray]:
    """The N scores of the corpus, and what each photo brings to them (P, 2 + 2 N)."""
    scorer = BleuScorer(n=N)
    for photo, (answer,) in said.items():
        scorer += (answer, told[photo])
    values, _ = scorer.compute_score(option="closest", verbose=0)
    rows = []
    for one in scorer.ctest:
        length = one["testlen"]
        closest = min((abs(other - length), other) for other in one["reflen"])[1]
        rows.append([length, closest, *one["correct"], *one["guess"]])
    return values, np.array(rows, dtype=float)


def bleu(counts: np.ndarray) -> np.ndarray:
    """Sums over photos (R, 2 + 2 N): lengths said and told, runs of 1 .. N words right and said -> (R, N)."""
    length, closest, right, said = counts[:, 0], counts[:, 1], counts[:, 2 : 2 + N], counts[:, 2 + N :]
    precision = np.cumprod((right + TINY) / (said + SMALL), axis=1) ** (1 / np.arange(1, N + 1))
    ratio = (length + TINY) / (closest + SMALL)
    return precision * np.exp(np.minimum(0, 1 - 1 / ratio))[:, None]  # the brevity penalty


def _limits(value: float, drawn: np.ndarray) -> dict[str, float]:
    low, high = np.percentile(drawn, [2.5, 97.5])
    return {name: round(float(x), 4) for name, x in (("value", value), ("low", low), ("high", high))}
