"""Questions that a thing's name answers: what animal, what sport, what somebody holds."""

import re
from collections import Counter
from collections.abc import Iterable

from dataset.photo.english_ask import Asker
from dataset.photo.english_facts import Facts, Thing, a, named
from dataset.photo.english_read import Caption, Deed, Phrase, ing, kinds, plural_of
from dataset.photo.english_words import MASS
from dataset.photo.made import Made

# the verbs whose object is asked for, with the preposition that goes with them: "holding", "sitting on"
OBJECT_OF = {
    verb: tuple(preposition.replace("-", "") for preposition in prepositions.split(","))
    for verb, prepositions in re.findall(
        r"(\S+):(\S+)",
        """hold:- carry:- throw:- catch:- chase:- ride:-,on eat:- drink:- read:- kick:- hit:- push:- pull:-
        climb:- sit:on,in stand:on,in lie:on,in play:with jump:over,into lean:on,against sleep:on walk:on
        swing:- fly:- paddle:- drive:- hug:- feed:- pet:- fetch:- bite:- chew:-,on leap:over smoke:- use:-
        kneel:on""",
    )
}
SPORTS_SHOWN_BY = """
soccer baseball basketball tennis volleyball hockey rugby lacrosse cricket golf softball wrestling boxing
karate judo gymnastics motocross polo rafting canoeing parasailing waterskiing rollerskating
American football: football | skateboarding: skateboarding skateboard skateboarder
snowboarding: snowboarding snowboard snowboarder | skiing: skiing skier skis
surfing: surfing surfer surfboard | kayaking: kayaking kayak kayaker
wakeboarding: wakeboarding wakeboard wakeboarder | BMX cycling: bmx
rollerblading: rollerblading rollerblader rollerblades inline in-line | ice skating: ice-skating
"""


def _sports() -> dict[str, str]:
    """A word -> the sport that it shows."""
    found = {}
    for entry in re.split(r"[|\n]", SPORTS_SHOWN_BY.strip()):
        sport, _, words = entry.strip().rpartition(": ")
        found |= {word: sport or word for word in words.split()}
    return found


SPORTS = _sports()
NO_SPORT = re.compile(
    r"(tennis|golf) (shoes?|balls?|carts?)|football (shirt|jersey)|polo (shirt|neck)|baseball (caps?|hats?)"
)


def slots(thing: Thing, facts: Facts) -> dict[str, str]:
    """How questions speak of a thing."""
    one = {"man": "he", "boy": "he", "woman": "she", "girl": "she"}.get(thing.name, "it")
    if thing.human and one == "it":
        told = facts.sexes() if facts.single else set()
        one = "he" if told == {"male"} else "she" if told == {"female"} else "the " + thing.name
    name = plural_of(thing.name) if thing.plural else thing.name
    pair = name in ("pants", "shorts", "jeans", "glasses", "goggles", "trunks", "tights", "skis")
    many = thing.plural or pair
    he = "they" if many else one
    him = {"he": "him", "she": "her", "it": "it"}.get(he, "them")
    self_ = {"he": "himself", "she": "herself", "it": "itself"}.get(he, "themselves")
    his = {"he": "his", "she": "her", "they": "their", "it": "its"}.get(he, f"the {thing.name}'s")
    return {
        "the": f"the {name}", "thing": name, "a": name if many or name in MASS else a(name),
        "many": plural_of(thing.name),
        "is": "are" if many else "is", "he": he, "it": "they" if many else "it", "him": him,
        "his": his, "himself": self_,
    }  # fmt: skip


def name_questions(asker: Asker) -> Iterable[Made]:
    facts, rng = asker.facts, asker.rng
    for kind in ("animal", "vehicle"):
        there = [t for t in facts.things if t.mentions[0][1].kind == kind and t.name != kind]
        names = {
            noun for c in facts.captions for p in c.phrases if p.kind == kind for noun in kinds(p.noun)[-2:-1]
        }
        if len(there) == 1 and len(names - {kind}) <= 1 and facts.seen[there[0].name] >= 2:
            said = slots(there[0], facts)
            word = said["many"] if there[0].plural else a(there[0].name)
            yield asker.made(
                "name", f"name_{kind}", {}, word, f"{'These are' if there[0].plural else 'It is'} {word}"
            )
    tokens = NO_SPORT.sub("", " ".join(word for caption in facts.captions for word in caption.tokens))
    sports = {SPORTS[word] for word in tokens.split() if word in SPORTS}
    if len(sports) == 1 and facts.seen["person"]:
        sport = sports.pop()
        yield asker.made("name", "name_sport", {}, sport, f"It is {sport}")
    for thing in facts.things:
        if thing.alive:
            yield from _objects(asker, thing)
    behind = _in_background(facts)
    if behind:
        yield asker.made("name", "name_background", {}, rng.choice(behind))


def _in_background(facts: Facts) -> list[str]:
    found = []
    for caption in facts.captions:
        for p in caption.phrases:
            after = caption.tokens[p.end : p.end + 3]
            if p.kind != "other" and (
                after[:3] == ["in", "the", "background"] or after[:2] == ["in", "background"]
            ):
                found.append(named(p))
    return found


def _objects(asker: Asker, thing: Thing) -> Iterable[Made]:
    """What somebody holds, rides, sits on ...: one question a verb, where captions name one thing."""
    found: dict[str, list[Phrase]] = {}
    for caption, deed in thing.deeds:
        for preposition in OBJECT_OF.get(deed.verb, ()):
            if phrase := _object(caption, deed, preposition):
                found.setdefault(f"{ing(deed.verb)} {preposition}".strip(), []).append(phrase)
    said = slots(thing, asker.facts)
    for asked, phrases in found.items():
        votes = Counter(kinds(p.noun)[-2 if len(kinds(p.noun)) > 1 else 0] for p in phrases)
        best, number = votes.most_common(1)[0]
        if len(votes) > 1 and number < 2:
            continue
        phrase = asker.rng.choice([p for p in phrases if best in kinds(p.noun)])
        answer = named(phrase)
        yield asker.made(
            "name",
            "name_object",
            {**said, "x": asked},
            answer,
            f"{said['the']} {said['is']} {asked} {answer}",
        )
    if thing.name in ("dog", "cat", "bird") and not thing.plural and (carried := _in_mouth(asker.facts)):
        yield asker.made("name", "name_mouth", said, named(asker.rng.choice(carried)))


def _object(caption: Caption, deed: Deed, preposition: str) -> Phrase | None:
    at = deed.start + 1 + len(preposition.split())
    if " ".join(caption.tokens[deed.start + 1 : at]) != preposition:
        return None
    phrase = next((p for p in caption.phrases if p.start == at), None)
    if (
        phrase
        and phrase.end <= deed.end
        and phrase.kind not in ("other", "group", "part")
        and phrase.noun not in ("toy",)
    ):
        if caption.tokens[phrase.end : phrase.end + 1] == ["of"]:
            return None
        return phrase
    return None


def _in_mouth(facts: Facts) -> list[Phrase]:
    found = []
    for caption in facts.captions:
        for phrase in caption.phrases:
            after = " ".join(caption.tokens[phrase.end : phrase.end + 3])
            if after in ("in its mouth", "in his mouth", "in the mouth") and phrase.kind in (
                "gear",
                "animal",
                "food",
            ):
                found.append(phrase)
    names = {kinds(p.noun)[-2 if len(kinds(p.noun)) > 1 else 0] for p in found}
    return found if len(names) == 1 else []
