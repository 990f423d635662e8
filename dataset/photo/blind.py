"""What words alone give away: answers guessed from the questions, no photograph seen.

Naive Bayes over words, pairs and threes of them, as a baseline of "language priors" (Goyal et al. 2017,
section 3). It learns on half of the photographs and guesses on the other, then the other way round.

    questions -> `row_of` -> `Bayes` -> `guessed`: of each family how often right, and of yes or no alone
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from dataset.formats.rows import CHINESE
from dataset.photo.made import Made

WORD = re.compile(r"[a-z0-9']+|[\u4e00-\u9fff]")  # in small letters; a Chinese character is one
SMOOTH = 20.0  # questions that a reply is thought to have had, worded as all others are
REPLIES = 400  # the most frequent ones can be guessed
TEMPERS = (0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0, 1.4, 2.0)
HELD = 2000  # questions to choose among these by
KINDS = (  # of replies, in either language, that are told in many ways
    ("unknown", r"(photo|picture) (does not show|cannot tell) that|cannot (tell|know|be seen)|看不出|没有写"),
    ("absent", r"^(there (is|are) no|i don't see|the photo does not show|none)\b|^照片里没有|^没有[^，。]"),
    ("yes", r"^(yes|true|correct|right)\b|^(是的|是|有|对|确定)[，。]"),
    ("no", r"^(no|false)\b|^(不是|没有|不)[，。]"),
)
CHECKS = ("yes", "no")
Row = tuple[str, str, str, str]  # photo, family, what is asked with the turns before, reply


@dataclass
class Guessed:
    """Of one family: answers, those guessed right; yes or no, those guessed right, and those that are yes."""

    answers: int = 0
    right: int = 0
    checks: int = 0
    checked: int = 0
    yes: int = 0


def reply(answer: str) -> str:
    """The kind of an answer, or its words."""
    text = answer.strip().lower()
    return next((kind for kind, words in KINDS if re.search(words, text)), text.rstrip(".。"))


def grams(asked: str) -> list[tuple[str, ...]]:
    """Words (characters of Chinese), pairs and threes of them, each once and in the same order."""
    words = ["^", *WORD.findall(asked.lower()), "$"]
    found = [tuple(words[at : at + size]) for size in (1, 2, 3) for at in range(len(words) - size + 1)]
    return list(dict.fromkeys(found))


def row_of(photo: str, made: Made) -> Row:
    before = [text for turn in made.earlier for text in turn]
    return photo, made.family, " / ".join([*before, made.question]), reply(made.answer)


def halves(rows: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """Photographs in turn."""
    photos = {photo: number % 2 for number, photo in enumerate(dict.fromkeys(row[0] for row in rows))}
    one, other = ([row for row in rows if photos[row[0]] == half] for half in (0, 1))
    return one, other


class Bayes:
    """log p(reply) + t / sqrt(n) * sum of log p(gram | reply) / p(gram), smoothed towards all words asked.

    The n grams of a question overlap, so that each tells less than it would alone: `temper`, t, is fitted.
    """

    def __init__(self, rows: Sequence[Row], temper: float = 1.0) -> None:
        often = Counter(row[3] for row in rows).most_common(REPLIES)
        self.replies = {said: number for number, (said, _) in enumerate(often)}
        seen = Counter(gram for row in rows for gram in grams(row[2]))
        self.grams = {gram: number for number, gram in enumerate(g for g, times in seen.items() if times > 3)}
        counts = np.zeros((len(self.grams), len(often)))
        for _, _, asked, said in rows:
            if said in self.replies:
                counts[self._known(asked), self.replies[said]] += 1
        share = np.array([seen[gram] for gram in self.grams]) / max(1, len(rows))
        told = np.array([times for _, times in often], float)
        self.weights = np.log((counts + SMOOTH * share[:, None]) / (told + SMOOTH)) - np.log(share)[:, None]
        self.often, self.temper = np.log(told + SMOOTH), temper

    def fit(self, held: Sequence[Row]) -> float:
        """The temper that makes the replies of other rows likeliest."""
        some, fits = held[:: len(held) // HELD + 1], {}
        for self.temper in TEMPERS:
            fits[self.temper] = sum(np.log(max(self.share(row), 1e-9)) for row in some)
        self.temper = max(fits, key=fits.get)
        return self.temper

    def _known(self, asked: str) -> list[int]:
        return [self.grams[gram] for gram in grams(asked) if gram in self.grams]

    def _scores(self, asked: str) -> np.ndarray:
        known = self._known(asked)
        return self.often + self.temper * self.weights[known].sum(0) / max(1, len(known)) ** 0.5

    def guess(self, asked: str) -> str:
        return max(zip(self._scores(asked), self.replies, strict=True), default=(0, ""))[1]

    def share(self, row: Row) -> float:
        """The probability of the row's reply: of yes and no among these two, of others among all."""
        _, _, asked, said = row
        if said not in self.replies:
            return 0.0
        scores = self._scores(asked)
        rivals = (
            [self.replies[one] for one in CHECKS if one in self.replies] if said in CHECKS else slice(None)
        )
        return float(np.exp(scores[self.replies[said]] - np.logaddexp.reduce(scores[rivals])))


def guessed(rows: Sequence[Row]) -> dict[str, Guessed]:
    """Family -> how much of it words alone give."""
    one, other = halves(rows)
    found: dict[str, Guessed] = defaultdict(Guessed)
    for learnt, asked in ((one, other), (other, one)):
        known = Bayes(learnt)
        known.fit(asked)
        for row in asked:
            family, truth = found[row[1]], row[3]
            family.answers += 1
            family.right += known.guess(row[2]) == truth
            if truth in CHECKS:
                family.checks += 1
                family.yes += truth == "yes"
                family.checked += known.share(row) > 0.5
    return found


def report(rows: Sequence[Row]) -> Iterator[str]:
    """A table, a line for each language and family."""
    yield f"{'':20}{'answers':>9}{'words alone':>13}{'yes or no':>11}{'words alone':>13}{'are yes':>9}"
    for language in ("en", "zh"):
        some = [row for row in rows if bool(CHINESE.search(row[2])) == (language == "zh")]
        for family, one in sorted(guessed(some).items()) if some else ():
            line = f"{language} {family:17}{one.answers:>9,}{one.right / one.answers:>13.1%}{one.checks:>11,}"
            checks = f"{one.checked / one.checks:>13.1%}{one.yes / one.checks:>9.1%}" if one.checks else ""
            yield line + checks
