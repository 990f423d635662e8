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

HARDLY_DEEDS = frozenset(
    "wear have do try attempt get show be appear use dress set go put come make stick".split()
)
POINTLESS = frozenset("him her it them himself herself itself another something object thing".split())
CROWDED = frozenset("crowd audience spectators onlookers parade group bystanders".split())
HAPPENING = 0.6  # the answer is a caption, and captions are asked for already
Deeds = list[tuple[Caption, Deed]]


def told_deeds(deeds: Deeds) -> Deeds:
    """Of the deeds those that say something by themselves."""
    found = []
    for caption, deed in deeds:
        rest = caption.rest(deed)
        if deed.verb not in HARDLY_DEEDS and not (rest and rest[-1] in POINTLESS) and "of" not in rest[:1]:
            found.append((caption, deed))
    return found


def agreed(told: Deeds) -> Deeds:
    """The deeds of the verb that most captions use, where two use it."""
    verb, times = Counter(deed.verb for _, deed in told).most_common(1)[0]
    return [(caption, deed) for caption, deed in told if deed.verb == verb] if times > 1 else told


def deeds_of_all(facts: Facts) -> Deeds:
    """What people do together: "a man and a woman", "two boys", where their caption names nobody else."""
    found = []
    for caption, people in zip(facts.captions, facts.people, strict=True):
        if len(people) > 1 or any(phrase.plural for phrase in people):
            found += [(caption, deed) for deed in caption.deeds if set(deed.who) == set(people)]
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


def anyone_case(facts: Facts) -> Case:
    """What somebody does, and what surely nobody does, where people are few and there is no animal."""
    if facts.seen["person"] < 2 or facts.seen["animal"] or facts.words & CROWDED:
        return Case((), ())
    return signs_case(DEEDS, facts.words, NO_SMILE)


class Actions:
    def __init__(self, photos: list[Facts]) -> None:
        self.known = Counter(word for facts in photos for c in facts.captions for word in c.tokens)
        self.balance = Balance(deeds_case(f, t) for f in photos if (t := self._busiest(f)))
        self.anyone = Balance(map(anyone_case, photos))

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
            if thing.alive and (told := told_deeds(thing.deeds)):
                yield self._doing(asker, slots(thing, facts), told)
        if told := told_deeds(deeds_of_all(facts)):
            yield self._doing(asker, {"the": "the people", "is": "are", "he": "they"}, told)
        short = [c for c in facts.captions if c.deeds and 5 <= len(c.tokens) <= 14]
        if short and rng.random() < HAPPENING:
            yield Made("action", asker.ask("happening"), sentence(rng.choice(short).text))
        yield from _who(asker)
        if thing := self._busiest(facts):
            yield from self._checks(asker, thing)
        for deed, truth in self.anyone.ask(anyone_case(facts), rng):
            yield asker.yes_no("attribute_check", "anyone_doing", {"x": deed}, f"somebody is {deed}", truth)

    def _doing(self, asker: Asker, said: dict[str, str], told: Deeds) -> Made:
        """What most captions tell; of two the shorter one, for who is asked says it in a few words."""
        told = agreed([one for one in told if self.spelt(doing(*one))] or told)
        answer = min((doing(*one) for one in asker.rng.sample(told, min(2, len(told)))), key=len)
        return asker.made("action", "action", said, answer, f"{said['the']} {said['is']} {answer}")

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
        for c, d in told_deeds(thing.deeds)
        if len(c.rest(d)) <= 5 and not set(c.rest(d)) & {"his", "her", "its", "their"}
    ]
    verbs = {d.verb for t in asker.facts.things if t is not thing for _, d in t.deeds}
    told = [(c, d) for c, d in told if d.verb not in verbs]
    if told and (thing.human or len(alive) > 1):
        deed = doing(*asker.rng.choice(told))
        yield asker.made("person" if thing.human else "name", "who_does", {"x": deed}, a(thing.name))
