"""Anything at all goes in; out comes an answer, or one line that says what is wrong. Nothing else.

Seeded, 60 examples of each; `make fuzz` tries twenty times as many.
"""

import io
import json
import os
import tempfile
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from dataset.chat.render import Chat
from dataset.errors import DataError
from dataset.formats.dialects import READ
from dataset.formats.parse import parse_record
from dataset.formats.rows import ANSWERS, as_conversation
from dataset.images.load import load_image
from dataset.images.preprocess import Preprocessor
from dataset.records import open_records
from model.files import CheckpointError
from model.files import save as save_model
from model.hub import load
from model.vlm import VLM, splice
from tests.conftest import TINY, scrambled
from trainer.checkpoint import ResumeError, load_state, save_state

EXAMPLES = 60 * int(os.environ.get("FUZZ", "1"))
FUZZ = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=10_000,  # milliseconds: nothing hangs
    suppress_health_check=list(HealthCheck),
    database=None,
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


def drawn(kind: str) -> bytes:
    file = io.BytesIO()
    Image.effect_noise((24, 16), 60).convert("RGB").save(file, kind)
    return file.getvalue()


PICTURES = [drawn(kind) for kind in ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM", "ICO")]
DAMAGE = st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=8)


def damaged(data: bytes, changes: list[tuple[int, int]], keep: float) -> bytes:
    data = bytearray(data[: max(1, round(keep * len(data)))])
    for at, value in changes:
        data[at % len(data)] = value
    return bytes(data)


def is_one_line(error: Exception) -> bool:
    return bool(str(error)) and "\n" not in str(error)


def picture(data: bytes) -> None:
    try:
        assert load_image(data, max_pixels=1_000_000).mode == "RGB"
    except DataError as error:
        assert is_one_line(error)


@FUZZ
@given(st.sampled_from(PICTURES), DAMAGE, st.floats(0, 1))
def test_damaged_pictures(data: bytes, changes: list, keep: float) -> None:
    picture(damaged(data, changes, keep))


@FUZZ
@given(st.binary(max_size=300))
def test_any_bytes_as_a_picture(data: bytes) -> None:
    picture(data)


TURN = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "system"]) | JSON, "content": st.text(max_size=30) | JSON}
)
ROW = st.fixed_dictionaries(
    {"conversations": st.lists(TURN, max_size=5) | JSON},
    optional={"image": JSON, "image_bytes": st.binary(max_size=5) | JSON, "type": JSON, "regions": JSON},
)


@FUZZ
@given(ROW | JSON)
def test_any_row_is_a_record_or_a_line(row: object) -> None:
    try:
        record = parse_record(row, Path("pictures"), "here")
    except DataError as error:
        assert is_one_line(error) and str(error).startswith("here")
    else:
        marks = sum(message["content"].count("<image>") for message in record.messages)
        assert record.messages[-1]["role"] == "assistant" and marks == len(record.images)


ASKED = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(["image", "question", "qa", "type", *ANSWERS], JSON | st.text(max_size=9))
)


@FUZZ
@given(ASKED)
def test_any_question_and_answer_is_a_record_or_a_line(row: dict) -> None:
    try:
        record = parse_record(as_conversation(row, "here"), Path("pictures"), "here")
    except DataError as error:
        assert is_one_line(error) and str(error).startswith("here")
    else:
        assert [message["role"] for message in record.messages] == ["user", "assistant"]


PART = st.fixed_dictionaries(
    {"type": st.sampled_from(["text", "image", "image_url"]) | JSON},
    optional=dict.fromkeys(
        ["text", "image", "image_url", "url", "path", "index"], st.text(max_size=9) | JSON
    ),
)
SPOKEN = st.lists(TURN | st.fixed_dictionaries({"role": st.just("user"), "content": st.lists(PART)}) | JSON)
TOOLS = st.fixed_dictionaries({}, optional=dict.fromkeys(READ, SPOKEN | st.text(max_size=9) | JSON))


@FUZZ
@given(TOOLS)
def test_any_row_of_other_tools_is_a_record_or_a_line(row: dict) -> None:
    try:
        record = parse_record(as_conversation(row, "here"), Path("pictures"), "here")
    except DataError as error:
        assert is_one_line(error) and str(error).startswith("here")
    else:
        assert record.messages[-1]["role"] == "assistant"


