"""Questions in people's words: the grammar, whether answers are true, and what is held out."""

import random
import re
import time
from collections import Counter
from math import dist

import pytest

from dataset.errors import DataError
from dataset.storybook.__main__ import main
from dataset.storybook.colours import COLOURS
from dataset.storybook.kinds import KINDS
from dataset.storybook.people.conversation import NAMES, TONGUES, asked, conversation, questions
from dataset.storybook.people.english import careless
from dataset.storybook.people.grammar import Grammar
from dataset.storybook.people.kept import plain as plain_words
from dataset.storybook.people.kept import texts_of
from dataset.storybook.people.references import STRANGE_COLOURS, Reference
from dataset.storybook.people.strange import HELD_OUT, PAINTERS, Strange
from dataset.storybook.people.tongue import Tongue
from dataset.storybook.people.wording import REGISTERS, Question, choose, filled, worded
from dataset.storybook.records import CROWD_OF_FEW, PER_SCENE, WORDINGS, StorybookRecords
from dataset.storybook.words import LANGUAGES
from dataset.storybook.world import NEVER_SEEN, PLACES, SIZES, Scene, Thing, make_scene

SCENES = [make_scene("train", index) for index in range(250)]
MORE_SCENES = [make_scene("train", index) for index in range(1500)]
ENGLISH, CHINESE = TONGUES["en"], TONGUES["zh"]
RARE = re.compile("they_|again$|existence$")  # or, of follow-ups, always true at first
EVERY_TONGUE = pytest.mark.parametrize("tongue", TONGUES.values(), ids=list(TONGUES))


def all_questions(name: str, tongue: Tongue, scenes: list[Scene] = SCENES) -> list[tuple[Scene, Question]]:
    rng = random.Random(name)
    return [(scene, question) for scene in scenes for question in questions(name, scene, tongue, rng)]


def test_a_grammar_says_what_its_lines_say() -> None:
    grammar = Grammar(
        {"here": "ask:\n    how many {many} [in <pic>]\n    = count(|er) {many}\npic:\n    it\n    that"}
    )
    first, second = grammar.sections["ask"]
    assert set(grammar.all_of(first.pattern)) == {
        "how many {many}",
        "how many {many} in it",
        "how many {many} in that",
    }
    assert second.alone and set(grammar.all_of(second.pattern)) == {"count {many}", "counter {many}"}
    rng = random.Random(0)
    said = Counter(grammar.say("ask", rng) for _ in range(300))
    assert set(said) == {*grammar.all_of(first.pattern), *grammar.all_of(second.pattern)}
    assert said["how many {many}"] == max(said.values()) and grammar.say("ask", None) == "how many {many}"


def test_parentheses_that_are_typed() -> None:
    grammar = Grammar({"here": "ask:\n    = (count|len)\\({many}\\)"})
    assert set(grammar.all_of(grammar.sections["ask"][0].pattern)) == {"count({many})", "len({many})"}
    assert any(
        "count({many})" in ENGLISH.grammar.all_of(line.pattern) for line in ENGLISH.grammar.sections["count"]
    )


@pytest.mark.parametrize(
    "text",
    [
        "ask:\n    (how",
        "ask:\n    how)",
        "ask:\n    [how|so)",
        "ask:\n    ~is it",
        "ask:\n    {a",
        "ask",
        "    how",
        "ask:\n    how\nask:\n    so",
    ],
)
def test_a_badly_written_wording_is_one_line_that_says_where(text: str) -> None:
    with pytest.raises(DataError, match=r"^en\.txt line [123]: ") as caught:
        Grammar({"en.txt": text})
    assert "\n" not in str(caught.value)


def test_an_unknown_section_is_named() -> None:
    with pytest.raises(DataError, match="<pictur>"):
        Grammar({"en.txt": "ask:\n    how many in <pictur>"})


@EVERY_TONGUE
@pytest.mark.parametrize("name", NAMES)
def test_every_family_asks_in_hundreds_of_wordings(name: str, tongue: Tongue) -> None:
    """Without names, registers and noise: what its sections can say with <picture> and the like put in."""
    some = all_questions(name, tongue, SCENES[:100])
    assert len(some) >= 50
    lines = [line for section in {q.section for _, q in some} for line in tongue.grammar.sections[section]]
    wordings = {text for line in lines for text in tongue.grammar.all_of(line.pattern)}
    assert len(wordings) >= 150
    kept = {text for text in wordings if plain_words(text) in tongue.kept}
    assert 2 <= len(kept) < 2 / 3 * len(wordings)


