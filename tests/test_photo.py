"""Photographs and captions become a data file that training reads; what is wrong with them is one line."""

import json
import random
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from dataset.batches.packing import Packs
from dataset.chat.render import Chat
from dataset.check import examine
from dataset.open import open_data
from dataset.photo.__main__ import main, read_captions
from dataset.photo.chinese_ask import TRADITIONAL
from dataset.photo.chinese_names import TABLE
from dataset.photo.consensus import agreed
from dataset.photo.made import Made
from dataset.photo.mixture import MOST, WEIGHTS, Mixture, conversation, tidy
from dataset.photo.names import CHECKED, EITHER, name_questions, spoken, with_article

CAPTIONS = {
    "dog.jpg": [
        "A black dog is running through the snow .",
        "A black dog runs in deep snow .",
        "The dog has a stick in its mouth .",
        "A dog is carrying a stick",
        "a dark dog plays outside in winter .",
    ],
    "man.jpg": [
        "An old man in a red hat is sitting on a bench .",
        "A man in a red hat reads a newspaper .",
        "An elderly man sits on a bench in the park .",
        "The man , who wears a hat , is reading .",
        "A man is sitting on a wooden bench .",
    ],
    "girls.jpg": [
        "Two girls are jumping on a trampoline .",
        "Two young girls jump .",
        "The girls are jumping high .",
        "Girls play on a trampoline in a garden .",
        "Two children are on a trampoline",
    ],
}
CHINESE = {
    "dog.jpg": ["一只黑狗在雪地里奔跑。", "叼着棍子的黑狗。"],
    "man.jpg": ["一个戴红帽子的老人坐在长椅上。"],
}


def table(rows: dict[str, list[str]]) -> str:
    return "image,caption\n" + "".join(f'{image},"{said}"\n' for image in rows for said in rows[image])


@pytest.fixture
def flickr(tmp_path: Path) -> Path:
    """A folder as Flickr8k's is, and beside it one of named things."""
    folder, named = tmp_path / "data/flickr8k", tmp_path / "data/named"
    for place, pictures in ((folder / "Images", CAPTIONS), (named, ("cat.jpg", "tree.jpg", "lily.jpg"))):
        place.mkdir(parents=True)
        for number, name in enumerate(pictures):
            Image.effect_noise((24, 24), 30 + number).convert("RGB").save(place / name)
    (folder / "captions.txt").write_text(table(CAPTIONS | {"unlisted.jpg": ["A cat ."]}))
    (folder / "captions_zh.txt").write_text(table(CHINESE))
    (folder / "train.txt").write_text("dog.jpg\nman.jpg\ngirls.jpg\n")
    (named / "names.csv").write_text(
        "image,name\ncat.jpg,tabby cat\ntree.jpg,joshua_tree\nlily.jpg,water_lilly\n"
    )
    return folder


def make(flickr: Path, *flags: str) -> Path:
    out = flickr.parent.parent / "made/train.jsonl"
    main(["make", str(flickr), "--out", str(out), *flags])
    return out


def test_a_file_that_training_reads(flickr: Path, chat: Chat, capsys: pytest.CaptureFixture) -> None:
    root, names = flickr.parent, flickr.parent / "named/names.csv"
    out = make(flickr, "--root", str(root), "--names", str(names))
    records = open_data(str(out), root)
    assert f"{len(records)} conversations" in capsys.readouterr().out
    found = examine(records, chat, 512)
    assert not found.bad and found.records == len(records)
    asked: dict[str, Counter] = {}
    for record in records:
        asked.setdefault(record.images[0].name, Counter())[record.type] += 1
    assert set(asked) == {*CAPTIONS, "cat.jpg", "tree.jpg", "lily.jpg"}
    for image in CAPTIONS:
        assert asked[image]["caption"] >= Mixture.of("en", 0).captions
        assert sum(asked[image].values()) > 2 * Mixture.of("en", 0).captions
    assert any(not r.messages[0]["content"].isascii() for r in records)
    cat = asked["cat.jpg"]
    assert cat["name"] >= 1 and cat.total() - cat["caption"] == 2
    assert len(Packs(records, 50)) == 6, "a row for each photograph"


def test_it_is_the_same_each_time_and_another_with_another_seed(flickr: Path) -> None:
    one, again, other = (make(flickr, "--seed", seed).read_text() for seed in "112")
    assert one == again != other
    assert len(make(flickr, "--looks", "2").read_text().splitlines()) > 1.7 * len(one.splitlines())
    (flickr / "captions_zh.txt").unlink()
    rows = [json.loads(line) for line in make(flickr).read_text().splitlines()]
    assert all(str(row["conversations"]).isascii() for row in rows if row["type"] != "talk")


