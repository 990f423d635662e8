"""Scores of answers: exact match for each type of question, and which things descriptions get right."""

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from dataset.storybook.questions import parse_description
from scoring.answers import Answer


def score(answers: Sequence[Answer]) -> dict:
    """{"n", "exact_match", "by_type": {type: {"n", "exact_match"}}}, for types such as "en/colour" also
    "by_language", and "object_f1" where the truths are descriptions of storybook scenes."""
    report = {**_exact(answers), "by_type": _grouped(answers, lambda a: a.type)}
    if all("/" in a.type for a in answers):
        report["by_language"] = _grouped(answers, lambda a: a.type.partition("/")[0])
        described = [a for a in answers if a.type.endswith("/description")]
        groups = {"all": described} | {
            language: [a for a in described if a.type.startswith(language)]
            for language in report["by_language"]
        }
        report["object_f1"] = {name: object_f1(group) for name, group in groups.items() if group}
    return report


def object_f1(answers: Iterable[Answer]) -> float:
    """F1 over all things of all descriptions; a thing is right if kind, colour, size and place all are."""
    right = said = there = 0
    for a in answers:
        truth, answer = parse_description(a.truth), parse_description(a.answer)
        right, said, there = right + len(truth & answer), said + len(answer), there + len(truth)
    return round(2 * right / max(1, said + there), 4)


def table(report: dict) -> str:
    """The report as lines of text."""
    groups = {"all": report, **report.get("by_language", {}), **report["by_type"]}
    width = max(map(len, groups))
    lines = [f"{name:{width}}  {row['exact_match']:7.2%}  of {row['n']}" for name, row in groups.items()]
    lines += [
        f"{name:{width}}  {value:7.4f}  object F1" for name, value in report.get("object_f1", {}).items()
    ]
    return "\n".join(lines)


def write(report: dict, path: Path) -> None:
    """As JSON, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n")
    os.replace(temporary, path)


def _grouped(answers: Sequence[Answer], key: object) -> dict[str, dict]:
    groups: dict[str, list[Answer]] = {}
    for answer in answers:
        groups.setdefault(key(answer), []).append(answer)
    return {name: _exact(groups[name]) for name in sorted(groups)}


def _exact(answers: Sequence[Answer]) -> dict:
    return {"n": len(answers), "exact_match": round(sum(a.right for a in answers) / len(answers), 4)}
