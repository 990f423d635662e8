import json
import random
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from dataset.records import open_records
from dataset.storybook.__main__ import main
from dataset.storybook.colours import COLOURS
from dataset.storybook.draw import Placed, draw
from dataset.storybook.kinds import KINDS
from dataset.storybook.language import Language
from dataset.storybook.names import absent_name, fits, the, unique_name
from dataset.storybook.pope import NEGATIVES, PROBES, absent, names, popular, probe, probed_scene
from dataset.storybook.questions import FAMILIES, OPPOSITES, about, describe, dialogue, parse_description
from dataset.storybook.records import CROWD, VIEWS, StorybookRecords
from dataset.storybook.settings import SETTINGS
from dataset.storybook.two import compare
from dataset.storybook.weather import rain
from dataset.storybook.words import LANGUAGES
from dataset.storybook.world import (
    CANVAS,
    NEVER_SEEN,
    PLACES,
    SIZES,
    Scene,
    Thing,
    make_pair,
    make_scene,
    twin,
)

SCENES = [make_scene("train", index) for index in range(300)]
ENGLISH, CHINESE = LANGUAGES["en"], LANGUAGES["zh"]


def test_the_world_is_large_enough() -> None:
    assert len(KINDS) >= 24 and len(COLOURS) == 8 and len(SIZES) == 3 and len(SETTINGS) >= 5
    seen = Counter((t.kind, t.colour, t.size) for s in SCENES for t in s.things)
    assert {k for k, *_ in seen} == set(KINDS) and {c for _, c, _ in seen} == set(COLOURS)
    assert {t.place for s in SCENES for t in s.things} == set(PLACES)


def test_a_scene_is_a_function_of_its_number() -> None:
    assert make_scene("train", 7) == make_scene("train", 7) != make_scene("train", 8)
    assert make_scene("train", 7) != make_scene("scenes", 7)
    assert np.array_equal(np.asarray(SCENES[7].draw()), np.asarray(make_scene("train", 7).draw()))


def test_held_out_scenes_are_not_among_the_training_scenes() -> None:
    trained = {(s.setting, s.things) for s in SCENES}
    assert not any((s.setting, s.things) in trained for s in (make_scene("scenes", i) for i in range(300)))


def test_held_out_combinations_are_in_no_other_split() -> None:
    everywhere = {(t.kind, t.colour) for s in SCENES for t in s.things}
    everywhere |= {(t.kind, t.colour) for s in SCENES for n in range(4) for t in twin(s, n).things}
    unseen = {(t.kind, t.colour) for i in range(300) for t in make_scene("combinations", i).things}
    assert not everywhere & NEVER_SEEN and unseen == NEVER_SEEN
    rng = random.Random(0)
    absent = [absent_name(s, rng) for s in SCENES for _ in range(5)]
    assert not {(name["kind"], name.get("colour")) for name in absent} & NEVER_SEEN


def test_things_stay_in_the_picture_and_in_places_of_their_own() -> None:
    for scene in SCENES:
        assert len({t.place for t in scene.things}) == len(scene.things) >= 1
        assert all(0 < v < CANVAS for t in scene.things for v in t.box)


def test_a_twin_differs_in_one_kind() -> None:
    for scene in SCENES[:50]:
        twins = [twin(scene, number) for number in range(4)]
        assert twins[0] == scene and len(set(twins)) == 4
        for other in twins[1:]:
            changed = [(a, b) for a, b in zip(scene.things, other.things, strict=True) if a != b]
            assert len(changed) == 1 and changed[0][0].kind != changed[0][1].kind


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_mostly_of_its_colour(kind: str) -> None:
    """The same thing in two colours differs over much of its square: colour is plain to see."""
    red, blue = (
        np.asarray(draw("snow", [Placed(kind, colour, 64, 64, 25)], seed=1), float)
        for colour in ("red", "blue")
    )
    assert (np.abs(red - blue).max(-1) > 60)[39:89, 39:89].mean() > 0.2


