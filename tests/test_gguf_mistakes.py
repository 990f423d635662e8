"""GGUF files that are not for us, or not whole: each is refused in one line, and nothing is written."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from gguf import GGUFEndian

from convert_vlm import main as convert_vlm
from tests.gguf_files import CHATML, File, byte_words, file


@pytest.fixture(scope="module")
def words() -> dict[str, object]:
    return byte_words()


def changed(**fields: object) -> Callable[[File], object]:
    """Metadata with these fields, without those that are None; a dot is written __."""

    def change(made: File) -> None:
        for key, value in fields.items():
            key = key.replace("__", ".")
            key = key if key.startswith(("general", "split", "tokenizer")) else f"ARCH.{key}"
            made.values.pop(key, None)
            made.values |= {key: value} if value is not None else {}

    return change


def named(**fields: object) -> Callable[[File], object]:
    return changed(**{f"tokenizer__ggml__{key}": value for key, value in fields.items()})


def told(template: str) -> Callable[[File], object]:
    return changed(tokenizer__chat_template=template)


def shaped(name: str, *shape: int, kind: str = "F32") -> Callable[[File], object]:
    """The tensor of this name with another shape or type; without a shape it goes."""

    def change(made: File) -> None:
        made.tensors |= {name: np.ones(shape, np.float32)}
        made.types[name] = kind
        if not shape:
            del made.tensors[name]

    return change


def kept(part: float) -> Callable[[Path], object]:
    """The beginning of the file."""
    return lambda path: path.write_bytes(path.read_bytes()[: int(part * path.stat().st_size)])


def bytes_of(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


NOT_OURS = {  # what the file says -> what is said of it
    "architecture": (lambda made: setattr(made, "architecture", "gpt2"), "its architecture is 'gpt2'; known"),
    "experts": (changed(expert_count=8), "llama.expert_count is 8"),
    "expert tensors": (
        shaped("blk.0.ffn_gate_inp.weight", 8, 256),
        "'blk.0.ffn_gate_inp.weight' has no place",
    ),
    "scaled RoPE": (changed(rope__scaling__type="yarn"), "llama.rope.scaling.type is 'yarn'"),
    "scaled by a factor": (changed(rope__scaling__factor=4.0), "llama.rope.scaling.factor is 4.0"),
    "Llama 3.1's RoPE": (shaped("rope_freqs.weight", 32), "has rope_freqs.weight, a scaled RoPE"),
    "half of RoPE": (changed(rope__dimension_count=32), "RoPE turns 32 of a head's 64 numbers"),
    "a window": (changed(attention__sliding_window=16), "attention.sliding_window is 16"),
    "a part": (changed(split__count=3), "one of 3 parts; join them"),
    "no heads": (changed(attention__head_count=None), "llama.attention.head_count (or _kv) is None"),
    "heads of each layer": (changed(attention__head_count_kv=[2, 2]), "(or _kv) is [2, 2], not a number"),
    "no width": (changed(embedding_length=None), "has no llama.embedding_length"),
    "a text for a number": (changed(block_count="two"), "num_hidden_layers is 'two'"),
    "billions of layers": (changed(block_count=10**9), "num_hidden_layers is 1000000000"),
    "one layer more": (changed(block_count=3), "has no tensor for layers.2"),
    "one layer less": (changed(block_count=1), "has no place in what its metadata says"),
    "another width": (changed(feed_forward_length=2**19), "its metadata says (524288, 256)"),
    "another number of heads": (changed(attention__head_count_kv=1), "k_proj.weight is (128, 256), its"),
    "odd rows": (shaped("blk.1.attn_q.weight", 250, 256), "q_proj.weight has 250 rows"),
    "no norm": (shaped("output_norm.weight"), "has no tensor for norm.weight"),
    "no words": (shaped("token_embd.weight"), "has no token_embd.weight"),
    "more rows": (shaped("token_embd.weight", 700, 256), "lm_head.weight is"),
    "biases": (shaped("blk.0.attn_q.bias", 256), "q_proj.bias has no place in what its metadata says"),
    "whole numbers": (shaped("output_norm.weight", 256, kind="I32"), "output_norm.weight is I32, which"),
    "another tokenizer": (named(model="bert"), "tokenizer.ggml.model is 'bert'; known: gpt2"),
    "two tokenizers": (named(model=["gpt2", "bert"]), "tokenizer.ggml.model is ['gpt2', 'bert']; known"),
    "another way to cut": (named(pre="tekken"), "tokenizer.ggml.pre is 'tekken'; known are default"),
    "no merges": (named(merges=None), "tokenizer.ggml.merges is not a list of str"),
    "no pair": (named(merges=["a b c"]), "'a b c' in tokenizer.ggml.merges is not a pair"),
    "merges of nothing": (named(merges=["qqq zzz"]), "its vocabulary makes no tokenizer"),
    "no vocabulary": (named(tokens=None), "tokenizer.ggml.tokens is not a list of str"),
    "fewer types": (named(token_type=[1, 1]), "2 tokenizer.ggml.token_type for"),
    "no such end": (named(eos_token_id=99999), "tokenizer.ggml.eos_token_id is 99999"),
    "begins with nothing": (
        named(add_bos_token=True, bos_token_id=None),
        "texts begin with bos, but it has no",
    ),
    "Llama 2's template": (told("[INST] {{ messages[0]['content'] }} [/INST]"), "is Llama 2's or Mistral's"),
    "Zephyr's template": (told("<|user|>\n{{ messages[0]['content'] }}"), "is Zephyr's (<|user|>)"),
    "a template unheard of": (told("{{ messages[0]['content'] }}"), "is another; only ChatML"),
    "nearly ChatML": (told(CHATML.replace("\\n", " ").replace("\n", " ")), "where ChatML has"),
    "no template": (told("{{ '<|im_start|>' "), "its chat template cannot be used"),
    "a template that fails": (told("{{ '<|im_start|>' + 3 }}"), "its chat template cannot be used"),
    "ChatML of no token": (told(CHATML.replace("im_end", "im_stop")), "where ChatML has"),
}
NOT_WHOLE = {
    "empty": (bytes_of(b""), "cannot be read as GGUF"),
    "a text": (bytes_of(b"hello, I am no model at all"), "(GGUF magic invalid)"),
    "the magic alone": (bytes_of(b"GGUF"), "(it ends too early)"),
    "version 1": (bytes_of(b"GGUF" + bytes([1, 0, 0, 0]) + bytes(64)), "version 1"),
    "endless list": (
        bytes_of(
            b"GGUF\3\0\0\0"
            + bytes(8)
            + b"\1"
            + bytes(7)
            + b"\1"
            + bytes(7)
            + b"a\x09\0\0\0\4\0\0\0"
            + b"\xff" * 8
        ),
        "(it ends too early)",
    ),
    "a tenth": (kept(0.001), "(it ends too early)"),
    "half": (kept(0.5), "(it ends too early)"),
    "nearly all": (kept(0.9999), "(it ends too early)"),
}


def refused(path: Path) -> str:
    """What is said, in one line; and nothing is written."""
    before = sorted(path.parent.iterdir())
    with pytest.raises(SystemExit) as exit:
        convert_vlm(["import", str(path), str(path.parent / "ours"), "--from", "gguf"])
    said = str(exit.value.code)
    assert said.startswith(f"error: {path}") and "\n" not in said and len(said) < 700, said
    assert sorted(path.parent.iterdir()) == before
    return said


@pytest.mark.parametrize("case", NOT_OURS)
def test_what_is_not_for_us(case: str, words: dict, tmp_path: Path) -> None:
    made = file(words)
    change, message = NOT_OURS[case]
    change(made)
    assert message in refused(made.write(tmp_path / "a.gguf"))


@pytest.mark.parametrize("case", NOT_WHOLE)
def test_what_is_no_whole_file(case: str, words: dict, tmp_path: Path) -> None:
    path = file(words).write(tmp_path / "a.gguf")
    spoil, message = NOT_WHOLE[case]
    spoil(path)
    assert message in refused(path)


def test_numbers_of_another_machine(words: dict, tmp_path: Path) -> None:
    made = file(words)
    made.order = GGUFEndian.BIG
    assert "in the other order of bytes" in refused(made.write(tmp_path / "a.gguf"))


def test_a_folder_has_one(words: dict, tmp_path: Path) -> None:
    for name in ("a.gguf", "b.gguf"):
        file(words).write(tmp_path / "two" / name)
    assert "2 .gguf files; name the one to import" in refused(tmp_path / "two")
