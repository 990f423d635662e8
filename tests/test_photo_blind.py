"""Made questions whose words give their answers away are found, and thinned; whoever asks gets an answer."""

import random
import re
from collections import Counter
from pathlib import Path

import pytest

from dataset.photo.blind import guessed, reply, report, row_of
from dataset.photo.chinese import Chinese
from dataset.photo.english import English
from dataset.photo.level import asked, levelled
from dataset.photo.made import YES, Made
from dataset.photo.names import name_questions

UNKNOWN = "The photo does not show that."


def photos(number: int) -> list[tuple[str, list[Made]]]:
    """Dogs mostly run and cats mostly don't; whether a bird flies words do not tell."""
    rng, found = random.Random(0), []
    for photo in range(number):
        runs, meows, flies = (rng.random() < chance for chance in (0.85, 0.15, 0.5))
        said = [
            ("is the dog running", runs),
            ("does the cat run, would you say", meows),
            ("is a bird flying in the sky", flies),
        ]
        made = [Made("action", question, "Yes." if true else "No.") for question, true in said]
        made.append(Made("unanswerable", "what is her name", UNKNOWN))
        made.append(Made("caption", "describe it", "A dog."))
        found.append((f"{photo}.jpg", made))
    return found


def yes_of(made: list[tuple[str, list[Made]]], word: str) -> float:
    answers = [one.answer for _, some in made for one in some if word in one.question]
    return sum(answer == "Yes." for answer in answers) / len(answers)


def test_what_words_give_away_is_found_and_thinned() -> None:
    before = photos(800)
    after = levelled(before, random.Random(1))
    found, left = guessed(asked(before)), guessed(asked(after))
    assert found["action"].checked / found["action"].checks > 0.7 > 0.58
    assert left["action"].checked / left["action"].checks < YES + 0.05
    for animal in ("dog", "cat", "bird"):
        assert abs(yes_of(after, animal) - YES) < 0.13, animal
    assert abs(left["action"].yes / left["action"].checks - YES) < 0.02
    kept = Counter(one.family for _, made in after for one in made)
    assert kept["caption"] == kept["unanswerable"] == 800 > kept["action"] / 3
    birds = sum("bird" in one.question and one.answer == "Yes." for _, made in after for one in made)
    assert birds > 350, "a yes that words do not tell stays"


def test_of_few_photographs_nothing_is_dropped() -> None:
    assert levelled(photos(6), random.Random(1)) == photos(6)
    assert levelled([], random.Random(1)) == []


@pytest.mark.parametrize(
    "answer, kind",
    [
        ("Yes, the dog is running.", "yes"),
        ("True.", "yes"),
        ("No.", "no"),
        ("There is no ball.", "absent"),
        ("None.", "absent"),
        ("I cannot tell that from the photo.", "unknown"),
        ("A red hat.", "a red hat"),
        ("是的，狗在跑。", "yes"),
        ("没有，照片里没有狗。", "no"),
        ("照片里没有狗。", "absent"),
        ("照片上看不出来。", "unknown"),
        ("红色。", "红色"),
    ],
)
def test_replies_are_of_kinds(answer: str, kind: str) -> None:
    assert reply(answer) == kind


def test_the_table_has_both_languages() -> None:
    one = Made("colour", "what colour is it", "Red.", (("is there a dog", "Yes."),))
    rows = [row_of("a.jpg", one), row_of("b.jpg", one), row_of("a.jpg", Made("existence", "有狗吗", "有。"))]
    assert rows[0] == ("a.jpg", "colour", "is there a dog / Yes. / what colour is it", "red")
    assert [line.split()[:2] for line in report(rows)][1:] == [["en", "colour"], ["zh", "existence"]]


ABSENT = re.compile(
    r"^(There (is|are) no|I don't see|The photo does not show an? |None)|^照片里没有|^没有.+，"
)


def test_who_asks_after_a_thing_mostly_gets_an_answer() -> None:
    """A third of these photographs shows two dogs, a third two cats; each is absent elsewhere."""
    said = {
        f"{animal} {number}": [f"Two brown {animal}s are running in the park ."] * 3
        for animal in ("dog", "cat", "cow")
        for number in range(20)
    }
    english = English(said)
    made = [one for image in said for one in english.questions(image, random.Random(image))]
    for wording in ("colou?r", "where", "how many", "doing"):
        told = [
            one.answer
            for one in made
            if re.search(wording, one.question, re.I)
            and re.search(r"\b(dog|cat|cow)s?\b", one.question, re.I)
        ]
        share = sum(bool(ABSENT.match(answer)) for answer in told) / len(told)
        assert 0 < share < 0.4, (wording, share)


def test_who_asks_in_chinese_mostly_gets_an_answer() -> None:
    said = {
        f"{animal}{number}": [f"一{unit}黑色的{animal}在草地上奔跑。"] * 3
        for animal, unit in (("狗", "只"), ("猫", "只"), ("马", "匹"))
        for number in range(20)
    }
    chinese = Chinese(said)
    made = [
        one
        for image in said
        for seed in range(3)
        for one in chinese.questions(image, random.Random(f"{image} {seed}"))
    ]
    told = [one.answer for one in made if re.search("颜色", one.question) and not one.earlier]
    assert 0 < sum(bool(ABSENT.match(answer)) for answer in told) / len(told) < 0.4


def test_a_name_is_denied_as_often_as_others_are(tmp_path: Path) -> None:
    """Of 60 photographs ten are of roses, and each other one of something else."""
    names = ["roses"] * 10 + [f"thing{number}" for number in range(50)]
    rows = [f"{number}.jpg,{name}" for number, name in enumerate(names)]
    (tmp_path / "names.csv").write_text("\n".join(["image,name", *rows]))
    told = Counter(
        one.answer.startswith("Yes")
        for seed in range(20)
        for _, made in name_questions(tmp_path / "names.csv", random.Random(seed))
        for one in made
        if one.family == "existence" and "rose" in one.question
    )
    assert abs(told[True] / told.total() - YES) < 0.15