def test_show(flickr: Path, capsys: pytest.CaptureFixture) -> None:
    main(["show", str(flickr), "--photos", "9"])
    said = capsys.readouterr().out
    assert all(image in said and captions[0] in said for image, captions in CAPTIONS.items()) and "->" in said


def test_a_split_names_a_photograph_on_each_line(flickr: Path) -> None:
    renamed = {"a black dog.jpg": CAPTIONS["dog.jpg"], "man.jpg": CAPTIONS["man.jpg"]}
    (flickr / "captions.txt").write_text(table(renamed))
    (flickr / "train.txt").write_bytes(b"\xef\xbb\xbfa black dog.jpg\r\nman.jpg\r\n")  # Notepad's
    assert read_captions(flickr, "train")["en"] == renamed


def test_what_cannot_be_used_is_told(flickr: Path, capsys: pytest.CaptureFixture) -> None:
    chinese, train = flickr / "captions_zh.txt", flickr / "train.txt"
    train.write_text(train.read_text() + "nosuch.jpg\n")
    make(flickr)
    assert "1 of 4 photographs have no caption, such as nosuch.jpg; left out" in capsys.readouterr().err
    chinese.write_text("image,caption\n1.jpg#zhm#0,一只狗\n")
    with pytest.raises(SystemExit, match=r"train\.txt: none of its photographs is in captions_zh\.txt"):
        make(flickr)
    chinese.unlink()
    with pytest.raises(SystemExit, match=r"--telling zh: .* has no captions_zh\.txt; add it"):
        make(flickr, "--telling", "zh")
    captions = (flickr / "captions.txt").read_text()
    (flickr / "captions.txt").write_text(captions + 'girls.jpg,"A girl\ndog.jpg,A dog .\n')
    with pytest.raises(SystemExit, match=r"line 18: a cell begins with a quotation mark that is not closed"):
        make(flickr)
    (flickr / "captions.txt").write_text("image,caption,caption\na.jpg,x,y\n")
    with pytest.raises(SystemExit, match="line 1: two columns are called 'caption'; rename one"):
        make(flickr)


def test_a_photograph_may_be_told_of_in_chinese_alone(flickr: Path) -> None:
    (flickr / "train.txt").write_text("dog.jpg\nred.jpg\n")
    (flickr / "captions_zh.txt").write_text(table(CHINESE | {"red.jpg": ["一辆红色的汽车。"] * 9}))
    rows = map(json.loads, make(flickr, "--looks", "4").read_text().splitlines())
    told = [str(row["conversations"]) for row in rows if row["image"].endswith("red.jpg")]
    assert told and not any(text.isascii() for text in told)


def test_the_mixture() -> None:
    made = [Made(family, f"{family} {i}?", "a") for family in (*WEIGHTS, "unheard of") for i in range(9)]
    made.append(Made("caption", "What is it?", "a cat"))
    made += [Made(family, f"{family} {i}?", "Yes.") for family in WEIGHTS for i in range(9)]
    told = Mixture(3, 7, 20).choose(made, ["A cat", "a dog .", "It 's a cat , sitting ."], random.Random(0))
    assert {one.answer for one in told[:3]} == {"A cat.", "A dog.", "It's a cat, sitting."}
    for number, some in ((7, told[3:10]), (20, told[10:])):
        counts = Counter(one.family for one in some)
        assert counts.total() == number and max(counts.values()) <= MOST and "unheard of" not in counts
        assert all((one.answer == "Yes.") == (number == 7) for one in some)
    often = Counter(
        one.family for seed in range(300) for one in Mixture(0, 0, 2).choose(made, [], random.Random(seed))
    )
    assert often["colour"] > 2 * often["existence"] > 0
    assert Mixture(5, 2, 3).choose([], ["A cat"], random.Random(0)) == []
    assert Mixture.of("en", 0) == Mixture.of("en", 1) and Mixture.of("zh", 0) != Mixture.of("zh", 1)


@pytest.mark.parametrize("judged, english, chinese", [("en", 5, 1), ("zh", 1, 2), ("en zh", 5, 2)])
def test_all_captions_of_what_is_judged(judged: str, english: int, chinese: int, flickr: Path) -> None:
    rows = map(json.loads, make(flickr, "--telling", *judged.split()).read_text().splitlines())
    asked = [
        row["conversations"][0]["content"].isascii()
        for row in rows
        if row["image"].endswith("dog.jpg") and row["type"] == "caption"
    ]
    assert (asked.count(True), asked.count(False)) == (english, chinese)


