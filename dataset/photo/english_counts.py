"""How many there are, where captions agree on it."""

import random
from collections.abc import Iterable

from dataset.photo.english_ask import Asker
from dataset.photo.english_balance import Balance, Case, about, said_of
from dataset.photo.english_facts import Facts
from dataset.photo.english_read import plural_of
from dataset.photo.english_words import GROUP_WORDS, NUMBER_WORDS
from dataset.photo.made import Made

COUNTED = (
    "dog", "horse", "bird", "bicycle", "car", "boat", "cow", "motorcycle", "ball", "bench", "sheep", "kayak",
    "boy", "girl", "man", "woman", "child",
)  # fmt: skip
MORE = "more than"
OF_PEOPLE = ("boy", "girl", "man", "woman", "child")
BY_TWOS = frozenset(
    "people couple together players friends another opponent parents they them passengers each".split()
)


def number_of(noun: str, facts: Facts) -> int | None:
    """How many, if that is certain: of men or girls only where captions leave nobody unnamed."""
    if noun == "person":
        return 1 if facts.single else facts.number({"person"}, GROUP_WORDS - BY_TWOS)
    if noun in OF_PEOPLE and facts.words & (GROUP_WORDS - {"they", "them", "each", "another", "together"}):
        return None
    return facts.number({noun}, frozenset())


def number_case(noun: str, number: int) -> Case:
    more, others = (MORE,) if number > 1 else (), tuple(str(n) for n in (1, 2, 3, 4) if n != number)
    return about(noun, Case((str(number), *more), others if more else (*others, MORE)))


class Counts:
    def __init__(self, photos: list[Facts]) -> None:
        numbers = [(noun, n) for f in photos for noun in ("person", *COUNTED) if (n := number_of(noun, f))]
        more = sum(n > 1 for _, n in numbers)
        self.keep_one = min(1.0, 1.2 * more / max(1, len(numbers) - more))
        rng = random.Random(0)
        self.balance = Balance(
            number_case(*one) for one in numbers if one[1] > 1 or rng.random() < self.keep_one
        )

    def questions(self, asker: Asker) -> Iterable[Made]:
        for noun in ("person", *COUNTED):
            number = number_of(noun, asker.facts)
            if number and (number > 1 or asker.rng.random() < self.keep_one):
                yield from self._counted(asker, noun, number)

    def _counted(self, asker: Asker, noun: str, number: int) -> Iterable[Made]:
        yield asker.made(
            "count", "count", {"many": plural_of(noun)}, NUMBER_WORDS[number], there_are(number, noun)
        )
        for value, truth in self.balance.ask(number_case(noun, number), asker.rng):
            asked, be = counted(said_of(value), noun)
            said, statement = {"x": asked, "be": be}, f"there {be} {asked}"
            yield asker.yes_no("count", "is_count", said, statement, truth, there_are(number, noun))


def counted(number: str, noun: str) -> tuple[str, str]:
    """How many, in words, and the verb that goes with it."""
    if number in ("1", MORE):
        return f"{'only' if number == '1' else MORE} one {noun}", "is"
    return f"{NUMBER_WORDS[int(number)]} {plural_of(noun)}", "are"


def there_are(number: int, noun: str) -> str:
    asked, be = counted(str(number), noun)
    return f"there {be} {asked}"
