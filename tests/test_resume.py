"""A resumed run is the same run, or is refused by the name of the flag that differs; it may be longer."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import train_pretrain_vlm
import train_sft_vlm
from dataset.batches.collate import Prepared
from dataset.check import content
from dataset.record import Record
from dataset.storybook.__main__ import main as storybook
from model.files import CheckpointError, save
from model.hub import load
from scoring.assistant import Assistant
from tests.test_mistakes import mistake
from tests.test_scripts import SMALL
from trainer.args import TrainArgs
from trainer.checkpoint import StateError, _label, _sum, load_state, save_state, saved_states
from trainer.identity import identity
from trainer.report import read_metrics


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, tokenizer_folder: Path) -> Path:
    """A finished run of four steps, and other data of as many records about the same pictures."""
    folder = tmp_path_factory.mktemp("resume")
    storybook(["export", "--samples", "8", "--out", str(folder / "data")])
    shutil.copytree(folder / "data", folder / "other")
    rows = [json.loads(line) for line in (folder / "data/data.jsonl").read_text().splitlines()]
    rows[0]["conversations"][-1]["content"] = "banana"
    (folder / "other/data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    train_sft_vlm.main(flags_of(folder, tokenizer_folder))
    return folder


def flags_of(folder: Path, tokenizer: Path, *more: str) -> list[str]:
    shared = ["--tokenizer", str(tokenizer), *SMALL, "--batch_size", "4", "--workers", "0", "--epochs", "2"]
    return ["--data", str(folder / "data/data.jsonl"), "--out", str(folder / "run"), *shared, *more]


@pytest.fixture
def place(home: Path, tmp_path: Path) -> Path:
    shutil.copytree(home, tmp_path / "home")
    return tmp_path / "home"


OTHERWISE = {
    "--train decoder": "made with --train connector decoder, not decoder",
    "--augment": "made with --augment False, not True",
    "--max_length 400": "made with --max_length 1024, not 400",
    "--lora 4": "made with --lora 0, not 4",
    "--features None": "made with --features kept, not None",
    "--pack 2": "made with --pack 1, not 2",
    "--connector_lr 0.5": "made with --connector_lr 1.0, not 0.5",
    "--muon_lr 0.01": "made with --muon_lr 0.0, not 0.01",
    "--seed 1": "made with --seed 0, not 1",
    "--samples 7": "made with --data of 8 records, sha256 ",
    "--epochs 1": "is of a run of 4 steps, not 2; give as many --epochs as then, or more",
}


@pytest.mark.parametrize("flags, said", OTHERWISE.items(), ids=list(OTHERWISE))
def test_what_differs_is_named_by_its_flag(
    flags: str, said: str, place: Path, tokenizer_folder: Path
) -> None:
    argv = flags_of(place, tokenizer_folder, "--resume", "last", *flags.split())
    assert said in mistake(train_sft_vlm.main, argv)


def test_other_data_of_the_same_number(place: Path, tokenizer_folder: Path) -> None:
    argv = [*flags_of(place, tokenizer_folder, "--resume", "last"), "--data", str(place / "other/data.jsonl")]
    said = mistake(train_sft_vlm.main, argv)
    assert "was made with --data of 8 records, sha256 " in said and ", not of 8 records, sha256 " in said


def test_another_model_of_the_same_shapes_and_another_stage(place: Path, tokenizer_folder: Path) -> None:
    argv = flags_of(place, tokenizer_folder, "--resume", "last")
    argv[argv.index("--set") + 1 : argv.index("--set") + 1] = ["text.rope_theta=500"]
    assert "made with a model of text.rope_theta 1" in mistake(train_sft_vlm.main, argv)
    argv = flags_of(place, tokenizer_folder, "--resume", "last", "--train", "connector", "decoder")
    assert "made with --stage sft, not align" in mistake(train_pretrain_vlm.main, argv)


def test_a_run_is_its_pixels_its_eye_and_its_way_to_write_a_talk(assistant: Assistant) -> None:
    def told(assistant: Assistant) -> dict[str, object]:
        prepared = Prepared([], assistant.chat, assistant.preprocessor, 100)
        return identity("sft", TrainArgs(), ("decoder",), assistant, prepared, "d")

    plain, squashed = told(assistant), replace(assistant.preprocessor, crop=False)
    brief = replace(assistant, chat=assistant.chat.with_system("Be brief."))
    found = told(replace(assistant, preprocessor=squashed)), told(brief)
    next(assistant.vlm.vision.parameters()).data.add_(1)
    differ = [
        {words for words in plain if plain[words] != other[words]} for other in (*found, told(assistant))
    ]
    assert differ == [{"an eye of sha256"}, {"a chat format of sha256"}, {"an eye of sha256"}]


def test_a_run_is_made_longer(place: Path, tokenizer_folder: Path, capsys: pytest.CaptureFixture) -> None:
    shutil.move(place / "data", place / "moved")  # the same data elsewhere
    argv = flags_of(place, tokenizer_folder, "--resume", "last", "--epochs", "4")
    train_sft_vlm.main([*argv, "--data", str(place / "moved/data.jsonl")])
    assert "the run becomes longer: 4 steps before, 8 now" in capsys.readouterr().out
    assert [row["step"] for row in read_metrics(place / "run/metrics.jsonl")] == [4, 8]
    assert saved_states(place / "run")[-1].name == "state-00000008.pt"


def forget(folder: Path) -> None:
    """The state becomes as those were that knew the recipe alone."""
    path = saved_states(folder)[-1]
    state = torch.load(path)
    del state["recipe"]["known"]
    torch.save(state, path)
    _label(path).write_text(json.dumps(json.loads(_label(path).read_text()) | _sum(path)))


def test_a_state_of_before_is_resumed_and_compared_in_what_it_knows(
    place: Path, tokenizer_folder: Path
) -> None:
    forget(place / "run")
    argv = flags_of(place, tokenizer_folder, "--resume", "last")
    assert "--seed 0, not 1" in mistake(train_sft_vlm.main, [*argv, "--seed", "1"])
    assert "is of another model or --train" in mistake(train_sft_vlm.main, [*argv, "--train", "decoder"])
    train_sft_vlm.main(argv)


def test_what_a_record_holds_does_not_depend_on_where_it_lies(tmp_path: Path) -> None:
    def record(folder: str, size: int = 3) -> Record:
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / "a.png").write_bytes(b"a" * size)
        return Record((tmp_path / folder / "a.png",), ({"role": "user", "content": "?"},))

    assert content(record("one")) == content(record("two")) != content(record("three", size=4))
    assert content(Record((b"ab",), ())) != content(Record((b"ac",), ()))


def test_weights_that_are_not_finite_are_not_saved(tmp_path: Path) -> None:
    module, recipe = torch.nn.Linear(2, 2), {"steps": 3}
    kept = save_state(tmp_path, 1, module, [], recipe)
    module.weight.data[0, 0] = torch.inf
    with pytest.raises(
        StateError, match=r"weight is not finite at step 2.*state-00000001.pt stays; try a lower"
    ):
        save_state(tmp_path, 2, module, [], recipe)
    assert saved_states(tmp_path) == [kept]
    assert load_state(tmp_path, torch.nn.Linear(2, 2), [], recipe, "last") == 1


def test_a_checkpoint_that_could_not_be_loaded_is_not_written(assistant: Assistant, tmp_path: Path) -> None:
    save(assistant.vlm, tmp_path)
    assistant.vlm.decoder.norm.weight.data[0] = 1e6  # more than half precision holds
    with pytest.raises(CheckpointError, match=r"decoder.norm.weight is not finite as float16; store float32"):
        save(assistant.vlm, tmp_path, torch.float16)
    assert load(tmp_path).decoder.norm.weight[0] == 1
