import json
import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from dataset.records import open_records
from dataset.storybook.__main__ import main
from dataset.storybook.colours import COLOURS
from dataset.storybook.draw import Placed, draw
from dataset.storybook.pope import NEGATIVES, PROBES, absent, names, popular, probe, probed_scene
from dataset.storybook.questions import (
    FAMILIES,
    OPPOSITES,
    about,
    describe,
    parse_description,
    the,
    unique_name,
)
from dataset.storybook.records import VIEWS, StorybookRecords
from dataset.storybook.settings import SETTINGS
from dataset.storybook.kinds import KINDS
from dataset.storybook.words import LANGUAGES, Language
from dataset.storybook.world import CANVAS, PLACES, SIZES, Scene, Thing, make_scene, twin

SCENES = [make_scene("train", index) for index in range(300)]
ENGLISH, CHINESE = LANGUAGES["en"], LANGUAGES["zh"]


def test_the_world_is_large_enough() -> None:
    assert len(KINDS) >= 12 and len(COLOURS) == 8 and len(SIZES) == 3 and len(SETTINGS) >= 5
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
    if "how many" in question.lower() or words[0] == "count":
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
    from dataset.storybook.questions import fits, unique_name

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
    assert set(types.values()) == {3} and len(types) == 2 * (len(FAMILIES) + 1)


def test_preview_and_export(tmp_path: Path) -> None:
    main(["preview", "--out", str(tmp_path / "sheet.png"), "--scenes", "2", "--size", "64"])
    assert (tmp_path / "sheet.png").stat().st_size > 1000
    main(["export", "--view", "scenes", "--samples", "1", "--out", str(tmp_path / "scenes")])
    exported = open_records(tmp_path / "scenes" / "data.jsonl")
    drawn = StorybookRecords("scenes", 1)
    assert len(exported) == len(drawn) == 2 * (len(FAMILIES) + 1)
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
