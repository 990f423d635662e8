"""The scripts as a user calls them, on small data and a model that is made here."""

import io
import json
import logging
import re
from pathlib import Path
from unittest.mock import Mock

import pytest
import torch
from PIL import Image

import eval_vlm
import train_pretrain_vlm
import train_sft_vlm
from dataset.storybook.__main__ import main as storybook
from model.vlm import VLM
from scoring.assistant import Assistant
from tests.conftest import CHECKPOINT
from trainer import average

SMALL = (
    "--image_size 32 --set text.hidden_size=32 text.intermediate_size=48 text.num_hidden_layers=2 "
    "text.num_attention_heads=4 vision.hidden_size=24 vision.intermediate_size=32 vision.num_hidden_layers=2 "
    "vision.num_attention_heads=2"
).split()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    storybook(["export", "--samples", "8", "--out", str(folder)])
    return folder / "data.jsonl"


@pytest.fixture(scope="module")
def trained(data: Path, tokenizer_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole chain, two steps a stage."""
    out = tmp_path_factory.mktemp("out")
    shared = ["--data", str(data), "--batch_size", "4", "--epochs", "1", "--workers", "0"]
    new = ["--tokenizer", str(tokenizer_folder), *SMALL]
    train_pretrain_vlm.main(["--stage", "text", *new, *shared, "--out", str(out / "text")])
    init = ["--init", str(out / "text")]
    train_pretrain_vlm.main(["--stage", "vision", *init, *shared, "--out", str(out / "vision")])
    init = ["--init", str(out / "vision")]
    train_pretrain_vlm.main(["--stage", "regions", *init, *shared, "--out", str(out / "regions")])
    train_pretrain_vlm.main(["--init", str(out / "regions"), *shared, "--out", str(out / "align")])
    sft = ["--init", str(out / "align"), *shared, "--out", str(out / "sft"), "--store", "fp16", "--augment"]
    train_sft_vlm.main([*sft, "--val", str(data), "--val_samples", "2"])
    return out / "sft"


NARROW = (
    "--set bert.hidden_size=32 bert.intermediate_size=48 bert.num_hidden_layers=2 bert.num_attention_heads=4 "
    "bert.num_query_tokens=4"
).split()


def test_a_qformer_in_two_stages(trained: Path, data: Path, tmp_path: Path) -> None:
    shared = ["--data", str(data), "--batch_size", "4", "--workers", "0"]
    stage1 = ["--stage", "qformer", "--init", str(trained), *NARROW, "--out", str(tmp_path / "1")]
    train_pretrain_vlm.main([*stage1, *shared, "--val", str(data), "--val_samples", "4"])
    row = json.loads((tmp_path / "1" / "metrics.jsonl").read_text().splitlines()[-1])
    assert {"itc", "itm", "itg", "itm_right", "val_i2t_r1", "val_t2i_r10", "val_itg"} <= set(row)
    stage2 = ["--stage", "align", "--init", str(tmp_path / "1"), "--out", str(tmp_path / "2")]
    train_pretrain_vlm.main([*stage2, *shared])
    one, two = (VLM.from_pretrained(tmp_path / part) for part in "12")
    assert one.config.image_tokens == two.config.image_tokens == 4
    assert torch.equal(
        one.vision.state_dict()["clip.embeddings.class_embedding"],
        two.vision.state_dict()["clip.embeddings.class_embedding"],
    )
    assert not torch.equal(one.connector.qformer.query_tokens, two.connector.qformer.query_tokens)
    again = ["--stage", "qformer", "--init", str(tmp_path / "1"), "--out", str(tmp_path / "3")]
    train_pretrain_vlm.main([*again, *shared])  # with the heads of before
    heads = tmp_path / "3" / "qformer_heads.safetensors"
    assert heads.is_file()
    heads.write_bytes(heads.read_bytes()[:100])
    once_more = ["--stage", "qformer", "--init", str(tmp_path / "3"), "--out", str(tmp_path / "4")]
    with pytest.raises(SystemExit, match=r"cannot read .*qformer_heads\.safetensors: .* cut off"):
        train_pretrain_vlm.main([*once_more, *shared])


def test_a_caption_decoder_answers_as_the_others_do(
    trained: Path, data: Path, picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    out = str(tmp_path / "blip")
    stage = ["--stage", "caption", "--init", str(trained), *NARROW[:-1], "--out", out]
    train_pretrain_vlm.main([*stage, "--data", str(data), "--batch_size", "4", "--workers", "0"])
    capsys.readouterr()
    ask = ["--weights", out, "--image", str(picture), "--prompt", "hi", "--max_new_tokens", "4"]
    eval_vlm.main([*ask, "--temperature", "1"])  # its likeliest answer, after two steps, may be nothing
    assert capsys.readouterr().out.strip()
    with pytest.raises(SystemExit, match="2 pictures for 1 texts"):
        eval_vlm.main(["--weights", out, "--image", str(picture), str(picture), "--prompt", "hi"])


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "pictures" / "red.png"
    path.parent.mkdir()
    Image.new("RGB", (50, 40), "red").save(path)
    Image.new("RGB", (40, 50), "blue").save(path.parent / "blue.jpg")
    return path


def test_the_chain_leaves_a_whole_checkpoint(trained: Path) -> None:
    assert {p.name for p in trained.iterdir()} >= CHECKPOINT | {"metrics.jsonl", "loss.png"}
    assert json.loads((trained / "metrics.jsonl").read_text().splitlines()[-1])["val_exact_match"] >= 0
    assert VLM.from_pretrained(trained).config.vision.image_size == 32


def test_one_question_one_answer(trained: Path, picture: Path, capsys: pytest.CaptureFixture) -> None:
    ask = ["--weights", str(trained), "--image", str(picture), "--prompt", "hi", "--max_new_tokens", "5"]
    eval_vlm.main(ask)
    streamed = capsys.readouterr().out
    eval_vlm.main([*ask, "--no_stream", "--temperature", "5", "--greedy"])
    assert capsys.readouterr().out == streamed and streamed.endswith("\n")


def test_a_folder_and_two_pictures(
    trained: Path, picture: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    shared = ["--weights", str(trained), "--image", str(picture.parent), "--max_new_tokens", "3"]
    eval_vlm.main(shared)
    assert [f"{picture.parent}/{n}" in capsys.readouterr().out for n in ("blue.jpg",)] == [True]
    eval_vlm.main([*shared, "--use_multi", "2"])
    assert f"{picture.parent}/blue.jpg, {picture}" in capsys.readouterr().out


def test_a_conversation_through_a_pipe(
    trained: Path, picture: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = ["--weights", str(trained), "--image", str(picture), "--max_new_tokens", "2"]
    lines = f"hi\nand?\n/image {picture}\n\n/lok\n/reset\n<image>\n/help\n/quit\nnever\n"
    monkeypatch.setattr("sys.stdin", io.StringIO(lines))
    with pytest.raises(SystemExit, match="error: 1 of the pipe's lines failed"):
        eval_vlm.main(ask)
    out, err = capsys.readouterr()
    assert "1 picture; a new conversation" in err and "forgotten" in err and "no command /lok" in err
    assert "forget what was said" in err and "forget" not in out and "never" not in out + err
    monkeypatch.setattr("sys.stdin", io.StringIO("/image nowhere.png\nhi\n"))
    with pytest.raises(SystemExit, match=r"error: nowhere\.png: .*; nothing was asked from there on"):
        eval_vlm.main(ask)


def test_a_folder_that_holds_a_run_is_refused_before_its_data_is_read(
    trained: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Features of many pictures take minutes."""
    monkeypatch.setattr("trainer.run.prepare", Mock(side_effect=AssertionError))
    with pytest.raises(SystemExit, match="holds a run that stands at step 2 of 2"):
        train_sft_vlm.main(
            ["--init", str(trained.parent / "align"), "--data", str(data), "--out", str(trained)]
        )


def test_an_empty_pipe_asks_what_enter_asks_and_other_letters_are_refused(
    trained: Path, picture: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    ask, asked = ["--weights", str(trained), "--image", str(picture)], []
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setattr(Assistant, "stream", lambda *given, **_: iter(asked.append(given[1]) or []))
    for typed in (b"", b"/settings\n/quit\n"):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(typed), "ascii", "surrogateescape"))
        eval_vlm.main(ask)
    assert [messages[-1]["content"] for messages in asked] == [f"<image>\n{eval_vlm.DESCRIBE}"]
    folder = ["--weights", str(trained), "--image", str(picture.parent)]
    for typed in ("hi\nçà\n".encode("latin1"), "hi\n".encode("utf-16"), "hi\n".encode("utf-16-le")):
        for flags in (ask, folder):
            monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(typed), "ascii", "surrogateescape"))
            with pytest.raises(SystemExit, match="the pipe's text is not UTF-8"):
                eval_vlm.main(flags)
    capsys.readouterr()
    eval_vlm.main(["--weights", str(trained), "--prompt", "hi"])
    assert "no picture yet, so it will make one up" in capsys.readouterr().err