@EVERY_TONGUE
@pytest.mark.parametrize("name", NAMES)
def test_wordings_fill_all_their_slots_and_answers_are_in_the_language_of_the_question(
    name: str, tongue: Tongue
) -> None:
    rng = random.Random(0)
    for scene, question in all_questions(name, tongue, SCENES[:40]):
        for line in tongue.grammar.sections[question.section]:
            said = tongue.grammar.expand(line.pattern, rng).format(**filled(question, tongue, rng))
            assert not re.search(r"[{}<>\[\]|]", said), (line.text, scene)
        chinese = any("一" <= letter <= "龥" for letter in question.answer)
        assert chinese == (tongue is CHINESE), question


def things_called(phrase: str, scene: Scene) -> list[Thing]:
    """The things that an English name means, by its words."""
    animals = {"fish", "cat", "bird", "butterfly", "rabbit", "snail", "turtle", "elephant"}
    groups = {
        "animal": animals,
        "vehicle": {"car", "boat", "plane", "rocket"},
        "thing": set(KINDS),
        "fruit": {"apple"},
        "insect": {"butterfly"},
        "instrument": {"guitar"},
        "furniture": {"chair"},
    }
    places = [place for place in sorted(PLACES, key=len, reverse=True) if phrase.endswith(f" {place}")]
    words = phrase.split()
    kinds = groups.get(next((word for word in words if word in groups), ""), set(words))
    return [
        thing
        for thing in scene.things
        if thing.kind in kinds
        and set(words) & {*COLOURS, *STRANGE_COLOURS} <= {thing.colour}
        and set(words) & set(SIZES) <= {thing.size}
        and (not places or thing.place == places[0])
    ]


def plain(question: Question) -> dict[str, str]:
    return filled(question, ENGLISH, None)


def said_of(question: Question, scene: Scene) -> str | None:
    """The answer found in another way: the plain words of the question read, things looked up by them."""
    words = plain(question)
    found = things_called(words.get("thing", "thing"), scene)
    by_size = sorted(scene.things, key=lambda t: list(SIZES).index(t.size))
    match question.section, words:
        case "count", _:
            return ENGLISH.language.numbers[len(found)]
        case "existence", _:
            return "yes" if found else "no"
        case "colour", _:
            return found[0].colour
        case "size", _:
            return found[0].size
        case "check_colour", {"colour": colour}:
            return "yes" if found[0].colour == colour else "no"
        case "check_size", {"size": size}:
            return "yes" if found[0].size == size else "no"
        case "same_colour" | "same_size" as asked, _:
            return "yes" if len({getattr(t, asked[5:]) for t in found}) == 1 else "no"
        case "both_colour" | "all_colour" as asked, {"colour": colour}:
            assert (len(found) == 2) == (asked == "both_colour")
            return "yes" if all(t.colour == colour for t in found) else "no"
        case "pair_same_colour" | "pair_same_size" as asked, {"thing_other": other}:
            one, another = (getattr(t, asked[10:]) for t in (found[0], things_called(other, scene)[0]))
            return "yes" if one == another else "no"
        case "check_number", {"number": number}:
            return "yes" if number == ENGLISH.language.numbers[len(found)] else "no"
        case "anything_coloured", {"colour": colour}:
            return "yes" if any(t.colour == colour for t in scene.things) else "no"
        case "count_coloured", {"colour": colour}:
            return ENGLISH.language.numbers[sum(t.colour == colour for t in scene.things)]
        case "several", _:
            return "yes" if len(found) > 1 else "no"
        case "only_kind", _:
            return "yes" if len(found) == len(scene.things) else "no"
        case "how_many_kinds", _:
            return ENGLISH.language.numbers[len({t.kind for t in scene.things})]
        case "anything_at", {"place": place}:
            return "yes" if any(where(t) == corner(place) for t in scene.things) else "no"
        case "two_colours", {"thing_other": other}:
            return f"{found[0].colour}, {things_called(other, scene)[0].colour}"
        case "identity_and_place", _:
            return f"{name(found[0])}, {ENGLISH.language.at(found[0].place)}"
        case "list_coloured", {"colour": colour}:
            return listed([name(t) for t in scene.things if t.colour == colour]) or "none"
        case "list_and_colours", _:
            return listed([name(t) for t in found])
        case "place", {"place": place}:
            return next((name(t) for t in scene.things if where(t) == corner(place)), "nothing")
        case "differ_colour" | "differ_size" as asked, _:
            return "no" if len({getattr(t, asked[7:]) for t in found}) == 1 else "yes"
        case "both_there", {"thing_other": other}:
            return "yes" if found and things_called(other, scene) else "no"
        case "which_there", {"a": one, "a_other": other, "many": more, "many_other": others}:
            there = (one, more, found) if found else (other, others, things_called(other, scene))
            return there[0] if len(there[2]) == 1 else there[1]
        case "count_besides" | "count_besides_one", _:
            return ENGLISH.language.numbers[len(scene.things) - len(found)]
        case "list_besides" | "list_besides_one", _:
            return listed([name(t) for t in scene.things if t not in found]) or "nothing else"
        case "count_on_side" | "list_on_side" as asked, {"side": side}:
            there = [t for t in scene.things if corner(side) <= where(t)]
            numbers = ENGLISH.language.numbers
            return numbers[len(there)] if asked[0] == "c" else listed(list(map(name, there))) or "nothing"
        case "places_of", _:
            return listed([ENGLISH.language.at(t.place) for t in found])
        case "count_and_places", _:
            places = listed([ENGLISH.language.at(t.place) for t in found])
            return f"{ENGLISH.language.numbers[len(found)]}, {places}"
        case "as_many", {"thing_other": other}:
            return "yes" if len(found) == len(things_called(other, scene)) else "no"
        case "more_by", {"thing_other": other}:
            return ENGLISH.language.numbers[len(found) - len(things_called(other, scene))]
        case "nearest", _:
            return name(min((t for t in scene.things if t != found[0]), key=lambda t: gap(t, found[0])))
        case "superlative", {"most": "biggest" | "smallest" as most}:
            best = by_size[-1 if most == "biggest" else 0].size
            alike = [name(t) for t in scene.things if t.size == best]
            if len(alike) == len(scene.things) > 1:
                return "they are all the same size"
            return listed(alike)
        case "furthest", {"most": most}:
            ends = {
                "leftmost": min(scene.things, key=lambda t: t.x),
                "rightmost": max(scene.things, key=lambda t: t.x),
                "topmost": min(scene.things, key=lambda t: t.y),
                "lowest": max(scene.things, key=lambda t: t.y),
            }
            return name(ends[most])
    return None


