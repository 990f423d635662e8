"""Questions about persons: who it is, man or woman, child or adult, how old, in what clothes."""

from collections.abc import Iterable
from itertools import pairwise

from dataset.photo.english_ask import Asker
from dataset.photo.english_balance import Balance, Case
from dataset.photo.english_facts import Facts, Thing, a, basic, named
from dataset.photo.english_read import Caption, Phrase, kinds, plural_of
from dataset.photo.english_things import slots
from dataset.photo.english_words import GROUP_WORDS, NUMBER_WORDS, OLD, YOUNG
from dataset.photo.made import Made

HEADGEAR = frozenset("hat helmet cap headscarf headband bandanna crown goggles".split())
NOT_CLOTHES = frozenset("collar leash clothes harness muzzle outfit skis".split())
# what may be denied of clothes: only beside other clothes that rule it out
NOT_BESIDE = {
    "a hat": "helmet", "a helmet": "hat headscarf headband shirtless bikini",
    "a dress": "pants jeans shorts bikini swimsuit jersey trunks",
    "a bikini": "coat jacket sweater dress shirt uniform pants",
    "a swimsuit": "coat jacket sweater dress jeans uniform suit",
    "a suit": "shorts shirtless jersey trunks bikini sweatshirt hoodie dress",
    "a coat": "bikini shirtless trunks swimsuit shorts", "a jacket": "bikini shirtless trunks swimsuit dress",
    "a shirt": "shirtless topless bikini swimsuit", "shorts": "jeans coat dress snowsuit skirt",
    "jeans": "shorts dress trunks bikini skirt", "a uniform": "bikini trunks jeans dress sweater swimsuit",
    "a skirt": "jeans shorts pants bikini trunks", "a sweater": "bikini shirtless swimsuit trunks jersey",
}  # fmt: skip
RULED_OUT_BY = {worn: set(words.split()) for worn, words in NOT_BESIDE.items()}
NOT_ALL_NAMED = GROUP_WORDS - {
    "people",
    "couple",
    "they",
    "them",
    "together",
    "friends",
    "each",
    "players",
    "parents",
}
WEARING = ("in", "wearing", "is wearing", "are wearing", "dressed in", "wears")
OPPOSITE = {"man": "woman", "woman": "man", "boy": "girl", "girl": "boy"}


def somebody(facts: Facts) -> Thing | None:
    """The one person of a photo."""
    return next((t for t in facts.things if t.human and not t.plural), None) if facts.single else None


def clothes_case(facts: Facts) -> Case:
    """What the one person wears, and what not."""
    true = [worn for worn in NOT_BESIDE if facts.seen[worn.removeprefix("a ")]]
    false = [
        w
        for w, words in RULED_OUT_BY.items()
        if w.removeprefix("a ") not in facts.words and words & facts.words
    ]
    return Case(tuple(true), tuple(false))


def person_case(facts: Facts) -> Case:
    """What the one person is: "a man", "an adult"; and what he is not."""
    thing, sexes, ages = somebody(facts), facts.sexes(), facts.ages()
    if not thing or len(sexes) != 1 or thing.name not in OPPOSITE or facts.seen[thing.name] < 2:
        return Case((), ())
    true, false = [a(thing.name)], [a(OPPOSITE[thing.name])]
    if len(ages) == 1:
        adult = ages == {"adult"}
        true += ["an adult"] if adult else ["a child"]
        false += ["a child", "a boy", "a girl"] if adult else ["an adult", "a man", "a woman"]
    return Case(tuple(true), tuple(name for name in dict.fromkeys(false) if name not in true))


