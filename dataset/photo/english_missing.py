"""Questions about things that are not there, in the words of those about things that are.

Asked more often, or in words of their own, they would teach that whoever asks after a colour gets none told.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from dataset.photo.english_absent import existence_case
from dataset.photo.english_actions import told_deeds
from dataset.photo.english_ask import Asker
from dataset.photo.english_colours import said_colours
from dataset.photo.english_counts import COUNTED, number_of
from dataset.photo.english_facts import Facts, a
from dataset.photo.english_positions import movable
from dataset.photo.english_read import plural_of
from dataset.photo.english_wordings_turns import NOT_THERE
from dataset.photo.made import Made

SHARE = 0.25  # as many, for each kind of question and thing, before the mixture, as have an answer
Asked = tuple[str, str]  # wording, thing


def answered(facts: Facts) -> Iterable[Asked]:
    """What of it can be asked of a photo and has an answer there."""
    for thing in facts.things:
        if said_colours(thing, facts):
            yield "colour", thing.name
        if movable(thing) and facts.where(thing):
            yield "where", thing.name
        if thing.alive and told_deeds(thing.deeds):
            yield "action", thing.name
    for noun in COUNTED:
        if (number_of(noun, facts) or 0) > 1:  # one is not always asked for
            yield "count", noun


def chances(there: Counter[Asked], gone: Counter[str]) -> dict[Asked, float]:
    """How likely each is asked about a photo without the thing."""
    return {one: SHARE * times / gone[one[1]] for one, times in there.items() if gone[one[1]]}


class Missing:
    def __init__(self, photos: Sequence[Facts]) -> None:
        there = Counter(asked for facts in photos for asked in answered(facts))
        gone = Counter(thing for facts in photos for thing in existence_case(facts).deniable)
        self.chance = chances(there, gone)

    def questions(self, asker: Asker) -> Iterable[Made]:
        gone, rng = set(existence_case(asker.facts).deniable), asker.rng
        for (wording, name), chance in self.chance.items():
            if name not in gone or rng.random() > chance:
                continue
            said = spoken_of(name)
            if wording == "count":
                yield asker.made("count", wording, said, "None", f"There are no {said['many']}")
            else:
                answer = rng.choice(NOT_THERE).format(a=a(name), thing=name)
                yield Made("unanswerable", asker.ask(wording, said), answer)


def spoken_of(name: str) -> dict[str, str]:
    """How questions speak of it: by its name, as nobody has seen whether it is he or she."""
    the = f"the {name}"
    return {"the": the, "thing": name, "many": plural_of(name), "is": "is", "he": the, "it": "it"}
