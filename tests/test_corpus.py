"""Good and bad data in every format: `check`, training and scoring judge each record of each file alike.

A case is a file (or several, and what of them is named) and what is to be made of it: so many good records;
so many, and the words that tell of the first bad one; or the words of the refusal of it all.
"""

import base64
import io
import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from dataset import check
from dataset.batches.collate import Prepared
from dataset.batches.loader import make_loader
from dataset.chat.render import Chat
from dataset.errors import DataError
from dataset.images.preprocess import Preprocessor
from dataset.needs import NEEDS
from dataset.open import Chosen, open_data
from dataset.record import Record
from scoring.answers import answer_all
from scoring.assistant import Assistant
from tests.conftest import TINY, untaught
from trainer.args import TrainArgs
from trainer.records import whole_records

Verdict = int | str | tuple[int, str]
LIMIT = TINY.text.max_position_embeddings


def png() -> bytes:
    file = io.BytesIO()
    Image.effect_noise((16, 16), 50).convert("RGB").save(file, "PNG")
    return file.getvalue()


PNG = png()
BASE64 = base64.b64encode(PNG).decode()
URL = f"data:image/png;base64,{BASE64}"
ASK, SAY = {"role": "user", "content": "What is it?"}, {"role": "assistant", "content": "red"}
TALK, MARKED = [ASK, SAY], [ASK | {"content": "<image>\nWhat is it?"}, SAY]
LLAVA = [{"from": "human", "value": "<image>\nWhat is it?"}, {"from": "gpt", "value": "red"}]
GOOD = {"image": "a.png", "conversations": TALK}
LINE = json.dumps(GOOD)
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n"
HUB = {"bytes": PNG, "path": "x/1.png"}
TEXT, HERE = {"type": "text", "text": "What is it?"}, {"type": "image"}


def turns(*said: str) -> list[dict]:
    return [{"role": ("user", "assistant")[n % 2], "content": text} for n, text in enumerate(said)]


def parts(*contents: dict) -> list[dict]:
    return [{"role": "user", "content": list(contents)}, {"role": "assistant", "content": [TEXT]}]


def file(**row: object) -> dict:
    """One row in data.jsonl."""
    return {"data.jsonl": [row]}


def columns(**values: object) -> dict:
    """One row of data.parquet."""
    return {"data.parquet": {name: [value] for name, value in values.items()}}


