"""POPE (Li et al. 2023, "Evaluating object hallucination", section 4): is this there? Half the time it is.

What is not there is chosen in three ways, each more tempting than the one before:

random       anything that is not there
popular      of what is not there, what training scenes show most often
adversarial  a colour and a kind that are both there, but not in one thing: what goes with what is there
"""

import random
from collections import Counter
from functools import cache

from dataset.storybook.colours import COLOURS
from dataset.storybook.kinds import KINDS
from dataset.storybook.language import Language
from dataset.storybook.names import a
from dataset.storybook.questions import ask
from dataset.storybook.words import LANGUAGES
from dataset.storybook.world import NEVER_SEEN, Scene, make_scene

NEGATIVES = ("random", "popular", "adversarial")
TALLIED, POPULAR = 2000, 20  # training scenes that are counted; names that count as popular
Name = tuple[str, str]  # colour, kind
PROBES = [(which, there, code) for which in NEGATIVES for there in (True, False) for code in LANGUAGES]


def probe(index: int) -> tuple[Scene, tuple[str, str], str]:
    """Probe `index` -> scene `index // 12`, (question, answer), and its type, such as "en/pope-random"."""
    number, rest = divmod(index, len(PROBES))
    which, there, code = PROBES[rest]
    rng, language = random.Random(f"pope {index}"), LANGUAGES[code]
    scene = probed_scene(number)
    name = rng.choice(sorted(names(scene))) if there else absent(scene, which, rng)
    return scene, question(name, there, language, rng), f"{code}/pope-{which}"


def question(name: Name, there: bool, language: Language, rng: random.Random) -> tuple[str, str]:
    thing = a(language, {"colour": name[0], "kind": name[1]})
    return ask(language, "existence", rng, a=thing), language.answers["yes" if there else "no"]


@cache
def probed_scene(number: int) -> Scene:
    """Held-out scene `number` of those whose colours and kinds can be mixed up."""
    spare = 1000 * number
    while not mixed_up(scene := make_scene("pope", spare)):
        spare += 1
    return scene


def names(scene: Scene) -> set[Name]:
    return {(thing.colour, thing.kind) for thing in scene.things}


def mixed_up(scene: Scene) -> list[Name]:
    """Colours that are there with kinds that are there, but on no one thing."""
    there = names(scene)
    mixed = {(colour, kind) for colour, _ in there for _, kind in there} - there
    return sorted(name for name in mixed if name[::-1] not in NEVER_SEEN)


def absent(scene: Scene, which: str, rng: random.Random) -> Name:
    if which == "adversarial":
        return rng.choice(mixed_up(scene))
    some = popular() if which == "popular" else [(colour, kind) for colour in COLOURS for kind in KINDS]
    return rng.choice([(c, k) for c, k in some if (c, k) not in names(scene) and (k, c) not in NEVER_SEEN])


@cache
def popular() -> tuple[Name, ...]:
    """The colours and kinds that training scenes show most often, the most frequent first."""
    tally = Counter(name for i in range(TALLIED) for name in names(make_scene("train", i)))
    return tuple(name for name, _ in tally.most_common(POPULAR))
