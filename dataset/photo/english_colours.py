"""Questions about the colour of things and hair, and whether things are wet, small, old ..."""

from collections.abc import Iterable

from dataset.photo.english_ask import Asker
from dataset.photo.english_balance import Balance, Case, about, said_of
from dataset.photo.english_facts import Facts, Thing, a, near_colours
from dataset.photo.english_people import somebody
from dataset.photo.english_read import plural_of
from dataset.photo.english_things import listed, slots
from dataset.photo.english_words import MASS
from dataset.photo.made import Made

# what is asked: words that say so, words that say the opposite
QUALITIES = {
    "big": ("big large huge giant enormous", "small little tiny miniature puppy"),
    "small": ("small little tiny miniature", "big large huge giant enormous"),
    "wet": ("wet soaked soaking dripping swimming swims", "dry dusty snowy sandy"),
    "dry": ("dry dusty", "wet soaked swimming muddy"),
    "young": ("young", "old elderly"),
    "old": ("old elderly", "young"),
    "dirty": ("dirty muddy", "clean"),
    "long": ("long", "short"),
    "short": ("short", "long tall"),
    "striped": ("striped", "plaid floral spotted checkered flowered plain"),
    "plaid": ("plaid checkered", "striped floral flowered"),
    "wooden": ("wooden", "metal plastic stone brick concrete cement"),
    "empty": ("empty", "crowded full busy filled"),
    "crowded": ("crowded busy", "empty deserted lone"),
    "steep": ("steep sheer", "flat gentle"),
    "snowy": ("snowy", "grassy green sandy dusty"),
}
SAYS = {name: (set(one.split()), set(other.split())) for name, (one, other) in QUALITIES.items()}
HAIRED = {
    "blond-haired": "blond", "blonde-haired": "blond", "brown-haired": "brown", "dark-haired": "dark",
    "black-haired": "black", "red-haired": "red", "redheaded": "red", "red-headed": "red",
    "brunette": "brown",
    "gray-haired": "grey", "grey-haired": "grey", "white-haired": "white", "dark": "dark", "blond": "blond",
}  # fmt: skip
HAIR_COLOURS = ("blond", "brown", "black", "dark", "red", "grey", "white")


def said_colours(thing: Thing, facts: Facts) -> tuple[str, ...]:
    """A thing's colours; not of clothes where it is not clear whose, nor of a person."""
    if thing.human or thing.name in ("water", "hair", "clothes", "group"):
        return ()
    coloured = sum(bool(phrase.colours) for _, phrase in thing.mentions)
    worn_by_several = thing.mentions[0][1].kind == "wear" and not facts.single
    several = thing.plural and thing.mentions[0][1].kind != "wear"
    if coloured < (3 if worn_by_several else 2 if several else 1):
        return ()
    return thing.colours()


def owned(thing: Thing, asker: Asker) -> str:
    """ "the shirt", or, where one person wears it, "his shirt", "the man's shirt"."""
    wearer, said = somebody(asker.facts), slots(thing, asker.facts)
    if thing.mentions[0][1].kind != "wear" or not wearer:
        return said["the"]
    whose = slots(wearer, asker.facts)
    return asker.rng.choice(
        [said["the"], f"{whose['his']} {said['thing']}", f"{whose['the']}'s {said['thing']}"]
    )


def parts(colours: str) -> set[str]:
    return set(colours.replace(",", " and ").split()) - {"and"}