LINES: dict[str, tuple[dict, Verdict]] = {
    "ours": (file(**GOOD), 1),
    "words alone": (file(conversations=TALK), 1),
    "mark and carriage returns": ({"data.jsonl": f"\ufeff{LINE}\r\n\r\n{LINE}\r\n"}, 2),
    "separators within": ({"data.jsonl": LINE.replace("red", "a\u2028b\u2029c\x85d") + f"\n{LINE}"}, 2),
    "not JSON": ({"data.jsonl": f'{LINE}\n{{"image": }}\n{LINE}'}, (2, "line 2: not JSON at column 11")),
    "not UTF-8": ({"data.jsonl": f"{LINE}\n".encode() + b'"\xe9"'}, (1, "line 2: not UTF-8 at byte 2")),
    "no object": ({"data.jsonl": [GOOD, [1]]}, (1, "line 2: not an object")),
    "empty": ({"data.jsonl": "\n"}, "holds no records"),
    "a list in lines": ({"data.jsonl": f"\ufeff[{LINE},\n{LINE}]"}, "begins a list [...]; call it .json"),
    "a pointer": ({"data.jsonl": POINTER}, "a pointer of Git LFS, not the file itself; fetch that: git lfs"),
    "a picture's pointer": (
        {"data.jsonl": [GOOD, GOOD | {"image": "lfs.png"}], "lfs.png": POINTER},
        (1, "line 2): a pointer of"),
    ),
    "a page": ({"data.json": "\n<!DOCTYPE html>\n<html>"}, "a web page, not the file itself; download that"),
    "nothing said": (file(image="a.png"), (0, "line 1: conversations is missing")),
    "tool": (file(conversations=[ASK, {"role": "tool", "content": "x"}, SAY]), (0, "role 'tool' is unknown")),
    "user twice": (file(conversations=[ASK, ASK, SAY]), (0, "message 2: is the user's")),
    "gpt first": (file(conversations=[SAY, ASK, SAY]), (0, "message 1: is the assistant's")),
    "no end": (file(conversations=[*TALK, ASK]), (0, "does not end with the assistant's")),
    "empty answer": (file(conversations=turns("x", " ")), (0, "message 2: the answer is empty")),
    "too many marks": (file(image="a.png", conversations=turns("<image><image>", "x")), (0, "2 <image> in")),
    "a later turn": (file(image="a.png", conversations=turns("Hi", "hi", "<image>?", "red")), 1),
    "two turns": (file(image=["a.png", "a.png"], conversations=turns("<image>", "x", "<image>", "y")), 1),
    "missing": ({"data.jsonl": [GOOD | {"image": "no.png"}, GOOD]}, (1, "no.png (")),
    "no picture": ({"data.jsonl": [GOOD | {"image": "text.png"}, GOOD]}, (1, "not a picture")),
    "missing, told later": (
        file(image="no.png", conversations=turns("x", "y", "<image>", "z")),
        (0, "No such"),
    ),
    "outside": (file(**GOOD | {"image": "../a.png"}), (0, "'../a.png' lies outside")),
    "outside, backwards": (file(**GOOD | {"image": "..\\a.png"}), (0, "lies outside")),
    "backslash": (file(**GOOD | {"image": "sub\\b.png"}), 1),
    "file:": (file(**GOOD | {"image": "file://FOLDER/sub/b.png"}), 1),
    "file: with letters": (file(**GOOD | {"image": "file://localhostFOLDER/%E7%8C%AB%201.png"}), 1),
    "file: outside": (file(**GOOD | {"image": "file:///etc/a.png"}), (0, "'/etc/a.png' lies outside")),
    "file: elsewhere": (file(**GOOD | {"image": "file://nas/a.png"}), (0, "is on another machine; write")),
    "any letters": (file(**GOOD | {"image": "猫 1.png"}), 1),
    "two names": (file(**GOOD | {"image": "a.png, sub/b.png"}), 1),
    "no name": (file(**GOOD | {"image": ""}), (0, "image is ''; give names of files, or leave")),
    "data:": (file(**GOOD | {"image": URL}), 1),
    "data: broken": (
        file(**GOOD | {"image": URL[:-3]}),
        (0, "data:image/png;base64,iVBORw0KGgoAAAANSU... is no"),
    ),
    "data: as text": (
        file(**GOOD | {"image": "data:text/plain,x"}),
        (0, "data:text/plain,x is not a picture"),
    ),
    "base64 alone": (file(**GOOD | {"image": BASE64}), (0, "image is base64 without its kind; write data:")),
    "too long": (
        {"data.jsonl": [GOOD, {"conversations": turns("long " * LIMIT, "x")}]},
        (1, f"is cut at {LIMIT}"),
    ),
    "answer too long": (file(conversations=turns("x", "long " * LIMIT)), (0, f"is cut at {LIMIT}")),
    "twice": ({"data.jsonl": [GOOD, GOOD]}, 2),
    "half a letter": (file(conversations=turns("\ud83d", "y")), (0, "holds half a character")),
    "regions": (file(**GOOD, regions=[{"box": [0, 0, 1, 0.5], "text": "x"}]), 1),
    "bad region": (file(**GOOD, regions=[{"box": [0, 0, 2, 1], "text": "x"}]), (0, "region 1: box is")),
    "type a number": (file(**GOOD, type=3), (0, "type is 3; write text")),
}
ASKED: dict[str, tuple[dict, Verdict]] = {
    "question": (file(image="a.png", question="Which?", answer="red"), 1),
    "qa": (
        file(image="a.png", qa=[{"question": "?", "answer": 2}, {"question": "!"}]),
        (1, "question 2: a quest"),
    ),
    "caption": (file(image="a.png", caption="A cat."), 1),
    "text": (file(image="a.png", text="A cat."), 1),
    "two captions": (file(image="a.png", text="A cat.", caption="A dog."), (0, "caption and text to answer")),
    "caption of nothing": (file(caption="A cat."), (0, "image is missing or empty")),
    "qa beside a talk": (file(messages=TALK, qa=[{"question": "?", "answer": "x"}] * 2), 1),
    "class by number": (file(image="a.png", label=3), (0, "label is 3; write text")),
}
OTHERS: dict[str, tuple[dict, Verdict]] = {
    "LLaVA": (file(id="1", image="a.png", conversations=LLAVA), 1),
    "ShareGPT, images": (file(images=["a.png"], conversations=LLAVA), 1),
    "LLaMA-Factory": (file(messages=MARKED, images=["a.png"], system="Be brief."), 1),
    "both images": (file(image="a.png", images=["a.png"], messages=TALK), (0, "has both image and images")),
    "both talks": (file(messages=TALK, conversations=TALK), (0, "both conversations and messages; keep one")),
    "no images": (file(images=[], messages=TALK), 1),
    "system twice": (
        file(messages=[{"role": "system", "content": "x"}, *TALK], system="y"),
        (0, "has system and"),
    ),
    "Alpaca": (
        file(instruction="<image>What?", input="Say.", output="red", history=[["a", "b"]], images=["a.png"]),
        1,
    ),
    "Alpaca's half": (file(instruction="What?", images=["a.png"]), (0, "conversations is missing")),
    "a question with history": (
        file(image="a.png", question="?", answer="x", history=[["a", "b"]]),
        (0, "history goes with query and response"),
    ),
    "OpenAI's weight": (file(messages=[ASK, SAY | {"weight": 0}]), (0, "weight is 0: an answer that is not")),
    "ms-swift's loss": (file(messages=[ASK, SAY | {"loss": False}]), (0, "loss is False: an answer that")),
    "KTO, bad": (file(prompt="x", completion="y", label=False), (0, "label is False: an answer that is not")),
    "a class beside a talk": (file(image="a.png", messages=TALK, label=0), 1),
    "no history": (file(image="a.png", query="x", response="y", history=""), 1),
    "KTO, good": (file(prompt="x", completion="y", label=True), 1),
    "bad history": (file(instruction="x", output="y", history=["a"]), (0, "history is ['a']; write [[")),
    "query": (file(query="<image>What?", response="red", images=["a.png"]), 1),
    "query and question": (file(query="x", response="y", question="z"), (0, "both question and query")),
    "two pairs": (file(query="x", response="y", prompt="x", completion="y"), (0, "both query and prompt")),
    "prompt": (file(prompt=[ASK], completion=[SAY], image="a.png"), 1),
    "prompt as text": (file(prompt="x", completion="y"), 1),
    "an answer, no text": (file(query="x", response=3), (0, "message 2: content is 3; write text")),
    "TRL": (file(messages=parts(HERE, TEXT), images=["a.png"]), 1),
    "TRL, too few": (file(messages=parts(HERE, TEXT)), (0, "1 <image> in the text, 0 pictures")),
    "TRL by index": (file(messages=parts(HERE | {"index": 0}, HERE | {"index": 1}), images=["a.png"] * 2), 1),
    "out of order": (
        file(messages=parts(HERE | {"index": 1}, HERE | {"index": 0}), images=["a.png"] * 2),
        (0, "pictures are not in the order of their index"),
    ),
    "OpenAI": (file(messages=parts(TEXT, {"type": "image_url", "image_url": {"url": URL}})), 1),
    "transformers": (file(messages=parts({"type": "image", "url": "a.png"}, TEXT)), 1),
    "named twice": (
        file(messages=parts(HERE | {"path": "a.png"}), image="a.png"),
        (0, "pictures both in the"),
    ),
    "no url": (file(messages=parts({"type": "image_url"})), (0, "message 1: an image_url lacks its url")),
    "sound": (file(messages=parts({"type": "input_audio"})), (0, "{'type': 'input_audio'} is not read")),
    "videos": (file(messages=TALK, videos=["a.mp4"]), (0, "videos is not read; give pictures")),
    "Qwen-VL": (
        file(image="a.png", messages=turns("<img>a.png</img>", "x")),
        (0, "'<img>a.png</img>' does not mark a picture here; write <image> there"),
    ),
    "Llama's mark": (
        file(image="a.png", messages=turns("<|image|>What?", "x")),
        (0, "'<|image|>' does not mark a picture here; write <image> there"),
    ),
    "MMMU's mark": (file(image="a.png", question="What is <image_1>?", answer="x"), (0, "' does not mark")),
    "MiniCPM-V": (
        file(image={"<image_00>": "a.png"}, conversations=turns("<image_00>?", "x")),
        (0, "image is {'<image_00>': 'a.png'}; give names of files"),
    ),
    "Cauldron": (file(images=["a.png"], texts=[{"user": "?", "assistant": "red", "source": "x"}] * 2), 1),
    "Cauldron, bare": (file(images=["a.png"], texts=["x"]), (0, "texts is not a list of objects; write")),
}
COCO = {"images": [{"id": 1, "file_name": "a.png"}], "annotations": [{"image_id": 1, "caption": "A cat."}]}
FILES: dict[str, tuple[dict, Verdict]] = {
    "list": ({"data.json": [{"image": "a.png", "conversations": LLAVA}, GOOD | {"type": "\u2028"}]}, 2),
    "list, broken": ({"data.json": "[\n1,\n{]"}, "line 3: not JSON at column 2"),
    "object": ({"data.json": {"rows": [GOOD]}}, "expected one list [...] of records"),
    "COCO": ({"data.json": COCO}, 1),
    "COCO, not joined": (
        {"data.json": COCO | {"annotations": [*COCO["annotations"], {"image_id": 2, "caption": "x"}]}},
        (1, "annotation 2: image_id 2 is not among"),
    ),
    "table": ({"d.csv": 'image,question,answer\na.png,?,"one\ntwo, ""three"""\n'}, 1),
    "semicolons": ({"d.csv": "\ufeffimage;caption\r\na.png;A cat, asleep\r\na.png;B\u2028C\r\n"}, 2),
    "tabs": ({"d.tsv": 'image\tcaption\na.png\tA 3" cat\n'}, 1),
    "open quote": ({"d.csv": 'image,caption\na.png,x\na.png,"y\na.png,z\n'}, "line 3: a cell begins with a"),
    "surplus cell": (
        {"d.csv": "image,caption\na.png,A cat, asleep\na.png,x\n"},
        (1, "line 2: 3 cells under 2"),
    ),
    "empty cell": ({"d.csv": "image,caption\na.png,\na.png,x\n"}, (1, "line 2: no answer")),
    "other columns": ({"d.csv": "file,words\na.png,x\n"}, "line 1: the columns are file, words; call them"),
    "talks in a table": ({"d.csv": f"image;messages\na.png;'{json.dumps(TALK)}'\n".replace("'", "")}, 1),
    "history in a table": ({"d.csv": 'image,query,response,history\na.png,?,red,"[[""a"", ""b""]]"\n'}, 1),
    "queries in a table": ({"d.csv": "image,query,response\na.png,What?,red\n"}, 1),
    "lists in a table": (
        {"d.csv": "image,question,answers\na.png,?,\"['a']\"\n"},
        "a question without an answer",
    ),
    "pictures in a table": ({"d.csv": 'images,text,regions\n"a.png, a.png",Two.,x\n'}, 1),
    "other kind": ({"d.xlsx": "x"}, "unknown kind of data file"),
    "a spreadsheet": (
        {"d.xlsx": "PK\3\4xl"},
        "a spreadsheet; unpack an archive, save a",
    ),
    "a spreadsheet by another name": ({"d.csv": "PK\3\4xl"}, "d.csv: a zip archive, or a spreadsheet"),
    "a spreadsheet's empty rows": ({"d.csv": "image;caption;\na.png;x;\n;;\n ; ;\na.png;y;\n;;\n"}, 2),
}
LABELS = {"info": {"features": {"label": {"_type": "ClassLabel", "names": ["cat", "wild_boar"]}}}}
PARQUET: dict[str, tuple[dict, Verdict]] = {
    "ours in Parquet": (columns(conversations=json.dumps(TALK), image_bytes=PNG), 1),
    "hub": (columns(image=HUB, conversations=TALK), 1),
    "hub, TRL": (columns(images=[HUB], messages=parts(HERE, TEXT)), 1),
    "hub, Cauldron": (columns(images=[HUB], texts=[{"user": "?", "assistant": "red"}]), 1),
    "hub, questions": (columns(image=HUB, question="?", answer="red"), 1),
    "hub, captions": (columns(image=HUB, text="A cat."), 1),
    "hub, choices": (columns(image=HUB, question="?", choices=["a", "b"], answer="b"), 1),
    "hub, a choice by number": (
        columns(image=HUB, question="?", choices=["a", "b"], answer=1),
        (0, "answer is '1', none of its choices"),
    ),
    "hub, a choice by number among numbers": (
        columns(image=HUB, question="?", choices=["1", "2", "3"], answer=2),
        (0, "answer is '2', the number of one of its choices, or its text"),
    ),
    "a gap": (columns(image=HUB, question="?", answer=float("nan")), (0, "answer is nan; write text")),
    "a pointer to Parquet": ({"d.parquet": POINTER}, "a pointer of Git LFS"),
    "hub, classes": (
        {"d.parquet": ({"image": [HUB] * 2, "label": [1, 2]}, LABELS)},
        (1, "row 2: label is 2"),
    ),
    "bytes": (columns(image=PNG, caption="A cat."), 1),
    "neither": (
        {"d.parquet": {"image": [HUB, HUB | {"bytes": None, "path": None}], "text": ["x"] * 2}},
        (1, "row 2: im"),
    ),
    "bad bytes": (columns(image=HUB | {"bytes": b"x"}, text="x"), (0, "not a picture")),
    "no Parquet": ({"d.parquet": "x"}, "cannot be read as Parquet"),
    "no talk": (columns(image=HUB, words="x"), "no column conversations among image, words"),
}
SHARD = {"image": [HUB], "text": ["A cat."]}
FOLDERS: dict[str, tuple[dict, Verdict]] = {  # what is named comes first; None: a picture
    "metadata.jsonl": (
        {"set": None, "set/metadata.jsonl": [{"file_name": "1.png", "text": "x"}], "set/1.png": PNG},
        1,
    ),
    "metadata.csv": ({"set": None, "set/metadata.csv": "file_name,caption\n1.png,x\n", "set/1.png": PNG}, 1),
    "metadata twice": (
        {"set": None, "set/metadata.csv": "x", "set/captions.txt": "x"},
        "holds captions.txt, meta",
    ),
    "captions": ({"set": None, "set/captions.txt": "image,caption\n1.png,x\n", "set/Images/1.png": PNG}, 1),
    "classes": ({"set": None, "set/cat/1.png": PNG, "set/dog/2.png": b"x"}, (1, "not a picture")),
    "splits": ({"set": None, "set/train/1.png": PNG, "set/test/2.png": PNG}, "are not names of classes"),
    "shards": (
        {
            "set": None,
            "set/train-00000-of-00002.parquet": SHARD,
            "set/train-00001-of-00002-ab.parquet": SHARD,
        },
        2,
    ),
    "a shard missing": (
        {"set": None, "set/train-00001-of-00002.parquet": SHARD},
        "1 are missing, the first with number 0",
    ),
    "shards of two": (
        {"set": None, "set/c10-train.parquet": SHARD, "set/c10-test.parquet": SHARD},
        "c10-train*.parquet'",
    ),
    "pattern": ({"set/train-*.parquet": None, "set/train-1.parquet": SHARD, "set/test-1.parquet": SHARD}, 1),
    "unlike shards": (
        {"set": None, "set/0.parquet": SHARD, "set/1.parquet": {"image": [HUB], "caption": ["x"]}},
        "1.parquet: has other columns than ",
    ),
    "pattern of others": ({"*.jsonl": None, "d.jsonl": [GOOD]}, "d.jsonl; a pattern is for .parquet files"),
    "pattern of none": ({"set/*.parquet": None}, "no such data file"),
    "data in a folder": ({"set": None, "set/d.jsonl": [GOOD]}, "holds d.jsonl; name that file"),
}
CORPUS = LINES | ASKED | OTHERS | FILES | PARQUET | FOLDERS


