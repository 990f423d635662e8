"""What the picture cannot tell, a second picture that is not there, and what is not about the picture."""

import random

from dataset.storybook.people.family import family, one_of
from dataset.storybook.people.references import THING, absent, pick, present
from dataset.storybook.people.tongue import Tongue
from dataset.storybook.people.wording import Question
from dataset.storybook.world import Scene

TALK, REPLY = "talk ", "reply "
TOO_EARLY = {"en": "are you sure", "zh": "你确定吗"}  # said before anything was asked


@family
def unknowable(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    return one_of({not_told: 2, unseen: 3, doing: 1}, scene, tongue, rng)


def unseen(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    """Of people, clothes and parts that no picture of this world shows."""
    picked = pick(scene, rng)
    return picked and Question("unseen", tongue.language.answers["unknown"], {"it": picked[1]})


def doing(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    """What is it doing? A still picture does not say."""
    picked = pick(scene, rng)
    return picked and Question("doing", tongue.language.answers["unknown"], {"it": picked[1]})


def not_told(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    """Whose it is, how old, what it costs. "Why is it red?" says its true colour.

    Not of "the big thing": its name would be its kind.
    """
    picked = pick(scene, rng, "colour")
    if not picked or picked[1].concept == THING:
        return None
    slots = {"it": picked[1], "colour": f"colour {picked[0].colour}"}
    return Question("unknowable", tongue.language.answers["unknown"], slots)


@family
def one_picture(scene: Scene, tongue: Tongue, rng: random.Random) -> Question:
    reference = present(scene, rng) if rng.random() < 0.5 else absent(scene, rng)
    return Question("one_picture", tongue.answers["one_picture"], {"it": reference})


@family
def talk(scene: Scene, tongue: Tongue, rng: random.Random) -> Question:
    sections = [name for name in tongue.grammar.sections if name.startswith(TALK)]
    sections.remove(TALK + TOO_EARLY[tongue.code])
    return said(rng.choice(sections), tongue)


@family
def too_early(scene: Scene, tongue: Tongue, rng: random.Random) -> Question:
    """ "Are you sure?" as the first words: of what? Never asked after others."""
    return said(TALK + TOO_EARLY[tongue.code], tongue)


def said(section: str, tongue: Tongue) -> Question:
    return Question(section, tongue.grammar.say(REPLY + section.removeprefix(TALK), None))
