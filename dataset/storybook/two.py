"""Questions about two pictures."""

import random

from dataset.storybook.kinds import KINDS
from dataset.storybook.language import Language
from dataset.storybook.names import a, number_of
from dataset.storybook.questions import SCENERY, ask, scenery, scenery_word, which_more
from dataset.storybook.world import Scene

OF_PAIRS = {"more": 5, "which": 7, "shared": 4, "compare": 4}  # weights


def compare(
    first: Scene, second: Scene, language: Language, rng: random.Random, weights: dict[str, float] = OF_PAIRS
) -> tuple[str, str]:
    """A question about two pictures."""
    (about,) = rng.choices(list(weights), list(weights.values()))
    if about == "more":
        answer = which_more(["first", "second"], [len(first.things), len(second.things)], "same")
        return ask(language, "more", rng), language.answers[answer]
    if about == "which":
        return _which(first, second, language, rng)
    if about == "shared":
        return ask(language, "shared", rng), _shared(first, second, language)
    places = [scenery(scene, language) for scene in (first, second)]
    n, m = (language.counted(len(scene.things)) for scene in (first, second))
    answer = language.answers["compare"].format(first=places[0], n=n, second=places[1], m=m)
    return ask(language, "compare", rng), answer


def _which(first: Scene, second: Scene, language: Language, rng: random.Random) -> tuple[str, str]:
    thing = rng.choice(rng.choice([first, second]).things)
    name = {"kind": thing.kind} if rng.random() < 0.5 else {"kind": thing.kind, "colour": thing.colour}
    if rng.random() < 0.2:
        name = {"kind": rng.choice(list(KINDS))}
    found = tuple(number_of(scene, name) > 0 for scene in (first, second))
    answer = {(True, True): "both", (True, False): "first", (False, True): "second"}.get(found, "neither")
    return ask(language, "which", rng, a=a(language, name)), language.answers[answer]


def _shared(first: Scene, second: Scene, language: Language) -> str:
    """Place, time and weather of both side by side, and of each whether it is the same: as in `thought`,
    what is to be compared stands in the text, and here in two words next to each other."""
    told = []
    for key in SCENERY:
        one, other = scenery_word(first, key, language), scenery_word(second, key, language)
        verdict = language.answers["alike" if one == other else "different"]
        told.append(language.answers[f"shared_{key}"].format(one=one, other=other, verdict=verdict))
    return language.between[1].join(told)
