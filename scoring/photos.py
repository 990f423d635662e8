"""Photographs with people's captions: what a model says of those that it was not trained on.

    Flickr8k's folder, a split -> photos -> descriptions in English and Chinese    -> BLEU, CIDEr
                                         -> made questions, so many of each family -> right (judge.py)
                                         -> of these, is it there?                 -> POPE's measures
                                         -> the same about another photo           -> what words can guess

Each question of a family is about another photo, so that the intervals are those of independent answers.
"""

import json
import random
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from tqdm import tqdm

from dataset.errors import DataError
from dataset.photo.__main__ import ASKERS, folder_of_pictures, read_captions
from dataset.photo.made import Made
from dataset.photo.mixture import conversation
from dataset.record import IMAGE, Record
from scoring import captions, judge
from scoring.answers import Answer, answer_all
from scoring.assistant import Assistant, readable
from scoring.suite import SPOKEN, interval

DESCRIBE = {"en": "Describe the picture.", "zh": "描述一下这个图像的内容。"}
PER_FAMILY = 100  # questions: a share of them is known to 10 points at worst, of all of them to 3
LONGEST = 96  # tokens of an answer: 30 Chinese characters of a tokenizer that was made for English
SHUFFLED = "shuffled"
MEASURES = {
    "accuracy": "accuracy",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "yes_ratio": "says yes",
}


@dataclass(frozen=True)
class Photos:
    """A split's captions {language: {photo: captions}}; `names` are the photos that are asked about."""

    folder: Path
    split: str
    names: tuple[str, ...]
    captions: Mapping[str, Mapping[str, Sequence[str]]]

    @classmethod
    def open(cls, folder: Path, split: str = "val", samples: int | None = None) -> "Photos":
        """`samples` photos, evenly spaced in the list of names, without those that cannot be read, which is
        said. Raises DataError."""
        found, pictures = read_captions(folder, split), folder_of_pictures(folder)
        asked = spaced(sorted(found["en"]), samples)
        names = tuple(name for name in asked if readable([pictures / name]))
        if left := len(asked) - len(names):
            print(f"{left} of {len(asked)} photographs cannot be read and are left out", file=sys.stderr)
        if not names:
            raise DataError(f"{folder}: none of the photographs asked for can be read; get them again")
        return cls(pictures, split, names, found)

    def record(self, name: str, turns: Sequence[Mapping[str, str]], type: str) -> Record:
        first = {**turns[0], "content": f"{IMAGE}\n{turns[0]['content']}"}
        return Record((self.folder / name,), (first, *turns[1:]), type, name)

    def to_describe(self, language: str) -> list[Record]:
        """Each photo once; its first caption stands as the answer."""
        told = {name: self.captions[language].get(name) for name in self.names}
        asked = DESCRIBE[language]
        return [
            self.record(name, conversation(Made("caption", asked, said[0])), f"{language}/caption")
            for name, said in told.items()
            if said
        ]

    def to_ask(self, language: str, per_family: int) -> list[Record]:
        """So many questions of each family, each about another photo; the same ones every time."""
        families: dict[str, list[tuple[str, list[Made]]]] = defaultdict(list)
        for name, made in self.made(language).items():
            for family in sorted({one.family for one in made} - {"caption"}):
                families[family].append((name, [one for one in made if one.family == family]))
        records = []
        for family, photos in sorted(families.items()):
            rng = random.Random(f"photos {language} {family}")
            for name, made in rng.sample(photos, min(per_family, len(photos))):
                records.append(self.record(name, conversation(rng.choice(made)), f"{language}/{family}"))
        return records

    def made(self, language: str) -> dict[str, list[Made]]:
        """All questions about each photo; what is common, and so worth asking, the whole split tells."""
        rows = self.captions[language]
        asker = ASKERS[language](rows)
        return {
            name: asker.questions(name, random.Random(f"photos {language} {name}"))
            for name in self.names
            if name in rows
        }

    def elsewhere(self, records: Iterable[Record]) -> list[Record]:
        """The same questions, each about the photo half the list of names away; DataError for a lone one."""
        if len(self.names) < 2:
            raise DataError(f"{self.folder}: {len(self.names)} photos asked for; name two or more to shuffle")
        half = len(self.names) // 2
        other = {name: self.names[(i + half) % len(self.names)] for i, name in enumerate(self.names)}
        return [replace(one, images=(self.folder / other[one.where],)) for one in records]