def written(folder: Path, files: dict) -> str:
    """What is named of the files, all of them written."""
    for name, data in {"a.png": PNG, "sub/b.png": PNG, "猫 1.png": PNG, "text.png": b"x", **files}.items():
        if data is not None:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            write(folder / name, data)
    return str(folder / next(iter(files)))


def write(path: Path, data: object) -> None:
    if path.suffix == ".parquet" and not isinstance(data, str):
        values, note = data if isinstance(data, tuple) else (data, {})
        return pq.write_table(
            pa.table(values).replace_schema_metadata({"huggingface": json.dumps(note)}), path
        )
    if path.suffix == ".jsonl" and isinstance(data, list):
        data = "\n".join(map(json.dumps, data)).replace("FOLDER", str(path.parent))
    elif path.suffix == ".json" and not isinstance(data, str):
        data = json.dumps(data, ensure_ascii=False, indent=1)
    path.write_bytes(data.encode() if isinstance(data, str) else data)


def checked(source: str, weights: Path, capsys: pytest.CaptureFixture) -> str:
    """What `python -m dataset.records check` says."""
    flags = [
        "--weights",
        str(weights),
        "--image_tokens",
        str(TINY.vision.num_tokens),
        "--max_length",
        str(LIMIT),
    ]
    with pytest.raises(SystemExit) as exit:
        check.main([source, *flags])
    return capsys.readouterr().out if exit.value.code in (0, 1) else exit.value.code