def test_a_brief_file_has_the_caption_that_others_agree_with(flickr: Path) -> None:
    """One in English, and one in Chinese of every second photograph: the first and the third, the man's."""
    rows = [json.loads(line) for line in make(flickr, "--brief").read_text().splitlines()]
    told = [(r["image"], r["conversations"][-1]["content"]) for r in rows if r["type"] == "caption"]
    english = {image: caption for image, caption in told if caption.isascii()}
    assert [image for image, caption in told if not caption.isascii()] == ["Images/dog.jpg", "Images/man.jpg"]
    assert {Path(image).name: caption for image, caption in english.items()} == {
        "dog.jpg": "A black dog is running through the snow.",
        "man.jpg": "An old man in a red hat is sitting on a bench.",
        "girls.jpg": "Two girls are jumping on a trampoline.",
    }
    with pytest.raises(SystemExit, match="--telling takes all captions and --brief one; give one of the two"):
        make(flickr, "--brief", "--telling", "en")


def test_the_caption_to_learn_from() -> None:
    some = ["a dog runs on grass", "a brown dog runs on green grass", "two cats", "a dog runs"]
    others = {str(i): [f"word{i} here"] for i in range(9)}  # so that runs are rare
    assert agreed({"dog": some, **others})["dog"] == ["a dog runs on grass"]
    assert agreed({"one": ["a cat"], "none": []}) == {"one": ["a cat"]}


def test_of_no_language_nothing_is_judged(flickr: Path) -> None:
    with pytest.raises(SystemExit, match="--telling: names no language; give en, zh or both"):
        make(flickr, "--telling")


def test_a_caption_as_a_sentence() -> None:
    assert tidy("  two dogs ,  one of them black . ") == "Two dogs, one of them black."
    assert tidy("a woman’s dog at a café .") == "A woman’s dog at a café."
    assert tidy("一只 黑狗 在跑 。") == "一只黑狗在跑。"


def test_turns_before_are_part_of_the_conversation() -> None:
    said = conversation(Made("follow_up", "And where?", "Left.", (("What is it?", "A cat."),)))
    assert [m["content"] for m in said] == ["What is it?", "A cat.", "And where?", "Left."]
    assert [m["role"] for m in said] == ["user", "assistant"] * 2


def test_questions_about_names(flickr: Path) -> None:
    true = {"cat.jpg": "a tabby cat", "tree.jpg": "a joshua tree", "lily.jpg": "a water lily"}
    assert spoken("water_lilly") == "water lily" and spoken("crane (bird)") == "crane"
    assert with_article(spoken("Leopards")) == "a leopard"
    assert [with_article(one) for one in ("owl", "bus", "scissors", "glass")] == [
        "an owl",
        "a bus",
        "scissors",
        "a glass",
    ]
    assert [with_article(one) for one in ("Ewer", "euphonium", "hourglass")] == [
        "a Ewer",
        "a euphonium",
        "an hourglass",
    ]
    seen, described = Counter(), 0
    for seed in range(40):
        table = flickr.parent / "named/names.csv"
        for image, made in name_questions(table, random.Random(seed)):
            named, checked, *told = [one for one in made if one.question.isascii()]
            a = true[image.removeprefix("./")]
            assert named.family == "name" and named.answer.lower() == f"{a}."
            assert [(one.family, one.answer) for one in told] in ([], [("caption", f"A photo of {a}.")])
            described += len(told)
            others = [b for b in true.values() if b != a]
            if checked.family == "name":
                asked = [how.format(a=x, b=y) for how in EITHER for b in others for x, y in ((a, b), (b, a))]
                assert checked.question in asked and checked.answer.lower() == f"{a}."
            else:
                right = checked.answer == "Yes."
                assert checked.question in [
                    how.format(a=b) for how in CHECKED for b in ([a] if right else others)
                ]
                assert right or checked.answer in ("No.", f"No, it is {a}.")
            seen[checked.answer.partition(" ")[0]] += 1
    assert seen["Yes."] > 10 and seen["No."] > 5 and seen["No,"] > 5
    assert 15 < described < 45  # of 120


def test_questions_about_names_in_chinese(tmp_path: Path) -> None:
    """A cup, a car and a thing that has no Chinese name: nothing is asked about that one in Chinese."""
    (tmp_path / "names.csv").write_text("image,name\n1.jpg,cup\n2.jpg,car_side\n3.jpg,thingummy\n")
    true, seen = {"./1.jpg": ("一个杯子", "杯子"), "./2.jpg": ("一辆汽车", "汽车")}, Counter()
    for seed in range(60):
        for image, made in name_questions(tmp_path / "names.csv", random.Random(seed)):
            chinese = [one for one in made if not one.question.isascii()]
            if not chinese:
                continue
            (named, checked), (one, name) = chinese, true[image]
            assert named.family == "name" and named.answer in (f"{one}。", f"这是{one}。", f"{name}。")
            asked = [other for _, other in true.values() if has(checked.question, other)]
            if checked.family == "name":
                assert len(asked) == 2 and checked.answer in (f"{name}。", f"是{name}。")
            else:
                wrong = ("不是。", f"不是，这是{one}。")
                assert checked.family == "existence" and len(asked) == 1
                assert checked.answer == "是的。" if asked == [name] else checked.answer in wrong
            seen[checked.answer[:1]] += 1
    assert seen["是"] > 10 and seen["不"] > 5


