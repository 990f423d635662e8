"""Questions in people's own words about 40 storybook scenes, and what a scene says to each: a held-out set.

    python -m tests.asked out/asked    questions.jsonl, truth.jsonl, scenes/

Each line of storybook_questions.jsonl is one question by one of 17 invented people, written in sight
of the pictures and of no grammar that a model is trained on. Scenes are named "storybook:INDEX", of a split
of their own. An answer is right if it holds an entry of `accept` (or one of each list of `all_of`, or the
kinds of `must_mention`) and none of `reject` ("=x": is x, "^x": begins with x). `turns` are those before a
follow-up.

Where a program can tell the answer, `claim` says what was asked, and `truth` answers it from the scene:

    {"tells": "count", "of": {"kind": "bird", "colour": "green"}}
        3
    {"tells": "exists", "of": {"kind": "animal", "place": "top left"}}
        whether there is such a thing
    {"tells": "colour", "of": {"kind": "hat"}, "most": "big"}
        that of the biggest hat
    {"tells": "above", "of": {"kind": "cat"}, "to": {"kind": "tree"}}
        whether the first is
    {"tells": "kinds", "of": {"colour": "red"}}
        all of them, as a set
    {"tells": "weather", "is": "rain"}
        whether it is; no `is`: which
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import tyro

from dataset.commands.console import script
from dataset.commands.flags import parse
from dataset.storybook.world import SIZES, Scene, Thing, make_scene

QUESTIONS = Path(__file__).parent / "storybook_questions.jsonl"
PHOTO_QUESTIONS = QUESTIONS.with_name("photo_questions.jsonl")  # 240, about 40 photographs that are not here
SPLIT = "asked"  # nothing else draws from it
GROUPS = {
    "animal": ("fish", "cat", "bird", "butterfly", "rabbit", "snail", "turtle", "elephant"),
    "vehicle": ("rocket", "plane", "car", "boat"),
    "flier": ("rocket", "plane", "bird", "butterfly", "balloon", "kite"),
    "fruit": ("apple",),
    "instrument": ("guitar",),
}
MOST: dict[str, Callable[[Thing], float]] = {
    "big": lambda thing: SIZES[thing.size],
    "small": lambda thing: -SIZES[thing.size],
    "left": lambda thing: -thing.x,
    "right": lambda thing: thing.x,
    "above": lambda thing: -thing.y,
    "below": lambda thing: thing.y,
}
AROUND = ("setting", "time", "weather")
Truth = str | int | bool | set[str]


def read(questions: Path = QUESTIONS) -> list[dict]:
    return [json.loads(line) for line in questions.read_text(encoding="utf-8").splitlines()]


def scene_of(name: str) -> Scene:
    """The scene "storybook:INDEX"."""
    return make_scene(SPLIT, int(name.removeprefix("storybook:")))


def chosen(scene: Scene, wanted: dict[str, str]) -> list[Thing]:
    """The things whose kind (or group of kinds), colour, size and place are as wanted."""

    def fits(thing: Thing) -> bool:
        return all(getattr(thing, key) in (value, *GROUPS.get(value, ())) for key, value in wanted.items())

    return [thing for thing in scene.things if fits(thing)]


def truth(scene: Scene, claim: dict) -> Truth:
    """What the scene says to a claim. Raises ValueError where things or their values are not one."""
    asked, things = claim["tells"], chosen(scene, claim.get("of", {}))
    if asked in AROUND:
        found = getattr(scene, asked)
        return found == claim["is"] if "is" in claim else found
    if asked == "count":
        return len(things)
    if asked == "exists":
        return bool(things)
    if asked in MOST:  # a relation
        one, other = (MOST[asked](only(some)) for some in (things, chosen(scene, claim["to"])))
        return one > other
    if "most" in claim:
        rank = MOST[claim["most"]]
        things = [thing for thing in things if rank(thing) == max(map(rank, things))]
    if asked in ("kinds", "colours"):
        return {getattr(thing, asked[:-1]) for thing in things}
    return only([*{getattr(thing, asked) for thing in things}])


def only(some: list) -> Thing | str:
    if len(some) != 1:
        raise ValueError(f"one is asked for, not {some}")
    return some[0]


@dataclass
class Args:
    folder: tyro.conf.Positional[Path]
    """Folder to write."""


@script
def main(argv: list[str] | None = None) -> None:
    write(parse(Args, argv, __doc__).folder)


def write(folder: Path) -> None:
    """The set as shared tools read one: scenes are named by their files."""
    (folder / "scenes").mkdir(parents=True, exist_ok=True)
    rows = [row | {"scene": row["scene"].replace(":", "_")} for row in read()]
    truths = []
    for name in dict.fromkeys(row["scene"] for row in rows):
        scene = scene_of(name.replace("_", ":"))
        scene.draw().save(folder / "scenes" / f"{name}.png")
        around = {key: getattr(scene, key) for key in AROUND}
        truths.append({"scene": name, **around, "things": [vars(thing) for thing in scene.things]})
    for name, some in (("questions", rows), ("truth", truths)):
        lines = (json.dumps(one, ensure_ascii=False) + "\n" for one in some)
        (folder / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
