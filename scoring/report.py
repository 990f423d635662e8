"""Scores of answers: exact match for each type of question, and which things descriptions get right."""

import json
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from dataset.storybook.pope import NEGATIVES
from dataset.storybook.questions import parse_description
from dataset.storybook.words import LANGUAGES
from scoring.answers import Answer

SAYS_YES = {language.answers["yes"] for language in LANGUAGES.values()}


def score(answers: Sequence[Answer]) -> dict:
    """{"n", "exact_match", "by_type": {type: {"n", "exact_match"}}}, for types such as "en/colour" also
    "by_language", "object_f1" where the truths are descriptions of storybook scenes, and "pope"."""
    report = {**_exact(answers), "by_type": _grouped(answers, lambda a: a.type)}
    if all("/" in a.type for a in answers):
        report["by_language"] = _grouped(answers, lambda a: a.type.partition("/")[0])
        described = [a for a in answers if a.type.endswith("/description") and parse_description(a.truth)]
        groups = {"all": described} | {
            language: [a for a in described if a.type.partition("/")[0] == language]
            for language in report["by_language"]
        }
        if described:
            report["object_f1"] = {name: object_f1(group) for name, group in groups.items() if group}
    probed = [a for a in answers if "/pope-" in a.type]
    if probed:
        report["pope"] = {
            which: hallucination([a for a in probed if a.type.endswith(f"-{which}")]) for which in NEGATIVES
        }
    return report


def hallucination(answers: Sequence[Answer]) -> dict[str, float]:
    """POPE's measures (Li et al. 2023, section 4.1): "yes" is the positive answer, all else is "no"."""
    truth = [a.truth in SAYS_YES for a in answers]
    said = [a.answer.strip() in SAYS_YES for a in answers]
    right, hits = sum(a.right for a in answers), sum(t and s for t, s in zip(truth, said, strict=True))
    measures = {
        "accuracy": right / max(1, len(answers)),
        "precision": hits / max(1, sum(said)),
        "recall": hits / max(1, sum(truth)),
        "f1": 2 * hits / max(1, sum(said) + sum(truth)),
        "yes_ratio": sum(said) / max(1, len(answers)),
    }
    return {key: round(value, 4) for key, value in measures.items()}


def object_f1(answers: Iterable[Answer]) -> float:
    """F1 over all things of all descriptions; a thing is right if kind, colour, size and place all are."""
    right = said = there = 0
    for a in answers:
        truth, answer = parse_description(a.truth), parse_description(a.answer)
        right, said, there = right + len(truth & answer), said + len(answer), there + len(truth)
    return round(2 * right / max(1, said + there), 4)


def table(report: dict) -> str:
    """The report as lines of text."""
    groups = [("all", report), *report.get("by_language", {}).items(), *report["by_type"].items()]
    width = max(len(name) for name, _ in groups)
    lines = [f"{name:{width}}  {row['exact_match']:7.2%}  of {row['n']}" for name, row in groups]
    lines += [
        f"{name:{width}}  {value:7.4f}  object F1" for name, value in report.get("object_f1", {}).items()
    ]
    for which, measures in report.get("pope", {}).items():
        told = ", ".join(f"{name.replace('_', ' ')} {value:.4f}" for name, value in measures.items())
        lines.append(f"pope, {which}: {told}")
    return "\n".join(lines)


def write(report: dict, path: Path) -> None:
    """As JSON, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(temporary, path)


def is_one(path: Path) -> bool:
    """Whether a file is a report: what `write` has written, of some weights."""
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(held, dict) and "weights" in held


def agreement(answers: Sequence[Answer]) -> dict[str, dict]:
    """{language: {"n", "exact_match"}}: of answers to one question in many wordings, those that are its
    most frequent answer, right or wrong."""
    by_question: dict[str, list[Answer]] = {}
    for answer in answers:
        by_question.setdefault(answer.where, []).append(answer)
    agreed: list[Answer] = []
    for some in by_question.values():
        ((usual, _),) = Counter(answer.answer.strip() for answer in some).most_common(1)
        agreed += [replace(answer, truth=usual) for answer in some]
    return _grouped(agreed, lambda a: a.type.partition("/")[0])


def _grouped(answers: Sequence[Answer], key: object) -> dict[str, dict]:
    groups: dict[str, list[Answer]] = {}
    for answer in answers:
        groups.setdefault(key(answer), []).append(answer)
    return {name: _exact(groups[name]) for name in sorted(groups)}


def _exact(answers: Sequence[Answer]) -> dict:
    return {"n": len(answers), "exact_match": round(sum(a.right for a in answers) / len(answers), 4)}