def gap(one: Thing, other: Thing) -> float:
    """Pixels between the edges of two discs."""
    return dist((one.x, one.y), (other.x, other.y)) - SIZES[one.size] - SIZES[other.size]


def listed(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), *names[-1:]] if len(names) > 1 else names)


def name(thing: Thing) -> str:
    return f"a {thing.size} {thing.colour} {thing.kind}"


def where(thing: Thing) -> frozenset[str]:
    """A place by its two words, found from the middle of the thing: a third of 128 pixels is 42.7."""
    across = "left" if thing.x < 42.7 else "right" if thing.x > 85.3 else ""
    down = "top" if thing.y < 42.7 else "bottom" if thing.y > 85.3 else ""
    return frozenset({across, down} - {""})


def corner(place: str) -> frozenset[str]:
    return frozenset(set(re.findall(r"\w+", place)) & {"left", "right", "top", "bottom"})


def test_answers_agree_with_the_truth_read_another_way() -> None:
    checked = Counter()
    families = "count existence colour size check place superlative alike amount listing two_parts"
    families = [*families.split(), "relation", "comparison"]
    for family in families:
        for scene, question in all_questions(family, ENGLISH, MORE_SCENES):
            expected = said_of(question, scene)
            if expected is not None:
                assert question.answer == expected, (question, plain(question), scene)
                checked[question.section] += 1
    assert min(checked.values()) > 10 and len(checked) == 41, checked


def test_one_thing_is_asked_about_only_where_its_name_fits_one() -> None:
    for family in ("colour", "size", "position", "check", "choice", "identity", "unknowable", "relation"):
        for scene, question in all_questions(family, ENGLISH):
            references = [value for value in question.slots.values() if isinstance(value, Reference)]
            assert references and all(r.count(scene) == 1 for r in references), (question, scene)
    for scene, question in all_questions("missing", ENGLISH):
        assert question.slots["it"].count(scene) == 0


def test_a_place_that_might_be_meant_otherwise_is_named_exactly() -> None:
    loose = Counter()
    for scene, question in all_questions("place", ENGLISH):
        manner, _, place = question.slots["place"].partition(" ")
        line = {"left": "column", "right": "column", "top": "row", "bottom": "row"}.get(place)
        if line:
            number = 0 if place in ("left", "top") else 2
            beside = [t for t in scene.things if getattr(t, line) == number and t.place != place]
            assert (manner == "exactly") == bool(beside)
            loose[manner] += 1
    assert min(loose["at"], loose["exactly"]) > 20


