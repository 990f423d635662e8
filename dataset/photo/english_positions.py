"""Questions about where things are, and what is behind, under or next to them."""

from collections.abc import Iterable
from itertools import pairwise

from dataset.photo.english_absent import rows
from dataset.photo.english_ask import Asker
from dataset.photo.english_balance import Balance, Case, about, said_of
from dataset.photo.english_facts import Facts, Thing, named
from dataset.photo.english_read import Caption, Phrase
from dataset.photo.english_things import slots
from dataset.photo.made import Made

# a place to ask "is it there?" about | words which leave it open
SETTINGS = """
in the water | water ocean sea lake river pool stream pond wave beach creek boat puddle wet splash swim surf
+ rain fountain
on the grass | grass lawn field yard park meadow grassy garden hill outside ground
in the grass | grass lawn field yard park meadow grassy garden hill outside ground
in the snow | snow snowy ice winter ski slope white
on the beach | beach sand shore ocean sea sandy coast water wave lake
in the sand | beach sand shore ocean sea sandy coast desert dune dirt
on the street | street road sidewalk city pavement crosswalk path traffic car walkway driveway outside
+ building
on the sidewalk | street road sidewalk city pavement crosswalk path traffic car walkway driveway outside
+ building
on the road | street road sidewalk city pavement crosswalk path traffic car walkway driveway outside dirt
+ track
on the couch | couch sofa chair room indoors inside bed seat bench cushion
in the pool | pool water swim tub splash
on the bench | bench seat sit park sitting sits
on the bed | bed blanket room indoors inside sleep couch lie
in the boat | boat water canoe kayak raft lake ocean river sea ship
on the mountain | mountain hill cliff rock slope peak snow climb hike trail rocky
in the forest | forest woods tree trees wooded trail path park jungle leaves log
in the woods | forest woods tree trees wooded trail path park jungle leaves log
in the field | field grass park yard meadow grassy lawn outside
in the park | park playground grass field yard garden lawn bench tree path outside city
on the rock | rock rocks cliff rocky mountain boulder stone climb
on the stairs | stairs step steps building ramp
on the swing | swing swings playground park rope
on the ramp | ramp skate bike trick halfpipe bmx
on the track | track race racing car course dirt run
on the hill | hill mountain slope grass snow cliff dune field
in the mud | mud muddy dirt dirty puddle wet
on the floor | floor indoors inside room carpet rug gym kitchen
in the chair | chair sit seat sitting sits room inside indoors
in the car | car vehicle truck drive road street
"""
OPEN_AT = {place.strip(): set(words.split()) for place, words in (line.split("|") for line in rows(SETTINGS))}
RELATIONS = ("behind", "under", "next to", "in front of", "on top of", "beside", "near", "above", "in", "on")


def common_place(said: str) -> str:
    """ "in the water" for "in the shallow water"; "" where it is none of the common places."""
    words = said.split()
    place = f"{words[0]} the {words[-1]}"
    return place if place in OPEN_AT else ""


def place_case(facts: Facts, thing: Thing) -> Case:
    there = dict.fromkeys(place for said in facts.where(thing) if (place := common_place(said)))
    away = tuple(place for place, words in OPEN_AT.items() if not words & facts.words)
    return about(thing.name, Case(tuple(there), away))


def movable(thing: Thing) -> bool:
    return thing.mentions[0][1].kind not in ("place", "wear")


class Positions:
    def __init__(self, photos: list[Facts]) -> None:
        self.balance = Balance(place_case(f, t) for f in photos for t in f.things if movable(t))

    def questions(self, asker: Asker) -> Iterable[Made]:
        facts, rng = asker.facts, asker.rng
        for thing in facts.things:
            places = facts.where(thing)
            if not places or not movable(thing):
                continue
            said, place = slots(thing, facts), rng.choice(places)
            yield asker.made("position", "where", said, place, f"{said['the']} {said['is']} {place}")
            case, right = place_case(facts, thing), ""
            for value, truth in self.balance.ask(case, rng):
                where = said_of(value)
                right = where if truth else right
                statement, here = f"{said['the']} {said['is']} {where}", f"{said['the']} {said['is']} {right}"
                yield asker.yes_no("position", "is_at", {**said, "x": where}, statement, truth, here)
            for wrong in map(said_of, self.balance.denied(case, 1, rng) if case.true else []):
                right = said_of(case.true[0])
                here = f"{said['the']} {said['is']} {right}"
                yield asker.choice("position", "where_choice", right, wrong, said, "", here)
        yield from _sides(asker)
        for relation in RELATIONS:
            yield from _beside(asker, relation)


def _sides(asker: Asker) -> Iterable[Made]:
    """ "who is on the left": only where captions say so, all the same."""
    for side in ("left", "right"):
        found = []
        for caption in asker.facts.captions:
            for phrase in caption.phrases:
                after = caption.tokens[phrase.end : phrase.end + 4]
                if phrase.alive and after[:3] == ["on", "the", side] and "hand" not in after:
                    found.append(named(phrase, colours=phrase.kind == "animal"))
        if len(set(found)) == 1:
            yield asker.made("position", "who_side", {"x": side}, found[0])


def _beside(asker: Asker, relation: str) -> Iterable[Made]:
    """ "what is behind the fence": where a caption says it right after what it is."""
    found: list[tuple[Phrase, Phrase]] = []
    for caption in asker.facts.captions:
        for one, other in pairwise(caption.phrases):
            if caption.preposition_before(other) == relation and _stands(caption, one, other, relation):
                found.append((one, other))
    if found:
        one, other = asker.rng.choice(found)
        same = {p.noun for p, o in found if o.noun == other.noun}
        where = f"{relation} the {' '.join(other.words[-1 - other.noun.count(' ') :])}"
        if len(same) == 1:
            yield asker.made("position", "what_at", {"x": where, "is": "is"}, named(one))


def _stands(caption: Caption, one: Phrase, other: Phrase, relation: str) -> bool:
    """Whether "one ... relation other" says where the first is: nothing but a verb like "sits" between."""
    between = caption.tokens[one.end : other.start - len(relation.split())]
    still = {
        "is",
        "are",
        "sitting",
        "sits",
        "sit",
        "standing",
        "stands",
        "stand",
        "lying",
        "lies",
        "laying",
        "parked",
    }
    loose = {"in", "on"} & {relation}
    if one.kind in ("other", "part", "group", "wear") or other.kind in (
        "other",
        "part",
        "group",
        "wear",
        "person",
    ):
        return False
    if loose and (not one.alive or other.kind not in ("place", "furniture", "vehicle")):
        return False
    return set(between) <= still and one.kind != "place"
