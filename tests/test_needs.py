"""What a stage needs of its records is asked before the first step, by `check`, and of every batch."""

import json
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import ANY

import pytest
import torch
from PIL import Image

import train_pretrain_vlm
import train_sft_vlm
from dataset import check
from dataset.batches.collate import Collate, Prepared
from dataset.check import examine
from dataset.errors import DataError
from dataset.needs import NEEDS
from dataset.record import Record
from model.bert import BertConfig
from scoring.assistant import Assistant
from tests.conftest import scrambled
from tests.test_check import checked, turns
from tests.test_mistakes import mistake
from tests.test_scripts import SMALL
from trainer.loop import Recipe, fit, make_optimizers, train_step
from trainer.report import read_metrics
from trainer.stages import STAGES, choose_trainable, expect_model, needs_of

IMAGE = Image.new("RGB", (32, 32), "red")


def record(number: int, pictures: int) -> Record:
    asked = turns("<image>" * pictures + f"What is {number}?", "a red boat")
    return Record((IMAGE,) * pictures, tuple(asked), where=f"record {number}")


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """Three records with a picture, three without."""
    IMAGE.save(tmp_path / "a.png")
    rows = [{"image": "a.png", "conversations": turns(f"What is this? {i}", "yellow")} for i in range(3)]
    rows += [{"conversations": turns(f"hi {i}", "hello")} for i in range(3)]
    (tmp_path / "mixed.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "text.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows[3:]))
    return tmp_path / "mixed.jsonl"


def flags_for(data: Path, tokenizer: Path, *more: str) -> list[str]:
    shared = ["--data", str(data), "--tokenizer", str(tokenizer), *SMALL, "--workers", "0", "--warmup", "1"]
    return [*shared, "--out", str(data.parent / "out"), "--epochs", "1", "--batch_size", "2", *more]


IDLE = {"align": "--stage align", "regions": "--stage regions", "sharpen": "--stage sharpen"}


@pytest.mark.parametrize("stage", [*IDLE, "sft"])
def test_records_that_teach_a_stage_nothing_are_left_out_and_told(
    stage: str, mixed: Path, tokenizer_folder: Path, capsys: pytest.CaptureFixture
) -> None:
    more = ["--stage", stage] if stage in IDLE else ["--train", "connector"]
    main = train_pretrain_vlm.main if stage in IDLE else train_sft_vlm.main
    main([*flags_for(mixed, tokenizer_folder), *more])
    out = capsys.readouterr().out
    assert "3 of 6 records have no picture, and would teach the stage nothing: they are left out" in out
    assert f"stage {stage}: 3 records, 2 steps" in out and "saved" in out


def test_an_eye_at_rest_is_asked_about_regions(mixed: Path, tokenizer_folder: Path) -> None:
    """Features kept of whole pictures know no boxes: no step would teach anything."""
    kept = ["--features", str(mixed.parent / "features"), "--stage", "regions", "--train", "connector"]
    train_pretrain_vlm.main([*flags_for(mixed, tokenizer_folder), *kept])
    assert all("loss" in row for row in read_metrics(mixed.parent / "out" / "metrics.jsonl"))


@pytest.mark.parametrize("stage", IDLE)
def test_where_none_is_left_the_run_does_not_begin(stage: str, mixed: Path, tokenizer_folder: Path) -> None:
    flags = flags_for(mixed.with_name("text.jsonl"), tokenizer_folder, "--stage", stage)
    said = mistake(train_pretrain_vlm.main, flags)
    assert "text.jsonl: 3 of 3 records have no picture" in said


@pytest.mark.parametrize("stage", ["vision", "qformer", "caption"])
def test_a_pair_is_one_picture_and_its_words(stage: str, mixed: Path, tokenizer_folder: Path) -> None:
    flags = flags_for(mixed, tokenizer_folder, "--stage", stage)
    said = mistake(train_pretrain_vlm.main, flags)
    assert f"line 4: 0 pictures; stage {stage} needs one in each record" in said
    assert "3 of 6 records are bad" in said and f"--stage {stage}`" in said and "--skip_bad" in said


@pytest.mark.parametrize("stage, code, said", [
    ("sft", 0, "6 records, 0 of them bad"),
    ("align", 0, "3 of 6 records have no picture, and would teach the stage nothing"),
    ("qformer", 1, "line 4: 0 pictures; stage qformer needs one in each record"),
])  # fmt: skip
def test_check_asks_the_same(
    stage: str, code: int, said: str, mixed: Path, tokenizer_folder: Path, capsys: pytest.CaptureFixture
) -> None:
    ended, told = checked([str(mixed), "--stage", stage, "--weights", str(tokenizer_folder)], capsys)
    assert ended == code and said in told


def test_a_caption_that_is_read_by_itself_fits_where_it_is_read(assistant: Assistant) -> None:
    bert = SimpleNamespace(config=SimpleNamespace(max_position_embeddings=64))
    del assistant.vlm.connector
    assistant.vlm.connector = SimpleNamespace(qformer=bert)
    needs = needs_of("qformer", ("connector",), assistant.vlm)
    short, long = (Record((IMAGE,), tuple(turns("<image>?", "red boat " * n)), where="r") for n in (2, 200))
    found = examine([short, long], assistant.chat, None, needs=needs)
    assert found.bad == {1: ANY} and "tokens of caption; stage qformer reads 62; shorten" in found.bad[1]
    assert not examine([short, long], assistant.chat, None).bad
    assert NEEDS["qformer"].caption == BertConfig().max_position_embeddings - 2


def test_a_pair_is_told_from_another(mixed: Path, tokenizer_folder: Path) -> None:
    flags = flags_for(mixed, tokenizer_folder, "--stage", "vision", "--samples", "1")
    assert "stage vision compares records with each other; give 2 or more" in mistake(
        train_pretrain_vlm.main, flags
    )