@FUZZ
@given(st.binary(max_size=200), st.sampled_from([".jsonl", ".json", ".parquet", ".csv"]))
def test_any_bytes_as_a_data_file(data: bytes, suffix: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"data{suffix}"
        path.write_bytes(data)
        try:
            records = open_records(path)
            for index in range(len(records)):
                records[index]
        except DataError as error:
            assert is_one_line(error)


@FUZZ
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_any_text_comes_back(chat: Chat, text: str) -> None:
    ids = chat.prompt([{"role": "user", "content": text}])
    inside = ids[ids.index(chat.tokenizer.token_to_id("<|im_start|>")) :]
    assert text.replace("<image>", "") in chat.decode(inside) or "<image>" in text
    assert chat.decode(chat.encode(text)) == text


@FUZZ
@given(
    st.dictionaries(st.sampled_from(["size", "crop_size", "image_mean", "image_std", "resample", "x"]), JSON)
)
def test_any_preprocessor_file(fields: dict) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "preprocessor_config.json"
        path.write_text(json.dumps(fields))
        try:
            assert Preprocessor.from_json(path).image_size > 0
        except DataError as error:
            assert is_one_line(error)


PLACE = st.sampled_from(
    [("text", k) for k in TINY.to_dict()["text"]] + [("vision", k) for k in TINY.to_dict()["vision"]]
)


def changed(place: tuple[str, str], value: object) -> dict:
    values = json.loads(json.dumps(TINY.to_dict()))
    values[place[0]][place[1]] = value
    return values


class Weights(bytes):
    """Half a megabyte that a report need not spell out."""

    def __repr__(self) -> str:
        return f"{len(self)} bytes"


@pytest.fixture(scope="module")
def weights() -> bytes:
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        save_model(scrambled(VLM(TINY)), folder)
        return Weights((Path(folder) / "model.safetensors").read_bytes())


def loaded(config: str, weights: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "config.json").write_text(config)
        (Path(folder) / "model.safetensors").write_bytes(weights)
        try:
            assert isinstance(load(folder), VLM)
        except (CheckpointError, ValueError) as error:
            assert is_one_line(error)


@FUZZ
@given(PLACE, JSON | st.integers(-10, 200))
def test_any_field_of_a_config(weights: bytes, place: tuple, value: object) -> None:
    if place != ("vision", "pretrained"):  # that one names another folder
        loaded(json.dumps(changed(place, value)), weights)


@FUZZ
@given(JSON)
def test_any_config(weights: bytes, values: object) -> None:
    loaded(json.dumps(values), weights)


@FUZZ
@given(DAMAGE, st.floats(0, 1))
def test_damaged_weights(weights: bytes, changes: list, keep: float) -> None:
    loaded(json.dumps(TINY.to_dict()), damaged(weights, changes, keep))


@FUZZ
@given(st.sampled_from(["pt", "json"]), DAMAGE, st.floats(0.5, 1))
def test_damaged_states_are_never_taken_for_whole(which: str, changes: list, keep: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        module = torch.nn.Linear(3, 2)
        path = save_state(Path(folder), 4, module, [], {"steps": 9}).with_suffix(f".{which}")
        whole, spoilt = path.read_bytes(), damaged(path.read_bytes(), changes, keep)
        path.write_bytes(spoilt)
        before = module.weight.clone()
        torch.nn.init.zeros_(module.weight)
        try:
            load_state(Path(folder), module, [], {"steps": 9}, "last")
            assert torch.equal(module.weight, before) and (whole == spoilt or which == "json")
        except ResumeError as error:
            assert is_one_line(error) and not module.weight.any()


@FUZZ
@given(st.lists(st.lists(st.booleans(), min_size=6, max_size=6), min_size=1, max_size=3), st.integers(1, 3))
def test_splice_places_all_or_says_why(rows: list[list[bool]], per_image: int) -> None:
    places = torch.tensor(rows)
    images = torch.arange(1.0, 1 + int(places.sum()) // per_image * per_image).view(-1, per_image, 1)
    try:
        out = splice(torch.zeros(*places.shape, 1), places, images)
    except ValueError as error:
        assert is_one_line(error) and any(sum(row) % per_image for row in rows)
    else:
        assert torch.equal(out[places].flatten(), images.flatten()) and not out[~places].any()
