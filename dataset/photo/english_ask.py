"""A question asked: a wording with its slots filled, and the answer in a short or a fuller form."""

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass

from dataset.photo.english_facts import Facts
from dataset.photo.english_talk import sentence, spoken
from dataset.photo.english_wordings import WORDINGS
from dataset.photo.made import Made

OF_MANY = {"does": "do", "has": "have", "wears": "wear"}  # wordings are of one
OF_ONE = re.compile(rf"\b({'|'.join(OF_MANY)})\b")
FULLER = 0.2  # of the answers are whole sentences


@dataclass(frozen=True)
class Asker:
    """A photo's facts and the die: what each family makes its questions from."""

    facts: Facts
    rng: random.Random

    def ask(self, wording: str, slots: Mapping[str, str] | None = None) -> str:
        slots = slots or {}
        worded = self.rng.choice(WORDINGS[wording])
        if slots.get("is") == "are":
            worded = OF_ONE.sub(lambda verb: OF_MANY[verb[0]], worded)
        return spoken(worded.format(**slots), self.rng)

    def answer(self, short: str, fuller: str = "") -> str:
        return sentence(fuller if fuller and self.rng.random() < FULLER else short)

    def made(self, family: str, wording: str, slots: Mapping[str, str], short: str, fuller: str = "") -> Made:
        return Made(family, self.ask(wording, slots), self.answer(short, fuller))

    def yes_no(
        self,
        family: str,
        wording: str,
        slots: Mapping[str, str],
        statement: str,
        truth: bool,
        why_not: str = "",
    ) -> Made:
        """A yes/no question, now and then as a statement to confirm. `why_not` is what is true instead."""
        chance = self.rng.random()
        if chance < 0.06:
            answer = "True" if truth else "False"
            return Made(family, self.ask("true_false", {"s": statement}), sentence(answer))
        question = self.ask("tag", {"s": statement}) if chance < 0.2 else self.ask(wording, slots)
        yes, no = f"Yes, {statement}", f"No, {why_not}" if why_not else "No"
        return Made(family, question, self.answer("Yes", yes) if truth else self.answer("No", no))

    def choice(
        self,
        family: str,
        wording: str,
        right: str,
        wrong: str,
        slots: Mapping[str, str],
        short: str = "",
        fuller: str = "",
    ) -> Made:
        one, other = (right, wrong) if self.rng.random() < 0.5 else (wrong, right)
        slots = {**slots, "one": one, "other": other, "bone": bare(one), "bother": bare(other)}
        return self.made(family, wording, slots, short or right, fuller)


def bare(phrase: str) -> str:
    return phrase.removeprefix("a ").removeprefix("an ")
