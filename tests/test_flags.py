"""Every flag of every command is heeded, or refused in one line before anything is done."""

from dataclasses import make_dataclass
from importlib import import_module
from pathlib import Path
from typing import get_type_hints

import pytest

import convert_vlm
import eval_vlm
import train_pretrain_vlm
import train_sft_vlm
import web_demo_vlm
from benchmarks import costs, decoding, training, ways_to_see
from dataset import check, show, sort_of_clevr, train_tokenizer
from dataset.commands import flags
from scoring import gallery
from trainer import average
from trainer.args import TrainArgs

photo, storybook = (import_module(f"dataset.{name}.__main__") for name in ("photo", "storybook"))
COMMANDS = {"eval": eval_vlm.main, "sft": train_sft_vlm.main, "pretrain": train_pretrain_vlm.main}
COMMANDS |= {"web": web_demo_vlm.main, "convert": convert_vlm.main, "average": average.main}
COMMANDS |= {"check": check.main, "show": show.main, "tokenizer": train_tokenizer.main}
COMMANDS |= {"decoding": decoding.main, "costs": costs.main, "training": training.main}
COMMANDS |= {"clevr": sort_of_clevr.main, "photo": photo.main, "storybook": storybook.main}

REFUSED = [  # flags that were once accepted without effect, or did harm; and what is said of them
    ("sft --init weights/tiny --vision /nowhere", "--vision /nowhere: has no effect beside --init"),
    ("sft --init weights/tiny --tokenizer weights/tiny", "--tokenizer weights/tiny: has no effect"),
    ("sft --init weights/tiny --image_size 224", "--image_size 224: has no effect beside --init"),
    ("sft --init weights/tiny --patch_size 16", "--patch_size 16: has no effect beside --init"),
    ("sft --vision eye --image_size 224", "--image_size 224: has no effect beside --vision"),
    ("sft --vision eye --patch_size 16", "--patch_size 16: has no effect beside --vision"),
    ("sft --connector mlp --shuffle 2", "--shuffle 2: only has an effect with --connector shuffle"),
    ("sft --init weights/tiny --preset tiny", "--preset tiny: has no effect beside --init"),
    ("sft --lora_alpha 8", "--lora_alpha 8.0: only has an effect with --lora"),
    ("sft --val_every 10", "--val_every 10: only has an effect with --val"),
    ("sft --clip 0", "--clip 0.0: give a number above 0"),
    ("sft --epochs -3", "--epochs -3.0: give a number above 0"),
    ("sft --epochs 0", "--epochs 0.0: give a number above 0"),
    ("sft --epochs nan", "--epochs nan: give"),
    ("sft --lr nan", "--lr nan: give"),
    ("sft --lr inf", "--lr inf: give"),
    ("sft --lr 0", "--lr 0.0: give a number above 0"),
    ("pretrain --save_every 0", "--save_every 0: give 1 or more"),
    ("pretrain --val storybook:val --val_every 0", "--val_every 0: give 1 or more"),
    ("pretrain --val storybook:val --val_samples -1", "--val_samples -1: give 1 or more"),
    ("sft --accumulate 0", "--accumulate 0: give 1 or more"),
    ("sft --batch_size 0", "--batch_size 0: give 1 or more"),
    ("sft --samples 0", "--samples 0: give 1 or more"),
    ("sft --max_length 0", "--max_length 0: give 1 or more"),
    ("sft --workers -1", "--workers -1: give 0 or more"),
    ("sft --seed 99999999999999999999", "--seed 99999999999999999999: give a number from 0 to 4294967295"),
    (
        "eval --image a.png --prompt hi --report r.json",
        "--report r.json: only has an effect with --data or --suite",
    ),
    ("eval --data storybook:pope --image_dir x", "--image_dir x: no effect, the storybook draws its own"),
    ("sft --data storybook:pope --image_dir x", "--image_dir x: no effect, the storybook draws its own"),
    ("sft --vision v --image_size 64", "--image_size 64: has no effect beside --vision"),
    ("eval --data d.jsonl --suite", "--data d.jsonl: has no effect beside --suite"),
    ("eval --data d.jsonl --image a.png b.png", "--image a.png b.png: has no effect beside --data"),
    ("eval --weights w --model_mode 1", "--model_mode 1: has no effect beside --weights"),
    ("eval --image a.png --prompt hi --top_k 5", "--top_k 5: only has an effect with --temperature"),
    (
        "eval --image a.png --heatmap h.png",
        "--heatmap h.png: only has an effect with --prompt or --use_multi",
    ),
    ("eval --data d.jsonl --batch_size 0", "--batch_size 0: give 1 or more"),
    ("web --port 99999", "--port 99999: give a number from 1 to 65535"),
    ("web --at_once 0", "--at_once 0: give 1 or more"),
    (
        "convert export a b --store q8_0",
        "--store q8_0: llava has float32, float16 and bfloat16; or --format gguf",
    ),
    ("convert import a b --from llava --vision c", "--vision c: llava has a vision encoder of its own"),
    ("check d.jsonl --max_length -1", "--max_length -1: give 1 or more"),
    ("show d.jsonl --image_tokens -1", "--image_tokens -1: give 0 or more"),
    ("show storybook:train --image_dir x", "--image_dir x: no effect, the storybook draws its own"),
    ("photo make f --looks 0", "--looks 0: give 1 or more"),
    ("storybook export --samples 0", "--samples 0: give 1 or more"),
    ("storybook preview --scenes 0", "--scenes 0: give 1 or more"),
    ("storybook preview --split vall", "--split vall: give one of scenes, train, val"),
    ("storybook show --type en/color", "--type en/color: no type of asked; there are en/asked"),
    ("tokenizer --vocab_size 10", "--vocab_size 10: give"),
    ("decoding --preset small", "--preset small: give one of minimind-104m, minimind-26m"),
    ("training --preset small", "--preset small: give one of minimind-104m, minimind-26m"),
    ("costs --presets tiny small", "--presets small: give one of minimind-104m, minimind-26m"),
    ("clevr --train 0", "--train 0: give 1 or more"),
]