def spaced(names: Sequence[str], number: int | None) -> tuple[str, ...]:
    """So many of the names, evenly spaced, all where there are fewer: chosen by number, not by taste."""
    number = len(names) if number is None else max(0, min(number, len(names)))
    return tuple(names[i * len(names) // number] for i in range(number))


def ask(
    assistant: Assistant,
    photos: Photos,
    batch_size: int = 32,
    per_family: int = PER_FAMILY,
    **choices: object,
) -> dict[str, list[Answer]]:
    """{"captions", "questions", "shuffled": answers}, greedy; `num_beams` is of the captions."""
    choices["max_new_tokens"] = min(choices.get("max_new_tokens", LONGEST), LONGEST)
    described = [record for language in photos.captions for record in photos.to_describe(language)]
    asked = [record for language in photos.captions for record in photos.to_ask(language, per_family)]
    sets = {"captions": described, "questions": asked, SHUFFLED: photos.elsewhere(asked)}
    answers = {}
    for name, records in sets.items():
        how = choices if name == "captions" else {**choices, "num_beams": 1}
        said = answer_all(assistant, records, batch_size, last=True, **how)
        bar = tqdm(said, desc=name, total=len(records), unit="answer", mininterval=1, dynamic_ncols=True)
        answers[name] = list(bar)
    return answers


def score(photos: Photos, answers: Mapping[str, Sequence[Answer]]) -> dict:
    """{"captions", "questions", "shuffled", "pope"}: {language: scores with their intervals}."""
    languages = list(photos.captions)
    spoken = {
        name: {code: [a for a in said if a.type.startswith(f"{code}/")] for code in languages}
        for name, said in answers.items()
    }
    return {
        "split": photos.split,
        "photos": len(photos.names),
        "captions": {
            code: described(said, photos.captions[code], code)
            for code, said in spoken["captions"].items()
            if said
        },
        **{
            name: {code: by_family(said) for code, said in spoken[name].items() if said}
            for name in ("questions", SHUFFLED)
        },
        "pope": {code: measured for code, said in spoken["questions"].items() if (measured := pope(said))},
    }


def described(said: Sequence[Answer], references: Mapping[str, Sequence[str]], language: str) -> dict:
    """BLEU and CIDEr, and the same where each answer is held against what was said of another photo."""
    answers = {a.where: a.answer for a in sorted(said, key=lambda a: a.where)}
    names, half = list(answers), len(answers) // 2
    other = dict(zip(names, [answers[name] for name in names[half:] + names[:half]], strict=True))
    told = {name: references[name] for name in names}
    scored = {
        name: captions.score(some, told, language) for name, some in (("own", answers), (SHUFFLED, other))
    }
    return {"n": len(answers), **scored["own"], SHUFFLED: scored[SHUFFLED]}


def by_family(said: Sequence[Answer]) -> dict[str, dict[str, float]]:
    """{family: {"n", "value", "low", "high"}}, and of "all" together; the limits are Wilson's."""
    families: dict[str, list[bool]] = defaultdict(list)
    for a in said:
        right = judge.right(a.type, a.question, a.truth, a.answer)
        families[a.type.partition("/")[2]].append(right)
    families = dict(sorted(families.items())) | {"all": [one for some in families.values() for one in some]}
    return {name: {"n": len(some), **share(sum(some), len(some))} for name, some in families.items()}


def pope(said: Sequence[Answer]) -> dict:
    """Over questions whether a thing is there, `report.hallucination`'s measures (Li et al. 2023, section
    4.1), each {"value", "low", "high"}; "n", "there": the share whose truth is yes. {} for none."""
    probed = [a for a in said if a.type.endswith("/existence") and judge.states(a.truth) is not None]
    if not probed:
        return {}
    pairs = [(judge.states(a.truth), not judge.denies(a.answer)) for a in probed]
    n, there, told = len(pairs), sum(truth for truth, _ in pairs), sum(yes for _, yes in pairs)
    hits = sum(truth and yes for truth, yes in pairs)
    overlap = share(hits, there + told - hits)
    return {
        "n": n,
        "there": round(there / n, 4),
        "accuracy": share(sum(truth == yes for truth, yes in pairs), n),
        "precision": share(hits, told),
        "recall": share(hits, there),
        # F1 = 2 J / (1 + J) rises with J, Jaccard's overlap of the two yes: so do its limits.
        "f1": {name: round(2 * j / (1 + j), 4) for name, j in overlap.items()},
        "yes_ratio": share(told, n),
    }


def share(hits: int, n: int) -> dict[str, float]:
    """Of `n`, with Wilson's limits; of nothing, all is possible."""
    value, (low, high) = (hits / n, interval(hits / n, n)) if n else (0.0, (0.0, 1.0))
    named = {"value": value, "low": max(0.0, low), "high": min(1.0, high)}
    return {name: round(x, 4) for name, x in named.items()}


def write(answers: Mapping[str, Sequence[Answer]], path: Path) -> None:
    """A JSON line for each answer: to read, and to judge anew. They quote the captions: see their licence."""
    with open(path, "w", encoding="utf-8") as file:
        for name, said in answers.items():
            for a in said:
                right = (
                    {}
                    if name == "captions"
                    else {"right": judge.right(a.type, a.question, a.truth, a.answer)}
                )
                file.write(json.dumps({"set": name, **asdict(a), **right}, ensure_ascii=False) + "\n")


def table(scored: Mapping) -> str:
    """Markdown: captions, families, POPE's measures; per cent, 95% intervals in brackets."""
    return "\n\n".join(
        "\n".join(lines) for lines in (_captions(scored), _families(scored), _pope(scored["pope"]))
    )


def _captions(scored: Mapping) -> list[str]:
    names = [*(f"BLEU-{n}" for n in range(1, captions.N + 1)), "CIDEr"]
    lines = [
        f"| captions of {scored['photos']:,} photos | {' | '.join(names)} |",
        "|---|" + "---|" * len(names),
    ]
    for code, row in scored["captions"].items():
        for about, some in ((SPOKEN[code], row), (f"{SPOKEN[code]}, of another photo", row[SHUFFLED])):
            lines.append(f"| {about} | {' | '.join(_cell(some[name]) for name in names)} |")
    return lines


def _families(scored: Mapping) -> list[str]:
    asked, control = scored["questions"], scored[SHUFFLED]
    heads = [f"{SPOKEN[code]} | of another photo | answers" for code in asked]
    lines = [f"| family | {' | '.join(heads)} |", "|---|" + "---|---|---|" * len(asked)]
    for family in dict.fromkeys(family for rows in asked.values() for family in rows):
        cells = []
        for code, rows in asked.items():
            row = rows.get(family)
            pair = (row, control[code][family]) if row else ()
            cells += [*(_cell(one) for one in pair), str(row["n"])] if row else ["", "", ""]
        lines.append(f"| {family} | {' | '.join(cells)} |")
    return lines


def _pope(rows: Mapping[str, Mapping]) -> list[str]:
    lines = [f"| is it there? | {' | '.join(MEASURES.values())} | is there | answers |", "|---|" + "---|" * 7]
    for code, row in rows.items():
        cells = " | ".join(_cell(row[name]) for name in MEASURES)
        lines.append(f"| {SPOKEN[code]} | {cells} | {100 * row['there']:.1f} | {row['n']} |")
    return lines


def _cell(row: Mapping[str, float]) -> str:
    value, low, high = (100 * x for x in (row["value"], row["low"], row["high"]))
    return f"{value:.1f} ({low:.1f} to {high:.1f})"
