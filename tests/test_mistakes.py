"""What users get wrong, one by one: each is answered in one line that names what, where or what to do.

Never a traceback, whatever is in the flags, the files, the pictures or the questions.
"""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

import convert_vlm
import eval_vlm
import train_sft_vlm
from convert.files import ConvertError, read_tensors
from dataset.storybook.__main__ import main as storybook
from scoring.assistant import Assistant
from tests.conftest import SMALL_EYE
from tests.test_scripts import SMALL

Edit = Callable[[Path], object]


@pytest.fixture(scope="module")
def home(tokenizer_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as a user has it: weights, pictures, a data file."""
    folder = tmp_path_factory.mktemp("home")
    storybook(["export", "--samples", "4", "--out", str(folder / "data")])
    train = ["--data", str(folder / "data/data.jsonl"), "--tokenizer", str(tokenizer_folder), *SMALL]
    train_sft_vlm.main([*train, "--batch_size", "4", "--workers", "0", "--out", str(folder / "weights")])
    for path in folder.glob("weights/state-*"):
        path.unlink()
    Image.effect_noise((40, 30), 50).convert("RGB").save(folder / "a.png")
    return folder


@pytest.fixture
def place(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, to be spoilt, and to stand in."""
    shutil.copytree(home, tmp_path / "home")
    monkeypatch.chdir(tmp_path / "home")
    return tmp_path / "home"


def config(part: str, **changes: object) -> Edit:
    def edit(place: Path) -> None:
        path = place / "weights/config.json"
        values = json.loads(path.read_text())
        (values[part] if part else values).update(changes)
        path.write_text(json.dumps(values))

    return edit


def text(name: str, content: str) -> Edit:
    return lambda place: (place / name).write_text(content)


def gone(name: str) -> Edit:
    return lambda place: (place / name).unlink()


def tensors(change: Callable[[dict], object]) -> Edit:
    def edit(place: Path) -> None:
        state = load_file(place / "weights/model.safetensors")
        change(state)
        save_file(state, place / "weights/model.safetensors")

    return edit


def cut(name: str) -> Edit:
    return lambda place: (place / name).write_bytes((place / name).read_bytes()[:-100])


def linked_out(place: Path) -> None:
    (place / "weights/model.safetensors").rename(place.parent / "elsewhere.safetensors")
    (place / "weights/model.safetensors").symlink_to(place.parent / "elsewhere.safetensors")


def eye(values: dict) -> Edit:
    """A folder with a configuration alone."""

    def edit(place: Path) -> None:
        (place / "eye").mkdir()
        (place / "eye/config.json").write_text(json.dumps(values))

    return edit


class Evil:
    """Pickled, it would make a folder where it is unpickled."""

    def __reduce__(self) -> tuple:
        return os.mkdir, ("pwned",)


TURNS = [{"role": "user", "content": "?"}, {"role": "assistant", "content": "a"}]
VQA = '{"questions": [{"question_id": 1, "image_id": 2, "question": "x"}]}'
OUTSIDE = json.dumps({"image": "../a.png", "conversations": TURNS})
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n"
NORM = "decoder.norm.weight"
HI = "--image a.png --prompt hi"
WEIGHTS: dict[str, tuple[Edit, str]] = {  # what is wrong with a folder of weights -> what is said of it
    "no config": (gone("weights/config.json"), "no config.json in weights"),
    "no weights": (gone("weights/model.safetensors"), "no model.safetensors in weights"),
    "no tokenizer": (gone("weights/tokenizer.json"), "no tokenizer.json in weights"),
    "no preprocessor": (gone("weights/preprocessor_config.json"), "preprocessor_config.json: No such file"),
    "config not JSON": (text("weights/config.json", "{"), "cannot use weights/config.json"),
    "config a list": (text("weights/config.json", "[]"), "cannot use weights/config.json: not a JSON object"),
    "config deep": (text("weights/config.json", "[" * 100_000), "cannot use weights/config.json"),
    "config huge": (text("weights/config.json", " " * 2_000_000), "2000000 bytes are not a configuration"),
    "unknown kind": (config("", model_type="bert"), "model_type is 'bert'"),
    "kind of nonsense": (config("", model_type=[]), "cannot use weights/config.json"),
    "unknown field": (config("text", colour=1), "unknown field text.colour"),
    "negative": (config("text", hidden_size=-8), "text.hidden_size is -8"),
    "zero": (config("vision", patch_size=0), "vision.patch_size is 0"),
    "text for a number": (config("text", hidden_size="32"), "text.hidden_size is '32'"),
    "a fraction": (config("text", num_hidden_layers=1.5), "text.num_hidden_layers is 1.5"),
    "true": (config("text", num_hidden_layers=True), "text.num_hidden_layers is True"),
    "billions of layers": (config("text", num_hidden_layers=10**9), "num_hidden_layers is 1000000000"),
    "terabytes": (config("text", intermediate_size=2**20), "weights, its config.json asks for"),
    "a huge picture": (config("vision", image_size=2**20), "its config.json asks for"),
    "endless": (config("text", rope_theta=1e999), "text.rope_theta is inf"),
    "no sizes": (config("", text=[]), "cannot use weights/config.json"),
    "other sizes": (config("text", hidden_size=64), "does not fit the model"),
    "heads": (config("text", num_attention_heads=3), "is not a multiple of num_attention_heads 3"),
    "unknown act": (config("vision", hidden_act="exec"), "hidden_act 'exec' is unknown"),
    "unknown eye": (config("vision", kind="nose"), "kind 'nose'"),
    "no such layer": (config("vision", feature_layer=9), "feature_layer 9: there are 2 layers"),
    "no such connector": (config("", connector="tube"), "unknown connector 'tube'"),
    "no such eye": (config("vision", pretrained="nowhere"), "nowhere: no such folder, nor in the cache"),
    "another tokenizer's": (config("", image_token_id=7), "they are not of one model"),
    "tokenizer not JSON": (text("weights/tokenizer.json", "{"), "not a tokenizer"),
    "tokenizer of nothing": (text("weights/tokenizer.json", "{}"), "not a tokenizer"),
    "another picture size": (text("weights/preprocessor_config.json", "{}"), "makes pictures of side 224"),
    "std 0": (text("weights/preprocessor_config.json", '{"size": 32, "image_std": [0, 0, 0]}'), "image_std"),
    "weights cut off": (cut("weights/model.safetensors"), "it may be cut off"),
    "a pointer": (text("weights/model.safetensors", POINTER), "model.safetensors: a pointer of Git LFS, not"),
    "a pointer to words": (text("weights/tokenizer.json", POINTER), "tokenizer.json: a pointer of Git LFS"),
    "a page": (
        text("weights/config.json", "<!doctype html>"),
        "config.json: a web page, not the file itself",
    ),
    "weights of text": (text("weights/model.safetensors", "hello"), "cannot read weights/model.safetensors"),
    "a tensor missing": (tensors(lambda s: s.pop(NORM)), f"missing {NORM}"),
    "a tensor more": (tensors(lambda s: s.update(x=torch.ones(1))), "unexpected x"),
    "not a number": (tensors(lambda s: s[NORM].fill_(torch.nan)), f"{NORM} is not finite"),
    "whole numbers": (tensors(lambda s: s.update({NORM: s[NORM].long()})), f"{NORM} is torch.int64"),
    "a link that leads out": (linked_out, "leads out of weights"),
}
ASKED: dict[str, tuple[str, Edit | None, str]] = {  # flags of eval_vlm.py, what is spoilt before, the answer
    "no folder": ("--weights nowhere", None, "no config.json in nowhere"),
    "a file": ("--weights a.png", None, "a.png"),
    "no device": (f"{HI} --device toaster", None, "there is no device 'toaster'"),
    "no picture": ("--image b.png --prompt hi", None, "b.png: No such file"),
    "no picture nor weights": (
        "--weights nowhere --image A.jpg",
        None,
        "No such file or directory; there is a",
    ),
    "empty picture": ("--image e.png --prompt hi", text("e.png", ""), "e.png: not a picture"),
    "a text": ("--image t.png --prompt hi", text("t.png", "hello"), "t.png: not a picture"),
    "SVG": ("--image s.svg --prompt hi", text("s.svg", "<svg/>"), "s.svg: not a picture"),
    "PDF": (
        "--image p.pdf --prompt hi",
        text("p.pdf", "%PDF-1.4"),
        "p.pdf: a PDF; save what it shows",
    ),
    "half a picture": (HI, cut("a.png"), "a.png: the picture is damaged"),
    "empty folder": ("--image empty", lambda place: (place / "empty").mkdir(), "empty holds 0 pictures"),
    "private address": ("--image http://127.0.0.1:9/a.png --prompt hi", None, "is the private address"),
    "no scheme": ("--image gopher://x/a.png --prompt hi", None, "only http:// and https://"),
    "places": ("--image a.png --prompt <image><image>", None, "2 <image> for 1 pictures"),
    "pictures": ("--image a.png --use_multi 2", None, "--use_multi 2 needs as many pictures"),
    "half a character": ("--image a.png --prompt \udce9", None, "half a character"),
    "too long an answer": (
        f"{HI} --max_new_tokens 99999",
        None,
        "--max_new_tokens 99999 do not fit the model",
    ),
    "too long a question": (
        "--image a.png --prompt " + "a" * 100_000,
        None,
        "tokens of conversation and --max_new_tokens",
    ),
    "no beams": (f"{HI} --num_beams 0", None, "num_beams"),
    "too many beams": (f"{HI} --num_beams 1000", None, "num_beams is 1000; it must be 1 (off) to 64"),
    "top_p": (f"{HI} --top_p 7", None, "top_p"),
    "temperature": (f"{HI} --temperature -1", None, "temperature"),
    "a folder for a report": ("--data d.jsonl --report .", None, "--report .: is a folder; name a file in"),
    "a folder for a heatmap": (f"{HI} --heatmap .", None, "--heatmap .: is a folder; name a file in it"),
    "a heatmap over its picture": (f"{HI} --heatmap a.png", None, "--heatmap a.png: would be written over"),
    "a heatmap over a folder's picture": (
        "--image one --prompt hi --heatmap one/a.png",
        lambda place: shutil.copytree(place, place / "one", ignore=shutil.ignore_patterns("[!a]*")),
        "--heatmap one/a.png: would be written over",
    ),
    "a report over the weights'": (
        "--data data/data.jsonl --report weights/config.json",
        None,
        "--report weights/config.json: would be written over",
    ),
    "a report beside a log": (
        "--photos data --report run/metrics.json",
        lambda place: shutil.copytree(place / "weights", place / "run"),
        "run/metrics.jsonl would be written over",
    ),
    "a report in a file": (
        "--data data/data.jsonl --report a.png/score.json",
        None,
        "a.png/score.json cannot be written: File exists",
    ),
    "a report over its data": (
        "--data d.jsonl --report d.jsonl",
        None,
        "--report d.jsonl: would be written over, and is read here",
    ),
    "no ending": (f"{HI} --heatmap out/look", None, "--heatmap out/look: not the name of a picture"),
    "another ending": (f"{HI} --heatmap a.PNG.xyz", None, "a.PNG.xyz: not the name of a picture"),
    "a report where a drawing goes": (
        "--suite --report out/score.PNG",
        None,
        "--report out/score.PNG: .png is what goes beside it",
    ),
    "a report over something else": (
        "--data d.jsonl --report a.txt",
        text("a.txt", "mine"),
        "--report a.txt: is there already, and is no report",
    ),
    "a report where answers go": (
        "--photos . --report out/photos.jsonl",
        None,
        "--report out/photos.jsonl: .jsonl is what goes beside it",
    ),
    "no data": ("--data nothing.jsonl", None, "nothing.jsonl: no such data file"),
    "unknown data": ("--data data.xlsx", text("data.xlsx", "a,b"), "unknown kind of data file"),
    "columns": ("--data d.csv", text("d.csv", "a,b\n1,2\n"), "d.csv line 1: the columns are a, b; call them"),
    "a quotation mark": (
        "--data d.csv",
        text("d.csv", 'image,name\na.png,"x\n'),
        "d.csv line 2: a cell begins",
    ),
    "a comma": ("--data d.csv", text("d.csv", "image,name\na.png,x, y\n"), "d.csv line 2: 3 cells under 2"),
    "no answer": (
        "--data d.jsonl",
        text("d.jsonl", '{"image": "a.png", "question": "x"}'),
        "without an answer",
    ),
    "no classes": ("--data weights", None, "weights: holds config.json; name that file"),
    "half of VQA": ("--data q.json", text("q.json", VQA), "no annotations of VQA beside it"),
    "no view": ("--data storybook:dreams", None, "the storybook has"),
    "bad record": ("--data d.jsonl", text("d.jsonl", '{"conversations": 3}'), "d.jsonl line 1"),
    "outside": ("--data data/d.jsonl", text("data/d.jsonl", OUTSIDE), "lies outside data"),
    "a graph on a CPU": (f"{HI} --graph --device cpu", None, "--graph is for our own decoder on CUDA"),
    "not transformers'": (f"{HI} --load 1", None, "model_type is 'glimpse'"),
}
TRAINED: dict[str, tuple[str, Edit | None, str]] = {  # flags of train_sft_vlm.py
    "nothing to pack": (
        "--data storybook:words --pack 4",
        None,
        "--pack 4: storybook:words draws a picture for each conversation; give storybook:many",
    ),
    "no init": ("--init nowhere", None, "no config.json in nowhere"),
    "no tokenizer": ("--tokenizer nowhere", None, "no tokenizer.json in nowhere"),
    "no eye": ("--tokenizer weights --vision nowhere", None, "nowhere: no such folder, nor in the cache"),
    "another eye": (
        "--tokenizer weights --vision eye",
        eye({"model_type": "siglip2"}),
        "eye: model_type is 'siglip2'; known vision encoders: clip",
    ),
    "not transformers' eye": ("--tokenizer weights --vision weights", None, "model_type is 'glimpse'"),
    "an eye without weights": (
        "--tokenizer weights --vision eye",
        eye({"model_type": "clip_vision_model", **SMALL_EYE}),
        "eye: no such folder, nor in the cache",
    ),
    "an eye's own sizes": (
        "--tokenizer weights --vision eye --set vision.hidden_size=32",
        None,
        "--set vision.hidden_size: the encoder of --vision has its own sizes",
    ),
    "patches that are not cut by 3": (
        "--init weights --connector shuffle --shuffle 3",
        None,
        "connector shuffle: 2 rows of patches, not to be cut by 3",
    ),
    "sizes of --init": ("--init weights --set text.hidden_size=32", None, "--init has its own sizes"),
    "nothing to size": ("--tokenizer weights --set bert.hidden_size=32", None, "makes no new Q-Former"),
    "unknown size": ("--tokenizer weights --set text.colour=1", None, "no such field"),
    "not a size": ("--tokenizer weights --set text.hidden_size=red", None, "'red' is not a number"),
    "no switch": ("--tokenizer weights --set text.qk_norm=yes", None, "'yes' is not true or false"),
    "not so": (
        "--tokenizer weights --set text.rope_scaling=x",
        None,
        "this field is no number, word or switch",
    ),
    "absurd": ("--tokenizer weights --set text.hidden_size=-8", None, "text.hidden_size is -8"),
    "sizes": ("--tokenizer weights --image_size 30", None, "not a multiple of patch_size"),
    "out is a file": ("--init weights --out a.png", None, "--out a.png: is a file; name a folder"),
    "over a model": (
        "--init weights --out weights",
        None,
        "weights holds model.safetensors, which would be written over",
    ),
    "no images": ("--init weights --image_dir nowhere", None, "nowhere: no such folder of pictures"),
    "cut answers": ("--init weights --max_length 20", None, "is cut at 20"),
    "one process": ("--init weights --shard", None, "begin with torchrun --nproc_per_node N"),
    "nothing to resume": ("--init weights --resume last", None, "nothing to resume"),
    "a damaged picture": ("--init weights", cut("data/000000_0.png"), "line 1"),
}


def mistake(main: Callable, flags: list[str]) -> str:
    with pytest.raises(SystemExit) as exit:
        main(flags)
    said = str(exit.value.code)
    assert said.startswith("error: ") and "\n" not in said and len(said) < 700, said
    return said


@pytest.mark.parametrize("edit, message", WEIGHTS.values(), ids=list(WEIGHTS))
def test_weights(edit: Edit, message: str, place: Path) -> None:
    edit(place)
    assert message in mistake(eval_vlm.main, ["--weights", "weights", *HI.split()])


@pytest.mark.parametrize("flags, edit, message", ASKED.values(), ids=list(ASKED))
def test_questions(flags: str, edit: Edit | None, message: str, place: Path) -> None:
    if edit:
        edit(place)
    weights = [] if "--weights" in flags else ["--weights", "weights"]
    assert message in mistake(eval_vlm.main, [*weights, *flags.split(" ")])


@pytest.mark.parametrize("flags, edit, message", TRAINED.values(), ids=list(TRAINED))
def test_training(flags: str, edit: Edit | None, message: str, place: Path) -> None:
    if edit:
        edit(place)
    shared = ["--data", "data/data.jsonl", "--workers", "0", "--batch_size", "2"]
    out = [] if "--out" in flags else ["--out", "out"]
    assert message in mistake(train_sft_vlm.main, [*shared, *out, *flags.split()])
    assert not (place / "out/model.safetensors").exists()


def test_a_pickle_is_not_run(place: Path) -> None:
    torch.save({"a": Evil()}, place / "evil.pth")
    flags = "import evil.pth out/evil --from minimind --vision weights --tokenizer weights"
    assert "evil.pth: cannot be read" in mistake(convert_vlm.main, flags.split())
    assert not (place / "pwned").exists() and not (place / "out/evil").exists()


@pytest.mark.parametrize("shard", ["../a.safetensors", "/etc/passwd", "sub/a.safetensors", "", ".."])
def test_shards_are_files_of_their_folder(shard: str, place: Path) -> None:
    folder = place / "llama"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": "llama"}))
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": shard}}))
    with pytest.raises(ConvertError, match=r"which is not in this folder|shards missing"):
        read_tensors(folder)


def test_text_that_spells_special_tokens_is_text(place: Path) -> None:
    chat = Assistant.load(place / "weights").chat
    for said in ("<|im_end|>", "<|image_pad|>", "\x00\x07\x1b[31m", "\u202eright to left", "", " " * 5000):
        ids = chat.prompt([{"role": "user", "content": said}])
        assert ids.count(chat.image_id) == 0 and ids.count(chat.end_id) == 1
        assert said.strip() in chat.decode(ids)


def test_the_list_is_long() -> None:
    assert len(WEIGHTS) + len(ASKED) + len(TRAINED) >= 70
