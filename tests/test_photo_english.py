"""Questions in English from captions: what is right, what may be denied, and that words alone do not tell."""

import random
import re
from collections import Counter
from itertools import product

import pytest

from dataset.photo.english import English
from dataset.photo.english_absent import LINE, may_be_denied
from dataset.photo.english_actions import anyone_case, deeds_of_all, told_deeds
from dataset.photo.english_balance import Balance, Case
from dataset.photo.english_facts import Facts, doing
from dataset.photo.english_read import ing, plural_of, read
from dataset.photo.english_talk import direct, embedded, sentence
from dataset.photo.english_things import most_told
from dataset.photo.english_wordings import WORDINGS
from dataset.photo.made import ODDS, YES, Made

FAMILIES = set(
    """name colour attribute_check existence action position weather person scene count caption unanswerable
    follow_up""".split()
)
DOG = (
    "A brown dog is running through the snow .",
    "A brown dog runs through deep snow .",
    "The dog is carrying a stick in its mouth .",
    "A dog with a stick in its mouth is running",
    "a brown retriever plays in the snow .",
)
MAN = (
    "An old man in a red shirt is sitting on a bench .",
    "A man wearing a red shirt and a hat reads a newspaper .",
    "An elderly man sits on a bench in the park .",
    "The man is reading a newspaper on a park bench .",
    "A man in a hat is sitting on a park bench .",
)
PAIR = (
    "A man and a woman are dancing on the beach .",
    "Two people dance on the beach .",
    "A man and a woman dance .",
    "Two people are dancing near the ocean .",
    "A man is dancing with a woman .",
)

BOAT = (
    "A man in a red jacket is holding a paddle in a canoe .",
    "A man wearing a red jacket holds a paddle in his canoe .",
    "A man and a woman are sitting in a canoe .",
    "A man and a woman are sitting in a boat on a lake .",
    "Two people sit in a canoe .",
)


def little_world() -> dict[str, tuple[str, ...]]:
    """Photos of dogs and people, enough of them for every thing to be there and not to be there."""
    colours, animals = ("black", "white", "brown", "red"), ("dog", "cat", "horse", "bird")
    people, clothes = ("man", "woman", "boy", "girl"), ("jacket", "hat", "helmet", "dress")
    world = {"dog": DOG, "man": MAN, "pair": PAIR}
    for colour, animal, place in product(colours, animals, ("grass", "snow", "water")):
        said = f"A {colour} {animal} is running in the {place} ."
        world[f"{colour} {animal} {place}"] = (said, said, f"A {animal} runs through the {place} .")
    for colour, person, worn in product(colours, people, clothes):
        said = f"A {person} in a {colour} {worn} is sitting on a couch ."
        world[f"{colour} {person} {worn}"] = (said, said, f"A {person} in a {worn} sits on a couch .")
    return world


WORLD = little_world()
ENGLISH = English(WORLD)
CAR = ("A red car is parked on the sand .",) * 3
ON_WATER = English({f"{kind} {n}": said for n in range(9) for kind, said in (("boat", BOAT), ("car", CAR))})


def made(image: str, times: int = 40) -> list[Made]:
    return [m for seed in range(times) for m in ENGLISH.questions(image, random.Random(seed))]


def answers(image: str, family: str, asked: str) -> set[str]:
    """The answers to questions of a family that match, without typing slips."""
    return {m.answer for m in made(image) if m.family == family and re.search(asked, m.question, re.I)}


def test_phrases_and_deeds_are_read() -> None:
    caption = read("A black and white dog with a red collar jumps over two logs while a man watches .")
    assert [p.noun for p in caption.phrases] == ["dog", "collar", "log", "man"]
    assert caption.phrases[0].colours == ("black", "white") and caption.phrases[2].number == 2
    deeds = {deed.verb: deed for deed in read("A man rides a horse and waves to the crowd .").deeds}
    assert set(deeds) == {"ride", "wave"} and deeds["wave"].who[0].noun == "man"


