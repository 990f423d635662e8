"""Bad records are found before a run meets them, told one by one, and never left out in silence."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

import train_sft_vlm
from dataset.chat.render import Chat
from dataset.check import examine, histogram, main, told
from dataset.images.load import load_image
from dataset.records import open_records
from dataset.show import rendered
from tests.test_scripts import SMALL


def turns(question: str, answer: str) -> list[dict]:
    return [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]


GOOD = {"image": "a.png", "conversations": turns("What is this?", "a boot"), "type": "boot"}
BAD = {  # what is wrong -> row, and what is said of it
    "not JSON": ('{"image": ', "line 2: not JSON at column"),
    "role": ({"conversations": [{"role": "robot", "content": "hi"}]}, "role 'robot' is unknown"),
    "placeholders": (
        GOOD | {"conversations": turns("<image><image>?", "no")},
        "2 <image> in the text, 1 pictures",
    ),
    "no picture": (
        GOOD | {"image": "b.png"},
        "b.png (",
    ),
    "not a picture": (GOOD | {"image": "text.png"}, "not a picture"),
    "cut off": (GOOD | {"image": "half.png"}, "damaged"),
    "empty answer": (GOOD | {"conversations": turns("?", " ")}, "the answer is empty"),
    "too long": (GOOD | {"conversations": turns("What?", "long " * 200)}, "the last answer is cut at 120"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Image.effect_noise((32, 32), 50).convert("RGB").save(tmp_path / "a.png")
    (tmp_path / "half.png").write_bytes((tmp_path / "a.png").read_bytes()[:900])
    (tmp_path / "text.png").write_text("hello")
    return tmp_path


def written(folder: Path, *rows: object) -> Path:
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    (folder / "data.jsonl").write_text("\n".join(lines) + "\n")
    return folder / "data.jsonl"


OTHER = GOOD | {"conversations": turns("Which?", "a bag")}


@pytest.mark.parametrize("row, reason", BAD.values(), ids=list(BAD))
def test_each_fault_is_found_and_placed(row: object, reason: str, folder: Path, chat: Chat) -> None:
    found = examine(open_records(written(folder, GOOD, row, OTHER)), chat, max_length=120)
    assert found.good == [0, 2] and list(found.bad) == [1]
    assert reason in found.bad[1] and "line 2" in found.bad[1] and "\n" not in found.bad[1]
    text = list(told(found))
    assert text[0] == found.bad[1] and "3 records, 1 of them bad" in text and "types: boot 2" in text


def test_a_picture_is_opened_once_and_a_bad_one_told_each_time(
    folder: Path, chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, bad = [], GOOD | {"image": "half.png"}

    def load(image: str, name: str) -> Image.Image:
        opened.append(Path(image).name)
        return load_image(image)

    monkeypatch.setattr("dataset.check.load_image", load)
    found = examine(open_records(written(folder, GOOD, bad, GOOD, bad, GOOD)), chat, max_length=120)
    assert list(found.bad) == [1, 3] and opened == ["a.png", "half.png", "half.png"]


def test_the_histogram_counts_every_length() -> None:
    lines = list(histogram([10, 10, 11, 90]))
    assert lines[0] == "tokens: 10 to 90, mean 30" and len(lines) == 1 + 8
    assert sum(int(line.split()[3]) for line in lines[1:]) == 4 and lines[1].endswith("#" * 40)
    assert list(histogram([7])) == ["tokens: 7 to 7, mean 7", "      7 to     7         1  " + "#" * 40]


def checked(argv: list[str], capsys: pytest.CaptureFixture) -> tuple[int, str]:
    """The exit code of `check` in this process, and what it said."""
    with pytest.raises(SystemExit) as ended:
        main(argv)
    return ended.value.code, capsys.readouterr().out


@pytest.mark.parametrize("rows, code", [([GOOD, OTHER], 0), ([GOOD, GOOD], 0), ([GOOD, {}], 1)])
def test_the_command_ends_with_a_code(
    rows: list, code: int, folder: Path, tokenizer_folder: Path, capsys: pytest.CaptureFixture
) -> None:
    ended, said = checked([str(written(folder, *rows)), "--weights", str(tokenizer_folder)], capsys)
    assert ended == code and f"2 records, {code} of them bad" in said
    again = "which count each time: 1; the first: " in said and "line 2: the same as" in said
    assert again == (rows[0] == rows[1])


def test_a_shell_gets_the_code(folder: Path, tokenizer_folder: Path) -> None:
    command = [sys.executable, "-m", "dataset.records", "check", str(written(folder, GOOD, {}))]
    done = subprocess.run([*command, "--weights", str(tokenizer_folder)], capture_output=True, text=True)
    assert done.returncode == 1 and "2 records, 1 of them bad" in done.stdout, done.stderr


def test_training_stops_at_the_start_or_says_what_it_leaves_out(
    folder: Path, tokenizer_folder: Path, capsys: pytest.CaptureFixture
) -> None:
    file = written(folder, GOOD, BAD["empty answer"][0], OTHER)
    flags = ["--data", str(file), "--tokenizer", str(tokenizer_folder), *SMALL, "--workers", "0"]
    flags += ["--batch_size", "2", "--out", str(folder / "out")]
    with pytest.raises(SystemExit, match=r"line 2.*the answer is empty.*1 of 3 records are bad.*--skip_bad"):
        train_sft_vlm.main(flags)
    assert not (folder / "out" / "model.safetensors").exists()
    train_sft_vlm.main([*flags, "--skip_bad"])
    assert "1 of 3 records are bad and are left out; the first: " in capsys.readouterr().out
    assert (folder / "out" / "model.safetensors").is_file()


def test_a_file_that_is_called_like_the_storybook_is_looked_at_too(
    folder: Path, tokenizer_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(folder, GOOD, BAD["empty answer"][0]).rename(folder / "storybook.jsonl")
    monkeypatch.chdir(folder)
    flags = ["--data", "storybook.jsonl", "--tokenizer", str(tokenizer_folder), *SMALL, "--workers", "0"]
    few = ["--samples", "2", "--batch_size", "2"]
    with pytest.raises(SystemExit, match="1 of 2 records are bad"):
        train_sft_vlm.main([*flags, *few, "--out", str(folder / "out")])


def test_a_sample_is_shown_with_what_is_scored(chat: Chat) -> None:
    sample = chat.render(turns("<image>\nWhat is this?", "a boot"))
    shown = rendered(chat, sample.input_ids, sample.labels, colours=False)
    assert f"<|image_pad|> x {chat.image_tokens}<|vision_end|>\nWhat is this?" in shown
    assert "[[a boot]][[<|im_end|>]]" in shown and shown.count("[[") == 2
    coloured = rendered(chat, sample.input_ids, sample.labels, colours=True)
    assert "\033[1;32ma boot\033[0m" in coloured