class Colours:
    """Questions about colours, with wrong colours that are wrong as often as right."""

    def __init__(self, photos: list[Facts]) -> None:
        told = [(t, c) for f in photos for t in f.things if (c := said_colours(t, f))]
        self.known: dict[str, set[str]] = {}  # class -> the colours that its things have
        for thing, colours in told:
            self.known.setdefault(thing.mentions[0][1].kind, set()).add(listed(colours))
        self.balance = Balance(self._case(thing, colours) for thing, colours in told)
        self.qualities = Balance(quality_case(t) for f in photos for t in f.things)

    def _case(self, thing: Thing, colours: tuple[str, ...]) -> Case:
        """Its colours, and those that no caption gives it nor calls by a name near to them."""
        kind = thing.mentions[0][1].kind
        near = near_colours({c for _, phrase in thing.mentions for c in phrase.colours})
        free = [c for c in sorted(self.known.get(kind, ())) if not parts(c) & near]
        return about(kind, Case((listed(colours),), tuple(free)))

    def questions(self, asker: Asker) -> Iterable[Made]:
        for thing in asker.facts.things:
            colours, said = said_colours(thing, asker.facts), slots(thing, asker.facts)
            said["the"] = owned(thing, asker)
            if colours:
                yield from self._of(asker, thing, colours, said)
            for value, truth in self.qualities.ask(quality_case(thing), asker.rng):
                quality = said_of(value)
                statement = f"{said['the']} {said['is']} {quality}"
                yield asker.yes_no("attribute_check", "attribute", {**said, "x": quality}, statement, truth)
        yield from _hair(asker)

    def _of(
        self, asker: Asker, thing: Thing, colours: tuple[str, ...], said: dict[str, str]
    ) -> Iterable[Made]:
        right, rng = listed(colours), asker.rng
        true = f"{said['the']} {said['is']} {right}"
        yield asker.made("colour", "colour", said, right, true)
        case = self._case(thing, colours)
        for value, truth in self.balance.ask(case, rng):
            colour = said_of(value)
            statement = f"{said['the']} {said['is']} {colour}"
            yield asker.yes_no("attribute_check", "attribute", {**said, "x": colour}, statement, truth, true)
        for value, truth in self.balance.ask(case, rng) if said["is"] == "is" else ():
            yield _such_a_thing(asker, thing, said_of(value), truth, true)
        for wrong in self.balance.denied(case, 1, rng):
            yield asker.choice("colour", "colour_choice", right, said_of(wrong), said, "", true)


def _such_a_thing(asker: Asker, thing: Thing, colour: str, truth: bool, true: str) -> Made:
    """ "is there a black dog": where there is a dog, of one colour."""
    name = f"{colour} {thing.name}"
    some = name if thing.name in MASS else a(name)
    said = {"a": some, "many": f"{colour} {plural_of(thing.name)}", "thing": name, "be": "is"}
    wording = "existence_mass" if thing.name in MASS else "existence"
    return asker.yes_no("existence", wording, said, f"there is {some}", truth, true)


def quality_case(thing: Thing) -> Case:
    """What its adjectives say it is, and what they say it is not."""
    words = {word for _, phrase in thing.mentions for word in phrase.words}
    true = [q for q, (yes, no) in SAYS.items() if yes & words and not no & words]
    false = [q for q, (yes, no) in SAYS.items() if no & words and not yes & words]
    living = ("young", "old") if thing.human else ("wet", "dry", "big", "small", "dirty")
    for some in (true, false):  # "a little girl" is small by age
        some[:] = [
            q for q in some if (q in living if thing.alive else q not in ("wet", "dry", "young", "old"))
        ]
    return about(thing.name, Case(tuple(true), tuple(false)))


def _hair(asker: Asker) -> Iterable[Made]:
    """The colour of one person's hair, where all who tell it agree."""
    facts = asker.facts
    thing = next((t for t in facts.things if t.human and not t.plural), None)
    if not facts.single or not thing:
        return
    told = {HAIRED[word] for word in thing.adjectives if word in HAIRED and word != "dark"}
    told |= {"blond" for _, phrase in thing.mentions if "blond" in phrase.colours}
    for caption in facts.captions:
        for phrase in caption.phrases:
            if phrase.noun in ("hair", "ponytail"):
                told |= {c for c in phrase.colours} | ({"dark"} & set(phrase.adjectives))
    told = {HAIRED.get(c, c) for c in told}
    if told == {"dark", "brown"} or told == {"dark", "black"}:
        told -= {"dark"}
    if len(told) != 1 or not told <= set(HAIR_COLOURS):
        return
    said, right = slots(thing, facts), told.pop()
    hair = f"{said['the']}'s hair"
    said = {**said, "the": hair, "thing": "hair", "he": "it"}
    yield asker.made("colour", "colour", said, right, f"{hair} is {right}")
    wrong = asker.rng.choice(
        [c for c in ("blond", "black", "red", "white") if c not in near_colours({right})] or ["green"]
    )
    if right != "dark":
        yield asker.choice("colour", "colour_choice", right, wrong, said, "", f"{hair} is {right}")
