"""A file is scored to its end: what cannot be asked is named and counted, and the rest is asked."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

import eval_vlm
import train_sft_vlm
from dataset.errors import DataError
from dataset.open import open_data
from scoring.answers import Answer, answer_all
from scoring.assistant import Assistant


def turns(*said: str) -> list[dict]:
    return [{"role": ("user", "assistant")[n % 2], "content": text} for n, text in enumerate(said)]


GOOD = {"image": "a.png", "conversations": turns("<image>\nWhat?", "red")}
LATER = {"image": "a.png", "conversations": turns("Hello", "hello", "<image>What?", "red", "And?", "blue")}
LONG = {"conversations": turns("what " * 600, "red")}
GONE = {"image": "no.png", "conversations": turns("What?", "red", "And?", "blue")}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Image.effect_noise((32, 32), 50).convert("RGB").save(tmp_path / "a.png")
    return tmp_path


def saved(folder: Path, *rows: dict) -> str:
    (folder / "d.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return str(folder / "d.jsonl")


def test_a_turn_is_asked_with_the_pictures_before_it(folder: Path, assistant: Assistant) -> None:
    records = open_data(saved(folder, LATER, GOOD, LATER))
    together = list(answer_all(assistant, records, max_new_tokens=3))
    alone = [a for i in range(3) for a in answer_all(assistant, [records[i]], batch_size=1, max_new_tokens=3)]
    assert len(together) == 7 and sorted(map(str, together)) == sorted(map(str, alone))


def test_large_pictures_are_asked_about_a_few_at_a_time(
    folder: Path, assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    records, sizes = open_data(saved(folder, GOOD, LATER, GOOD, GOOD)), []
    whole, batch = list(answer_all(assistant, records, max_new_tokens=3)), Assistant.answer_batch
    monkeypatch.setattr("scoring.answers.AT_ONCE", 32 * 32)  # a second picture is too much
    monkeypatch.setattr(
        Assistant, "answer_batch", lambda *given, **how: sizes.append(len(given[2])) or batch(*given, **how)
    )
    parts = list(answer_all(assistant, records, max_new_tokens=3))
    assert sorted(map(str, parts)) == sorted(map(str, whole)) and max(sizes) == 2 and sum(sizes) == 5


def test_what_cannot_be_asked_is_left_out(folder: Path, assistant: Assistant) -> None:
    records, left_out = open_data(saved(folder, LONG, GOOD, GONE, {}, GOOD)), {}
    answers = list(answer_all(assistant, records, max_new_tokens=2, left_out=left_out))
    assert [a.where.split()[-1] for a in answers] == ["2", "5"] and sorted(left_out) == [0, 2, 3]
    assert "line 1: " in left_out[0] and "is cut at 512" in left_out[0]
    assert "no.png (" in left_out[2] and "conversations is missing" in left_out[3]
    with pytest.raises(DataError, match=r"line 1: .* is cut at 512"):
        list(answer_all(assistant, records))
    with pytest.raises(ValueError, match="temperature is -1"):
        list(answer_all(assistant, records, left_out={}, temperature=-1))


def test_an_answer_has_the_room_that_is_left(folder: Path, assistant: Assistant) -> None:
    """Each alone would be answered so; the long one does not shorten the other's answer."""
    chat, said = assistant.chat, "what "
    number = next(n for n in range(1, 600) if len(chat.prompt(turns("<image>" + said * n))) > 495)
    rows = GOOD, GOOD | {"conversations": turns("<image>" + said * number, "red")}
    rooms: dict[str, int] = {}

    def answer_batch(conversations: list, images: list, max_new_tokens: int) -> list[str]:
        rooms.update((messages[0]["content"], max_new_tokens) for messages in conversations)
        return ["red"] * len(conversations)

    assistant.answer_batch = answer_batch
    answers = list(answer_all(assistant, open_data(saved(folder, *rows)), max_new_tokens=64))
    assert len(answers) == 2 and all(a.right for a in answers)
    assert sorted(rooms.values())[0] < 512 - 495 and sorted(rooms.values())[1] == 64


def test_what_a_model_refuses_is_told_of_its_record_alone(folder: Path, assistant: Assistant) -> None:
    """BLIP looks at one picture for each text."""
    whole = assistant.answer_batch

    def answer_batch(conversations: list, images: list, **choices: object) -> list[str]:
        if len(images) != len(conversations):
            raise ValueError(f"{len(images)} pictures for {len(conversations)} texts")
        return whole(conversations, images, **choices)

    assistant.answer_batch, left_out = answer_batch, {}
    two = GOOD | {"image": ["a.png", "a.png"], "conversations": turns("Same?", "yes")}
    records = open_data(saved(folder, GOOD, two, GOOD))
    answers: list[Answer] = list(answer_all(assistant, records, max_new_tokens=2, left_out=left_out))
    assert [a.where.split()[-1] for a in answers] == ["1", "3"]
    assert "d.jsonl line 2: 2 pictures for 1 texts; remove the record" in left_out[1]


