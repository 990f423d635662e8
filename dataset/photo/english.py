"""Questions and answers in English about a photo, from what several people said about it.

Made by rules, as those of COCO-QA (Ren et al. 2015, "Exploring models and data for image question
answering").

    captions -> `english_read`: phrases, deeds -> `english_facts`: what they say together
             -> `_things`, `_objects`, `_colours`, `_actions`, `_positions`, `_people`,
                `_places`, `_counts`: questions
             -> `english_absent`, `_missing`: what is not there; `english_balance`: how often it is asked for
             -> `english_wordings`, `english_talk`: as people type them

What captions leave open is not asked.
"""

import random
from collections.abc import Iterable, Mapping, Sequence

from dataset.photo.english_absent import existence_case
from dataset.photo.english_actions import Actions
from dataset.photo.english_ask import Asker
from dataset.photo.english_balance import Balance
from dataset.photo.english_colours import Colours
from dataset.photo.english_counts import Counts
from dataset.photo.english_facts import Facts, a
from dataset.photo.english_missing import Missing
from dataset.photo.english_objects import Held
from dataset.photo.english_people import People
from dataset.photo.english_places import Scenes
from dataset.photo.english_positions import Positions
from dataset.photo.english_read import CLASS, plural_of
from dataset.photo.english_talk import sentence
from dataset.photo.english_things import Names
from dataset.photo.english_turns import follow_ups, unanswerable
from dataset.photo.english_words import MASS
from dataset.photo.made import Made

BARE = ("snow", "grass", "fire", "waves", "person")  # asked for without "a"


class English:
    """All photos' captions, for what is popular and what absent; then questions photo by photo."""

    def __init__(self, captions: Mapping[str, Sequence[str]]) -> None:
        self.facts = {image: Facts(said) for image, said in captions.items()}
        photos = list(self.facts.values())
        self.existence = Balance(existence_case(facts) for facts in photos)
        self.actions = Actions(photos)
        makers = (Names, Held, Colours, Positions, People, Scenes, Counts, Missing)
        self.families = [self.actions, *(maker(photos) for maker in makers)]

    def questions(self, image: str, rng: random.Random) -> list[Made]:
        """Everything that can be asked of a photo, each thing in a wording drawn anew."""
        asker = Asker(self.facts[image], rng)
        made = [
            *self._existence(asker),
            *(m for family in self.families for m in family.questions(asker)),
            Made("caption", asker.ask("caption"), self._caption(asker)),
            *unanswerable(asker),
        ]
        return [*made, *follow_ups(asker, made)]

    def _caption(self, asker: Asker) -> str:
        """One of the captions, rather one without a word that nobody else uses."""
        captions = asker.facts.captions
        spelt = [c for c in captions if self.actions.spelt(" ".join(c.tokens))]
        return sentence(asker.rng.choice(spelt or captions).text)

    def _existence(self, asker: Asker) -> Iterable[Made]:
        case = existence_case(asker.facts)
        for thing, truth in self.existence.ask(case, asker.rng):
            yield _is_there(asker, thing, truth)
        single = [
            t
            for t in case.true
            if t not in BARE and not any(o.name == t and o.plural for o in asker.facts.things)
        ]
        for thing in single:
            others = [
                t
                for t in self.existence.denied(case, 6, asker.rng)
                if CLASS[t] == CLASS[thing] and t not in BARE
            ]
            if others and self.existence.keep[thing] > asker.rng.random():
                yield asker.choice("existence", "existence_choice", a(thing), a(others[0]), {})


def _is_there(asker: Asker, thing: str, truth: bool) -> Made:
    mass = thing in BARE or thing in MASS
    name = "people" if thing == "person" else thing
    plural = name in ("people", "waves")
    some, many = (name, name) if mass else (a(name), plural_of(name))
    be, no = ("are" if plural else "is"), f"there {'are' if plural else 'is'} no {name}"
    statement = f"there {be} {some}"
    if thing == "person" and asker.rng.random() < 0.5:
        statement = "there is a person"
    if asker.rng.random() < 0.05:
        if truth:
            answer = f"No, {statement}"
        else:
            answer = asker.rng.choice(["Correct", "Right", "Yes"]) + (
                f", there are no {many}" if plural or not mass else f", {no}"
            )
        question = asker.ask("no_such_mass" if mass else "no_such", {"many": many, "a": some, "be": be})
        return Made("existence", question, sentence(answer))
    words = {"a": some, "many": many, "thing": name, "be": be}
    wording = "existence_mass" if mass else "existence"
    if thing == "person" and asker.rng.random() < 0.4:
        wording = "existence_people"
    return asker.yes_no("existence", wording, words, statement, truth, no)