def has(question: str, name: str) -> bool:
    """Does it ask after the thing, in simplified or in traditional characters?"""
    return name in question or name.translate(TRADITIONAL) in question


def test_the_table_of_chinese_names() -> None:
    """Each line is whole, and no name stands there twice."""
    lines = [line.split("\t") for line in TABLE.read_text(encoding="utf-8").splitlines()]
    assert len({english for english, _, _ in lines}) == len(lines) > 1000
    assert all(re.fullmatch("[\u4e00-\u9fff]?", unit) for _, unit, _ in lines)
    assert all(re.fullmatch("[\u3400-\u9fff]+", name) for _, _, name in lines)


def written(name: str, text: str | bytes) -> Callable[[Path], object]:
    return lambda data: (data / name).write_bytes(text.encode() if isinstance(text, str) else text)


NAMES = "--names named/names.csv --root ."
MISTAKES = {  # what is spoilt in the folder, flags, and what is said
    "another folder": (lambda data: None, "show named", "named: no captions.txt or no train.txt there"),
    "no split": (lambda data: None, "make flickr8k --split test", "no captions.txt or no test.txt there"),
    "no pictures": (
        lambda data: (data / "flickr8k/Images").rename(data / "flickr8k/photos"),
        "make flickr8k",
        "flickr8k: no folder Images there",
    ),
    "other names": (
        written("flickr8k/train.txt", "a.jpg"),
        "make flickr8k",
        "none of its photographs is in captions.txt",
    ),
    "split not text": (
        written("flickr8k/train.txt", b"dog.jpg\n\xff.jpg\n"),
        "make flickr8k",
        "train.txt: not UTF-8 at byte 9; save the file as UTF-8",
    ),
    "columns": (
        written("flickr8k/captions.txt", "picture,text\na.jpg,b\n"),
        "make flickr8k",
        "captions.txt line 1: the columns are picture, text; call them image, caption",
    ),
    "no caption": (
        written("flickr8k/captions.txt", "image,caption\ndog.jpg,\n"),
        "show flickr8k",
        "captions.txt line 2: no caption; write it",
    ),
    "a comma": (
        written("flickr8k/captions.txt", "image,caption\ndog.jpg,A dog, asleep\n"),
        "make flickr8k",
        "captions.txt line 2: 3 cells under 2 columns; put a cell that holds a comma in double quotes",
    ),
    "not text": (
        written("flickr8k/captions.txt", b"image,caption\n\xff\xfe\n"),
        "make flickr8k",
        "not UTF-8",
    ),
    "no table": (lambda data: None, "make flickr8k --names a.csv --root .", "a.csv: No such file"),
    "columns of names": (
        written("named/names.csv", "a,b\n"),
        f"make flickr8k {NAMES}",
        "the columns are a, b",
    ),
    "one name": (
        written("named/names.csv", "image,name\ncat.jpg,cat\n"),
        f"make flickr8k {NAMES}",
        "everything in it is called cat",
    ),
    "beside the root": (
        lambda data: None,
        "make flickr8k --names named/names.csv",
        "named is not under flickr8k",
    ),
    "root elsewhere": (lambda data: None, "make flickr8k --root named", "flickr8k/Images is not under named"),
    "out is a file": (written("made", ""), "make flickr8k", "made"),
}


@pytest.mark.parametrize("spoil, flags, message", MISTAKES.values(), ids=list(MISTAKES))
def test_mistakes(
    spoil: Callable, flags: str, message: str, flickr: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(flickr.parent)
    spoil(flickr.parent)
    out = ["--out", "made/train.jsonl"] if flags.startswith("make") else []
    with pytest.raises(SystemExit, match=rf"^error: .*{message}") as exit:
        main([*flags.split(), *out])
    assert "\n" not in str(exit.value.code)


def test_rows_are_records(flickr: Path) -> None:
    rows = [json.loads(line) for line in make(flickr).read_text().splitlines()]
    assert all(set(row) == {"image", "conversations", "type"} for row in rows)
    assert {row["image"].split("/")[0] for row in rows} == {"Images"}
