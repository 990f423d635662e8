"""The storybook as records, one view for each use. Pictures are drawn when they are asked for.

train          conversations about one picture, or two; English or Chinese
single         as train, about one picture
around         as single, of the whole picture most: place, time of day, weather
reason         as train, with more of what takes several steps: relations, numbers, two pictures
numbers        as reason, with more counts and comparisons still
read           one picture, and a long answer: all of it, or some things by name
described      one picture, one description
captions       as described; four in a row differ in the kind of one thing alone
regions        one crowded picture, and what is said of each thing in it
things         as regions, in pictures with room between the things, too
asked          several questions about one picture, in people's words (dataset/storybook/people)
words          as asked, and every third as numbers: neither unlearns the other
many           as words, but many short conversations about each picture, for `--pack`: `samples` are pictures
val            one question of each family in each language about each of `samples` scenes
asked_val      as asked

Held out, for scores:

scenes         as val
combinations   as val, of things in colours that they have nowhere else
pairs          two pictures, one question; each pair in both languages
dialogues      a conversation about one thing; each in both languages
pope           what is there and what is not, twelve questions about each of `samples` scenes
described_val  as described
people         one question of each family of people's in each language, in words that are in no other view
agreement      one question about each of `samples` scenes in ten wordings, in each language
strange        pictures that are no scenes, each in both languages
"""

import random
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache, partial

from PIL import Image

from dataset.record import Record
from dataset.storybook.language import Language
from dataset.storybook.mixtures import AFTER, MIXTURES, long_answer, own_words
from dataset.storybook.names import full_name
from dataset.storybook.people import conversation as in_words
from dataset.storybook.people import strange as no_scene
from dataset.storybook.pope import PROBES, probe
from dataset.storybook.questions import FAMILIES, SCENERY, dialogue, scenery_word
from dataset.storybook.two import compare
from dataset.storybook.words import LANGUAGES
from dataset.storybook.world import CANVAS, Scene, make_pair, make_scene, twin

TWINS, CROWD = 4, 6
OF_TWO = 3  # questions about two pictures
ASKED_FIRST = 40_000_000  # scene that people are the first to ask about
STRANGE_SHARE = 0.06  # of what people ask is about a picture that is no scene
CROWDS = 0.35  # of the scenes that people ask about hold many things of few kinds: to be counted and compared
CROWD_OF_FEW = {"min_things": 3, "alike": 0.75, "hued": 0.5}
OWN_WORDS, FEWER_OWN_WORDS = 3, 4  # every third conversation is in them; every fourth of many
MANY = 24  # conversations about a picture
AT_A_TIME = (1, 1, 1, 2, 4)  # questions, or follow-ups, of a short conversation
OTHERS = 25  # of so many pictures one is no scene, and one is two pictures
WORDINGS = 10  # of one question
PEOPLE = [(code, name) for code in LANGUAGES for name in in_words.NAMES]


def talk(index: int, pictures: bool = True, view: str = "train") -> Record:
    rng, mixture = random.Random(f"{view} talk {index}"), MIXTURES[view]
    language = rng.choice(list(LANGUAGES.values()))
    first = mixture.first + 2 * index
    scenes = [make_scene("train", first)]
    chosen = rng.random()
    if chosen < mixture.pairs:
        scenes = make_pair("train", first, first + 1)
        turns = list(dict(compare(*scenes, language, rng, mixture.of_pairs) for _ in range(OF_TWO)).items())
    else:
        turns = own_words(scenes[0], language, rng, mixture, chosen - mixture.pairs)
    return _record(scenes, turns, f"{language.code}/{view}", f"storybook {view} {index}", pictures)


def read(index: int, pictures: bool = True) -> Record:
    rng = random.Random(f"read {index}")
    language = rng.choice(list(LANGUAGES.values()))
    scene = make_scene("train", index)
    turns = long_answer(scene, language, rng)
    return _record([scene], turns, f"{language.code}/read", f"storybook read {index}", pictures)


def regions(index: int, pictures: bool = True, fewest: int = CROWD) -> Record:
    """A crowded picture: the name of each thing in both languages at its box, place, time of day and weather
    at the whole."""
    scene = make_scene("train", index, CROWD, fewest)
    turns = [FAMILIES["description"](scene, LANGUAGES["en"], random.Random(f"regions {index}"))]
    record = _record([scene], turns, "en/regions", f"storybook regions {index}", pictures)
    named = [" ".join(one.noun(**full_name(t)) for one in LANGUAGES.values()) for t in scene.things]
    boxes = [tuple(side / CANVAS for side in t.box) for t in scene.things]
    named.append(" ".join(_around(scene, one) for one in LANGUAGES.values()))
    boxes.append((0.0, 0.0, 1.0, 1.0))
    return replace(record, regions=tuple(zip(boxes, named, strict=True)))