def test_the_score_names_and_counts_them(
    folder: Path, assistant: Assistant, capsys: pytest.CaptureFixture
) -> None:
    assistant.save(folder / "weights")
    score = ["--weights", str(folder / "weights"), "--max_new_tokens", "2", "--device", "cpu"]
    report = folder / "report.json"
    eval_vlm.main([*score, "--data", saved(folder, GOOD, LONG, LATER), "--report", str(report)])
    said = capsys.readouterr().out
    assert "of 4" in said and "1 of 3 records cannot be asked and are left out" in said
    assert json.loads(report.read_text())["left_out"][0] in said and "line 2: " in said
    (folder / "file").touch()
    with pytest.raises(SystemExit, match="file"):
        eval_vlm.main([*score, "--data", saved(folder, GOOD), "--report", str(folder / "file" / "r.json")])
    assert capsys.readouterr().out == ""  # before the work
    with pytest.raises(SystemExit, match=r"line 1: .* is cut at 512; .*\(none of 1 records can be asked\)"):
        eval_vlm.main([*score, "--data", saved(folder, LONG)])


def test_held_out_records_are_judged_as_those_trained_on(
    folder: Path, assistant: Assistant, capsys: pytest.CaptureFixture
) -> None:
    assistant.save(folder / "start")
    flags = [
        "--data",
        "storybook",
        "--samples",
        "4",
        "--batch_size",
        "4",
        "--workers",
        "0",
        "--device",
        "cpu",
    ]
    flags += ["--init", str(folder / "start"), "--val", saved(folder, LATER, LONG, GOOD)]
    with pytest.raises(
        SystemExit, match=r"line 2: .* is cut at 512.*1 of 3 records are bad.*d\.jsonl.*--skip_bad"
    ):
        train_sft_vlm.main([*flags, "--out", str(folder / "1")])
    train_sft_vlm.main([*flags, "--out", str(folder / "2"), "--skip_bad"])
    assert "d.jsonl: 1 of 3 records are bad and are left out; the first: " in capsys.readouterr().out
    assert "val_exact_match" in (folder / "2" / "metrics.jsonl").read_text()


@pytest.fixture
def heard(assistant: Assistant, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the model is asked; it answers nothing but "red"."""
    asked = []

    def stream(_: Assistant, messages: list[dict], *__: object, **___: object) -> Iterator[str]:
        asked.append(messages[-1]["content"])
        yield "red"

    monkeypatch.setattr(Assistant, "stream", stream)
    return asked


@pytest.mark.parametrize("typed, question", [("Why?\n", "Why?"), ("", eval_vlm.DESCRIBE)])
def test_a_question_from_a_pipe_is_asked_of_each_picture(
    typed: str,
    question: str,
    folder: Path,
    assistant: Assistant,
    heard: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assistant.save(folder / "weights")
    Image.new("RGB", (32, 32)).save(folder / "b.png")
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    eval_vlm.main(["--weights", str(folder / "weights"), "--image", str(folder), "--device", "cpu"])
    assert heard == [f"<image>\n{question}"] * 2


def test_ctrl_c_ends_a_folder_of_pictures(
    folder: Path, assistant: Assistant, heard: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> Iterator[str]:
        heard.append("begun")
        yield "so far"
        raise KeyboardInterrupt

    assistant.save(folder / "weights")
    Image.new("RGB", (32, 32)).save(folder / "b.png")
    monkeypatch.setattr(Assistant, "stream", interrupted)
    with pytest.raises(SystemExit) as exit:
        eval_vlm.main(["--weights", str(folder / "weights"), "--image", str(folder), "--prompt", "x"])
    assert exit.value.code == 130 and heard == ["begun"]


def test_a_report_says_who_answered_and_how() -> None:
    args = eval_vlm.Args(weights=Path("w"), lora_name=Path("ad"), temperature=0.5, top_k=3)
    assert eval_vlm.about(args) == {
        "weights": "w",
        "adapter": "ad",
        "sampling": {"temperature": 0.5, "top_k": 3},
    }
    assert eval_vlm.about(eval_vlm.Args(weights=Path("w"))) == {"weights": "w"}


def test_an_answer_without_a_length_has_the_room_that_is_left(assistant: Assistant) -> None:
    room = 5
    filler = "what " * (assistant.context // 4)
    while len(ids := assistant.prompt(turns(filler))) > assistant.context - room:
        filler = filler[:-5]
    said = list(assistant.tokens(turns(filler), []))
    assert 1 <= len(said) <= assistant.context - len(ids)
    with pytest.raises(DataError, match="do not fit the model's"):
        list(assistant.tokens(turns("what " * assistant.context), []))
