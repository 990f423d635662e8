"""How people type: openers and closers around a question, spelling, missing marks, slips.

A wording may hold [be] <subject>, as in "what [is] <the dog> doing": asked directly it is "what is the dog
doing?", inside another sentence "can you tell me what the dog is doing?". In a yes/no wording, which begins
with the bracket, the embedded form is "if ...": "[is] <there> a dog" -> "can you tell me if there is a dog?".
Where the question word is the subject, nothing changes places: "what <is happening>".
"""

import random
import re

INVERTED = re.compile(r"\[([^\]]+)\] <([^>]+)>")
STRAIGHT = re.compile(r"<([^>]+)>")

PLAIN = (
    "{q}",
    "{q}, please",
    "please: {q}",
    "hi, {q}",
    "hello! {q}",
    "ok, {q}",
    "so {q}",
    "and {q}",
    "in this photo, {q}",
    "in the picture, {q}",
    "look at the photo. {q}",
    "quick question: {q}",
    "hey, {q}",
    "{q} just curious.",
    "{q} thanks.",
    "{q} i can't see it well.",
    "i can't see the picture. {q}",
    "one more question: {q}",
    "excuse me, {q}",
    "um, {q}",
)
EMBEDDED = (
    "can you tell me {e}?",
    "could you tell me {e}?",
    "could you please tell me {e}?",
    "please tell me {e}.",
    "tell me {e}.",
    "do you know {e}?",
    "i'd like to know {e}.",
    "i want to know {e}.",
    "i am blind, can you tell me {e}?",
    "i can't see the photo, could you tell me {e}?",
    "would you say {e}?",
    "can you see {e}?",
    "any idea {e}?",
    "i wonder {e}.",
    "would you mind telling me {e}?",
    "mummy, do you know {e}?",
    "please say {e}.",
    "help me: i need to know {e}.",
)
ACRONYM = re.compile(r"\b(atv|bmx|tv|suv)\b")
AMERICAN = (("colour", "color"), ("grey", "gray"), ("pyjamas", "pajamas"), ("moustache", "mustache"))
CHAT = (
    (r"\bwhat is\b", "whats"),
    (r"\bwhat is\b", "what's"),
    (r"\bwho is\b", "who's"),
    (r"\bwhere is\b", "where's"),
    (r"\bwhere is\b", "wheres"),
    (r"\byou\b", "u"),
    (r"\bare\b", "r"),
    (r"\bpicture\b", "pic"),
    (r"\bphoto\b", "pic"),
    (r"\bplease\b", "pls"),
    (r"\bhe is\b", "he's"),
    (r"\bshe is\b", "she's"),
    (r"\bis not\b", "isn't"),
)
IMPERATIVE = re.compile(
    r"^(please |pls )?(name|tell|describe|say|give|count|caption|list|guess|explain|summari[sz]e|write|look"
    r"|help|i |complete|identify|state|show)\b"
)


def lines(text: str) -> tuple[str, ...]:
    """A table of wordings, one a line."""
    return tuple(line.strip() for line in text.strip().splitlines())


def direct(wording: str) -> str:
    return STRAIGHT.sub(r"\1", INVERTED.sub(r"\1 \2", wording))


def embedded(wording: str) -> str:
    """The wording inside another sentence; "" where it has no such form."""
    match = INVERTED.search(wording)
    if not match:
        return STRAIGHT.sub(r"\1", wording) if STRAIGHT.search(wording) else ""
    verb, subject = match.groups()
    told = subject if verb in ("do", "does") else f"{subject} {verb}"
    before = wording[: match.start()]
    return f"{before or 'if '}{told}{wording[match.end() :]}"


def spoken(wording: str, rng: random.Random) -> str:
    """A wording as somebody may type it."""
    plain = direct(wording)
    chance = rng.random()
    inside = embedded(wording)
    if inside and chance < 0.16:
        return noisy(rng.choice(EMBEDDED).format(e=inside), rng)
    if plain[-1] not in ".?!":
        plain += "." if IMPERATIVE.match(plain) else "?"
    if chance > 0.86:
        plain = rng.choice(PLAIN).format(q=plain)
        plain = re.sub(r"([?.]), please$", r", please\1", plain)
    return noisy(plain, rng)


def noisy(text: str, rng: random.Random) -> str:
    """Spelling, capitals and marks as they come."""
    if rng.random() < 0.5:
        for british, american in AMERICAN:
            text = text.replace(british, american)
    if rng.random() < 0.15:
        pattern, short = rng.choice(CHAT)
        text = re.sub(pattern, short, text)
    elif rng.random() < 0.3:
        text = re.sub(r"\b(what|who|where) is\b", r"\1's", text)
    manner = rng.random()
    if manner < 0.55:
        text = re.sub(r"(^|[.!?] )([a-z])", lambda m: m[1] + m[2].upper(), text)
        text = re.sub(r"\bi('|\b)", r"I\1", text)
    elif manner < 0.57:
        text = text.upper()
    if rng.random() < 0.25:
        text = re.sub(r"[?.!]+$", "", text)
    if rng.random() < 0.08:
        text = text.replace("'", "")
    if rng.random() < 0.02:
        text = slip(text, rng)
    return text


def slip(text: str, rng: random.Random) -> str:
    """One typing slip: two letters swapped, one left out, or one doubled."""
    places = [i for i in range(1, len(text) - 2) if text[i : i + 2].isalpha()]
    if not places:
        return text
    i, manner = rng.choice(places), rng.random()
    if manner < 0.4:
        return text[:i] + text[i + 1] + text[i] + text[i + 2 :]
    return text[:i] + text[i + 1 :] if manner < 0.8 else text[:i] + text[i] + text[i:]


def sentence(text: str) -> str:
    """A capital first, one full stop last."""
    text = re.sub(r"\s+([.,!?;:]|'s\b)", r"\1", " ".join(text.split())).strip(" ,;:-")
    text = re.sub(r"[.\s]+$", "", text)
    text = ACRONYM.sub(lambda m: m[0].upper(), text)
    return (text[:1].upper() + text[1:] + ("" if text[-1:] in "!?" else ".")) if text else text