def truth(question: str, scene: Scene) -> str | None:
    """An English question answered from the truth in another way than the one it was made in."""
    words = question.strip("?.").lower().split()
    kinds = [k for w in words for k in KINDS if w in (k, k + "s", k + "es", k[:-1] + "ies")]
    colours = [w for w in words if w in COLOURS]
    sizes = [w for w in words if w in SIZES and "," not in question]
    found = [
        t
        for t in scene.things
        if (not kinds or t.kind == kinds[0])
        and (not colours or t.colour == colours[0])
        and (not sizes or t.size == sizes[0])
    ]
    if words[0] in ("is", "can", "do", "does") and (" a " in question or " an " in question):
        return "yes" if found else "no"
    if "how many" in question.lower() or words[0] == "count" or "number" in words:
        return ENGLISH.numbers[len(found)]
    if "colour" in question:
        return found[0].colour
    return None


def test_answers_agree_with_the_truth_read_another_way() -> None:
    rng, checked = random.Random(0), Counter()
    for scene in SCENES:
        for name in ("existence", "count", "colour"):
            turn = FAMILIES[name](scene, ENGLISH, rng)
            if turn:
                expected = truth(turn[0], scene)
                assert expected == turn[1], (turn, scene)
                checked[name] += 1
    assert min(checked.values()) > 200


def test_relations_read_backwards_are_their_opposites() -> None:
    rng = random.Random(0)
    answers = Counter()
    for scene in SCENES:
        turn = FAMILIES["relation"](scene, ENGLISH, rng)
        if turn:
            answers[turn[1]] += 1
    assert set(answers) == {"to the left", "to the right", "above", "below", "yes", "no"}
    assert all(OPPOSITES[OPPOSITES[side]] == side for side in OPPOSITES)
    for scene in SCENES[:100]:
        for thing in scene.things:
            name = unique_name(scene, thing, rng)
            assert name is None or [t for t in scene.things if fits(t, name)] == [thing]


def test_yes_and_no_are_equally_frequent() -> None:
    rng = random.Random(0)
    yes = sum(FAMILIES["existence"](s, ENGLISH, rng)[1] == "yes" for s in SCENES for _ in range(5))
    assert 0.45 < yes / (5 * len(SCENES)) < 0.55


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=list(LANGUAGES))
def test_a_description_says_the_whole_truth_and_can_be_read_back(language: object) -> None:
    for scene in SCENES:
        expected = {(t.kind, t.colour, t.size, t.place) for t in scene.things}
        assert parse_description(describe(scene, language)) == expected
    assert parse_description("A meadow: at the top a small red thing.") == set()


def test_language_samples_by_eye() -> None:
    scene = next(s for s in SCENES if len(s.things) == 1 and s.things[0].size == "big")
    thing = scene.things[0]
    kind = KINDS[thing.kind]
    assert describe(scene, ENGLISH).endswith(
        f": {ENGLISH.at(thing.place)} a big {thing.colour} {thing.kind}."
    )
    assert f"有一{kind.classifier}{CHINESE.colours[thing.colour]}的大{kind.zh}。" in describe(scene, CHINESE)


@pytest.mark.parametrize("view", VIEWS)
def test_views_give_valid_records(view: str) -> None:
    records = StorybookRecords(view, 8)
    for index in range(8):
        record = records[index]
        assert sum(m["content"].count("<image>") for m in record.messages) == len(record.images) > 0
        assert record.messages[-1]["role"] == "assistant" and all(m["content"] for m in record.messages)
        assert record.type[:3] in ("en/", "zh/") and records[index].messages == record.messages
    with pytest.raises(IndexError):
        records[len(records)]


def test_held_out_questions_cover_every_family_in_both_languages() -> None:
    types = Counter(r.type for r in StorybookRecords("scenes", 3, pictures=False))
    assert set(types.values()) == {3} and len(types) == 2 * len(FAMILIES)


