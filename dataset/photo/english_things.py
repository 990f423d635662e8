"""Questions that a thing's name answers: what animal, what kind of ball, what sport."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from dataset.photo.english_absent import LINE, existence_case
from dataset.photo.english_ask import Asker
from dataset.photo.english_balance import Balance, Case, about, said_of
from dataset.photo.english_facts import Facts, Thing, a, named
from dataset.photo.english_read import CLASS, kinds, plural_of
from dataset.photo.english_words import GROUP_WORDS, MASS
from dataset.photo.made import Made

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


# things of which the kind is asked, and nouns that name the thing itself once more
OF_KINDS = frozenset("dog bird boat ball hat toy flower car motorcycle bicycle truck glasses shoe".split())
NO_KIND = frozenset("puppy pup bike motorbike dirtbike lab creature disc disk sneaker sunglasses".split())

PEOPLE = GROUP_WORDS | {"person"}
LISTED = 0.3  # of the photographs are asked what things are in them


def kind_case(facts: Facts, thing: Thing) -> Case:
    """What animal or vehicle it is, and which are surely not there."""
    kind = thing.mentions[0][1].kind
    wrong = tuple(name for name in existence_case(facts).deniable if CLASS.get(name) == kind)
    return about(kind, Case((thing.name,) if thing.name in LINE else (), wrong))


def only_ones(facts: Facts) -> Iterable[Thing]:
    """The animal of a photo, and its vehicle, where captions name one kind of them."""
    for kind in ("animal", "vehicle"):
        there = [t for t in facts.things if t.mentions[0][1].kind == kind and t.name != kind]
        names = {
            noun for c in facts.captions for p in c.phrases if p.kind == kind for noun in kinds(p.noun)[-2:-1]
        }
        if len(there) == 1 and len(names - {kind}) <= 1 and facts.seen[there[0].name] >= 2:
            yield there[0]


class Names:
    def __init__(self, photos: list[Facts]) -> None:
        self.balance = Balance(kind_case(facts, thing) for facts in photos for thing in only_ones(facts))

    def questions(self, asker: Asker) -> Iterable[Made]:
        facts, rng = asker.facts, asker.rng
        for thing in only_ones(facts):
            yield from self._only(asker, thing)
        for thing in facts.things:
            if kind := kind_of(thing):
                yield asker.made("name", "name_kind", slots(thing, facts), a(kind))
        if sport := sport_of(facts):
            yield asker.made("name", "name_sport", {}, sport, f"It is {sport}")
        if behind := _in_background(facts):
            yield asker.made("name", "name_background", {}, rng.choice(behind))
        seen = [slots(thing, facts)["a"] for thing in most_told(facts)]
        if len(seen) > 1 and rng.random() < LISTED:
            yield asker.made("name", "name_all", {}, listed(seen[:3]))

    def _only(self, asker: Asker, thing: Thing) -> Iterable[Made]:
        said, kind = slots(thing, asker.facts), thing.mentions[0][1].kind
        word, these = said["a"], "These are" if thing.plural else "It is"
        wording = f"name_{kind}s" if thing.plural else f"name_{kind}"
        yield asker.made("name", wording, {}, word, f"{these} {word}")
        for value, truth in self.balance.ask(kind_case(asker.facts, thing), asker.rng):
            one, many = a(said_of(value)), plural_of(said_of(value))
            asked = many if thing.plural else one
            statement = f"{'these are' if thing.plural else 'it is'} {asked}"
            yield asker.yes_no(
                "existence",
                "are_these" if thing.plural else "is_this",
                {"a": asked},
                statement,
                truth,
                f"{these.lower()} {word}",
            )


def kind_of(thing: Thing) -> str:
    """Which kind of dog, ball or boat it is, where captions name one; of a breed two have to."""
    told = Counter(p.noun for _, p in thing.mentions if p.noun != thing.name and p.noun not in NO_KIND)
    if thing.plural or thing.name not in OF_KINDS or len(told) != 1:
        return ""
    (noun, times), *_ = told.items()
    return noun if times > (thing.name == "dog") else ""


def sport_of(facts: Facts) -> str:
    """The one sport that captions tell, or ""."""
    tokens = NO_SPORT.sub("", " ".join(word for caption in facts.captions for word in caption.tokens))
    sports = {SPORTS[word] for word in tokens.split() if word in SPORTS}
    return sports.pop() if len(sports) == 1 and facts.seen["person"] else ""


def most_told(facts: Facts) -> list[Thing]:
    """Things that two captions name, those that most name first; no clothes. None where people are not told
    apart, as things alone would not be what is seen."""
    told = {
        thing.name: len({id(caption) for caption, _ in thing.mentions})
        for thing in facts.things
        if thing.mentions[0][1].kind != "wear"
    }
    often = sorted((name for name, times in told.items() if times > 1), key=lambda name: -told[name])
    found = [facts.heads[name] for name in often]
    return found if any(thing.human for thing in found) or not facts.words & PEOPLE else []


def listed(words: Sequence[str]) -> str:
    """ "black, white and brown"."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


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
