"""Every held-out set of the storybook at once, with intervals, and a control that is shown wrong pictures."""

from collections.abc import Iterable, Iterator, Sequence
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

SETS = {  # scenes, relative
    "scenes": 1,
    "combinations": 0.5,
    "pairs": 2,
    "dialogues": 1,
    "pope": 0.5,
    "people": 0.3,
    "agreement": 0.3,
    "strange": 1,
}
CONTROL, CONTROL_SHARE = "shuffled", 0.25
ABOUT = {
    "scenes": "new ones",  # one question of each family in each language
    "combinations": "colours that these kinds never had",  # CLEVR-CoGenT, Johnson et al. 2017
    "pairs": "two pictures",
    "dialogues": "several turns",
    "pope": "is it there?",  # Li et al. 2023
    "people": "people's words, and none that were trained on",
    "agreement": "ten wordings of each question",
    "strange": "no scene, and said to be none",
    CONTROL: "scenes' questions, another's picture",  # what words alone can guess
}
SPOKEN = {"en": "English", "zh": "Chinese"}
ABSENT = {
    "random": "any colour and kind",
    "popular": "what training shows most",
    "adversarial": "a colour and a kind that are there, but not in one thing",
}
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
        said = list(bar)
        scored[name] = report.score(said)
        if name == "agreement":
            scored[name]["agreement"] = report.agreement(said)
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
    """Markdown: every set, families of scenes, POPE's measures, and people's words where they were scored."""
    tables = [_sets(scored), _families(scored["scenes"], scored[CONTROL]), _pope(scored["pope"])]
    if "people" in scored:
        tables.append(_people(scored["people"], scored["agreement"]))
    return "\n\n".join("\n".join(lines) for lines in tables)


def _sets(scored: dict[str, dict]) -> list[str]:
    lines = [f"| set | exact match (95% interval) | {' | '.join(SPOKEN.values())} | answers |"]
    lines.append("|---|---|---|---|---|")
    for name in [name for name in (*SETS, CONTROL) if name in scored]:
        row = scored[name]
        low, high = (f"{100 * limit:.1f}" for limit in interval(row["exact_match"], row["n"]))
        share, each = f"{row['exact_match']:.1%} ({low} to {high})", _cells(row["by_language"], SPOKEN)
        lines.append(f"| {name}: {ABOUT[name]} | {share} | {each} | {row['n']:,} |")
    return lines


def _families(scenes: dict, control: dict) -> list[str]:
    lines = [f"| family of `scenes` | {' | '.join(SPOKEN.values())} | shuffled |", "|---|---|---|---|"]
    for family in family_names(scenes):
        asked = _cells(scenes["by_type"], [f"{code}/{family}" for code in SPOKEN])
        guessed = [control["by_type"][f"{code}/{family}"]["exact_match"] for code in SPOKEN]
        lines.append(f"| {family} | {asked} | {sum(guessed) / len(guessed):.1%} |")
    found = [scenes["object_f1"][code] for code in SPOKEN] + [control["object_f1"]["all"]]
    return [*lines, f"| object F1 of descriptions | {' | '.join(f'{value:.3f}' for value in found)} |"]


def _pope(row: dict) -> list[str]:
    lines = ["| what is not there is | accuracy | precision | recall | F1 | says yes |"]
    lines.append("|---|---|---|---|---|---|")
    for which, measures in row["pope"].items():
        lines.append(f"| {ABSENT[which]} | {' | '.join(f'{value:.3f}' for value in measures.values())} |")
    return lines


def _people(people: dict, agreement: dict) -> list[str]:
    lines = [f"| family of `people` | {' | '.join(SPOKEN.values())} |", "|---|---|---|"]
    for family in family_names(people):
        lines.append(f"| {family} | {_cells(people['by_type'], [f'{code}/{family}' for code in SPOKEN])} |")
    return [*lines, f"| ten wordings, one answer | {_cells(agreement['agreement'], SPOKEN)} |"]


def _cells(rows: dict, names: Iterable[str]) -> str:
    return " | ".join(f"{rows[name]['exact_match']:.1%}" for name in names)


def family_names(scenes: dict) -> list[str]:
    return sorted({name.partition("/")[2] for name in scenes["by_type"]})


def draw(scored: dict[str, dict], path: Path) -> None:
    """The families of scenes in each language, and beside them what shuffled pictures leave."""
    families = family_names(scored["scenes"])
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
