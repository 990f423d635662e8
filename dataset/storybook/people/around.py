"""Place, time of day and weather, in any words."""

import random

from dataset.storybook.people.family import coin, family, one_of, right, shuffled
from dataset.storybook.people.tongue import Tongue
from dataset.storybook.people.wording import Question
from dataset.storybook.questions import SCENERY, scenery_word
from dataset.storybook.settings import SETTINGS
from dataset.storybook.weather import TIMES, WEATHERS
from dataset.storybook.world import Scene

VALUES = {"setting": list(SETTINGS), "time": list(TIMES), "weather": list(WEATHERS)}
SLOTS = {"setting": "place", "time": "time", "weather": "weather"}
DRY = 0.35  # of the dry scenes are asked whether one gets wet
ALIKE = {"beach": "sea", "sea": "beach"}  # the sea is seen at the beach


def other_value(scene: Scene, key: str, rng: random.Random) -> str:
    """A setting, time or weather that is plainly not this scene's."""
    truth = getattr(scene, key)
    return rng.choice([value for value in VALUES[key] if value not in (truth, ALIKE.get(truth))])


@family
def around(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    makers = {open_question: 4, check_value: 6, choose_value: 2, check_light: 2, check_fall: 3, implied: 3}
    return one_of(makers, scene, tongue, rng)


def open_question(scene: Scene, tongue: Tongue, rng: random.Random) -> Question:
    key = rng.choice(SCENERY)
    return Question(key, scenery_word(scene, key, tongue.language))


def check_value(scene: Scene, tongue: Tongue, rng: random.Random) -> Question:
    key, truth = rng.choice(SCENERY), coin(rng)
    said = getattr(scene, key) if truth else other_value(scene, key, rng)
    return Question(f"check_{key}", right(tongue, truth), {SLOTS[key]: f"{key} {said}"})


def choose_value(scene: Scene, tongue: Tongue, rng: random.Random) -> Question:
    key = rng.choice(SCENERY)
    words = shuffled(rng, f"{key} {getattr(scene, key)}", f"{key} {other_value(scene, key, rng)}")
    return Question(f"choose_{key}", scenery_word(scene, key, tongue.language), words)


def check_light(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    """Is it dark out? Of an evening it is neither."""
    if scene.time == "evening":
        return None
    asked = rng.choice(["dark", "bright"])
    truth = (scene.time == "night") == (asked == "dark")
    return Question("check_light", right(tongue, truth), {"light": f"light {asked}"})


def check_fall(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    """Is there rain? Snow is not asked about where it lies anyway. It seldom falls: of the times that it does
    not most are passed over."""
    fall = rng.choice(["rain"] if scene.setting == "snow" else ["rain", "snow"])
    truth = scene.weather == fall
    if not truth and rng.random() > 1 / (len(WEATHERS) - 1):
        return None
    return Question("check_fall", right(tongue, truth), {"fall": f"fall {fall}"})


def implied(scene: Scene, tongue: Tongue, rng: random.Random) -> Question | None:
    """Do I need a torch, or an umbrella? Whether it is night, or rains; at sea everybody gets wet."""
    if coin(rng):
        dark = scene.time == "night"
        return Question("dark_implied", right(tongue, dark)) if dark or scene.time == "day" else None
    truth = scene.weather == "rain"
    if scene.weather == "snow" or scene.setting == "sea" or (not truth and rng.random() > DRY):
        return None
    return Question("rain_implied", right(tongue, truth))
