"""CIDEr-D: how far a caption agrees with what several people said (Vedantam et al. 2015, sections 3 and 6).

    caption, references -> runs of 1 .. 4 words, each by how rare it is -> cosine, run length by run length

trainer/reward.py teaches by it, and of several captions of a photograph it finds the one to learn from.

Evaluation has it from pycocoevalcap (scoring/captions.py); here it is written out, one caption at a time.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from dataset.photo.blind import WORD

LONGEST = 4  # words in a run
WIDTH = 6.0  # of the Gaussian that punishes another length, in words
Words = Sequence[str]
Weighted = tuple[list[dict[tuple[str, ...], float]], int]  # by length of run; how many words


def runs(words: Words) -> Counter[tuple[str, ...]]:
    """How often each run of words stands there."""
    return Counter(tuple(words[i : i + n]) for n in range(1, LONGEST + 1) for i in range(len(words) - n + 1))


class Consensus:
    """Knows how many pictures have each run of words in their references."""

    def __init__(self, pictures: Iterable[Sequence[Words]]) -> None:
        """`pictures`: of each, its references in words."""
        self.number, self.found = 0, Counter[tuple[str, ...]]()
        for references in pictures:
            self.number += 1
            self.found.update({run for reference in references for run in runs(reference)})

    def score(self, caption: Words, references: Sequence[Words]) -> float:
        """0 to 10, the mean over the references; papers print 1 as 100."""
        said = self._weighted(caption)
        each = [_agreement(said, self._weighted(reference)) for reference in references]
        return 10 * sum(each) / len(each)

    def _weighted(self, words: Words) -> Weighted:
        """tf-idf: a run that is in every picture weighs nothing."""
        vectors: list[dict[tuple[str, ...], float]] = [{} for _ in range(LONGEST)]
        for run, times in runs(words).items():
            vectors[len(run) - 1][run] = times * math.log(self.number / max(1, self.found[run]))
        return vectors, len(words)


def _agreement(said: Weighted, told: Weighted) -> float:
    """0 to 1. A run said more often than in the reference counts only as often as there: repeating it gains
    nothing."""
    total = 0.0
    for one, other in zip(said[0], told[0], strict=True):
        shared = sum(min(weight, other[run]) * other[run] for run, weight in one.items() if run in other)
        if shared:
            total += shared / (math.hypot(*one.values()) * math.hypot(*other.values()))
    return total / LONGEST * math.exp(-((said[1] - told[1]) ** 2) / (2 * WIDTH**2))


def agreed(captions: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """{picture: [that of its captions which the others agree with most]}, where there are any."""
    told = {image: [WORD.findall(caption.lower()) for caption in some] for image, some in captions.items()}
    consensus = Consensus(told.values())

    def most(image: str) -> str:
        own = told[image]
        scores = [consensus.score(one, own[:i] + own[i + 1 :] or own) for i, one in enumerate(own)]
        return captions[image][scores.index(max(scores))]

    return {image: [most(image)] for image in captions if captions[image]}