def things(index: int, pictures: bool = True) -> Record:
    return regions(20_000_000 + index, pictures, fewest=1 + index % CROWD)


def _around(scene: Scene, language: Language) -> str:
    return " ".join(scenery_word(scene, key, language) for key in SCENERY)


def captions(index: int, pictures: bool = True) -> Record:
    scene = twin(make_scene("train", index // TWINS), index % TWINS)
    rng = random.Random(f"captions {index // TWINS}")
    code = rng.choice(list(LANGUAGES))
    turns = [FAMILIES["description"](scene, LANGUAGES[code], rng)]
    return _record([scene], turns, f"{code}/description", f"storybook caption {index}", pictures)


def described(index: int, pictures: bool = True, split: str = "train", view: str = "described") -> Record:
    scene, code = make_scene(split, 3_000_000 + index), list(LANGUAGES)[index % len(LANGUAGES)]
    turns = [FAMILIES["description"](scene, LANGUAGES[code], random.Random(f"{view} {index}"))]
    return _record([scene], turns, f"{code}/description", f"storybook {view} {index}", pictures)


def held_out(index: int, pictures: bool = True, split: str = "scenes") -> Record:
    """One question of each family in each language about scene after scene."""
    number, rest = divmod(index, PER_SCENE[split])
    language, which = list(LANGUAGES.values())[rest // len(FAMILIES)], rest % len(FAMILIES)
    rng, where = random.Random(f"{split} talk {index}"), f"storybook {split} {number}"
    scene, spare = make_scene(split, number), 2_000_000 + 1000 * number
    name, ask = list(FAMILIES.items())[which]
    turn = ask(scene, language, rng)
    while turn is None:  # nothing to ask in this scene: another one stands in
        scene, spare = make_scene(split, spare), spare + 1
        turn = ask(scene, language, rng)
    return _record([scene], [turn], f"{language.code}/{name}", where, pictures)


def asked(index: int, pictures: bool = True, split: str = "train", view: str = "asked") -> Record:
    """A conversation in people's words; its type is the language that most of it is in."""
    rng = random.Random(f"{view} {index}")
    code = rng.choice(list(LANGUAGES))
    if rng.random() < STRANGE_SHARE:
        return strange(index, pictures, code, measuring=False)
    scene = _crowded_or_not(split, ASKED_FIRST + index, rng)
    turns = in_words.conversation(scene, in_words.TONGUES[code], rng)
    return _record([scene], turns, f"{code}/asked", f"storybook {view} {index}", pictures)


def words(index: int, pictures: bool = True) -> Record:
    return talk(index, pictures, "numbers") if index % OWN_WORDS == 0 else asked(index, pictures)


def many(index: int, pictures: bool = True) -> Record:
    """One of the short conversations about a picture, or about two, or about one that is no scene."""
    number, rest = divmod(index, MANY)
    rng, mixture, which = random.Random(f"many {index}"), MIXTURES["many"], number % OTHERS
    code, at_a_time = rng.choice(list(LANGUAGES)), rng.choice(AT_A_TIME)
    first, language = mixture.first + 2 * number, LANGUAGES[code]
    scenes = [_crowded_or_not("train", first, random.Random(f"many scene {number}"))]
    if which == 0:
        scenes, turns = [no_scene.Strange(number, measuring=False)], no_scene.turns(index, code, False, 1)
    elif which == 1:
        scenes = make_pair("train", first, first + 1)
        turns = [compare(*scenes, language, rng, mixture.of_pairs)]
    elif rest % FEWER_OWN_WORDS == 0:
        turns = own_words(scenes[0], language, rng, mixture, rng.random(), at_a_time)
    else:
        turns = in_words.conversation(scenes[0], in_words.TONGUES[code], rng, at_a_time)
    return _record(scenes, turns, f"{code}/many", f"storybook many {number}", pictures)


def _crowded_or_not(split: str, index: int, rng: random.Random) -> Scene:
    return make_scene(split, index, **(CROWD_OF_FEW if rng.random() < CROWDS else {}))


def strange(index: int, pictures: bool = True, code: str = "", measuring: bool = True) -> Record:
    """A picture that is no scene: of a kind and with words that are held out, or of the others."""
    code = code or list(LANGUAGES)[index % len(LANGUAGES)]
    number = index if not measuring else index // len(LANGUAGES)
    turns = no_scene.turns(number, code, measuring, 1 if measuring else AFTER)
    picture = no_scene.Strange(number, measuring)
    return _record([picture], turns, f"{code}/strange", f"storybook strange {number}", pictures)


def people(index: int, pictures: bool = True) -> Record:
    """One family's question, or follow-ups, in words that are held out."""
    number, rest = divmod(index, PER_SCENE["people"])
    (code, name), rng = PEOPLE[rest], random.Random(f"people {index}")
    tongue = in_words.TONGUES[code]
    scene, turns = in_words.some_scene(
        lambda scene: in_words.asked(name, scene, tongue, rng, measuring=True), "people", number
    )
    return _record([scene], turns, f"{code}/{name}", f"storybook people {number}", pictures)


def agreement(index: int, pictures: bool = True) -> Record:
    """The same question about a scene in one wording after another, then in the other language."""
    number, rest = divmod(index, PER_SCENE["agreement"])
    code, name = list(LANGUAGES)[rest // WORDINGS], in_words.NAMES[number % len(in_words.NAMES)]
    tongue, rng = in_words.TONGUES[code], random.Random(f"agreement {number}")
    scene, questions = in_words.some_scene(
        lambda scene: in_words.questions(name, scene, tongue, rng), "agreement", number
    )
    turn = in_words.in_any_words(questions[0], tongue, random.Random(f"agreement wording {index}"))
    return _record([scene], [turn], f"{code}/{name}", f"storybook agreement {number} {code}", pictures)


def pairs(index: int, pictures: bool = True) -> Record:
    number, language = index // len(LANGUAGES), list(LANGUAGES.values())[index % len(LANGUAGES)]
    scenes, rng = make_pair("pairs", 2 * number, 2 * number + 1), random.Random(f"pairs {index}")
    turns = [compare(*scenes, language, rng)]
    return _record(scenes, turns, f"{language.code}/compare", f"storybook pairs {number}", pictures)


def dialogues(index: int, pictures: bool = True) -> Record:
    number, language = index // len(LANGUAGES), list(LANGUAGES.values())[index % len(LANGUAGES)]
    scene = make_scene("dialogues", number)
    turns = dialogue(scene, language, random.Random(f"dialogues {index}"))
    return _record([scene], turns, f"{language.code}/dialogue", f"storybook dialogues {number}", pictures)


def pope(index: int, pictures: bool = True) -> Record:
    scene, turn, type = probe(index)
    return _record([scene], [turn], type, f"storybook pope {index // len(PROBES)}", pictures)


def _record(
    scenes: Sequence[Scene | no_scene.Strange],
    turns: list[tuple[str, str]],
    type: str,
    where: str,
    pictures: bool,
) -> Record:
    messages = []
    for question, answer in turns:
        messages += [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    if pictures:
        messages[0]["content"] = "<image>\n" * len(scenes) + messages[0]["content"]
    images = tuple(map(_drawn, scenes)) if pictures else ()
    return Record(images=images, messages=tuple(messages), type=type, where=where)


@lru_cache(maxsize=2)
def _drawn(scene: Scene | no_scene.Strange) -> Image.Image:
    """Once for all that is asked about it in a row."""
    return scene.draw()


VIEWS = {
    "train": talk,
    "single": partial(talk, view="single"),
    "around": partial(talk, view="around"),
    "reason": partial(talk, view="reason"),
    "numbers": partial(talk, view="numbers"),
    "read": read,
    "described": described,
    "captions": captions,
    "regions": regions,
    "things": things,
    "asked": asked,
    "words": words,
    "many": many,
    "val": partial(held_out, split="val"),
    "asked_val": partial(asked, split="val", view="asked_val"),
    "scenes": held_out,
    "combinations": partial(held_out, split="combinations"),
    "pairs": pairs,
    "dialogues": dialogues,
    "pope": pope,
    "people": people,
    "agreement": agreement,
    "strange": strange,
    "described_val": partial(described, split="val", view="described_val"),
}
PER_SCENE = {view: len(LANGUAGES) * len(FAMILIES) for view in ("val", "scenes", "combinations")}
PER_SCENE |= {"many": MANY, "pairs": len(LANGUAGES), "dialogues": len(LANGUAGES), "pope": len(PROBES)}
PER_SCENE |= {"people": len(PEOPLE), "agreement": WORDINGS * len(LANGUAGES), "strange": len(LANGUAGES)}


class StorybookRecords(Sequence[Record]):
    """Records 0..n-1 of a view; where several are about one scene (`PER_SCENE`), `samples` counts scenes.

    `group`: how many records in a row belong together in a batch; `alike`: how many are about one picture.
    """

    def __init__(self, view: str, samples: int, pictures: bool = True) -> None:
        self.view, self.pictures = VIEWS[view], pictures
        self.length = samples * PER_SCENE.get(view, 1)
        self.group = TWINS if view == "captions" else 1
        self.alike = MANY if view == "many" else 1

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> Record:
        if not 0 <= index < self.length:
            raise IndexError(index)
        return self.view(index, self.pictures)