def test_preview_and_export(tmp_path: Path) -> None:
    main(["preview", "--out", str(tmp_path / "sheet.png"), "--scenes", "2", "--size", "64"])
    assert (tmp_path / "sheet.png").stat().st_size > 1000
    main(["export", "--view", "scenes", "--samples", "1", "--out", str(tmp_path / "scenes")])
    exported = open_records(tmp_path / "scenes" / "data.jsonl")
    drawn = StorybookRecords("scenes", 1)
    assert len(exported) == len(drawn) == 2 * len(FAMILIES)
    assert [r.messages for r in exported] == [r.messages for r in drawn]
    assert (
        json.loads((tmp_path / "scenes" / "data.jsonl").read_text().splitlines()[0])["type"] == drawn[0].type
    )


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=LANGUAGES)
def test_about_says_a_name_that_was_asked_and_what_is_true_of_it(language: Language) -> None:
    told, missing = 0, 0
    for index in range(40):
        scene = make_scene("val", index)
        question, answer = about(scene, language, random.Random(index))
        for said in answer.split(language.between[1]):
            if said.endswith(language.missing.format(the="")):
                name = said.removesuffix(language.missing.format(the=""))
                assert name in question and name not in {name_of(t, language, scene) for t in scene.things}
                missing += 1
                continue
            (thing,) = [t for t in scene.things if said.startswith(name_of(t, language, scene))]
            name = name_of(thing, language, scene)
            known = said.removeprefix(name)
            words = language.colours[thing.colour], language.sizes[thing.size], language.at(thing.place)
            assert name in question and all(word in known for word in words)
            told += 1
    assert told > 60 and missing > 10


def name_of(thing: Thing, language: Language, scene: Scene) -> str:
    return the(language, shortest(scene, thing))


def shortest(scene: Scene, thing: Thing) -> dict[str, str]:
    return unique_name(scene, thing, None) or {"kind": thing.kind}  # no name of its own: never told


def test_pope_asks_about_what_is_there_and_what_is_not() -> None:
    for index in range(240):
        scene, (_, answer), type = probe(index)
        which, there, code = PROBES[index % len(PROBES)]
        said = answer == LANGUAGES[code].answers["yes"]
        assert type == f"{code}/pope-{which}" and said == there
    rng, scene = random.Random(0), probed_scene(3)
    colours, kinds = ({getattr(t, key) for t in scene.things} for key in ("colour", "kind"))
    for which in NEGATIVES:
        colour, kind = absent(scene, which, rng)
        assert (colour, kind) not in names(scene)
        assert which != "popular" or (colour, kind) in popular()
        assert which != "adversarial" or (colour in colours and kind in kinds)


def things_called(phrase: str, scene: Scene) -> list[Thing]:
    """The things that have every word of an English name."""
    words = set(phrase.split()) - {"the"}
    return [t for t in scene.things if words <= {t.kind, t.colour, t.size}]


def test_comparisons_are_true() -> None:
    rng, seen = random.Random(0), Counter()
    for scene in SCENES:
        question, answer = FAMILIES["comparison"](scene, ENGLISH, rng) or ("", "")
        if "more" in question:
            plain = f" {question.strip('?').replace(',', ' ')} "
            counts = {n: k for n, k in all_many(scene).items() if f" {n} " in plain}
            most = [n for n in counts if counts[n] == max(counts.values())]
            because, answer = answer.split("; ")
            assert set(because.split(", ")) == {f"{n}: {ENGLISH.numbers[k]}" for n, k in counts.items()}
            assert len(counts) == 2 and answer == (most[0] if len(most) == 1 else "the same number")
        elif question:
            names = re.findall(r"the [a-z ]+?(?=,|\?| or| bigger| smaller)", question)
            ranks = {name: list(SIZES).index(things_called(name, scene)[0].size) for name in names}
            assert len(names) == 2 and all(len(things_called(name, scene)) == 1 for name in names)
            because, answer = answer.split(": ")
            assert because == ", ".join(f"{name} is {list(SIZES)[rank]}" for name, rank in ranks.items())
            best = max(ranks.values()) if "bigger" in question else min(ranks.values())
            assert ranks.get(answer, best) == best and (answer in ranks) == (len(set(ranks.values())) == 2)
        seen[answer] += 1
    assert 50 < seen["the same number"] + seen["the same size"] < 150


