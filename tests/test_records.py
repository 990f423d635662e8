"""The three formats give the same records; each mistake is one line that names file and place."""

import io
import json
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from dataset.errors import DataError
from dataset.images.load import load_image
from dataset.open import Chosen
from dataset.record import Record, validate
from dataset.records import open_records

FROM = {"user": "human", "assistant": "gpt", "system": "system"}


def said(*turns: str) -> list[dict]:
    """Turns, the user's first."""
    roles = ("user", "assistant") * len(turns)
    return [{"role": role, "content": content} for role, content in zip(roles, turns, strict=False)]


SYSTEM = {"role": "system", "content": "Be brief."}
ROWS = [
    {"image": "a.png", "conversations": said("<image>\nWhat is this?", "a 猫 🐈"), "type": "kind"},
    {"image": ["a.png", "b.png"], "conversations": said("<image>\n<image>\nSame?", "No.", "Sure?", "Yes.")},
    {"conversations": [SYSTEM, *said("你好\n!", "Hello, {you} [there].")], "type": "text"},
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for seed, name in enumerate(("a.png", "b.png", "c.png")):
        pixels = np.random.default_rng(seed).integers(0, 256, (4, 5, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / name)
    return tmp_path


def write_jsonl(folder: Path, rows: list) -> Path:
    path = folder / "data.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def write_llava(folder: Path, rows: list[dict]) -> Path:
    turned = [
        row
        | {"id": str(number)}
        | {"conversations": [{"from": FROM[m["role"]], "value": m["content"]} for m in row["conversations"]]}
        for number, row in enumerate(rows)
    ]
    path = folder / "data.json"
    path.write_text(json.dumps(turned, ensure_ascii=False, indent=2), encoding="utf-8")
    return path


def image_bytes(folder: Path, names: str | list[str] | None) -> list[bytes] | None:
    names = [names] if isinstance(names, str) else names
    return None if names is None else [(folder / name).read_bytes() for name in names]


def write_parquet(folder: Path, rows: list[dict], as_text: bool = True) -> Path:
    texts = [json.dumps(row["conversations"]) if as_text else row["conversations"] for row in rows]
    columns = {
        "conversations": texts,
        "image_bytes": [image_bytes(folder, row.get("image")) for row in rows],
        "type": [row.get("type") for row in rows],
    }
    path = folder / f"data{int(as_text)}.parquet"
    pq.write_table(pa.table(columns), path, row_group_size=2)
    return path


WRITERS: dict[str, Callable[[Path, list], Path]] = {
    "jsonl": write_jsonl,
    "llava": write_llava,
    "parquet text": write_parquet,
    "parquet structs": lambda folder, rows: write_parquet(folder, rows, as_text=False),
}


def content(record: Record) -> tuple:
    """All but where it stands, pictures as their pixels."""
    return [load_image(image).tobytes() for image in record.images], record.messages, record.type


# --- reading


@pytest.mark.parametrize("writer", WRITERS)
def test_every_format_gives_the_same_records(folder, writer):
    records = open_records(WRITERS[writer](folder, ROWS))
    assert len(records) == 3
    for row, record in zip(ROWS, records, strict=True):
        assert [load_image(image).tobytes() for image in record.images] == [
            load_image(data).tobytes() for data in image_bytes(folder, row.get("image")) or []
        ]
        assert record.messages == tuple(row["conversations"])
        assert record.type == row.get("type")


@pytest.mark.parametrize("writer", WRITERS)
def test_records_are_reached_in_any_order_and_survive_pickling(folder, writer):
    records = open_records(WRITERS[writer](folder, ROWS))
    copy = pickle.loads(pickle.dumps(records))
    for index in (2, 0, 1, 1, -1, np.int64(0)):
        assert content(records[index]) == content(list(records)[index]) == content(copy[index])
    assert records[-1] == records[2]  # in `where` too
    for index in (3, -4):
        with pytest.raises(IndexError):
            records[index]


def test_workers_read_the_same(folder):
    for writer in WRITERS.values():
        records = open_records(writer(folder, ROWS * 4))
        loader = torch.utils.data.DataLoader(records, batch_size=3, num_workers=2, collate_fn=list)
        assert [content(r) for batch in loader for r in batch] == [content(r) for r in records]


def test_pickled_records_are_small(folder):
    for writer in WRITERS.values():
        few, many = (len(pickle.dumps(open_records(writer(folder, ROWS * n)))) for n in (1, 101))
        assert many - few <= 300 * 24 + 100


def test_blank_lines_are_skipped_and_still_counted(folder):
    path = folder / "data.jsonl"
    lines = [json.dumps(row) for row in ROWS]
    path.write_bytes(b"\xef\xbb\xbf" + f"{lines[0]}\r\n  \n\n{lines[1]}\n{lines[2]}".encode())
    records = open_records(path)
    assert [record.where for record in records] == [f"{path} line {line}" for line in (1, 4, 5)]
    assert records[1].messages == tuple(ROWS[1]["conversations"])


def test_json_list_on_one_line_and_with_byte_order_mark(folder):
    path = folder / "data.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(ROWS, ensure_ascii=False).encode())
    assert [record.messages for record in open_records(path)] == [tuple(row["conversations"]) for row in ROWS]


def test_where_names_line_or_row(folder):
    llava = write_llava(folder, ROWS)
    lines = llava.read_text(encoding="utf-8").splitlines()
    starts = [number for number, line in enumerate(lines, start=1) if line == "  {"]
    assert [record.where for record in open_records(llava)] == [f"{llava} line {line}" for line in starts]
    parquet = write_parquet(folder, ROWS)
    assert [r.where for r in open_records(parquet)] == [f"{parquet} row {row}" for row in (1, 2, 3)]


# --- pictures


def test_names_are_relative_to_the_file_or_to_image_dir(folder):
    path = write_jsonl(folder, [{"image": "a.png", "conversations": said("x", "y")}])
    assert open_records(path)[0].images == (folder / "a.png",)
    (folder / "pictures").mkdir()
    assert open_records(path, folder / "pictures")[0].images == (folder / "pictures" / "a.png",)


def test_a_name_with_commas_splits_unless_such_a_file_exists(folder):
    rows = [{"image": "a.png, b.png,c.png", "conversations": said("x", "y")}]
    path = write_jsonl(folder, rows)
    assert open_records(path)[0].images == (folder / "a.png", folder / "b.png", folder / "c.png")
    (folder / "a.png, b.png,c.png").touch()
    assert open_records(path)[0].images == (folder / "a.png, b.png,c.png",)


def test_addresses_stay_as_they_are(folder):
    url = "https://example.org/a,b.png"
    rows = [{"image": image, "conversations": said("x", "y")} for image in (url, [url])]
    assert [record.images for record in open_records(write_jsonl(folder, rows))] == [(url,), (url,)]


def test_one_picture_may_be_bare_bytes(folder):
    data = (folder / "a.png").read_bytes()
    columns = {"conversations": [json.dumps(said("x", "y"))] * 2, "image_bytes": [data, None]}
    pq.write_table(pa.table(columns), folder / "bare.parquet")
    assert [record.images for record in open_records(folder / "bare.parquet")] == [(data,), ()]
    pq.write_table(pa.table({"conversations": columns["conversations"]}), folder / "text.parquet")
    assert open_records(folder / "text.parquet")[1].images == ()


@pytest.mark.parametrize("writer", WRITERS)
def test_pictures_without_places_come_first(folder, writer):
    rows = [{"image": ["a.png", "b.png"], "conversations": [SYSTEM, *said("Same?", "No.", "Sure?", "Yes.")]}]
    record = open_records(WRITERS[writer](folder, rows))[0]
    expected = [SYSTEM, *said("<image>\n<image>\nSame?", "No.", "Sure?", "Yes.")]
    assert record.messages == tuple(expected)


def test_places_may_lie_in_several_turns(folder):
    turns = said("One <image> here", "ok", "and <image> there", "ok")
    path = write_jsonl(folder, [{"image": ["a.png", "b.png"], "conversations": turns}])
    assert open_records(path)[0].messages == tuple(turns)


# --- mistakes in a record

LLAVA = [{"from": "robot", "value": "x"}]
WRONG = {
    "not an object": (["x"], "not an object; write"),
    "no conversations": ({"image": "a.png"}, "conversations is missing"),
    "empty conversations": ({"conversations": []}, "conversations is missing"),
    "no list": ({"conversations": {"role": "user"}}, "conversations is missing or not a list"),
    "message no object": ({"conversations": ["hi"]}, "message 1: not an object"),
    "no role": (
        {"conversations": [{"content": "x"}]},
        "message 1: role None is unknown; known are system, user",
    ),
    "unknown role": (
        {"conversations": [*said("x"), {"role": "bot", "content": "y"}]},
        "message 2: role 'bot'",
    ),
    "unknown from": ({"conversations": LLAVA}, "message 1: role 'robot'"),
    "role no text": ({"conversations": [{"role": ["user"], "content": "x"}]}, "message 1: role"),
    "no content": ({"conversations": [{"role": "user"}]}, "message 1: content is None; write text"),
    "half a character": ({"conversations": said("\ud83d", "y")}, "message 1: content holds half a character"),
    "starts wrong": (
        {"conversations": said("x", "y")[1:]},
        "message 1: is the assistant's, expected the user's",
    ),
    "user twice": (
        {"conversations": said("x") + said("x", "y")},
        "message 2: is the user's, expected the assist",
    ),
    "system later": ({"conversations": [*said("x", "y"), SYSTEM]}, "message 3: is the system's"),
    "system twice": ({"conversations": [SYSTEM, SYSTEM, *said("x", "y")]}, "message 2: is the system's"),
    "no answer": ({"conversations": said("x", "y", "z")}, "does not end with the assistant's answer; add"),
    "system alone": ({"conversations": [SYSTEM]}, "does not end with the assistant's answer"),
    "empty answer": ({"conversations": said("x", " \n")}, "message 2: the answer is empty; write it"),
    "too few": (
        {"image": "a.png", "conversations": said("<image><image>", "y")},
        "2 <image> in the text, 1 pict",
    ),
    "too many": (
        {"image": ["a.png", "b.png"], "conversations": said("<image>", "y")},
        "1 <image> .* 2 pictures",
    ),
    "no picture": (
        {"conversations": said("<image>", "y")},
        "1 <image> in the text, 0 pictures; write one for",
    ),
    "in the answer": (
        {"image": "a.png", "conversations": said("x", "<image>")},
        "message 2: <image> stands outs",
    ),
    "in the system": (
        {"image": "a.png", "conversations": [{"role": "system", "content": "<image>"}, *said("x", "y")]},
        "message 1: <image> stands outside the user's",
    ),
    "image a number": ({"image": 3, "conversations": said("x", "y")}, "image is 3; give names"),
    "image empty": ({"image": "", "conversations": said("x", "y")}, "image is .*; give names"),
    "comma too many": ({"image": "a.png,", "conversations": said("x", "y")}, "image is .*; give names"),
    "null in list": ({"image": ["a.png", None], "conversations": said("x", "y")}, "image is .*; give names"),
    "images": (
        {"image": "a.png", "images": ["a.png"], "conversations": said("x", "y")},
        "has both image and images",
    ),
    "type": ({"type": 3, "conversations": said("x", "y")}, "type is 3; write text"),
}


@pytest.mark.parametrize("case", WRONG)
def test_mistakes_name_file_and_line(folder, case):
    row, message = WRONG[case]
    path = folder / "data.jsonl"
    path.write_text(json.dumps(ROWS[0]) + "\n\n" + json.dumps(row) + "\n")
    records = open_records(path)
    assert records[0].type == "kind"
    with pytest.raises(DataError, match=message) as caught:
        records[1]
    assert str(caught.value).startswith(f"{path} line 3") and "\n" not in str(caught.value)


@pytest.mark.parametrize("writer", WRITERS)
def test_mistakes_are_found_in_every_format(folder, writer):
    path = WRITERS[writer](folder, [ROWS[0], {"conversations": said("x", "")}])
    with pytest.raises(DataError, match="message 2: the answer is empty") as caught:
        open_records(path)[1]
    assert any(str(caught.value).startswith(f"{path} {place}") for place in ("line 2", "line 1", "row 2"))


def test_broken_json_names_line_and_column(folder):
    path = folder / "data.jsonl"
    path.write_text(json.dumps(ROWS[0]) + '\n{"image": }\n')
    with pytest.raises(DataError, match=r"data\.jsonl line 2: not JSON at column 11 \(Expecting value\)"):
        open_records(path)[1]
    path = folder / "data.json"
    path.write_text("[\n" + json.dumps(ROWS[0]) + ',\n{"image": }]')
    with pytest.raises(DataError, match=r"data\.json line 3: not JSON at column 11"):
        open_records(path)
    pq.write_table(pa.table({"conversations": ['[{"role"}]']}), folder / "data.parquet")
    with pytest.raises(DataError, match=r"data\.parquet row 1, conversations: not JSON at column 9"):
        open_records(folder / "data.parquet")[0]


def test_other_encodings_and_endless_numbers_are_named(folder):
    path = folder / "data.jsonl"
    path.write_bytes(b'{"type": "caf\xe9"}\n' + b"9" * 5000 + b"\n")
    records = open_records(path)
    with pytest.raises(DataError, match=r"data\.jsonl line 1: not UTF-8 at byte 14; save"):
        records[0]
    with pytest.raises(DataError, match=r"data\.jsonl line 2: not readable as JSON"):
        records[1]


def test_bad_image_bytes_are_named(folder):
    path = folder / "data.parquet"
    texts = [json.dumps(said("x", "y"))] * 2
    pq.write_table(pa.table({"conversations": texts, "image_bytes": [[b"1", b""], None]}), path)
    with pytest.raises(
        DataError, match=r"data\.parquet row 1: picture 2 of image_bytes is not bytes, or empty"
    ):
        open_records(path)[0]
    pq.write_table(
        pa.table({"conversations": texts, "image_bytes": [b"1"] * 2, "image": [None, "a.png"]}), path
    )
    with pytest.raises(DataError, match=r"data\.parquet row 2: has both image and image_bytes"):
        open_records(path)[1]


def test_records_made_by_hand_are_checked():
    good = Record((b"1",), tuple(said("<image>", "y")), where="scene 5")
    validate(good)
    with pytest.raises(DataError, match=r"^scene 5: 1 <image> in the text, 2 pictures"):
        validate(Record((b"1", b"2"), good.messages, where="scene 5"))
    with pytest.raises(DataError, match=r"^scene 5: does not end"):
        validate(Record((), (), where="scene 5"))


# --- mistakes about the file


def test_files_that_cannot_be_records_are_named(folder):
    (folder / "data.xlsx").touch()
    (folder / "empty.jsonl").write_text("\n\n")
    (folder / "object.json").write_text('{"conversations": []}')
    (folder / "text.parquet").write_text("not parquet")
    (folder / "none.json").write_text("[ ]")
    (folder / "void.json").touch()
    pq.write_table(pa.table({"text": ["x"]}), folder / "columns.parquet")
    (folder / "dir.jsonl").mkdir()
    messages = {
        "data.xlsx": "unknown kind of data file; known are .jsonl, .parquet, .json",
        "Data.jsonl": "no such data file; there is .*data.xlsx",
        "other.docx": "no such data file; check",
        "missing.jsonl": "no such data file; check",
        "dir.jsonl": "no such data file",
        "empty.jsonl": "holds no records; write",
        "none.json": "holds no records",
        "void.json": "not JSON at column 1",
        "object.json": r"expected one list \[...\] of records",
        "text.parquet": "cannot be read as Parquet .*; write the file again",
        "columns.parquet": "no column conversations among text",
    }
    for name, message in messages.items():
        with pytest.raises(DataError, match=message) as caught:
            open_records(folder / name)
        assert str(caught.value).startswith(f"{folder / name}") and "\n" not in str(caught.value)


def test_image_dir_must_be_a_folder(folder):
    path = write_jsonl(folder, ROWS)
    with pytest.raises(DataError, match=r"nowhere: no such folder of pictures; check .*data.jsonl"):
        open_records(path, folder / "nowhere")


def test_a_file_without_rights_is_named(folder, monkeypatch):
    path = write_jsonl(folder, ROWS)

    def refused(*_):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("builtins.open", refused)
    with pytest.raises(DataError, match=r"data\.jsonl: Permission denied; check"):
        open_records(path)


def test_upper_case_extension_is_known(folder):
    path = write_jsonl(folder, ROWS).rename(folder / "DATA.JSONL")
    assert len(open_records(path)) == 3


def test_a_missing_picture_is_named_with_its_record(folder):
    path = write_jsonl(folder, [{"image": "gone.png", "conversations": said("x", "y")}])
    record = open_records(path)[0]
    with pytest.raises(DataError, match=r"gone\.png \(.*data\.jsonl line 1\): No such file"):
        load_image(record.images[0], name=record.where)


def test_pictures_in_parquet_are_the_bytes_of_their_files(folder):
    record = open_records(write_parquet(folder, ROWS))[1]
    assert record.images == tuple(image_bytes(folder, ["a.png", "b.png"]))
    assert load_image(io.BytesIO(record.images[0]).getvalue()).size == (5, 4)


@pytest.mark.parametrize("name", ["../a.png", "sub/../../a.png", "/etc/passwd", "a.png, ../b.png", "a\0.png"])
def test_pictures_stay_within_their_folder(folder, name, monkeypatch):
    (folder / "sub").mkdir()
    row = {"image": name, "conversations": said("What is this?", "a boot")}
    (folder / "data.jsonl").write_text(json.dumps(row))
    with pytest.raises(DataError, match=r"line 1: .* lies outside .*; name an image folder that holds it"):
        open_records(folder / "data.jsonl")[0]
    monkeypatch.chdir(folder)
    with pytest.raises(DataError, match="lies outside"):
        open_records("data.jsonl")[0]


def test_a_large_parquet_file_is_read_group_by_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = json.dumps([{"role": "user", "content": "?"}, {"role": "assistant", "content": "!"}])
    table = pa.table({"conversations": [said] * 20, "type": [str(i) for i in range(20)]})
    pq.write_table(table, tmp_path / "data.parquet", row_group_size=4)
    small = open_records(tmp_path / "data.parquet")
    monkeypatch.setattr("dataset.formats.parquet.IN_MEMORY", 0)
    monkeypatch.setattr("dataset.formats.parquet.KEPT", 2)
    large = open_records(tmp_path / "data.parquet")
    for number in (0, 1):
        pq.write_table(table.slice(10 * number, 10), tmp_path / f"parts-{number}.parquet", row_group_size=4)
    parts = open_records(tmp_path / "parts-*.parquet")
    assert [parts[i].type for i in (0, 19, 9, 10)] == ["0", "19", "9", "10"] and len(parts.groups) == 2
    assert parts[12].where == f"{tmp_path / 'parts-1.parquet'} row 3"
    assert parts.blocks[2:4] == [range(8, 10), range(10, 14)]
    assert small.blocks is None and large.blocks == [range(i, i + 4) for i in range(0, 20, 4)]
    for records in (small, large, pickle.loads(pickle.dumps(large))):
        assert [records[i].type for i in (0, 19, 7, 8, 3)] == ["0", "19", "7", "8", "3"]
    assert len(large.groups) == 2 and len(small.groups) == 4
    some = Chosen(large, [1, 2, 9, 19])
    assert some.blocks == [range(0, 2), range(2, 3), range(3, 4)] and some[2].type == "9"
    assert Chosen(large, range(6)).blocks == [range(0, 4), range(4, 6)]
