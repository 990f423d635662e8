"""Sort-of-CLEVR (Santoro et al. 2017, "A simple neural network module for relational reasoning", 4.2).

    python -m dataset.sort_of_clevr     9,800 pictures to train on, 200 to score

Six objects, each of its own colour, square or round, on a picture of 75 x 75 pixels. Ten questions about an
object alone, ten about how it stands to the others. The original encodes them as bits, here in sentences.
"""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from PIL import Image, ImageDraw
from tqdm import tqdm

from dataset.commands.console import script
from dataset.commands.flags import Count, parse

SIDE, RADIUS = 75, 5
COLOURS = {
    "red": (230, 30, 30),
    "green": (30, 170, 50),
    "blue": (40, 70, 230),
    "orange": (255, 150, 20),
    "grey": (130, 130, 130),
    "yellow": (250, 230, 40),
}
QUESTIONS = 10  # of each kind about each picture


@dataclass(frozen=True)
class Object:
    colour: str
    shape: str
    x: int
    y: int


@dataclass
class Args:
    out: Path = Path("out/clevr")
    """Folder for train.jsonl, val.jsonl and the pictures."""
    train: Count = 9800
    """Pictures to train on."""
    val: Count = 200
    """Pictures to score."""


def make_objects(rng: random.Random) -> list[Object]:
    """Six that do not touch."""
    while True:
        places = [(rng.randint(RADIUS, SIDE - RADIUS), rng.randint(RADIUS, SIDE - RADIUS)) for _ in COLOURS]
        if all(distance(a, b) > (3 * RADIUS) ** 2 for a, b in combinations(places, 2)):
            return [
                Object(colour, rng.choice(["square", "circle"]), x, y)
                for colour, (x, y) in zip(COLOURS, places, strict=True)
            ]


def distance(a: tuple[int, int], b: tuple[int, int]) -> int:
    return (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2


def draw(objects: list[Object]) -> Image.Image:
    image = Image.new("RGB", (SIDE, SIDE), "white")
    pen = ImageDraw.Draw(image)
    for one in objects:
        box = (one.x - RADIUS, one.y - RADIUS, one.x + RADIUS, one.y + RADIUS)
        (pen.rectangle if one.shape == "square" else pen.ellipse)(box, fill=COLOURS[one.colour])
    return image


def alone(one: Object, rng: random.Random) -> tuple[str, str]:
    """A question about an object without the others."""
    asked = rng.choice(["shape", "left", "top"])
    if asked == "shape":
        return f"What is the shape of the {one.colour} object?", one.shape
    if asked == "left":
        return f"Is the {one.colour} object on the left?", "yes" if one.x < SIDE / 2 else "no"
    return f"Is the {one.colour} object at the top?", "yes" if one.y < SIDE / 2 else "no"


def related(one: Object, objects: list[Object], rng: random.Random) -> tuple[str, str]:
    """A question about how it stands to the others."""
    asked = rng.choice(["closest", "furthest", "count"])
    if asked == "count":
        number = sum(other.shape == one.shape for other in objects)
        return f"How many objects have the shape of the {one.colour} object?", str(number)

    def away(other: Object) -> int:
        return distance((other.x, other.y), (one.x, one.y))

    others = sorted((other for other in objects if other != one), key=away)
    where, found = ("closest to", others[0]) if asked == "closest" else ("furthest from", others[-1])
    return f"What is the shape of the object {where} the {one.colour} object?", found.shape


def records(objects: list[Object], name: str, rng: random.Random) -> Iterator[dict]:
    """Two records about one picture: its objects one by one, and together."""
    for kind in ("non-relational", "relational"):
        turns: list[dict[str, str]] = []
        for _ in range(QUESTIONS):
            one = rng.choice(objects)
            question, answer = alone(one, rng) if kind == "non-relational" else related(one, objects, rng)
            turns += [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
        yield {"image": name, "conversations": turns, "type": kind}


def write(split: str, pictures: int, out: Path) -> Path:
    (out / split).mkdir(parents=True, exist_ok=True)
    with open(out / f"{split}.jsonl", "w", encoding="utf-8") as file:
        for index in tqdm(range(pictures), desc=split, unit="picture"):
            rng, name = random.Random(f"{split} {index}"), f"{split}/{index:05d}.png"
            objects = make_objects(rng)
            draw(objects).save(out / name)
            file.writelines(json.dumps(row) + "\n" for row in records(objects, name, rng))
    return out / f"{split}.jsonl"


@script
def main(argv: list[str] | None = None) -> None:
    args = parse(Args, argv, __doc__)
    for split in ("train", "val"):
        print(write(split, getattr(args, split), args.out))


if __name__ == "__main__":
    main()