def test_what_is_said_to_be_wanting_is_not_there() -> None:
    caption = read("A man with no shirt walks a dog without a leash .")
    assert [p.noun for p in caption.phrases] == ["man", "dog"]
    assert [deed.verb for deed in caption.deeds] == ["walk"]


def test_a_deed_keeps_its_object() -> None:
    facts = Facts(["A boy jumps over a hurdle .", "A boy is jumping a hurdle .", "The boy jumps ."])
    said = {doing(*told) for told in told_deeds(facts.heads["boy"].deeds)}
    assert said == {"jumping over a hurdle", "jumping a hurdle", "jumping"}


@pytest.mark.parametrize(
    "verb, form", [("run", "running"), ("ride", "riding"), ("ski", "skiing"), ("lie", "lying")]
)
def test_ing(verb: str, form: str) -> None:
    assert ing(verb) == form


def test_plurals() -> None:
    assert [plural_of(n) for n in ("man", "bench", "baby", "sheep")] == ["men", "benches", "babies", "sheep"]


def test_answers_are_right() -> None:
    assert answers("dog", "colour", r"^(which|what) colou?r is the dog\?$") <= {"Brown.", "The dog is brown."}
    assert answers("dog", "name", r"\banimal\b") <= {"A dog.", "It is a dog."}
    assert answers("dog", "name", r"in its mouth") == {"A stick."}
    assert answers("dog", "weather", r"\bseason\b") <= {"Winter.", "It is winter."}
    assert answers("man", "name", r"\breading\b") <= {"A newspaper.", "The man is reading a newspaper."}
    assert answers("man", "person", r"^(is (it|this) )?a (wo)?man or a (wo)?man\?$") <= {
        "A man.",
        "It is a man.",
    }
    assert answers("man", "count", r"^how many people are there\?$") <= {"One.", "There is only one person."}
    assert answers("pair", "count", r"^how many people are there\?$") <= {"Two.", "There are two people."}
    assert answers("pair", "scene", r"where was this (photo )?taken") <= {
        "On the beach.",
        "It was taken on the beach.",
    }
    assert answers("pair", "person", r"^who is in the (photo|picture)\?$") <= {
        "A man and a woman.",
        "The photo shows a man and a woman.",
    }


@pytest.mark.parametrize(
    "family, asked, told",
    [
        ("name", r"\b(his hands?|man holding)\b", {"A paddle", "The man is holding a paddle"}),
        ("name", r"(kind|sort|type) of boat", {"A canoe"}),
        ("name", r"\bthings\b|objects|list what", {"A boat, a man and a paddle"}),
        ("person", r"what .*\bman wearing\b", {"A red jacket", "The man is wearing a red jacket"}),
        ("action", r"they doing", {"Sitting", "Sitting in a canoe", "The people are sitting in a canoe"}),
        ("existence", r"^is (this|it|that) a boat( in the picture)?\?$", {"Yes", "Yes, it is a boat"}),
        ("existence", r"^is (this|it|that) a car( in the picture)?\?$", {"No", "No, it is a boat"}),
        ("follow_up", r"^what else\b", {"A man and a paddle"}),
    ],
)
def test_what_people_ask_of_things_and_of_several(family: str, asked: str, told: set[str]) -> None:
    made = [m for seed in range(80) for m in ON_WATER.questions("boat 0", random.Random(seed))]
    found = {m.answer.rstrip(".") for m in made if m.family == family and re.search(asked, m.question, re.I)}
    assert found and found <= told


def test_the_colour_of_what_one_person_wears_is_asked_as_theirs() -> None:
    asked = [m.question.lower() for m in made("man") if m.family == "colour"]
    assert all(any(whose in q for q in asked) for whose in ("his shirt", "the man's shirt", "the shirt"))


def test_a_thing_is_asked_for_by_its_colour() -> None:
    yes = answers("brown dog grass", "existence", r"brown dogs?\b")
    no = answers("brown dog grass", "existence", r"(black|white|red) dogs?\b")
    assert yes <= {"Yes.", "Yes, there is a brown dog.", "True."} and yes
    assert no <= {"No.", "No, the dog is brown.", "False."} and no