def trained_on(records: Sequence[Record], chat: Chat) -> set[int]:
    """Which of them training looks at and does not leave out."""
    try:
        kept, _ = whole_records(
            "data", records, untaught(chat), LIMIT, TrainArgs(skip_bad=True), NEEDS["sft"]
        )
    except DataError:  # none is good
        return set()
    return set(kept.indices) if isinstance(kept, Chosen) else set(range(len(records)))


def loads(records: Sequence[Record], chat: Chat) -> set[int]:
    """Which of them its loader makes a batch of by itself, long ones whole."""
    loaded = set()
    for index in range(len(records)):
        prepared = Prepared(Chosen(records, [index]), chat, Preprocessor(32))
        with suppress(DataError):
            loaded |= {index} if next(make_loader(prepared, 1, 0))["labels"].shape[1] <= LIMIT else set()
    return loaded


@pytest.fixture
def silent(assistant: Assistant, monkeypatch: pytest.MonkeyPatch) -> Assistant:
    """It is asked, with a picture for each place, and says nothing."""

    def answer_batch(conversations: Sequence[Sequence[dict]], images: list, **_: object) -> list[str]:
        places = [message["content"].count("<image>") for messages in conversations for message in messages]
        assert len(images) == sum(places)
        return ["" for _ in conversations]

    monkeypatch.setattr(assistant, "answer_batch", answer_batch)
    return assistant


@pytest.mark.parametrize("files, expected", CORPUS.values(), ids=list(CORPUS))
def test_check_training_and_scoring_agree(
    files: dict,
    expected: Verdict,
    chat: Chat,
    silent: Assistant,
    tokenizer_folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture,
) -> None:
    source = written(tmp_path, files)
    said = checked(source, tokenizer_folder, capsys)
    if isinstance(expected, str):
        with pytest.raises(DataError) as caught:
            open_data(source)
        assert said == f"error: {caught.value}" and expected in said and "\n" not in said
        return
    records = open_data(source)
    good, reason = expected if isinstance(expected, tuple) else (expected, "")
    bad = len(records) - good
    assert f"{len(records)} records, {bad} of them bad" in said and reason in said.split("\n")[0]
    assert bool(bad) == bool(reason)
    taken, left_out = trained_on(records, chat), {}
    asked = list(answer_all(silent, records, left_out=left_out))
    assert taken == loads(records, chat) and len(taken) == good
    assert set(left_out) == set(range(len(records))) - taken
    assert len(asked) >= good and list(left_out.values()) == said.splitlines()[: len(left_out)]


def test_the_corpus_is_large() -> None:
    assert len(CORPUS) >= 60
