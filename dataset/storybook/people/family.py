"""The families of questions: each asks one kind of thing of a scene, the answer taken from the truth."""

import random
from collections.abc import Callable
from typing import TypeVar

from dataset.storybook.names import Name
from dataset.storybook.people.references import Reference
from dataset.storybook.people.tongue import Tongue
from dataset.storybook.people.wording import Question
from dataset.storybook.world import Scene, Thing

T = TypeVar("T")
Maker = Callable[[Scene, Tongue, random.Random], Question | None]
FAMILIES: dict[str, Maker] = {}


def family(function: Maker) -> Maker:
    """Register a family; where its scene has nothing to ask, it makes None."""
    FAMILIES[function.__name__] = function
    return function


def one_of(
    makers: dict[Callable[[Scene, Tongue, random.Random], T], float],
    scene: Scene,
    tongue: Tongue,
    rng: random.Random,
) -> T | None:
    """What one of several makers makes, by their weights: the first drawn that has something to ask."""
    left = dict(makers)
    while left:
        (maker,) = rng.choices(list(left), list(left.values()))
        if question := maker(scene, tongue, rng):
            return question
        del left[maker]
    return None


def right(tongue: Tongue, truth: bool) -> str:
    """ "yes" and "no" to what somebody says; "is there a cat" has its own in Chinese."""
    return tongue.language.answers["right_yes" if truth else "right_no"]


def there(tongue: Tongue, truth: bool) -> str:
    return tongue.language.answers["yes" if truth else "no"]


def coin(rng: random.Random) -> bool:
    return rng.random() < 0.5


def even(true: list[T], false: list[T], rng: random.Random, unlike: float = 1.0) -> tuple[T, bool] | None:
    """One of either with its truth, each as often; None where the drawn one has none."""
    truth = rng.random() < 1 / (1 + unlike)
    some = true if truth else false
    return (rng.choice(some), truth) if some else None


def shuffled(rng: random.Random, *words: str) -> dict[str, str]:
    """Two or three words in any order, as slots of a choice."""
    return dict(zip(("one", "another", "third"), rng.sample(words, len(words)), strict=False))


def full(thing: Thing, tongue: Tongue) -> str:
    """ "a small red cat": how answers name a thing."""
    name: Name = {"kind": thing.kind, "colour": thing.colour, "size": thing.size}
    return tongue.language.a(tongue.language.noun(**name), thing.kind)


def all_of(things: list[Thing], tongue: Tongue, nothing: str = "") -> str:
    return tongue.listed([full(thing, tongue) for thing in things]) if things else nothing


def colours(things: list[Thing], tongue: Tongue) -> str:
    """Their colours in reading order, each once."""
    return tongue.listed([tongue.language.colours[c] for c in dict.fromkeys(t.colour for t in things)])


def places(things: list[Thing], tongue: Tongue) -> str:
    """Where they are, one after another."""
    return tongue.listed([tongue.language.at(thing.place) for thing in things])


def number(reference: Reference, scene: Scene, tongue: Tongue) -> str:
    """How many there are: "two", 两只."""
    return numbered(reference.count(scene), reference, tongue)


def numbered(number: int, reference: Reference, tongue: Tongue) -> str:
    """So many of what a reference names."""
    unit = tongue.named(tongue.grammar, reference, None).get("unit", "")
    return tongue.language.numbers[number] + (unit if number else "")


def units(number: int, tongue: Tongue) -> str:
    """So many things of any kind: "two", 两个."""
    return tongue.language.numbers[number] + (tongue.answers["unit"] if number else "")
