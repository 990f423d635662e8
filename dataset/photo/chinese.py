"""Chinese questions about a photo, from people's captions of it, as COCO-QA was made (Ren et al., 2015).

    captions -> Reading (what they agree on) -> one question after another, worded at random

To add a wording, see `chinese_wordings`; a thing, a doing or a place, see `chinese_words`.
"""

import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from dataset.photo import chinese_words as words
from dataset.photo.chinese_absent import Absence
from dataset.photo.chinese_ask import ask
from dataset.photo.chinese_missing import Missing
from dataset.photo.chinese_people import dressed, wardrobe, which, who
from dataset.photo.chinese_places import beside, place, position, weather
from dataset.photo.chinese_read import Reading, read
from dataset.photo.chinese_subject import CALLED, does, doing, person, said, subjects, there, undone, unit
from dataset.photo.chinese_things import colour, count, name
from dataset.photo.chinese_turns import follow_ups, unanswerable
from dataset.photo.made import ODDS, YES, Made


class Chinese:
    """Makes the questions of a photo; all photos together tell what is common, and so worth asking after."""

    def __init__(self, captions: Mapping[str, Sequence[str]]) -> None:
        self.readings = {
            image: read([one.strip().replace(" ", "") for one in said]) for image, said in captions.items()
        }
        self.absence = Absence(self.readings.values())
        self.missing = Missing(list(self.readings.values()))
        self.pairs = Counter(
            pair for reading in self.readings.values() for one in reading.captions for pair in pairwise(one)
        )
        closets = [wardrobe(reading) for reading in self.readings.values()]
        self.worn = {
            yes: Counter(what for both in closets for what in both[not yes]) for yes in (True, False)
        }
        self.done = {kind: Counter[words.Doing]() for kind in "pb"}
        # In how many photos something is surely not being done.
        self.elsewhere = {kind: Counter[words.Doing]() for kind in "pb"}
        for reading in self.readings.values():
            for kind in "pb":
                if done := doing(reading, kind):
                    self.done[kind][done] += 1
                    self.elsewhere[kind].update(undone(done, reading, kind))

    def questions(self, image: str, rng: random.Random) -> list[Made]:
        """All that the captions of this photo allow to ask, each thing once."""
        reading = self.readings[image]
        made = list(self.caption(reading, rng))
        for maker in (name, colour, dressed, who, which, position, beside, weather, place, count):
            made += maker(reading, rng)
        made += self.existence(reading, rng)
        made += self.action(reading, rng)
        made += self.wears(reading, rng)
        about = person(reading).called(rng) if reading.who.said else ""
        about = about or next((one.called(rng) for one in subjects(reading)), "")
        made += unanswerable(reading, about, rng)
        made += self.missing.questions(reading, rng)
        made += follow_ups(made, reading, self.absence.draw(reading, 1, rng), rng)
        return made

    def caption(self, reading: Reading, rng: random.Random) -> Iterator[Made]:
        """One of the captions, of those with the fewest odd pairs of characters: misspelt ones have many."""
        odd = {
            one: sum(self.pairs[pair] < 2 for pair in pairwise(one))
            for one in reading.captions
            if len(one) > 5
        }
        good = [one for one, number in odd.items() if number == min(odd.values())]
        if good:
            answer = rng.choices(good, [len(one) for one in good])[0]
            yield Made("caption", ask(rng, "caption"), re.sub("[。.，,！!\\s]+$", "", answer) + "。")

    def existence(self, reading: Reading, rng: random.Random) -> Iterator[Made]:
        here = self.absence.asked(reading, rng)
        away = self.absence.draw(reading, sum(rng.random() < 1 / ODDS for _ in here), rng)
        for what, yes in [(what, True) for what in here] + [(what, False) for what in away]:
            x = rng.choice(CALLED.get(what, (what,)))
            question = ask(rng, "existence", x=x, one=f"一{unit(what)}{what}")
            yield Made("existence", question, there(rng, what, yes))

    def wears(self, reading: Reading, rng: random.Random) -> Iterator[Made]:
        """Whether one person wears this: `YES` of the answers are yes, for whatever can be both."""
        here, gone = wardrobe(reading)
        for what, yes in [(what, True) for what in here] + [(what, False) for what in gone]:
            this, other = self.worn[yes][what], self.worn[not yes][what]
            if rng.random() > (other + 2) / (this + 1) * (ODDS if yes else 1 / ODDS):
                continue
            wear = "戴" if what in words.ON_HEAD else "穿"
            answer = (
                said(rng, "是的", f"{wear}了", f"是的，{wear}着{what}")
                if yes
                else said(rng, "没有", f"没有{wear}{what}")
            )
            yield Made(
                "attribute_check",
                ask(rng, "wears", he=person(reading).called(rng), x=what, wear=wear),
                answer,
            )

    def action(self, reading: Reading, rng: random.Random) -> Iterator[Made]:
        for one in subjects(reading):
            if not (done := doing(reading, one.kind)):
                continue
            he, noun = one.called(rng), one.noun
            full = [
                caption
                for caption in reading.captions
                if done.pattern.search(caption) and caption[0] in "一两三有" and re.search("[在着]", caption)
            ]
            answer = said(rng, does(done, reading), f"{noun}{does(done, reading)}", *full)
            yield Made("action", ask(rng, "action", he=he, noun=noun), answer)
            asked = done if (yes := rng.random() < YES) else self.other(done, reading, one.kind, rng)
            if asked is None or (yes and not self.asked(done, one.kind, rng)):
                continue
            right = does(done, reading)
            answer = said(rng, "是的", f"是的，{right}") if yes else said(rng, "不是", f"不是，{right}")
            yield Made("attribute_check", ask(rng, "does", he=he, x=asked.name), answer)

    def asked(self, done: words.Doing, kind: str, rng: random.Random) -> bool:
        """Whether to ask after what is done: so often that `YES` of the answers are yes."""
        rate = ODDS * self.elsewhere[kind][done] / self.done[kind][done]
        return done.name not in words.IDLE and rng.random() < rate

    def other(self, done: words.Doing, reading: Reading, kind: str, rng: random.Random) -> words.Doing | None:
        """Something that is not being done, drawn as often as it is elsewhere."""
        wrong = undone(done, reading, kind)
        for one in rng.sample(wrong, len(wrong)):
            if rng.random() < self.done[kind][one] / self.elsewhere[kind][one]:
                return one
        return None
