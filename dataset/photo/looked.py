"""What photographs show that captions leave out, written by someone who looked: looked_at.txt.

    # 1000268201_693b08cb0e            Flickr8k's name for it, without its ending
    + pink dress, wooden stairs, door  there for certain: also what is small, worn, behind
    - dog, railing                     certainly not there, though one might expect it
    Is she outside? | Yes.             questions as people type them
    > on what? | On the stairs.        the turn after the one above

Who writes captions tells what matters; that there are trees at the back, or that nobody wears a hat, they
seldom say (Berg et al. 2012, "Understanding and predicting importance in images"). So rules alone make no
such question. To add a photograph, write a block; `python -m dataset.photo make` asks what is in it.
"""

import functools
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dataset.errors import DataError
from dataset.photo.chinese_ask import ask
from dataset.photo.chinese_names import table as chinese_names
from dataset.photo.chinese_subject import said, there
from dataset.photo.chinese_words import FAR
from dataset.photo.english_ask import Asker
from dataset.photo.english_facts import Facts, a, near_colours
from dataset.photo.english_read import NOUNS, plural_of
from dataset.photo.english_things import listed
from dataset.photo.english_words import COLOURS, MASS
from dataset.photo.made import YES, Made

LOOKED_AT = Path(__file__).with_name("looked_at.txt")
CHECKS = 4  # things asked after, of one photograph, in English; half as many in Chinese
ALONE = frozenset("sky background foliage sunlight sunshine".split())
MANY = re.compile(r"[^su]s$")  # words that the list of captions' nouns lacks, or has as names of one thing
COLOURS_ZH = {
    "red": "红色", "blue": "蓝色", "green": "绿色", "yellow": "黄色", "black": "黑色", "white": "白色",
    "orange": "橙色", "pink": "粉色", "purple": "紫色", "brown": "棕色", "grey": "灰色",
}  # fmt: skip


@dataclass(frozen=True)
class Thing:
    name: str
    colours: tuple[str, ...] = ()

    @classmethod
    def of(cls, text: str) -> "Thing":
        """ "black and white dog" -> dog, of two colours."""
        words, colours = text.split(), []
        while len(words) > 1 and (words[0] in COLOURS or (words[0] == "and" and colours)):
            colours.append(words.pop(0))
        return cls(" ".join(words), tuple(COLOURS[one] for one in colours if one != "and"))

    def slots(self) -> dict[str, str]:
        """How English questions speak of it."""
        last = self.name.split()[-1]
        many = NOUNS.get(last, (last, False))[1] or bool(MANY.search(last))
        mass = last in MASS or last in ALONE
        return {
            "a": self.name if many or mass else a(self.name), "the": f"the {self.name}", "thing": self.name,
            "many": self.name if many else plural_of(self.name), "it": "they" if many else "it",
            "is": "are" if many else "is", "be": "are" if many else "is",
        }  # fmt: skip


@dataclass(frozen=True)
class Looked:
    """What is there and what is not, and conversations of (question, answer) turns."""

    there: tuple[Thing, ...]
    absent: tuple[Thing, ...]
    asked: tuple[tuple[tuple[str, str], ...], ...]

    def questions(self, rng: random.Random) -> list[Made]:
        written = [Made("looked", *turns[-1], earlier=turns[:-1]) for turns in self.asked]
        return [*written, *self._english(rng), *self._chinese(rng)]

    def drawn(self, number: int, rng: random.Random) -> list[tuple[Thing, bool]]:
        """Things with whether they are there, which `YES` of them are."""
        there, absent = (rng.sample(some, len(some)) for some in (self.there, self.absent))
        truths = [rng.random() < YES for _ in range(number)]
        return [(some.pop(), truth) for truth in truths if (some := there if truth else absent)]

    def _english(self, rng: random.Random) -> Iterator[Made]:
        asker = Asker(Facts(()), rng)
        for thing, truth in self.drawn(CHECKS, rng):
            words = thing.slots()
            wording = "existence_mass" if words["a"] == thing.name else "existence"
            statement, no = f"there {words['be']} {words['a']}", f"there {words['be']} no {thing.name}"
            yield asker.yes_no("existence", wording, words, statement, truth, no)
        if thing := coloured(self.there, rng):
            words, right = thing.slots(), listed(thing.colours)
            value = right if rng.random() < YES else rng.choice(other_colours(thing))
            true, asked = (f"{words['the']} {words['is']} {colour}" for colour in (right, value))
            yield asker.made("colour", "colour", words, right, true)
            words["x"] = value
            yield asker.yes_no("attribute_check", "attribute", words, asked, value == right, true)

    def _chinese(self, rng: random.Random) -> Iterator[Made]:
        known = chinese_names()
        for thing, truth in self.drawn(CHECKS // 2, rng):
            if thing.name in known:
                one, name = known[thing.name]
                yield Made("existence", ask(rng, "existence", x=name, one=one), there(rng, name, truth))
        if (thing := coloured(self.there, rng)) and thing.name in known:
            if hue := COLOURS_ZH.get(listed(thing.colours)):
                one, name = known[thing.name]
                words, true = {"x": name, "unit": one[1 : -len(name)]}, f"{name}是{hue}的"
                yield Made("colour", ask(rng, "colour", **words), said(rng, hue, true))
                value = hue if rng.random() < YES else rng.choice(FAR[hue].split())
                answer = said(rng, "是的") if value == hue else said(rng, "不是", f"不是，{true}")
                yield Made("attribute_check", ask(rng, "is_colour", a=value, **words), answer)


def coloured(things: Sequence[Thing], rng: random.Random) -> Thing | None:
    """One of those whose colour was written down, if there is any."""
    some = [thing for thing in things if thing.colours]
    return rng.choice(some) if some else None


def other_colours(thing: Thing) -> list[str]:
    """Colours that nobody would give the thing."""
    near = near_colours(set(thing.colours))
    return [colour for colour in COLOURS_ZH if colour not in near]


@functools.cache
def looked_at(path: Path = LOOKED_AT) -> dict[str, Looked]:
    """Photographs by name, without its ending. Raises DataError that names the photograph and the line."""
    found: dict[str, Looked] = {}
    before, *blocks = re.split(r"^(?=# )", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    if before.strip():
        raise DataError(f"{path}: its first line is not of any photograph; begin with # and a name")
    for block in blocks:
        head, *lines = block.strip().splitlines()
        name = head.removeprefix("# ").strip()
        if name in found:
            raise DataError(f"{path}: {name} is in it twice; keep one block")
        found[name] = _read(path, name, lines)
    return found


def _read(path: Path, name: str, lines: Sequence[str]) -> Looked:
    things: dict[str, list[Thing]] = {"+": [], "-": []}
    asked: list[list[tuple[str, str]]] = []
    for line in lines:
        mark, rest = line[:1], line[1:]
        if mark in things:
            names = [text.strip() for text in rest.split(",")]
            if not all(names):
                raise DataError(f"{path}: {name}: {line!r} has a comma without a thing; take it out")
            things[mark] += map(Thing.of, names)
            continue
        question, bar, answer = (part.strip() for part in line.removeprefix(">").partition("|"))
        if not (question and answer and bar) or (mark == ">" and not asked):
            raise DataError(f"{path}: {name}: {line!r} is no question | answer, nor begins with + or -")
        if mark == ">":
            asked[-1].append((question, answer))
        else:
            asked.append([(question, answer)])
    return Looked(tuple(things["+"]), tuple(things["-"]), tuple(tuple(turns) for turns in asked))
