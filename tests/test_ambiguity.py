"""What is asked has one meaning: no wording stands for two questions whose answers differ."""

import random
from collections import defaultdict

import pytest

from dataset.storybook.people.family import FAMILIES
from dataset.storybook.people.kept import texts_of
from dataset.storybook.people.references import THING
from dataset.storybook.people.tongue import Tongue
from dataset.storybook.people.unknown import REPLY, TALK, TOO_EARLY
from tests.test_people import ENGLISH, EVERY_TONGUE, MORE_SCENES, all_questions

SETTLED = (  # by what stands in their slots, or by how many things there are
    "choose_colour choose_size choose_place",
    "choose_setting choose_time choose_weather",
    "superlative furthest",
    "check_setting place",
    "all_colour both_colour",
    "colour colours_of",
    "doing unknowable",  # not told, either
)


@EVERY_TONGUE
def test_no_first_question_is_worded_as_another(tongue: Tongue) -> None:
    """Follow-ups aside: what they lean on tells them apart. Topics that share a reply are one."""
    begin = {q.section for name in FAMILIES for _, q in all_questions(name, tongue, MORE_SCENES)}
    begin -= {TALK + TOO_EARLY[tongue.code]}
    assert len(begin) > 130
    meanings: dict[str, set[str]] = defaultdict(set)
    for name in begin:
        for line in tongue.grammar.sections[name]:
            for text in texts_of(line, tongue.grammar):
                meanings[text].add(meaning(name, tongue))
    settled = [set(names.split()) for names in SETTLED]
    doubtful = {
        text: names
        for text, names in meanings.items()
        if len(names) > 1 and not any(names <= some for some in settled)
    }
    assert not doubtful, doubtful


def meaning(section: str, tongue: Tongue) -> str:
    """A section, or of small talk its reply."""
    if not section.startswith(TALK):
        return section
    return tongue.grammar.say(REPLY + section.removeprefix(TALK), None)


def test_of_what_is_not_there_nothing_is_asked_that_its_name_tells() -> None:
    """ "What colour is the red cat?" """
    asked = {"colour": "colour", "colour_and_place": "colour", "size": "size"}
    some = [question for _, question in all_questions("missing", ENGLISH, MORE_SCENES)]
    told = [q for q in some if q.section in asked and getattr(q.slots["it"], asked[q.section])]
    assert not told and {q.section for q in some} > set(asked)


def test_the_name_of_a_thing_is_unknown_only_where_its_kind_is_told() -> None:
    """ "What is the big thing called?" asks for its kind, which can be seen."""
    some = [q for _, q in all_questions("unknowable", ENGLISH, MORE_SCENES) if q.section == "unknowable"]
    assert len(some) > 300 and all(q.slots["it"].concept != THING for q in some)


@pytest.mark.parametrize("side", ["left", "right", "above", "below"])
def test_what_stands_beside_is_not_asked_as_what_lies_further(side: str) -> None:
    """The answer names what is level with it; "higher than" would mean all that is higher, anywhere."""
    rng = random.Random(0)
    beside, toward = (
        {ENGLISH.grammar.say(f"{key} {side}", rng) for _ in range(400)} for key in ("beside", "toward")
    )
    assert not [said for said in beside if said.endswith("than")] and beside < toward