@EVERY_TONGUE
@pytest.mark.parametrize("family", "existence check relation comparison around alike amount".split())
def test_yes_and_no_are_equally_frequent(family: str, tongue: Tongue) -> None:
    answers = tongue.language.answers
    some = [q.answer for _, q in all_questions(family, tongue, MORE_SCENES)]
    yes = sum(answer in (answers["yes"], answers["right_yes"]) for answer in some)
    no = sum(answer in (answers["no"], answers["right_no"]) for answer in some)
    assert 0.45 < yes / (yes + no) < 0.55 and yes + no > 300


def test_no_wording_tells_yes_from_no() -> None:
    """Of each section by itself: "are both red" is as often true as not, and "is any rain falling"."""
    crowds = [make_scene("train", 10_000 + index, **CROWD_OF_FEW) for index in range(2200)]
    said: dict[str, list[bool]] = {}
    for family in ("alike", "amount", "around", "check", "comparison", "relation", "follow_up"):
        for _, question in all_questions(family, ENGLISH, crowds + MORE_SCENES):
            if question.answer in ("yes", "no") and not RARE.match(question.section):
                said.setdefault(question.section, []).append(question.answer == "yes")
    shares = {section: sum(some) / len(some) for section, some in said.items()}
    assert len(shares) == 35 and min(map(len, said.values())) > 80
    assert all(0.38 < share < 0.62 for share in shares.values()), shares


def test_a_careless_writer_leaves_out_capitals_marks_and_articles() -> None:
    texts = {careless("What's the colour of a boat?", random.Random(seed)) for seed in range(20)}
    assert texts == {"whats the colour of a boat", "whats colour of boat"}


def test_how_a_thing_is_named_does_not_tell_whether_it_is_there() -> None:
    """Of animals, plain kinds, kinds in a colour and things of a colour half are there."""
    asked: dict[tuple, list[bool]] = {}
    for _, question in all_questions("existence", ENGLISH, MORE_SCENES):
        it = question.slots["it"]
        concept = "kind" if it.concept in KINDS else it.concept
        if not it.size:
            asked.setdefault((concept, bool(it.colour)), []).append(question.answer == "yes")
    shares = {how: sum(some) / len(some) for how, some in asked.items() if len(some) > 60}
    assert {("kind", False), ("kind", True), ("thing", True), ("animal", False)} <= set(shares)
    assert all(0.35 < share < 0.65 for share in shares.values()), shares


def test_held_out_combinations_are_never_denied() -> None:
    """Of a kind in a colour that training never shows it would be learnt that there is none."""
    for family in ("existence", "check", "choice", "missing", "count", "follow_up"):
        for scene, question in all_questions(family, ENGLISH):
            for reference in question.slots.values():
                if isinstance(reference, Reference):
                    assert (reference.concept, reference.colour) not in NEVER_SEEN, (question, scene)
            colour = str(question.slots.get("colour", "")).removeprefix("colour ")
            it = question.slots.get("it")
            assert not it or (getattr(it, "concept", ""), colour) not in NEVER_SEEN


@EVERY_TONGUE
def test_training_hears_no_wording_and_no_person_that_is_held_out(tongue: Tongue) -> None:
    persons = {register.name for register in REGISTERS if register.held_out}
    rng, heard = random.Random(0), Counter()
    for section in tongue.asking:
        for _ in range(40):
            if chosen := choose(section, tongue, rng, measuring=False):
                assert plain_words(chosen[1]) not in tongue.kept and chosen[2].name not in persons
                heard["trained"] += 1
            if chosen := choose(section, tongue, rng, measuring=True):
                line, said, register = chosen
                person = register.name in persons and not line.alone
                assert plain_words(said) in tongue.kept or person
                heard["person" if person else "wording"] += 1
    assert len(persons) == 3 and min(heard.values()) > 1000
    assert heard["trained"] == 40 * len(tongue.asking)


@EVERY_TONGUE
def test_what_everybody_says_is_not_held_out(tongue: Tongue) -> None:
    """The storybook's own templates, and the first lines of each section."""
    templates = {plain_words(line) for lines in tongue.language.questions.values() for line in lines}
    first = [texts_of(line, tongue.grammar) for lines in tongue.asking.values() for line in lines[:2]]
    assert len(tongue.kept) > 3000 and not tongue.kept & templates.union(*first)


@EVERY_TONGUE
def test_conversations_are_a_function_of_their_seed(tongue: Tongue) -> None:
    scene = SCENES[3]
    assert conversation(scene, tongue, random.Random(1)) == conversation(scene, tongue, random.Random(1))
    assert conversation(scene, tongue, random.Random(1)) != conversation(scene, tongue, random.Random(2))