CHOOSY = ["text", "regions", "names", "qformer", "align", "reward"]


@pytest.mark.parametrize("stage", CHOOSY)
def test_a_model_that_a_loss_is_not_made_for_is_refused_at_once(stage: str, assistant: Assistant) -> None:
    blip = SimpleNamespace(config=SimpleNamespace())
    with pytest.raises(DataError, match=f"stage {stage} needs a model with connector .*, not none"):
        expect_model(stage, blip)
    for name in set(STAGES) - set(CHOOSY):
        expect_model(name, blip)
    asking = SimpleNamespace(config=SimpleNamespace(connector="qformer"))
    with pytest.raises(DataError, match=r"stage regions needs .* linear, mlp, normed, words, not qformer"):
        expect_model("regions", asking)
    expect_model("text", assistant.vlm), expect_model("align", asking)


def test_the_command_that_tells_all_judges_as_the_run_does(
    mixed: Path, tokenizer_folder: Path, capsys: pytest.CaptureFixture
) -> None:
    rows = [{"image": "a.png", "conversations": turns("What? " * n, "yellow")} for n in (1, 60)]
    mixed = mixed.rename(mixed.with_name("my pictures.jsonl"))  # a shell would make two words of it
    mixed.write_text("".join(json.dumps(row) + "\n" for row in rows))
    said = mistake(train_sft_vlm.main, flags_for(mixed, tokenizer_folder, "--max_length", "100"))
    command = said.split("python -m dataset.records check ")[1].split("`")[0]
    with pytest.raises(SystemExit):
        check.main(shlex.split(command))
    assert capsys.readouterr().out.splitlines()[0] in said and "is cut at 100" in said


def test_held_out_records_are_asked_too(mixed: Path, tokenizer_folder: Path) -> None:
    val = ["--val", str(mixed.with_name("text.jsonl")), "--skip_bad"]
    flags = flags_for(mixed, tokenizer_folder, "--stage", "vision", *val)
    assert "text.jsonl line" in mistake(train_pretrain_vlm.main, flags)


REFUSED = [
    ("--stage text --train connector", "--train connector: the loss of stage text reaches decoder"),
    ("--stage sharpen --train decoder", "--train decoder: the loss of stage sharpen reaches vision alone"),
    ("--stage align --eye_lr 0.1", "--eye_lr 0.1: trains no vision, but connector"),
    ("--stage qformer --connector mlp", "--connector mlp: stage qformer makes its own"),
    ("--stage names", "stage names is for pictures of your own; name the data file or folder with --data"),
    ("--stage vision --batch_size 1", "--batch_size 1: stage vision compares the pairs of a batch"),
]


@pytest.mark.parametrize("flags, said", REFUSED, ids=[flags for flags, _ in REFUSED])
def test_flags_that_say_nothing_to_a_stage(flags: str, said: str, tmp_path: Path) -> None:
    argv = ["--init", "nowhere", "--out", str(tmp_path / "out"), *flags.split()]
    assert said in mistake(train_pretrain_vlm.main, argv)


def test_every_stage_says_what_it_needs(assistant: Assistant) -> None:
    assert list(STAGES) == list(NEEDS)
    assert needs_of("sft", ("connector",), assistant.vlm).pictures == "some"
    assert needs_of("align", ("connector", "last_layer"), assistant.vlm).pictures == "any"
    assert needs_of("sft", ("decoder",), torch.nn.Identity()).pictures == "one"  # BLIP, for one


def of(assistant: Assistant) -> Callable[[int, int], dict]:
    def batch(number: int, pictures: int) -> dict:
        prepared = Prepared([record(number, pictures)], assistant.chat, assistant.preprocessor)
        return Collate(assistant.chat)([prepared[0, 0]])

    return batch


@pytest.mark.parametrize("stage", IDLE)
def test_a_batch_that_teaches_nothing_weighs_nothing(stage: str, assistant: Assistant) -> None:
    batch, vlm = of(assistant), scrambled(assistant.vlm)
    choose_trainable(vlm, STAGES[stage].parts)
    module = STAGES[stage].build(vlm)
    recipe = Recipe(steps=1, batch_size=1)
    optimizers = make_optimizers(module, recipe)
    before = {k: v.clone() for k, v in module.state_dict().items()}
    nothing, something = batch(0, pictures=0), batch(1, pictures=1)
    assert module.weigh(nothing) == 0 < module.weigh(something)
    assert train_step(module, module, [nothing], optimizers, recipe, 1.0, module.weigh) == {}
    assert all(torch.equal(v, before[k]) for k, v in module.state_dict().items())
    alone = module(something)["loss"].item()
    both = train_step(module, module, [nothing, something], optimizers, recipe, 1.0, module.weigh)
    assert both["loss"] == pytest.approx(alone, rel=1e-5)


def test_a_run_goes_on_over_a_batch_that_teaches_nothing(assistant: Assistant, tmp_path: Path) -> None:
    batch, vlm = of(assistant), assistant.vlm
    choose_trainable(vlm, ("connector",))
    module = STAGES["align"].build(vlm)
    some = [batch(0, pictures=0), batch(1, pictures=1), batch(2, pictures=0)]
    recipe = Recipe(steps=3, batch_size=1)
    fit(module, module, lambda start: iter_of(some), recipe, tmp_path, "x", log_every=1, weigh=module.weigh)
    rows = read_metrics(tmp_path / "metrics.jsonl")
    assert ["loss" in row for row in rows] == [False, True, False]


def iter_of(some: list[dict]) -> Iterator[dict]:
    yield from some
