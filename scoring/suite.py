"""Every held-out set of the storybook at once, with intervals, and a control that is shown wrong pictures.

scenes         new scenes, one question of each family in each language
combinations   as scenes, in colours that these kinds have never had (CLEVR-CoGenT, Johnson et al. 2017)
pairs          two pictures
dialogues      conversations about one thing
pope           is it there? (Li et al. 2023)
shuffled       as scenes, but each is asked about the next scene's picture: what words alone can guess
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import sqrt
from pathlib import Path

from matplotlib.figure import Figure
from tqdm import tqdm

from dataset.open import open_data
from dataset.record import Record
from dataset.storybook.records import PER_SCENE
from scoring import report
from scoring.answers import answer_all
from scoring.assistant import Assistant

SETS = {"scenes": 1, "combinations": 0.5, "pairs": 2, "dialogues": 1, "pope": 0.5}  # scenes, relative
CONTROL, CONTROL_SHARE = "shuffled", 0.25
Z = 1.96  # of a 95% interval


class Shuffled(Sequence[Record]):
    """Records whose questions are asked about the next scene's pictures."""

    def __init__(self, records: Sequence[Record], step: int) -> None:
        self.records, self.step = records, step

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, index: int) -> Record:
        other = (index + self.step) % len(self.records)
        return replace(self.records[index], images=self.records[other].images)


def run(assistant: Assistant, scenes: int, batch_size: int = 64, **choices: object) -> dict[str, dict]:
    """{set: what `report.score` says of it}, greedy unless `choices` say otherwise."""
    scored = {}
    for name, records in sets(scenes):
        answers = answer_all(assistant, records, batch_size, **choices)
        bar = tqdm(answers, desc=name, unit="answer", mininterval=1, dynamic_ncols=True)
        scored[name] = report.score(list(bar))
    return scored


def sets(scenes: int) -> Iterator[tuple[str, Sequence[Record]]]:
    for name, share in SETS.items():
        yield name, open_data(f"storybook:{name}", None, max(1, round(share * scenes)))
    few = open_data("storybook:scenes", None, max(2, round(CONTROL_SHARE * scenes)))
    yield CONTROL, Shuffled(few, PER_SCENE["scenes"])


def interval(share: float, n: int) -> tuple[float, float]:
    """Wilson's 95% interval (1927) of a share of `n` answers: unlike the textbook's it holds near 1."""
    middle, half = share + Z * Z / (2 * n), Z * sqrt(share * (1 - share) / n + Z * Z / (4 * n * n))
    return (middle - half) / (1 + Z * Z / n), (middle + half) / (1 + Z * Z / n)


def table(scored: dict[str, dict]) -> str:
    """Markdown: every set and language, then the families of scenes, then POPE's measures."""
    lines = ["| set | exact match | 95% | answers |", "|---|---|---|---|"]
    for name, row in scored.items():
        lines.append(_line(f"**{name}**", row))
        lines += [_line(f"{name}, {code}", part) for code, part in row.get("by_language", {}).items()]
    lines += [_line(name, row) for name, row in scored["scenes"]["by_type"].items()]
    for name, value in scored["scenes"]["object_f1"].items():
        lines.append(f"| object F1, {name} | {value:.3f} | | |")
    for which, told in scored["pope"]["pope"].items():
        numbers = ", ".join(f"{key.replace('_', ' ')} {value:.3f}" for key, value in told.items())
        lines.append(f"| POPE, {which} | {numbers} | | |")
    return "\n".join(lines)


def _line(name: str, row: dict) -> str:
    low, high = interval(row["exact_match"], row["n"])
    return f"| {name} | {row['exact_match']:.1%} | {low:.1%} to {high:.1%} | {row['n']} |"


def draw(scored: dict[str, dict], path: Path) -> None:
    """The families of scenes in each language, and beside them what shuffled pictures leave."""
    families = sorted({name.partition("/")[2] for name in scored["scenes"]["by_type"]})
    bars = [("scenes", "en", "tab:blue"), ("scenes", "zh", "tab:red"), (CONTROL, "en", "lightgrey")]
    figure = Figure(figsize=(10, 4))
    axes = figure.subplots()
    for place, (name, code, colour) in enumerate(bars):
        rows = [scored[name]["by_type"][f"{code}/{family}"] for family in families]
        shares = [row["exact_match"] for row in rows]
        limits = [interval(row["exact_match"], row["n"]) for row in rows]
        errors = [
            [max(0, share - low) for share, (low, _) in zip(shares, limits, strict=True)],
            [max(0, high - share) for share, (_, high) in zip(shares, limits, strict=True)],
        ]
        where = [i + 0.27 * (place - 1) for i in range(len(families))]
        label = f"{code}, pictures shuffled" if name == CONTROL else code
        axes.bar(where, shares, 0.27, yerr=errors, color=colour, label=label, error_kw={"lw": 0.8})
    axes.set_xticks(range(len(families)), families, rotation=30, ha="right")
    axes.set(ylim=(0, 1), ylabel="exact match")
    axes.legend(ncols=3, loc="upper center", bbox_to_anchor=(0.5, 1.12), frameon=False)
    figure.savefig(path, dpi=100, bbox_inches="tight")
