"""What the captions of one photo say together: who and what is in it, in what colour, where, doing what."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from dataset.photo.english_read import CLASS, Caption, Deed, Phrase, ing, kinds, read
from dataset.photo.english_words import ALIKE, GROUP_WORDS, MASS, NOUN_LINES, POSSESSIVES

HIS = {"man": "he", "boy": "he", "woman": "she", "girl": "she"}
SEX = {"male": "male", "female": "female", "he": "male", "she": "female", "his": "male", "her": "female"}
NOT_DONE = re.compile(  # "a swimming pool", "running shoes": nobody need swim or run, nor need it rain
    r"\b(rain (?=boots?|coats?|gear|jackets?)|swimming (?=pools?|trunks|suits?|caps?)|running (?=shoes?)"
    r"|walking (?=sticks?)|climbing (?=walls?)|sleeping (?=bags?)|fishing (?=poles?|rods?|boats?))"
)
MOTORED = re.compile(r"\bmoto|\bdirt ?bik", re.I)
CLASSES = frozenset(NOUN_LINES)
LEAVE_OUT = frozenset(
    "front side top middle bottom picture photo photograph object something thing item other another one "
    "day way air area back distance jump trick lot number type row piece line".split()
)
IN = frozenset(
    """water snow grass field forest park yard pool ocean lake river stream pond puddle mud garden sand
    dirt""".split()
)
ON = frozenset(
    "beach street road path sidewalk track hill mountain slope ramp court rock floor stage ground".split()
)
THROUGH = frozenset("through across along down up into".split())
WHERE = frozenset(
    "in on at near under underneath beneath beside behind by inside between among against atop onto".split()
) | {"in front of", "on top of", "next to", "in the middle of", "on the edge of", "at the edge of"}


@dataclass
class Thing:
    """Something that the captions speak of as one: "the dog", or several: "the dogs"."""

    name: str
    plural: bool
    mentions: list[tuple[Caption, Phrase]]
    deeds: list[tuple[Caption, Deed]] = field(default_factory=list)

    @property
    def the(self) -> str:
        return f"the {self.name}"

    @property
    def alive(self) -> bool:
        return CLASS.get(self.mentions[0][1].noun) in ("person", "animal")

    @property
    def human(self) -> bool:
        return CLASS.get(self.mentions[0][1].noun) == "person"

    @property
    def adjectives(self) -> set[str]:
        return {word for _, phrase in self.mentions for word in phrase.adjectives}

    def colours(self) -> tuple[str, ...]:
        """The colours on which all who name one agree, in the order of the fullest caption; else ()."""
        said = [phrase.colours for _, phrase in self.mentions if phrase.colours]
        if not said:
            return ()
        fullest = max(said, key=len)
        if any(not set(colours) <= set(fullest) for colours in said) or len(set(fullest)) > 3:
            return ()
        if any(set(colours) != set(fullest) for colours in said) and said.count(fullest) < 2:
            return ()
        return tuple(dict.fromkeys(fullest))


def shown(caption: Caption, phrase: Phrase) -> bool:
    """Whether a phrase names what is in the photo: not the camera that somebody looks at."""
    if phrase.noun == "camera":
        return caption.preposition_before(phrase) in ("", "with", "near", "on", "behind", "by", "next to")
    return phrase.noun not in LEAVE_OUT


def near_colours(colours: set[str]) -> set[str]:
    """These and all that somebody may call them."""
    return colours | {c for group in ALIKE if group & colours for c in group}


def basic(noun: str) -> str:
    """The everyday name: a retriever is a dog, a toddler a child, a rider a person."""
    kind = CLASS.get(noun)
    if kind == "person":
        return next((k for k in kinds(noun) if k in ("man", "woman", "boy", "girl", "child")), "person")
    for name in kinds(noun):
        if name in ("shirt", "glasses", "trunks"):
            return name
    chain = [k for k in kinds(noun) if k not in ("animal", "vehicle", "weapon", kind)]
    return chain[-1] if chain else noun


class Facts:
    """The pooled captions of a photo."""

    def __init__(self, captions: Sequence[str]) -> None:
        self.captions = [read(text) for text in captions]
        self._name_bikes()
        self.words: set[str] = set()  # every token, every noun and all that it is a kind of
        self.seen: Counter[str] = Counter()  # noun or kind -> in how many captions
        for caption in self.captions:
            names = {
                kind for phrase in caption.phrases if shown(caption, phrase) for kind in kinds(phrase.noun)
            }
            names -= {"other", "group", "part", "place", "wear", "gear"}
            self.seen.update(sorted(names))
            self.words |= names - CLASSES | set(NOT_DONE.sub("", " ".join(caption.tokens)).split())
        self.people = [[p for p in c.phrases if p.kind == "person"] for c in self.captions]
        self.single = self._one_person()
        if any(basic(p.noun) == "person" for people in self.people for p in people):
            self.words.add("person")  # man or woman is not told
        self.things = self._things()
        self.heads = {thing.name: thing for thing in self.things}

    def _name_bikes(self) -> None:
        """A bike is a bicycle, but where a caption speaks of a motor."""
        if any(MOTORED.search(caption.text) for caption in self.captions):
            for phrase in (p for caption in self.captions for p in caption.phrases):
                phrase.noun = "motorcycle" if phrase.noun == "bike" else phrase.noun

    def _one_person(self) -> bool:
        """Whether all captions speak of one person alone."""
        alone = [len(people) == 1 and not people[0].plural for people in self.people]
        none = [not people for people in self.people]
        if sum(alone) < 3 or not all(a or n for a, n in zip(alone, none, strict=True)):
            return False
        others = self.words & (
            GROUP_WORDS - {"someone", "class", "each", "together", "public", "band", "pair"}
        )
        return not others and "group" not in self.seen

    def sexes(self) -> set[str]:
        """male and female, as far as nouns and pronouns tell."""
        nouns = {basic(p.noun) for people in self.people for p in people}
        told = {SEX[word] for word in self.words & SEX.keys()}
        return (
            ({"male"} if nouns & {"man", "boy"} else set())
            | ({"female"} if nouns & {"woman", "girl"} else set())
            | told
        )

    def ages(self) -> set[str]:
        nouns = {basic(p.noun) for people in self.people for p in people}
        young = {n for n in nouns if n in ("boy", "child")} or (
            {"girl"} & nouns and {"little", "small"} & self.words
        )
        return ({"child"} if young else set()) | (
            {"adult"} if nouns & {"man", "woman"} or "adult" in self.words or "lady" in self.words else set()
        )

    def _things(self) -> list[Thing]:
        found: dict[str, list[tuple[Caption, Phrase]]] = {}
        for caption in self.captions:
            for phrase in caption.phrases:
                if phrase.kind not in ("group", "other", "part") and shown(caption, phrase):
                    found.setdefault(basic(phrase.noun), []).append((caption, phrase))
        if self.single:
            people = [name for name, said in found.items() if said[0][1].kind == "person"]
            said = [mention for name in people for mention in found[name]]
            found = {name: mentions for name, mentions in found.items() if name not in people}
            found[self._name_of_one(Counter(basic(p.noun) for _, p in said))] = said
        things = [thing for name, said in found.items() if (thing := self._thing(name, said))]
        for thing in things:
            phrases = {id(phrase) for _, phrase in thing.mentions}
            thing.deeds = [
                (c, d)
                for c in self.captions
                for d in c.deeds
                if d.who and all(id(p) in phrases for p in d.who)
            ]
        return things

    def _name_of_one(self, votes: Counter[str]) -> str:
        sexes = self.sexes()
        if len(sexes) > 1:
            child = votes["boy"] + votes["girl"] + votes["child"]
            return "child" if child > sum(votes.values()) / 2 else "person"
        votes.pop("person", None)
        return votes.most_common(1)[0][0] if votes else "person"

    def _thing(self, name: str, said: list[tuple[Caption, Phrase]]) -> Thing | None:
        """One thing where each caption that names it names one; several where all name several."""
        per_caption = Counter(id(caption) for caption, _ in said)
        if all(p.plural for _, p in said):
            return Thing(name, True, said)
        again = max(per_caption.values()) > 1 or any(p.determiner in ("another", "each") for _, p in said)
        if again or any(p.plural for _, p in said):
            return None
        if said[0][1].kind == "person" and name != "person" and not self.single and self._crowded(name):
            return None
        if name == "person" and not self.single:
            return None
        return Thing(name, False, said)

    def _crowded(self, name: str) -> bool:
        """Whether "the man" would not be clear: others may be men, too."""
        alike = {"man": "boy", "boy": "man", "woman": "girl", "girl": "woman", "child": "boy"}[name]
        return self.seen[name] < 3 or self.seen[alike] > 0 or any(len(people) > 2 for people in self.people)

    def where(self, thing: Thing) -> list[str]:
        """Places of a thing, as "in the water": the first that a caption tells of it."""
        found = []
        for caption, phrase in thing.mentions:
            others = [p for p in caption.phrases if p.start > phrase.end and p.alive and p is not phrase]
            limit = others[0].start if others else len(caption.tokens)
            for place in caption.phrases:
                if phrase.end < place.start < limit and (said := place_said(caption, place)):
                    found.append(said)
                    break
        return found

    def number(self, names: set[str], open_words: frozenset[str]) -> int | None:
        """How many of these there are, if captions agree; None if they don't, or leave it open."""
        if self.words & open_words:
            return None
        counts = []
        for caption in self.captions:
            count = 0
            for phrase in caption.phrases:
                if set(kinds(phrase.noun)) & names:
                    if phrase.plural and phrase.number is None:
                        return None
                    count += phrase.number or 1
            counts.append(count)
        most = max(counts)
        agreed = counts.count(most)
        return most if most and agreed >= 3 and all(c in (0, most) for c in counts) else None