@pytest.mark.parametrize("typed", ["hi\n/add {0}\nand?\n", "\n", ""])
def test_about_two_pictures_a_pipe_is_asked_first(
    trained: Path, picture: Path, typed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setattr("sys.stdin", io.StringIO(typed.format(picture)))
    monkeypatch.setattr(Assistant, "stream", lambda *given, **_: iter(asked.append(given[1]) or []))
    eval_vlm.main(["--weights", str(trained), "--image", str(picture), str(picture), "--use_multi", "2"])
    questions = [messages[-1]["content"].replace("<image>\n", "") for messages in asked]
    assert questions == ([eval_vlm.COMPARE] if typed in ("", "\n") else ["hi", "and?"])


def test_of_questions_from_a_pipe_nothing_is_drawn(
    trained: Path, picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("hi\n"))
    two = ["--weights", str(trained), "--image", str(picture), str(picture), "--use_multi", "2"]
    with pytest.raises(SystemExit, match="--heatmap is not drawn of questions from a pipe"):
        eval_vlm.main([*two, "--max_new_tokens", "2", "--heatmap", str(tmp_path / "look.png")])
    assert not (tmp_path / "look.png").exists()


@pytest.mark.parametrize(
    "locale, question, forgotten",
    [("zh_CN.UTF-8", eval_vlm.DESCRIBE_ZH, "已忘记之前的对话"), ("de_DE", eval_vlm.DESCRIBE, "forgotten")],
)
def test_a_conversation_is_in_the_users_language(
    trained: Path,
    picture: Path,
    locale: str,
    question: str,
    forgotten: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    asked = []
    monkeypatch.setenv("LC_ALL", locale)
    monkeypatch.setattr("sys.stdin", io.StringIO("\n/reset\n"))
    monkeypatch.setattr(Assistant, "stream", lambda *given, **_: iter(asked.append(given[1]) or []))
    eval_vlm.main(["--weights", str(trained), "--image", str(picture)])
    assert [messages[-1]["content"] for messages in asked] == [f"<image>\n{question}"]
    assert capsys.readouterr() == ("\n", f"{forgotten}\n")


def test_what_is_loaded_is_told_when_asked_for(
    trained: Path, picture: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    ask = ["--weights", str(trained), "--image", str(picture), "--prompt", "hi", "--max_new_tokens", "2"]
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    monkeypatch.setattr(logging.getLogger("model"), "level", logging.NOTSET)
    eval_vlm.main(ask)
    assert not capsys.readouterr().err
    eval_vlm.main([*ask, "--verbose"])
    assert re.fullmatch(r"loaded (\d+)/\1 tensors from .*model\.safetensors\n", capsys.readouterr().err)


def test_the_mean_of_two_checkpoints(trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    one, other = (Assistant.load(folder) for folder in (trained, trained))
    with torch.no_grad():
        for p in other.vlm.parameters():
            p += 1.0
    other.save(tmp_path / "other")
    flags = f"{trained} {tmp_path / 'other'} --out {tmp_path / 'mean'} --store fp32"
    average.main(["--weights", *flags.split()])
    mean = Assistant.load(tmp_path / "mean")
    for name, p in one.vlm.named_parameters():
        torch.testing.assert_close(mean.vlm.get_parameter(name), p + 0.5)
    for flags, said in {
        f"{trained} --out {tmp_path / 'new'}": "a mean is of two or more",
        f"{trained} {trained} --out {tmp_path / 'mean'}": "holds model.safetensors, which would",
        f"{trained} weights/tiny --out {tmp_path / 'new'}": "differ in their sizes",
    }.items():
        with pytest.raises(SystemExit, match=said):
            average.main(["--weights", *flags.split()])


@pytest.mark.parametrize("suffix", ["data", "storybook"])
def test_scoring(
    trained: Path, data: Path, tmp_path: Path, suffix: str, capsys: pytest.CaptureFixture
) -> None:
    report = tmp_path / "report.json"
    source = ["--data", str(data)] if suffix == "data" else ["--data", "storybook:scenes", "--samples", "1"]
    eval_vlm.main(["--weights", str(trained), *source, "--report", str(report), "--max_new_tokens", "4"])
    scored = json.loads(report.read_text())
    assert scored["n"] == sum(row["n"] for row in scored["by_type"].values()) > 0
    assert 0 <= scored["exact_match"] <= 1 and set(scored["by_language"]) <= {"en", "zh"}
    assert "all" in capsys.readouterr().out


def test_a_long_conversation_forgets_its_oldest_turns_and_says_so(
    trained: Path, picture: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    questions = "".join(f"{'what is this and that ' * 40}{n}?\n" for n in range(12))
    monkeypatch.setattr("sys.stdin", io.StringIO(questions))
    eval_vlm.main(["--weights", str(trained), "--image", str(picture), "--max_new_tokens", "2"])
    told = capsys.readouterr().err
    assert "(the oldest 1 of " in told and "no longer fit, and are forgotten)" in told and "error" not in told
    assistant = Assistant.load(trained)
    said = [{"role": "user", "content": "<image>\none"}, {"role": "assistant", "content": "1"}]
    asked = [*said, {"role": "user", "content": "two"}]
    assert assistant.fitting(asked, 4) == asked
    assert assistant.fitting(asked, assistant.context) == [{"role": "user", "content": "<image>\ntwo"}]
