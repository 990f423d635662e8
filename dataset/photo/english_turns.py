"""Questions that a photo cannot answer, and short ones that lean on a turn before."""

import re
from collections.abc import Iterable

from dataset.photo.english_absent import LINE
from dataset.photo.english_ask import Asker
from dataset.photo.english_colours import said_colours
from dataset.photo.english_counts import number_of
from dataset.photo.english_facts import Thing, basic
from dataset.photo.english_people import somebody
from dataset.photo.english_read import plural_of
from dataset.photo.english_talk import sentence, spoken
from dataset.photo.english_things import listed, most_told, slots
from dataset.photo.english_wordings_turns import UNKNOWN
from dataset.photo.made import Made

SURE = 0.08  # seldom: the answer is always yes
WHERE = ("in", "on", "at", "near", "under", "behind", "next", "by", "beside", "inside", "between")


def unanswerable(asker: Asker) -> Iterable[Made]:
    """What no photo shows."""
    rng, facts = asker.rng, asker.facts
    yield Made("unanswerable", asker.ask("unknowable"), rng.choice(UNKNOWN))
    alive = [thing for thing in facts.things if thing.alive and not thing.plural]
    if alive:
        thing = rng.choice(alive)
        wording = "unknowable_person" if thing.human else "unknowable_animal"
        yield Made("unanswerable", asker.ask(wording, slots(thing, facts)), rng.choice(UNKNOWN))


def follow_ups(asker: Asker, made: list[Made]) -> Iterable[Made]:
    facts, rng = asker.facts, asker.rng
    alive = [thing for thing in facts.things if thing.alive and thing.name in LINE]
    for thing in alive[:2]:
        for question, answer in _leaning(asker, thing, made):
            yield Made("follow_up", question, answer, (_introduced(asker, thing),))
    if len(alive) > 1:
        yield from _and_the_other(asker, alive, made)
    yield from _other_one(asker)
    yield from _what_else(asker)
    yield from _doubted(asker, made)
    actions = [m for m in made if m.family == "action" and m.answer.split()[0].endswith("ing")]
    if actions:
        turn = rng.choice(actions)
        yield Made("follow_up", asker.ask("why"), rng.choice(UNKNOWN), ((turn.question, turn.answer),))
    seasons = [m for m in made if m.answer == "Winter."]
    if seasons and "snow" in facts.words:
        turn = rng.choice(seasons)
        yield Made("follow_up", asker.ask("how_know"), "There is snow.", ((turn.question, turn.answer),))


def _other_one(asker: Asker) -> Iterable[Made]:
    """Of two dogs, told apart by colour in one caption: the one, then the other."""
    facts = asker.facts
    for noun in ("dog", "horse", "bird", "cat", "car"):
        for caption in facts.captions if number_of(noun, facts) == 2 else []:
            two = [p for p in caption.phrases if basic(p.noun) == noun]
            if len(two) == 2 and two[0].colours and two[1].colours and two[0].colours != two[1].colours:
                said = {"many": plural_of(noun), "thing": noun}
                first = (asker.ask("one_of_two", said), sentence(listed(two[0].colours)))
                yield Made("follow_up", asker.ask("other_one"), sentence(listed(two[1].colours)), (first,))
                return


def _what_else(asker: Asker) -> Iterable[Made]:
    """After what most captions name: what else is there."""
    seen = [slots(thing, asker.facts)["a"] for thing in most_told(asker.facts)]
    if len(seen) > 1:
        first = asker.ask("what_first"), sentence(seen[0])
        yield Made("follow_up", asker.ask("what_else"), sentence(listed(seen[1:3])), (first,))


def _introduced(asker: Asker, thing: Thing) -> tuple[str, str]:
    """A turn in which the thing comes up."""
    rng, said = asker.rng, slots(thing, asker.facts)
    first = "are" if thing.plural else "is"
    chance = rng.random()
    if chance < 0.5:
        return spoken(f"[{first}] <there> {'any ' if thing.plural else ''}{said['a']}", rng), "Yes."
    if chance < 0.8 and somebody(asker.facts) is thing:
        return asker.ask("who"), sentence(said["a"])
    telling = [c for c, _ in thing.mentions]
    return asker.ask("caption"), sentence(rng.choice(telling).text)


def _leaning(asker: Asker, thing: Thing, made: list[Made]) -> Iterable[tuple[str, str]]:
    facts, said = asker.facts, slots(thing, asker.facts)
    if colours := said_colours(thing, facts):
        yield asker.ask("it_colour", said), sentence(listed(colours))
    for family, wording in (("action", "it_doing"), ("position", "it_where")):
        if answer := _answer(family, said["thing"], made):
            yield asker.ask(wording, said), answer
    people = sum(t.human for t in facts.things)
    if somebody(facts) is thing and sum(t.alive for t in facts.things) == 1:
        yield asker.ask("alone", said), asker.answer("Yes", "Yes, I see nobody else")
        yield asker.ask("company", said), asker.answer("No", "No, I see nobody else")
    elif people > 1 and thing.human and not thing.plural:
        other = next(t for t in facts.things if t.human and t is not thing)
        there = f"there {'are' if other.plural else 'is'} {slots(other, facts)['a']}"
        yield asker.ask("alone", said), asker.answer("No", f"No, {there}")
        yield asker.ask("company", said), asker.answer("Yes", f"Yes, {there}")


def _answer(family: str, thing: str, made: list[Made]) -> str:
    """What a question about the thing was answered with, if by a deed or a place."""
    named = re.compile(rf"\b{re.escape(thing)}\b", re.I)
    for m in made:
        first = m.answer.split()[0].lower().rstrip(".,")
        tells = first.endswith("ing") if family == "action" else first in WHERE
        if m.family == family and tells and named.search(m.question) and " or " not in m.question:
            return m.answer
    return ""


def _and_the_other(asker: Asker, alive: list[Thing], made: list[Made]) -> Iterable[Made]:
    """ "what is the man doing?" "and the dog?"."""
    one, other = alive[0], alive[1]
    for family, wording in (("action", "action"), ("position", "where")):
        said = slots(one, asker.facts), slots(other, asker.facts)
        answers = [_answer(family, s["thing"], made) for s in said]
        if all(answers):
            yield Made(
                "follow_up",
                asker.ask("and_the", said[1]),
                answers[1],
                ((asker.ask(wording, said[0]), answers[0]),),
            )


def _doubted(asker: Asker, made: list[Made]) -> Iterable[Made]:
    """ "are you sure?": the same again, a yes as often as a no."""
    rng = asker.rng
    told = [m for m in made if m.family in ("existence", "attribute_check", "action", "position", "person")]
    for answers in (("Yes.", "True."), ("No.", "False.")):
        turns = [m for m in told if m.answer in answers]
        if turns and rng.random() < SURE:
            turn = rng.choice(turns)
            yield Made(
                "follow_up",
                asker.ask("sure"),
                asker.answer("Yes", "Yes, I am sure"),
                ((turn.question, turn.answer),),
            )