def place_said(caption: Caption, place: Phrase) -> str:
    """ "in the water" for a place after "through": what "where is it" is answered with; or ""."""
    if (
        place.kind not in ("place", "furniture", "vehicle")
        or place.noun in LEAVE_OUT
        or place.noun in ("sun", "fire", "smoke", "light", "sky", "cloud")
    ):
        return ""
    preposition = caption.preposition_before(place)
    if place.noun in ("window", "mirror", "door") and preposition in ("in", "into", "through"):
        return ""  # one looks in
    if preposition in THROUGH:
        name = basic(place.noun)
        preposition = "in" if name in IN else "on" if name in ON else ""
    if not preposition or preposition not in WHERE:
        return ""
    return f"{preposition} {named(place, the=place.kind == 'place')}"


def named(phrase: Phrase, the: bool = False, colours: bool = True) -> str:
    """A phrase as an answer says it: with "a", without "his"."""
    words = [w for w in phrase.words if w not in ("very", "other")]
    if not colours:
        words = words[-(phrase.noun.count(" ") + 1) :]
    text = " ".join(words)
    if text == "someone":
        return text
    if the:
        return f"the {text}" if phrase.determiner not in ("a", "an") else f"{phrase.determiner} {text}"
    if phrase.plural or phrase.noun in MASS:
        return f"some {text}" if phrase.determiner == "some" else text
    if phrase.determiner in POSSESSIVES or phrase.determiner in ("a", "an", "", "the", "this", "that"):
        return a(text)
    return f"{phrase.determiner} {text}"


def a(noun: str) -> str:
    vowel = noun[:1].lower() in "aeiou" and not noun.lower().startswith(("uni", "one", "use", "eu", "ew"))
    return f"{'an' if vowel or noun.startswith('hour') else 'a'} {noun}"


def doing(caption: Caption, deed: Deed) -> str:
    """ "running through the snow"."""
    rest = caption.rest(deed)
    while rest and rest[-1] in (
        "and",
        "to",
        "the",
        "a",
        "an",
        "of",
        "in",
        "on",
        "with",
        ",",
        "his",
        "her",
        "its",
        "at",
    ):
        rest = rest[:-1]
    if len(rest) > 9:
        cuts = [p.end - deed.start - 1 for p in caption.phrases if deed.start < p.end <= deed.start + 9]
        rest = rest[: max(cuts)] if cuts else rest[:9]
    return " ".join([ing(deed.verb), *rest])