def test_no_answer_speaks_of_two_pictures() -> None:
    keys = ("first", "second", "both", "neither", "alike", "different")
    two = {language.answers[key] for language in LANGUAGES.values() for key in keys}
    records = StorybookRecords("asked", 150, pictures=False)
    answers = {m["content"] for record in records for m in record.messages if m["role"] == "assistant"}
    assert not answers & two and len(answers) > 150


def test_people_are_asked_every_family_in_words_that_are_held_out() -> None:
    records = StorybookRecords("people", 2, pictures=False)
    assert len(records) == 2 * 2 * len(NAMES) == 2 * PER_SCENE["people"]
    assert Counter(r.type for r in records) == {f"{code}/{name}": 2 for code in TONGUES for name in NAMES}


def test_ten_wordings_of_a_question_have_one_answer() -> None:
    records = list(StorybookRecords("agreement", 15, pictures=False))
    for number in range(0, len(records), WORDINGS):
        ten = records[number : number + WORDINGS]
        assert len({r.messages[1]["content"] for r in ten}) == 1 and len({r.where for r in ten}) == 1
        assert len({r.messages[0]["content"] for r in ten}) > 5


TYPED_IN_VAIN = {  # README's newcomer: what they typed, and the family that answers it
    "What color is the boat?": "colour",
    "is there a bird?": "existence",
    "what do you see?": "description",
    "what's in this pic?": "description",
    "describe this image": "description",
    "describe this picture please": "description",
    "can you describe the picture in detail?": "description",
    "List all the objects in the image": "list_all",
    "what animals are there?": "list_of",
    "海龟在哪里？": "position",
    "最大的东西是什么": "superlative",
    "hi": "talk hi",
    "who are you?": "talk who are you",
    "thanks": "talk thanks",
    "asdf": "talk asdf",
    "what time is it": "talk what is the weather tomorrow",
    "are you sure?": "sure",
    "Why?": "why",
}
NAMED = {"the boat": "{the}", "a bird": "{a}", "animals": "{many}", "海龟": "{the}", "最大": "{most}"}


@pytest.mark.parametrize("text, section", TYPED_IN_VAIN.items())
def test_what_the_newcomer_typed_in_vain_is_trained_on(text: str, section: str) -> None:
    tongue = ENGLISH if text.isascii() else CHINESE
    for said, slot in NAMED.items():
        text = text.replace(said, slot)
    assert any(
        plain_words(text) == plain_words(wording) and plain_words(text) not in tongue.kept
        for line in tongue.grammar.sections[section]
        for wording in tongue.grammar.all_of(line.pattern)
    )


def test_a_typist_slips() -> None:
    rules = {line.text for line in ENGLISH.grammar.sections["rewrite typist"]}
    assert "describe > descrbe" in rules
    rng, question = random.Random(0), Question("colour", "red", {"it": Reference("cat")})
    texts = {worded(question, ENGLISH, rng).text for _ in range(400)}
    assert len(texts) > 250 and any("teh" in text for text in texts)


def test_the_command_shows_questions_and_answers(capsys: pytest.CaptureFixture) -> None:
    main(["show", "--view", "people", "--samples", "3", "--type", "en/count"])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3 and all(line.startswith("en/count") and "  ->  " in line for line in lines)
    with pytest.raises(SystemExit, match="the storybook has train"):
        main(["show", "--view", "nothing"])


def test_how_fast_conversations_are_made(capsys: pytest.CaptureFixture) -> None:
    start = time.perf_counter()
    turns = sum(len(asked(name, scene, ENGLISH, random.Random(0))) for name in NAMES for scene in SCENES[:20])
    with capsys.disabled():
        print(f" {turns / (time.perf_counter() - start):.0f} questions per second", end="")
    assert turns > 400


def test_pictures_that_are_no_scenes_are_many_and_some_are_held_out() -> None:
    trained, held = (
        {hash(Strange(n, measuring).draw().tobytes()) for n in range(20)} for measuring in (False, True)
    )
    assert len(trained) == len(held) == 20 and not trained & held
    assert 2 <= len(HELD_OUT) < len(PAINTERS) / 2
    record = StorybookRecords("strange", 3)[1]
    assert record.type == "zh/strange" and record.messages[1]["content"] == CHINESE.answers["no_scene"]
    types = Counter(r.type.partition("/")[2] for r in StorybookRecords("asked", 400, pictures=False))
    assert 5 < types["strange"] < 40
