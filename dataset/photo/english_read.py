"""Captions into phrases and deeds: a reader for simple sentences, with word lists alone.

    "A black dog is running through the snow ." ->
    phrases  (dog, black), (snow)
    deeds    run, by the first phrase, "through the snow"

What it cannot read it leaves out. It knows nothing of passives, and no pronoun but as a subject.
"""

import re
from dataclasses import dataclass, field
from functools import cache

from dataset.photo.english_words import (
    ADJECTIVES,
    COLOURS,
    DETERMINERS,
    DOUBLED,
    IRREGULAR_ING,
    MASS,
    NOUN_LINES,
    NUMBERS,
    PREPOSITIONS,
    SHADES,
    VERBS,
)

CLASS: dict[str, str] = {}  # noun -> its class
PARENT: dict[str, str] = {}  # noun -> what it is a kind of
PLURAL: dict[str, str] = {}
NOUNS: dict[str, tuple[str, bool]] = {}  # a word of captions -> (noun, whether plural)


def plural_of(noun: str) -> str:
    """The plural: one that the word list gives, or by rule."""
    if noun in PLURAL:
        return PLURAL[noun]
    if re.search(r"(s|x|z|ch|sh)$", noun):
        return noun + "es"
    return noun[:-1] + "ies" if re.search(r"[^aeiou]y$", noun) else noun + "s"


def _read_nouns() -> None:
    for kind, line in NOUN_LINES.items():
        for entry in line.split():
            forms, _, parent = entry.partition(">")
            noun, _, plural = forms.replace("_", " ").partition("/")
            CLASS.setdefault(noun, kind.removesuffix("_pair"))
            if parent and noun not in PARENT:
                PARENT[noun] = parent.replace("_", " ")
            if plural:
                PLURAL[noun] = plural
            always_plural = kind == "wear_pair"
            NOUNS.setdefault(noun, (noun, always_plural))
            if noun not in MASS:
                NOUNS.setdefault(plural_of(noun), (noun, plural != noun or always_plural))


_read_nouns()
LONGEST = max(noun.count(" ") for noun in NOUNS) + 1


@cache
def kinds(noun: str) -> tuple[str, ...]:
    """A noun and all that it is a kind of: retriever, dog, animal."""
    found = [noun]
    while found[-1] in PARENT:
        found.append(PARENT[found[-1]])
    root = CLASS.get(noun, "other")
    return (*found, root) if root not in found else tuple(found)


@cache
def ing(verb: str) -> str:
    if verb in IRREGULAR_ING:
        return IRREGULAR_ING[verb]
    if verb in DOUBLED:
        return verb + verb[-1] + "ing"
    return (verb[:-1] if re.search(r"[^eo]e$", verb) else verb) + "ing"


DOING = {ing(verb): verb for verb in VERBS} | {"laying": "lie"}
DOES = {plural_of(verb): verb for verb in VERBS} | {"has": "have", "goes": "go", "does": "do", "skis": "ski"}
BASE = {verb: verb for verb in VERBS}
AUXILIARY = frozenset("is are was were be being been appears seems".split())
ADVERBS = frozenset(
    "happily quickly slowly also both all currently playfully together outside outdoors inside alone just "
    "still there "
    "who that which closely carefully up down".split()
)
PREPOSITION = re.compile(rf"(?:{PREPOSITIONS})\b")
WANTING = (["no"], ["without"])  # before what is not there
ENDS = frozenset(". ; : ( ) while whilst as who that which when where because before is are was but".split())
ENDS |= {"wearing", "dressed", '"'}


@dataclass(eq=False)
class Phrase:
    """A noun with what stands before it; tokens[start:end] of its caption."""

    start: int
    end: int
    noun: str
    plural: bool
    number: int | None
    determiner: str
    colours: tuple[str, ...]
    adjectives: tuple[str, ...]
    words: tuple[str, ...]  # without determiner

    @property
    def kind(self) -> str:
        return CLASS[self.noun]

    @property
    def alive(self) -> bool:
        return self.kind in ("person", "animal", "group")


@dataclass(eq=False)
class Deed:
    """What somebody does: tokens[start] is the verb, tokens[start + 1:end] the rest."""

    who: tuple[Phrase, ...]
    verb: str
    start: int
    end: int