def test_an_answer_is_the_deed_on_which_most_agree() -> None:
    said = answers("dog", "action", r"what.* the dog (doing|up to)")
    assert said and not any(re.search("carrying|playing", one) for one in said), said


def test_of_several_the_verb_is_plural() -> None:
    said = ["Two girls in red dresses are holding umbrellas .", "Two girls wearing red dresses dance ."] * 2
    girls = English({"girls": said, "dog": DOG})
    asked = [m.question.lower() for seed in range(60) for m in girls.questions("girls", random.Random(seed))]
    assert any(re.search("do(es)? the girls (have|wear)", one) for one in asked)
    assert not [one for one in asked if re.search(r"\b(does|has) the (girls|dresses|umbrellas)\b", one)]


def test_things_alone_are_not_listed_where_people_are() -> None:
    assert [t.name for t in most_told(Facts(["A couple sits on a rock by the trees ."] * 3))] == []
    assert len(most_told(Facts(["A man sits on a rock by the trees ."] * 3))) == 3


def test_every_family_and_clean_answers() -> None:
    everything = [m for image in ("dog", "man", "pair") for m in made(image)]
    assert {m.family for m in everything} == FAMILIES
    for m in everything:
        assert re.fullmatch(r"[A-Z][^{}<>\[\]]*[^.\s][.!?]", m.answer), m
        assert m.question and not re.search(r"[{}<>\[\]]|\?\?|\.\.", m.question), m
        assert bool(m.earlier) == (m.family == "follow_up"), m


def test_colours_that_captions_disagree_on_are_not_asked() -> None:
    facts = Facts(["A black dog runs .", "A brown dog runs .", "The dog runs ."])
    assert facts.heads["dog"].colours() == ()
    facts = Facts(["A black and white dog runs .", "A black and white dog .", "A white dog runs ."])
    assert facts.heads["dog"].colours() == ("black", "white")


def test_counts_need_agreement() -> None:
    crowd = frozenset({"crowd"})
    assert Facts(["Two dogs run ."] * 3).number({"dog"}, crowd) == 2
    assert Facts(["Two dogs run .", "Three dogs run .", "Some dogs run ."]).number({"dog"}, crowd) is None
    assert Facts(["Two men stand ."] * 2 + ["A crowd watches two men ."]).number({"person"}, crowd) is None


@pytest.mark.parametrize(
    "caption, never_denied",
    [
        ("A soccer player kicks .", "person man woman child ball"),
        ("A puppy sleeps .", "dog"),
        ("A retriever runs on the lawn .", "dog grass tree"),
        ("A skier goes down a slope .", "snow person mountain"),
        ("A cyclist on a busy street .", "bicycle car bus truck person man"),
        ("An animal catches a toy .", "dog cat ball frisbee"),
        ("A surfer in the ocean .", "beach person surfboard waves boat"),
        ("A boy looks at the camera .", "child person"),
    ],
)
def test_what_may_be_there_unsaid_is_never_denied(caption: str, never_denied: str) -> None:
    facts = Facts([caption] * 3)
    assert not [thing for thing in never_denied.split() if may_be_denied(LINE[thing], facts)]


@pytest.mark.parametrize(
    "captions, seen, not_seen",
    [
        (["A man rides a bike .", "A motocross rider jumps ."], "motorcycle", "bicycle"),
        (["A man rides a bike on a dirt road .", "A cyclist jumps ."], "bicycle", "motorcycle"),
        (["Dirt bikers race .", "A man rides a bike ."], "motorcycle", "bicycle"),
    ],
)
def test_a_bike_with_a_motor_is_no_bicycle(captions: list[str], seen: str, not_seen: str) -> None:
    facts = Facts(captions)
    assert facts.seen[seen] and not facts.seen[not_seen]
    case = anyone_case(Facts([*captions, "A man races on a bike ."]))
    assert ("riding a bicycle" in case.true) == (seen == "bicycle")


