"""Questions about what somebody holds, rides, eats, sits on ...: which thing it is, whether it is this."""

import re
from collections import Counter
from collections.abc import Iterable

from dataset.photo.english_absent import LINE, existence_case
from dataset.photo.english_ask import Asker
from dataset.photo.english_balance import Balance, Case, about, said_of
from dataset.photo.english_facts import Facts, Thing, a, basic, named
from dataset.photo.english_read import CLASS, Caption, Deed, Phrase, ing
from dataset.photo.english_things import slots
from dataset.photo.made import Made

# the verbs whose object is asked for, with the preposition that goes with them: "holding", "sitting on"
OBJECT_OF = {
    verb: tuple(preposition.replace("-", "") for preposition in prepositions.split(","))
    for verb, prepositions in re.findall(
        r"(\S+):(\S+)",
        """hold:- carry:- throw:- catch:- chase:- ride:-,on,in eat:- drink:- read:- kick:- hit:- push:- pull:-
        climb:- sit:on,in,at stand:on,in lie:on,in play:with,- jump:over,into,on lean:on,against sleep:on
        walk:on swing:-,on fly:- paddle:- drive:- hug:- feed:- pet:- fetch:- bite:- chew:-,on leap:over
        smoke:- use:- kneel:on look:at watch:- slide:down swim:in roll:in lick:- sniff:- kiss:- dive:into
        cross:-""",
    )
}
IN_HAND = ("holding", "carrying")
MOUTHS = ("in its mouth", "in his mouth", "in the mouth")
Objects = dict[str, tuple[str, list[Phrase]]]  # "riding" -> the everyday name, phrases that say what


def objects(thing: Thing) -> Objects:
    """What it holds, rides, sits on ..., where captions name one thing, or two of them the same."""
    found: dict[str, list[Phrase]] = {}
    for caption, deed in thing.deeds:
        for preposition in OBJECT_OF.get(deed.verb, ()):
            if phrase := _object(caption, deed, preposition):
                found.setdefault(f"{ing(deed.verb)} {preposition}".strip(), []).append(phrase)
    agreed: Objects = {}
    for asked, phrases in found.items():
        votes = Counter(basic(p.noun) for p in phrases)
        best, number = votes.most_common(1)[0]
        if len(votes) == 1 or number > 1:
            agreed[asked] = best, [p for p in phrases if basic(p.noun) == best]
    return agreed


def _object(caption: Caption, deed: Deed, preposition: str) -> Phrase | None:
    at = deed.start + 1 + len(preposition.split())
    if " ".join(caption.tokens[deed.start + 1 : at]) != preposition:
        return None
    phrase = next((p for p in caption.phrases if p.start == at), None)
    if not phrase or phrase.end > deed.end or phrase.noun in ("toy", "camera"):
        return None
    if phrase.kind in ("other", "group", "part") or caption.tokens[phrase.end : phrase.end + 1] == ["of"]:
        return None
    return phrase


def objects_case(asked: str, name: str, facts: Facts, known: set[str]) -> Case:
    """What it is, and what else is held, ridden ... elsewhere and is surely not there."""
    wrong = tuple(other for other in existence_case(facts).deniable if other in known)
    return about(asked, Case((name,), wrong))


def in_mouth(facts: Facts) -> list[Phrase]:
    found = [
        phrase
        for caption in facts.captions
        for phrase in caption.phrases
        if " ".join(caption.tokens[phrase.end : phrase.end + 3]) in MOUTHS
        and phrase.kind in ("gear", "animal", "food")
    ]
    return found if len({basic(p.noun) for p in found}) == 1 else []


class Held:
    def __init__(self, photos: list[Facts]) -> None:
        told = [
            (facts, asked, name)
            for facts in photos
            for thing in facts.things
            if thing.alive
            for asked, (name, _) in objects(thing).items()
            if name in LINE and CLASS[name] != "place"
        ]
        self.known: dict[str, set[str]] = {}
        for _, asked, name in told:
            self.known.setdefault(asked, set()).add(name)
        self.balance = Balance(
            objects_case(asked, name, facts, self.known[asked]) for facts, asked, name in told
        )

    def questions(self, asker: Asker) -> Iterable[Made]:
        for thing in asker.facts.things:
            for asked, (name, phrases) in objects(thing).items() if thing.alive else ():
                yield from self._asked(asker, thing, asked, name, asker.rng.choice(phrases))
            mouth = thing.name in ("dog", "cat", "bird") and not thing.plural and in_mouth(asker.facts)
            if mouth:
                said = slots(thing, asker.facts)
                yield asker.made("name", "name_mouth", said, named(asker.rng.choice(mouth)))

    def _asked(self, asker: Asker, thing: Thing, asked: str, name: str, phrase: Phrase) -> Iterable[Made]:
        said = {**slots(thing, asker.facts), "x": asked}
        answer = named(phrase, the=phrase.kind == "place" and phrase.determiner == "the")
        true = f"{said['the']} {said['is']} {asked} {answer}"
        hand = asked in IN_HAND and thing.human and phrase.kind in ("gear", "food")
        wording = "name_hand" if hand and asker.rng.random() < 0.5 else "name_object"
        yield asker.made("name", wording, said, answer, true)
        case = objects_case(asked, name, asker.facts, self.known.get(asked, set()))
        for value, truth in self.balance.ask(case, asker.rng):
            one = f"{asked} {a(said_of(value))}"
            statement = f"{said['the']} {said['is']} {one}"
            yield asker.yes_no("attribute_check", "is_doing", {**said, "x": one}, statement, truth, true)
