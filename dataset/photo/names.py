"""Photographs of one named thing each -> what it is called, in people's words, English and Chinese."""

import random
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from dataset.errors import DataError
from dataset.photo.chinese_names import chinese_questions
from dataset.photo.english_facts import a
from dataset.photo.english_talk import spoken as typed
from dataset.photo.english_wordings import WORDINGS
from dataset.photo.made import YES, Made
from dataset.photo.tables import rows_of

ASKED = (
    "What is this?",
    "what is this",
    "What's this?",
    "what is it?",
    "What is in the picture?",
    "what do you see in this photo",
    "Name this.",
    "what is the thing in the photo called?",
    "What does the photo show?",
    "what am i looking at",
    "Can you tell me what this is?",
    "identify the object",
)
CHECKED = (
    "Is this {a}?",
    "is it {a}",
    "Is there {a} in the photo?",
    "This is {a}, right?",
    "do you see {a}?",
)
EITHER = ("Is this {a} or {b}?", "is it {a} or {b}", "Which is it, {a} or {b}?")
LEFT_OUT = {"Faces", "Faces_easy", "BACKGROUND_Google"}  # names of no thing
DESCRIBED = 0.25  # of them have a caption; when all had, CIDEr on Flickr8k fell from 45 to 39
SAID = {  # folders' names -> what one says of one thing
    "Leopards": "leopard",
    "Motorbikes": "motorbike",
    "airplanes": "airplane",
    "car side": "car",
    "cougar body": "cougar",
    "cougar face": "cougar",
    "crocodile head": "crocodile",
    "flamingo head": "flamingo",
    "roses": "rose",
    "sunflowers": "sunflower",
    "tulips": "tulip",
    "water lilly": "water lily",
}


def name_questions(table: Path, rng: random.Random) -> Iterator[tuple[str, list[Made]]]:
    """Of each photograph of a table image,name: its name, a yes, a no or a choice; of some a caption, too.

    In Chinese, too, where both names are known in it.
    """
    rows = [(row["image"], row["name"]) for row in rows_of(table, ("image", "name"))]
    rows = [(image, spoken(name)) for image, name in rows if name not in LEFT_OUT]
    folder = "images" if (table.parent / "images").is_dir() else "."
    known = Counter(name for _, name in rows)
    for image, name in rows:
        others = [one for one in known if not akin(one, name)]
        if not others:
            raise DataError(f"{table}: everything in it is called {name}; name things of at least two kinds")
        other = rng.choices(others, [known[one] for one in others])[0]  # as often as it is there
        called = Made("name", rng.choice(ASKED), f"{capital(with_article(name))}.")
        made = [called, check(name, other, rng)]
        if rng.random() < DESCRIBED:
            made.append(described(name, rng))
        yield f"{folder}/{image}", made + chinese_questions(name, other, rng)


def described(name: str, rng: random.Random) -> Made:
    """A caption: without these, every description of a thing on its own tells of people and dogs."""
    asked = typed(rng.choice(WORDINGS["caption"]), rng)
    return Made("caption", asked, f"A photo of {with_article(name)}.")


def check(name: str, other: str, rng: random.Random) -> Made:
    right, wrong = with_article(name), with_article(other)
    if rng.random() < 1 / 3:
        pair = [right, wrong] if rng.random() < 0.5 else [wrong, right]
        return Made("name", rng.choice(EITHER).format(a=pair[0], b=pair[1]), f"{capital(right)}.")
    if rng.random() < YES:
        return Made("existence", rng.choice(CHECKED).format(a=right), "Yes.")
    return Made("existence", rng.choice(CHECKED).format(a=wrong), rng.choice(("No.", f"No, it is {right}.")))


def spoken(name: str) -> str:
    """ "water_lilly", "Motorbikes" -> as one would say it of one thing."""
    text = re.sub(r" \(.*\)", "", name.replace("_", " ").replace("-", " ")).strip()
    return SAID.get(text, text)


def akin(one: str, other: str) -> bool:
    """Do two names share a word?"""
    return bool(set(one.lower().split()) & set(other.lower().split()))


def with_article(name: str) -> str:
    if name[-1:] == "s" and name[-2:] not in ("ss", "us", "is"):
        return name
    return a(name)


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]
