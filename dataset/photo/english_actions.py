"""Questions about what somebody does, what is happening, and who it is that does something."""

from collections import Counter
from collections.abc import Iterable

from dataset.photo.english_ask import Asker
from dataset.photo.english_balance import Balance, Case, about, said_of
from dataset.photo.english_facts import Facts, Thing, a, doing
from dataset.photo.english_read import Caption, Deed, ing
from dataset.photo.english_scenes import DEEDS, NO_SMILE, shown_by, signs_case
from dataset.photo.english_talk import sentence
from dataset.photo.english_things import slots
from dataset.photo.made import Made

HARDLY_DEEDS = frozenset("wear have do try attempt get show be appear use dress set go put come make".split())
POINTLESS = frozenset("him her it them himself herself itself another".split())


def told_deeds(thing: Thing) -> list[tuple[Caption, Deed]]:
    """What a thing does, as far as it says something by itself."""
    found = []
    for caption, deed in thing.deeds:
        rest = caption.rest(deed)
        if deed.verb not in HARDLY_DEEDS and not (rest and rest[-1] in POINTLESS) and "of" not in rest[:1]:
            found.append((caption, deed))
    return found


def deeds_case(facts: Facts, thing: Thing) -> Case:
    """What a thing does, by the list of common deeds, and what it surely does not do."""
    done = {ing(deed.verb) for _, deed in thing.deeds}
    alone = sum(t.alive for t in facts.things) == 1 and (facts.single or not facts.people)
    words = facts.words | {deed.verb for c in facts.captions for deed in c.deeds}
    case = signs_case(DEEDS, words, NO_SMILE)
    true = [n for n in DEEDS if n in done or (" " in n and alone and shown_by(DEEDS[n], facts.words))]
    deniable = [
        n for n in case.deniable if thing.human or not n.startswith(("riding", "playing", "reading", "smil"))
    ]
    return about(thing.name, Case(tuple(true), tuple(deniable)))


class Actions:
    def __init__(self, photos: list[Facts]) -> None:
        self.known = Counter(word for facts in photos for c in facts.captions for word in c.tokens)
        self.balance = Balance(deeds_case(f, t) for f in photos if (t := self._busiest(f)))

    @staticmethod
    def _busiest(facts: Facts) -> Thing | None:
        """The one to ask "is he ...?" about: of at most two, the one of whom most is told."""
        alive = [thing for thing in facts.things if thing.alive and thing.deeds]
        return max(alive, key=lambda thing: len(thing.deeds)) if 0 < len(alive) <= 2 else None

    def spelt(self, text: str) -> bool:
        """Whether captions use all these words now and then: else one is perhaps a slip."""
        return all(self.known[word] != 1 for word in text.split())

    def questions(self, asker: Asker) -> Iterable[Made]:
        facts, rng = asker.facts, asker.rng
        for thing in facts.things:
            told = told_deeds(thing) if thing.alive else []
            told = [one for one in told if self.spelt(doing(*one))] or told
            if told:
                said, answer = slots(thing, facts), doing(*rng.choice(told))
                yield asker.made("action", "action", said, answer, f"{said['the']} {said['is']} {answer}")
        short = [c for c in facts.captions if c.deeds and 5 <= len(c.tokens) <= 14]
        if short:
            yield Made("action", asker.ask("happening"), sentence(rng.choice(short).text))
        yield from _who(asker)
        if thing := self._busiest(facts):
            yield from self._checks(asker, thing)

    def _checks(self, asker: Asker, thing: Thing) -> Iterable[Made]:
        said, case = slots(thing, asker.facts), deeds_case(asker.facts, thing)
        right = ""
        for value, truth in self.balance.ask(case, asker.rng):
            name = said_of(value)
            right = name if truth else right
            statement = f"{said['the']} {said['is']} {name}"
            instead = f"{said['the']} {said['is']} {right}"
            yield asker.yes_no("attribute_check", "is_doing", {**said, "x": name}, statement, truth, instead)
        for wrong in map(said_of, self.balance.denied(case, 1, asker.rng) if case.true else []):
            right = said_of(asker.rng.choice(case.true))
            instead = f"{said['the']} {said['is']} {right}"
            yield asker.choice("action", "doing_choice", right, wrong, said, "", instead)


def _who(asker: Asker) -> Iterable[Made]:
    """ "who is holding a ball": one of those in the photo."""
    alive = [thing for thing in asker.facts.things if thing.alive and not thing.plural]
    if not alive or not any(thing.human for thing in alive):
        return
    thing = asker.rng.choice(alive)
    told = [
        (c, d)
        for c, d in told_deeds(thing)
        if len(c.rest(d)) <= 5 and not set(c.rest(d)) & {"his", "her", "its", "their"}
    ]
    verbs = {d.verb for t in asker.facts.things if t is not thing for _, d in t.deeds}
    told = [(c, d) for c, d in told if d.verb not in verbs]
    if told and (thing.human or len(alive) > 1):
        deed = doing(*asker.rng.choice(told))
        yield asker.made("person" if thing.human else "name", "who_does", {"x": deed}, a(thing.name))
