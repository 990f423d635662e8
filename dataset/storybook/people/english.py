"""How English speakers name things and type questions."""

import random
import re

from dataset.photo.english_talk import IMPERATIVE, noisy, slip
from dataset.storybook.english import ENGLISH, a, listed
from dataset.storybook.language import Language
from dataset.storybook.people.grammar import Grammar
from dataset.storybook.people.references import Reference
from dataset.storybook.people.tongue import Tongue, word

POINTING = 0.08  # of the things asked about are "that cat" or "this cat"
CARELESS = 0.3  # of the texts have neither capitals nor marks,
BARE = 0.3  # and of these so many no articles
INVERTED = re.compile(r"~(\w+) ?([^~]*)~")
STATED = re.compile(r"^(i|my|tell|please|this|these|one word)\b")


def named(grammar: Grammar, reference: Reference, rng: random.Random | None) -> dict[str, str]:
    """ "the cat", "a cat", "cats" and "cat", with size, colour and place."""
    one, _, many = word(grammar, f"noun {reference.concept}", rng).partition("/")
    before = [
        word(grammar, f"{key} {value}", rng)
        for key, value in (("size", reference.size), ("colour", reference.colour))
        if value
    ]
    after = [word(grammar, f"at {reference.place}", rng)] if reference.place else []
    thing, things = (" ".join([*before, noun, *after]) for noun in (one, many or f"{one}s"))
    the = rng.choice(("this", "that")) if rng and not after and rng.random() < POINTING else "the"
    return {"thing": thing, "many": things, "the": f"{the} {thing}", "a": a(thing)}


def inside(question: str) -> str:
    """ "what colour ~is the cat~" -> "what colour the cat is"; "~is there~ a cat" -> "if there is a cat"."""
    match = INVERTED.search(question)
    verb, subject = match.groups()
    told = subject if verb in ("do", "does") else f"{subject} {verb}".strip()
    return f"{question[: match.start()] or 'if '}{told}{question[match.end() :]}"


def typed(text: str, alone: bool, rng: random.Random) -> str:
    if not alone and text[-1] not in ".?!:)":
        text += "." if "?" in text or STATED.match(text) else "?"
    elif alone and any(map(str.isalpha, text)):
        text += "." if IMPERATIVE.match(text) else rng.choice(("", "", "", "?", "!", "."))
    text = noisy(text, rng)
    return careless(text, rng) or text if rng.random() < CARELESS else text


def careless(text: str, rng: random.Random) -> str:
    """ "What's the colour of the boat?" -> "whats the colour of the boat", or "whats colour of boat"."""
    text = re.sub(r"[?.!]+$", "", text.lower().replace("'", ""))
    return re.sub(r"\b(the|an?) ", "", text) if rng.random() < BARE else text


def rewritten(text: str, what: str, by: str) -> str:
    return " ".join(re.sub(rf"\b{re.escape(what)}\b", by, text).split())


def counted(language: Language, number: int, reference: Reference, names: dict[str, str]) -> str:
    return f"{language.numbers[number] if number else 'no'} {names['thing' if number == 1 else 'many']}"


TONGUE = Tongue(
    language=ENGLISH,
    folder="english",
    speaks_of=("photo", "picture"),
    answers={
        "one_picture": "There is only one picture.",
        "sure": "Yes, I am sure.",
        "why": "Because I see it in the picture.",
        "none": "none",
        "no_scene": "This is not a picture from the storybook.",
        "all_same_size": "they are all the same size",
        "kinds": "{}",
        "unit": "",
        "nothing_else": "nothing else",
    },
    named=named,
    inside=inside,
    typed=typed,
    slip=slip,
    rewritten=rewritten,
    traditional=str,
    listed=listed,
    both=lambda one, other: f"{one}, {other}",
    counted=counted,
)