@dataclass(eq=False)
class Caption:
    text: str
    tokens: list[str]
    phrases: list[Phrase] = field(default_factory=list)
    deeds: list[Deed] = field(default_factory=list)

    def rest(self, deed: Deed) -> list[str]:
        return self.tokens[deed.start + 1 : deed.end]

    def preposition_before(self, phrase: Phrase) -> str:
        """ "in front of" for the tree in "in front of a tree"; else ""."""
        for length in (4, 3, 2, 1):
            words = " ".join(self.tokens[max(0, phrase.start - length) : phrase.start])
            if words.count(" ") == length - 1 and PREPOSITION.fullmatch(words):
                return words
        return ""


def tokenise(text: str) -> list[str]:
    return re.findall(
        r"[a-z0-9]+(?:[-'.][a-z0-9]+)*|[.,;:()\"&]",
        text.lower().replace(" 's", "'s").replace("&", "and").replace("off road", "offroad"),
    )


def noun_at(tokens: list[str], i: int) -> tuple[str, bool, int] | None:
    """The longest noun that starts at i: noun, whether plural, number of tokens."""
    for length in range(min(LONGEST, len(tokens) - i), 0, -1):
        if known := NOUNS.get(" ".join(tokens[i : i + length])):
            return (*known, length)
    return None


def is_verb(word: str) -> bool:
    return word in DOING or word in DOES or word in BASE


def _modifiers(tokens: list[str], i: int, bare: bool) -> tuple[int, list[str], list[str]]:
    """From i on: where the modifiers end, the colours, the adjectives. `bare`: no article before them."""
    colours: list[str] = []
    adjectives: list[str] = []
    while i < len(tokens):
        word, after = tokens[i], tokens[i + 1] if i + 1 < len(tokens) else ""
        if word in COLOURS and not noun_at(tokens, i):
            colours.append(COLOURS[word])
        elif word in COLOURS or (word in SHADES and after in COLOURS):
            colours += [COLOURS[word]] if word in COLOURS else []
        elif colours and word in ("and", ",", "or") and after in COLOURS | dict.fromkeys(SHADES):
            pass
        elif (
            colours and word == "," and after == "and" and tokens[i + 2 : i + 3] and tokens[i + 2] in COLOURS
        ):
            i += 1
        elif after in ("covered", "filled", "capped") and word in MASS:  # "snow covered mountain"
            adjectives.append(word + "-" + after)
            i += 1
        elif bare and word in DOING:
            break
        elif word in ADJECTIVES and not (noun_at(tokens, i) and noun_at(tokens, i)[2] > 1):
            adjectives.append(word)
        elif word == "," and adjectives and (after in ADJECTIVES or after in COLOURS):
            pass
        elif (
            not bare
            and (word.endswith("ed") or word.endswith("y") or word in DOING)
            and not noun_at(tokens, i)
        ):
            adjectives.append(word)
        elif not bare and word not in BASE and word.isalpha() and _stranger(tokens, i):
            adjectives.append(word)
        else:
            break
        i += 1
    return i, colours, adjectives


def _stranger(tokens: list[str], i: int) -> bool:
    """An unknown word right before a noun or a colour: taken for an adjective."""
    word = tokens[i]
    known = noun_at(tokens, i) or is_verb(word) or word in DETERMINERS or word in AUXILIARY or word in NUMBERS
    if known or PREPOSITION.fullmatch(word) or word in ("and", "or", "who", "that", "while", "as", "whilst"):
        return False
    return i + 1 < len(tokens) and (noun_at(tokens, i + 1) is not None or tokens[i + 1] in COLOURS)


def phrase_at(tokens: list[str], i: int) -> Phrase | None:
    start, determiner, number = i, "", None
    if tokens[i] in DETERMINERS:
        determiner, i = tokens[i], i + 1
    if i < len(tokens) and tokens[i] in NUMBERS:
        number, i = NUMBERS[tokens[i]], i + 1
    bare = not determiner and number is None
    first = i
    i, colours, adjectives = _modifiers(tokens, i, bare)
    found = noun_at(tokens, i) if i < len(tokens) else None
    while not found and i > first:  # "a young male": the last adjective is the noun
        i -= 1
        found = noun_at(tokens, i)
        adjectives = adjectives[:-1]
    if not found or (bare and i == first and not _noun_here(tokens, i, found[2])):
        return None
    noun, plural, length = found
    end = i + length
    while end < len(tokens) and (more := noun_at(tokens, end)) and _compound(tokens, noun, end):
        adjectives.append(noun)
        noun, plural, end = more[0], more[1], end + more[2]
    if number and number > 1:
        plural = True
    words = tuple(tokens[first:end])
    return Phrase(start, end, noun, plural, number, determiner, tuple(colours), tuple(adjectives), words)