def test_what_two_pictures_share_follows_from_what_each_is() -> None:
    """The answer is read back: place, time and weather of both, and which of these are the same."""
    names = {"place": "setting", "time of day": "time", "weather": "weather"}
    words = {"setting": ENGLISH.settings, "time": ENGLISH.times, "weather": ENGLISH.weathers}
    rng, answers = random.Random(0), Counter()
    for number in range(0, 800, 2):
        scenes = make_pair("train", number, number + 1)
        question, answer = compare(*scenes, ENGLISH, rng)
        if "common" not in question and "same" not in question:
            continue
        told = [
            re.fullmatch("(.+): (.+) and (.+), (the same|different)", part) for part in answer.split("; ")
        ]
        assert [found[1] for found in told] == list(names)
        for name, one, other, verdict in (found.groups() for found in told):
            key = names[name]
            truth = [getattr(scene, key) for scene in scenes]
            assert [one, other] == [words[key][value] for value in truth]
            assert (verdict == "the same") == (truth[0] == truth[1])
        answers[answer.count("the same")] += 1
    assert set(answers) == {0, 1, 2, 3}


def all_many(scene: Scene) -> dict[str, int]:
    """Plurals of the kinds and colours that are there, and how many of each."""
    kinds, colours = Counter(t.kind for t in scene.things), Counter(t.colour for t in scene.things)
    by_kind = {ENGLISH.many(kind=k): n for k, n in kinds.items()}
    return by_kind | {ENGLISH.many(kind=None, colour=c): n for c, n in colours.items()}


def test_what_is_not_there_cannot_be_answered() -> None:
    rng = random.Random(0)
    for scene in SCENES:
        question, answer = FAMILIES["unanswerable"](scene, ENGLISH, rng) or ("", "")
        said = [w for w in re.findall(r"\w+", question) if w in KINDS or w in COLOURS]
        assert not said or not things_called(" ".join(said), scene), (question, scene)
        assert answer in ("", "The picture does not show that.")


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=LANGUAGES)
def test_dialogues_speak_of_one_thing_and_then_of_another(language: Language) -> None:
    longest = 0
    for scene in SCENES[:100]:
        turns = dialogue(scene, language, random.Random(scene.seed))
        words = [*language.colours.values(), *language.sizes.values(), *map(language.at, PLACES)]
        assert turns[0][1] in (language.answers["yes"], language.answers["no"])
        assert all(answer in words for _, answer in turns[1:])
        longest = max(longest, len(turns))
    assert longest == 4


def test_conversations_change_the_language_and_describe_at_any_place() -> None:
    """Each answer is in the language of its question; regions name what is around, too."""
    mixed = described_late = 0
    for record in (StorybookRecords("reason", 400, pictures=False)[i] for i in range(400)):
        asked, said = ([m["content"] for m in record.messages[start::2]] for start in (0, 1))
        chinese = [
            [any("一" <= letter <= "龥" for letter in text) for text in some] for some in (asked, said)
        ]
        assert chinese[0] == chinese[1], record.messages
        mixed += len(set(chinese[0])) == 2
        described_late += any(parse_description(answer) and len(answer) > 30 for answer in said[1:])
    assert mixed > 20 and described_late > 15


def test_regions_name_place_time_and_weather_at_the_whole_picture() -> None:
    (*things, (box, words)) = StorybookRecords("regions", 1)[0].regions
    scene = make_scene("train", 0, CROWD, CROWD)
    assert len(things) == len(scene.things) and box == (0.0, 0.0, 1.0, 1.0)
    for language in LANGUAGES.values():
        assert language.settings[scene.setting] in words and language.weathers[scene.weather] in words


def test_rain_is_as_thick_in_a_picture_of_any_size() -> None:
    """Made smaller again it is seen as well: a streak is no thinner there."""
    grey = {size: np.full((size, size, 3), 90, np.float32) for size in (128, 256, 384)}
    wet = {size: rain(np.random.default_rng(0), canvas).mean() - 90 for size, canvas in grey.items()}
    assert max(wet.values()) < 1.3 * min(wet.values())
