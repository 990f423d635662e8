"""Rows of figures as JSON and as Markdown."""

import json
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path


@dataclass(frozen=True)
class Row:
    """One kind of run within a comparison, and its figures."""

    comparison: str
    name: str
    values: dict[str, float]


def write(rows: list[Row], path: Path, machine: str) -> None:
    """`path`.json and `path`.md, which is printed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    found = {"machine": machine, "rows": [asdict(row) for row in rows]}
    path.with_suffix(".json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    text = f"{machine}\n\n" + "\n".join(
        table(list(some)) for _, some in groupby(rows, lambda r: r.comparison)
    )
    path.with_suffix(".md").write_text(text, encoding="utf-8")
    print(text)


def table(rows: list[Row]) -> str:
    keys = list(dict.fromkeys(key for row in rows for key in row.values))
    lines = [f"| {rows[0].comparison} | " + " | ".join(keys) + " |", "|---" * (len(keys) + 1) + "|"]
    for row in rows:
        cells = [number(row.values[key]) if key in row.values else "" for key in keys]
        lines.append(f"| {row.name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