def _noun_here(tokens: list[str], i: int, length: int) -> bool:
    """Whether a word without an article is a noun though it might be a verb: "in swings", "rocks"."""
    if length > 1 or not is_verb(tokens[i]):
        return True
    before = tokens[i - 1] if i else ""
    return bool(PREPOSITION.fullmatch(before)) and before != "to"


def _compound(tokens: list[str], noun: str, end: int) -> bool:
    """Whether the noun at `end` goes on the one before: "brick wall", but not "the dog jumps"."""
    if CLASS[noun] in ("person", "animal") and is_verb(tokens[end]):
        return False
    return not (tokens[end] in DOES and tokens[end] not in ("boots", "shoes", "lights", "waves", "rocks"))


def read(text: str) -> Caption:
    """All phrases and deeds of a caption."""
    caption = Caption(text, tokenise(text))
    tokens, i = caption.tokens, 0
    while i < len(tokens):
        phrase = phrase_at(tokens, i)
        if phrase:
            caption.phrases.append(phrase)
            i = phrase.end
        else:
            i += 1
    inside = {k for phrase in caption.phrases for k in range(phrase.start, phrase.end)}
    ends = {phrase.end: phrase for phrase in caption.phrases}
    for k, word in enumerate(tokens):
        if k not in inside and (deed := _deed_at(caption, k, word, ends)):
            if caption.deeds and caption.deeds[-1].end > k and word in DOING and k in ends:
                caption.deeds[-1].end = k  # "holding a ball running": two deeds
            caption.deeds.append(deed)
    caption.phrases = [p for p in caption.phrases if tokens[p.start - 1 : p.start] not in WANTING]
    return caption


def _deed_at(caption: Caption, k: int, word: str, ends: dict[int, Phrase]) -> Deed | None:
    tokens, j = caption.tokens, k
    verb = DOING.get(word) or DOES.get(word) or BASE.get(word)
    if not verb:
        return None
    while j > 0 and (tokens[j - 1] in AUXILIARY or tokens[j - 1] in ADVERBS) and j not in ends:
        j -= 1
    who = _subject(caption, j, ends)
    if not who or (word not in DOING and word in BASE and not (len(who) > 1 or who[0].plural)):
        return None
    if tokens[k - 1] == "to" or (word in DOES and (len(who) > 1 or who[0].plural)):
        return None
    return Deed(who, verb, k, _end_of_deed(caption, k + 1))


def _subject(caption: Caption, j: int, ends: dict[int, Phrase]) -> tuple[Phrase, ...]:
    """Who does what stands at j: the phrase just before, or the one the caption is about."""
    phrase, before = ends.get(j), caption.tokens[j - 1] if j else ""
    if phrase and phrase.alive:
        return _joined(caption, phrase)
    if not phrase and before in ("and", ",", "then") and caption.deeds:
        return caption.deeds[-1].who
    if phrase or before in ("he", "she", "they", "it", ",", "while", "whilst", "and"):
        first = next((p for p in caption.phrases if p.alive), None)
        alive = [p for p in caption.phrases if p.alive and p.end <= j]
        if first and first.end <= j and (len(alive) == 1 or alive == list(_together(caption, alive))):
            return _together(caption, alive)
    return ()


def _joined(caption: Caption, last: Phrase) -> tuple[Phrase, ...]:
    """ "a man and a woman": both, where the second is given."""
    k = caption.phrases.index(last)
    if k and last.start and caption.tokens[last.start - 1] == "and":
        one = caption.phrases[k - 1]
        if one.alive and one.end == last.start - 1:
            return (*_joined(caption, one), last)
    return (last,)


def _together(caption: Caption, alive: list[Phrase]) -> tuple[Phrase, ...]:
    return _joined(caption, alive[-1]) if alive else ()


def _end_of_deed(caption: Caption, k: int) -> int:
    tokens = caption.tokens
    start = k
    while k < len(tokens):
        word, after = tokens[k], tokens[k + 1] if k + 1 < len(tokens) else ""
        if word in ENDS or (
            word == "with" and tokens[start - 1] not in ("playing", "plays", "play") and k > start
        ):
            break
        if word in ("and", ",") and _new_clause(caption, k, after):
            break
        k += 1
    return k


def _new_clause(caption: Caption, k: int, after: str) -> bool:
    """Whether a comma or an "and" begins something new: a verb, somebody, or "with ..."."""
    if caption.tokens[k] == "," or after == "is":
        return True
    phrase = next((p for p in caption.phrases if p.start == k + 1), None)
    return (
        phrase.alive
        if phrase
        else (is_verb(after) or after in ADVERBS or after in AUXILIARY or after == "one")
    )