@pytest.mark.parametrize("flags, said", REFUSED, ids=[flags for flags, _ in REFUSED])
def test_what_would_not_be_heeded_is_refused_at_once(
    flags: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # where there are no weights to load, and nothing may be left
    command, *argv = flags.split()
    with pytest.raises(SystemExit) as exit:
        COMMANDS[command](argv)
    assert str(exit.value.code).startswith("error: ") and said in str(exit.value.code)
    assert "\n" not in str(exit.value.code) and not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", [b.Args for b in (costs, decoding, training, ways_to_see)] + [gallery.Args])
def test_the_other_commands_have_bounds_too(kind: type) -> None:
    hints = get_type_hints(kind, include_extras=True)
    assert not any(map(flags.is_unbounded, hints.values()))
    assert any(True for hint in hints.values() for _ in flags.rules_in(hint, flags.Within))


def test_a_number_without_bounds_is_the_programmers_mistake() -> None:
    kind = make_dataclass("Args", [("steps", int | None, None)])
    with pytest.raises(TypeError, match=r"Args\.steps is a number without bounds"):
        flags.parse(kind, [], None)


def test_the_users_home_is_written_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    words = ["--image", "~/a.png", "--weights=~/w", "~", "a~/b", "x=~/y", "--prompt=a=~/b"]
    home = ["--image", "/home/me/a.png", "--weights=/home/me/w", "~", "a~/b", "x=~/y", "--prompt=a=~/b"]
    assert [flags.at_home(word) for word in words] == home
    kind = make_dataclass("Kind", [("folder", Path, Path())])
    assert flags.parse(kind, ["--folder=~/w"], None).folder == Path("/home/me/w")


def test_what_is_within_its_bounds_is_taken() -> None:
    argv = "--batch_size 1 --lora 0 --warmup 0 --workers 0 --weight_decay 0 --muon_lr 0 --val v --val_every 1"
    args = flags.parse(TrainArgs, argv.split(), None)
    assert (args.batch_size, args.lora, args.warmup, args.val_every) == (1, 0, 0, 1)
    assert flags.parse(eval_vlm.Args, "--temperature 0.7 --top_p 1".split(), None).top_p == 1
    assert flags.parse(TrainArgs, "--init w --set bert.hidden_size=8 --connector mlp".split(), None).init


@pytest.mark.parametrize("number", ["0", "-1", "nan"])
def test_what_is_out_of_its_bounds_is_not(number: str) -> None:
    with pytest.raises(ValueError, match=f"--epochs {number}"):
        flags.parse(TrainArgs, ["--epochs", number], None)