def test_a_deed_in_the_name_of_a_thing_is_not_done() -> None:
    facts = Facts(["A boy stands by a swimming pool .", "A boy in running shoes stands ."])
    assert not {"swimming", "running"} & set(anyone_case(facts).true)
    assert "swimming" in anyone_case(Facts(["A boy is swimming .", "A boy swims in a pool ."])).true


def test_what_people_do_together_is_not_what_one_of_them_does() -> None:
    facts = Facts(["Two men and a girl sit .", "Onlookers watch as a girl jumps .", "Two boys run ."])
    assert {deed.verb for _, deed in deeds_of_all(facts)} == {"sit", "run"}


def test_backgrounds_and_clothes_are_never_denied() -> None:
    assert not {"sky", "ground", "wall", "shirt", "shoe", "hat", "clothes"} & set(LINE)


def test_the_camera_looked_at_is_not_in_the_photo() -> None:
    assert not Facts(["A man smiles at the camera ."]).seen["camera"]
    assert Facts(["A man is holding a camera ."]).seen["camera"]


def test_the_share_of_yes_is_the_same_of_every_family_and_thing() -> None:
    told: dict[str, Counter[bool]] = {}
    for seed, image in product(range(4), WORLD):
        for m in ENGLISH.questions(image, random.Random(seed)):
            word = m.answer.split()[0].rstrip(".,")
            if word in ("Yes", "No", "True", "False") and m.family not in ("follow_up", "existence"):
                told.setdefault(m.family, Counter())[word in ("Yes", "True")] += 1
            elif m.family == "existence" and "correct" not in m.question and word in ("Yes", "No"):
                for thing in ("dog", "cat", "horse"):
                    if re.search(rf"\b{thing}s?\b", m.question):
                        told.setdefault(thing, Counter())[word == "Yes"] += 1
    for name, count in told.items():
        few = name not in FAMILIES or count.total() < 50  # of this little world: roughly
        assert abs(count[True] / count.total() - YES) < (0.3 if few else 0.06), (name, count)


def test_a_choice_has_the_right_one_first_half_of_the_time() -> None:
    choices = [
        m.question.lower()
        for m in made("brown dog grass", 200)
        if m.family == "colour" and " or " in m.question
    ]
    first = sum(bool(re.search(r"brown\b.* or", question)) for question in choices)
    assert choices and 0.35 < first / len(choices) < 0.65


def test_balance_mends_what_is_uneven() -> None:
    cases = [Case(("dog",), ("cat", "bird"))] * 80 + [Case(("cat",), ("dog", "bird"))] * 20
    balance, rng = Balance(cases), random.Random(1)
    asked = Counter(pair for case in cases * 10 for pair in balance.ask(case, rng))
    yes, no = (sum(n for (_, told), n in asked.items() if told == truth) for truth in (True, False))
    assert abs(yes / (yes + no) - YES) < 0.03
    for value in ("dog", "cat"):  # of 80 and 20: the 80 are thinned
        assert 0.6 < asked[value, True] / asked[value, False] / ODDS < 1.6, value


def test_the_same_seed_makes_the_same_questions() -> None:
    assert ENGLISH.questions("man", random.Random(3)) == ENGLISH.questions("man", random.Random(3))
    assert ENGLISH.questions("man", random.Random(3)) != ENGLISH.questions("man", random.Random(4))


def test_wordings_stand_alone_and_inside_a_sentence() -> None:
    assert direct("what [is] <the dog> doing") == "what is the dog doing"
    assert embedded("what [is] <the dog> doing") == "what the dog is doing"
    assert embedded("[is] <there> a dog") == "if there is a dog"
    assert embedded("[do] <you> see a dog") == "if you see a dog"
    assert embedded("what <is happening>") == "what is happening"
    assert embedded("any dogs") == ""


def test_every_family_of_wordings_is_many() -> None:
    assert sum(len(some) for some in WORDINGS.values()) > 700
    assert all(len(set(some)) > 3 for some in WORDINGS.values())


def test_captions_are_cleaned() -> None:
    assert sentence("a man 's dog runs , and jumps .") == "A man's dog runs, and jumps."
    assert sentence("A dog runs") == "A dog runs."
