"""What a kind of thing is, and the register that things.py and more_things.py fill."""

from collections.abc import Callable
from dataclasses import dataclass

from dataset.storybook.pen import Pen


@dataclass(frozen=True)
class Kind:
    """A kind of thing: its English (singular) and Chinese name, Chinese classifier, and how to draw it."""

    name: str
    zh: str
    classifier: str
    draw: Callable[[Pen], None]


REGISTER: dict[str, Kind] = {}


def kind(name: str, zh: str, classifier: str) -> Callable[[Callable[[Pen], None]], Callable[[Pen], None]]:
    """Register the decorated drawing function."""

    def register(draw: Callable[[Pen], None]) -> Callable[[Pen], None]:
        REGISTER[name] = Kind(name, zh, classifier, draw)
        return draw

    return register