class People:
    def __init__(self, photos: list[Facts]) -> None:
        single = [facts for facts in photos if somebody(facts)]
        self.clothes = Balance(clothes_case(facts) for facts in single)
        self.persons = Balance(person_case(facts) for facts in single)

    def questions(self, asker: Asker) -> Iterable[Made]:
        facts, rng = asker.facts, asker.rng
        thing = somebody(facts)
        if who := everybody(facts):
            wording = "who_one" if thing and rng.random() < 0.2 else "who"
            yield asker.made("person", wording, {}, who, f"The photo shows {who}")
        if not thing:
            yield from _dressed(asker)
            return
        said = slots(thing, facts)
        yield from self._man_or_woman(asker, thing)
        if age := age_of(facts, thing):
            yield asker.made("person", "age", said, age)
        if age in ("Old", "Young", "A child", "A young child") and rng.random() < 0.5:
            short = "Old" if age == "Old" else "Young"
            yield asker.made("person", "young_or_old", said, short, f"{said['the']} is {short.lower()}")
        if clothes := _clothes(asker):
            yield asker.made("person", "wear", said, clothes, f"{said['the']} is wearing {clothes}")
        heads = [p for c in facts.captions for p in c.phrases if set(kinds(p.noun)) & HEADGEAR]
        if heads and len({kinds(p.noun)[0] for p in heads}) == 1:
            yield asker.made("person", "wear_head", said, named(rng.choice(heads)))
        for worn, truth in self.clothes.ask(clothes_case(facts), rng):
            statement = f"{said['the']} is wearing {worn}"
            yield asker.yes_no("attribute_check", "wearing", {**said, "x": worn}, statement, truth)

    def _man_or_woman(self, asker: Asker, thing: Thing) -> Iterable[Made]:
        case = person_case(asker.facts)
        if not case.true:
            return
        right = a(thing.name)
        yield asker.choice("person", "sex_choice", right, a(OPPOSITE[thing.name]), {}, "", f"It is {right}")
        for x, truth in self.persons.ask(case, asker.rng):
            yield asker.yes_no("person", "is_person", {"x": x}, f"the person is {x}", truth, f"it is {right}")
        if len(case.true) > 1:
            adult, child = asker.rng.choice(
                [("an adult", "a child"), ("an adult", "a kid"), ("a grown-up", "a kid")]
            )
            age, other = (adult, child) if case.true[1] == "an adult" else (child, adult)
            yield asker.choice("person", "sex_choice", age, other, {}, "", f"It is {age}")


def everybody(facts: Facts) -> str:
    """All people in the photo, in the words of the caption that names most of them: "a man and a woman"."""
    if not facts.seen["person"]:
        return ""
    if thing := somebody(facts):
        return a(f"{'old ' if thing.adjectives & {'old', 'elderly'} else ''}{thing.name}")
    if groups := [said for caption in facts.captions if (said := _group(caption))]:
        return groups[0]
    if facts.words & NOT_ALL_NAMED:
        return ""
    said = [_people(caption) for caption in facts.captions]
    return max(said, key=len) if all(said) else ""


def _group(caption: Caption) -> str:
    """ "a group of men", in these words."""
    for one, other in pairwise(caption.phrases):
        of = caption.tokens[one.end : other.start] == ["of"]
        if one.noun in ("group", "crowd", "team", "crew") and of and other.kind == "person" and other.plural:
            return f"a {one.noun} of {plural_of(basic(other.noun))}"
    return ""


def _people(caption: Caption) -> str:
    """The people of one caption, if it counts them all: "a man and two girls"."""
    people = [phrase for phrase in caption.phrases if phrase.kind == "person"]
    if not people or len(people) > 2 or not all(p.number or not p.plural for p in people):
        return ""
    said = [
        f"{NUMBER_WORDS[p.number]} {p.words[-1]}" if p.number else named(p, colours=False) for p in people
    ]
    return " and ".join(said) if len(set(said)) == len(said) else ""


def age_of(facts: Facts, thing: Thing) -> str:
    """Roughly; "" where captions do not tell."""
    adjectives, ages = thing.adjectives, facts.ages()
    nouns = {p.noun for _, p in thing.mentions}
    young = bool(adjectives & YOUNG)
    if adjectives & {"old", "elderly"} and not young and thing.name in ("man", "woman"):
        return "Old"
    if nouns & {"baby", "infant"}:
        return "A baby, about one year old"
    if "toddler" in nouns:
        return "A toddler, about two years old"
    if ages == {"child"}:
        return "A young child" if young else "A child"
    if young and not adjectives & OLD and "small" not in adjectives:
        return "Young"
    return "An adult" if ages == {"adult"} else ""


def _dressed(asker: Asker) -> Iterable[Made]:
    """What each of several people wears, where a caption says it right after who it is."""
    for thing in asker.facts.things:
        if thing.human and (worn := worn_by(thing)):
            said, clothes = slots(thing, asker.facts), named(asker.rng.choice(worn))
            yield asker.made("person", "wear", said, clothes, f"{said['the']} {said['is']} wearing {clothes}")


def worn_by(thing: Thing) -> list[Phrase]:
    """ "a man in a red shirt": the shirt."""
    return [
        worn
        for caption, phrase in thing.mentions
        for worn in caption.phrases
        if worn.kind == "wear"
        and worn.noun not in NOT_CLOTHES
        and " ".join(caption.tokens[phrase.end : worn.start]) in WEARING
    ]


def _clothes(asker: Asker) -> str:
    """What the caption with most clothes names."""
    worn = [
        [p for p in c.phrases if p.kind == "wear" and p.noun not in NOT_CLOTHES] for c in asker.facts.captions
    ]
    best = max(worn, key=lambda phrases: (len(phrases), sum(len(p.colours) for p in phrases)))
    return " and ".join(named(p) for p in best[:2])
