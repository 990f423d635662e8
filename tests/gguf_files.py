"""Small GGUF files that tests make themselves: any block format, vocabularies of both kinds."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, GGUFEndian, GGUFWriter
from gguf.quants import dequantize, quantize
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from tokenizers.pre_tokenizers import PreTokenizer

from dataset.train_tokenizer import storybook_text

SIZE, LAYERS, HEADS, KEY_HEADS = 256, 2, 4, 2  # K-quants have blocks of 256
HALVES = {  # where each block of a format that the package cannot write keeps its scales, as float16
    "Q2_K": (80, 82),
    "Q3_K": (108,),
    "Q4_K": (0, 2),
    "Q5_K": (0, 2),
    "Q6_K": (208,),
    "IQ4_NL": (0,),
    "IQ4_XS": (0,),
}
CHATML = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
SPLIT_BY = {"gpt-2": [], "default": [], "smollm": [pre_tokenizers.Digits(individual_digits=True)]}
SPLIT_BY |= {"llama-bpe": [], "qwen2": [pre_tokenizers.Digits(individual_digits=True)]}


@dataclass
class File:
    """What is to be written: metadata, and tensors with the type that they are stored as."""

    values: dict[str, object]
    tensors: dict[str, np.ndarray]
    types: dict[str, str] = field(default_factory=dict)
    stored: str = "F32"
    architecture: str = "llama"
    order: GGUFEndian = GGUFEndian.LITTLE

    def write(self, path: Path) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        writer = GGUFWriter(path, self.architecture, endianess=self.order)
        for key, value in self.values.items():
            add = {bool: writer.add_bool, int: writer.add_uint32, float: writer.add_float32}
            add |= {str: writer.add_string, list: writer.add_array}
            add[type(value)](key.replace("ARCH", self.architecture), value)
        for name, tensor in self.tensors.items():
            kind = self.types.get(name, self.stored if tensor.ndim == 2 else "F32")
            if kind in ("I32", "F32", "F16"):
                writer.add_tensor(name, tensor.astype({"I32": "i4", "F32": "f4", "F16": "f2"}[kind]))
            else:
                stored = GGMLQuantizationType[kind]
                writer.add_tensor(name, blocks(tensor, stored), raw_dtype=stored)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return path


def blocks(tensor: np.ndarray, kind: GGMLQuantizationType) -> np.ndarray:
    """The tensor quantized; where the package can only read a format, blocks of any bits, as large as it."""
    if kind.name not in HALVES:
        return quantize(tensor, kind)
    block, size = GGML_QUANT_SIZES[kind]
    rows, columns = tensor.shape
    raw = np.random.default_rng(0).integers(0, 256, (rows, columns // block, size), dtype=np.uint8)

    def scaled(scale: float) -> np.ndarray:
        for at in HALVES[kind.name]:
            raw[..., at : at + 2] = np.frombuffer(np.float16(scale).tobytes(), np.uint8)
        return raw.reshape(rows, -1).copy()

    return scaled(tensor.std() / dequantize(scaled(1.0), kind).std())


def numbers(**more: object) -> dict[str, object]:
    return {
        "ARCH.context_length": 128,
        "ARCH.embedding_length": SIZE,
        "ARCH.feed_forward_length": SIZE,
        "ARCH.block_count": LAYERS,
        "ARCH.attention.head_count": HEADS,
        "ARCH.attention.head_count_kv": KEY_HEADS,
        "ARCH.attention.layer_norm_rms_epsilon": 1e-5,
        "ARCH.rope.freq_base": 5000.0,
        "ARCH.rope.dimension_count": SIZE // HEADS,
        **more,
    }


def tensors(rows: int, tied: bool = False, biases: bool = False) -> dict[str, np.ndarray]:
    """Scrambled: norms are not ones, biases not zeros."""
    random = np.random.default_rng(1)
    width = SIZE // HEADS * KEY_HEADS
    shapes = {"token_embd.weight": (rows, SIZE), "output_norm.weight": (SIZE,)}
    shapes |= {} if tied else {"output.weight": (rows, SIZE)}
    for layer in (f"blk.{i}." for i in range(LAYERS)):
        for name, out in {"attn_q": SIZE, "attn_k": width, "attn_v": width}.items():
            shapes[f"{layer}{name}.weight"] = (out, SIZE)
            shapes |= {f"{layer}{name}.bias": (out,)} if biases else {}
        for name in ("attn_output", "ffn_gate", "ffn_up", "ffn_down"):
            shapes[f"{layer}{name}.weight"] = (SIZE, SIZE)
        shapes |= {f"{layer}{name}.weight": (SIZE,) for name in ("attn_norm", "ffn_norm")}
    return {
        name: (0.1 * random.standard_normal(shape) + name.endswith("norm.weight")).astype(np.float32)
        for name, shape in shapes.items()
    }


def trained(before: PreTokenizer, alphabet: list[str], words: int) -> Tokenizer:
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = before
    trainer = trainers.BpeTrainer(vocab_size=words, initial_alphabet=alphabet, show_progress=False)
    made.train_from_iterator([*storybook_text(200), "1234 2024 50 2050 100 200"], trainer)
    return made


def byte_words(pre: str = "gpt-2", **more: object) -> dict[str, object]:
    """A vocabulary as GPT-2's: bytes written as letters, merges, three control tokens in front."""
    before = [*SPLIT_BY[pre], pre_tokenizers.ByteLevel(add_prefix_space=False)]
    made = trained(pre_tokenizers.Sequence(before), pre_tokenizers.ByteLevel.alphabet(), 500)
    words = sorted(made.get_vocab(), key=made.get_vocab().get)
    merges = [" ".join(merge) for merge in merges_of(made)]
    found = {"model": "gpt2", "pre": pre, "tokens": [*SPECIALS, *words], "merges": merges}
    found |= {"token_type": [3] * 3 + [1] * len(words), "bos_token_id": 1, "eos_token_id": 2}
    return as_fields(found | {"add_bos_token": False}, more)


def scored_words(**more: object) -> dict[str, object]:
    """A vocabulary as LLaMA's: scores instead of merges, 256 bytes, ChatML's tokens at the end."""
    made = trained(pre_tokenizers.Metaspace(), [], 400)
    words = sorted(made.get_vocab(), key=made.get_vocab().get)
    joined = [*("".join(merge) for merge in merges_of(made)), "<s", "</", "</s"]  # to tempt text to be <s>
    letters = list(dict.fromkeys([*(word for word in words if len(word) == 1), "<", ">", "/"]))
    special = ["<unk>", "<s>", "</s>", *[f"<0x{i:02X}>" for i in range(256)]]
    tokens = [*special, *joined, *letters, "<|im_start|>", "<|im_end|>"]
    scores = [0.0] * len(special) + [float(-i) for i in range(len(joined) + len(letters))] + [0.0, 0.0]
    types = [2, 3, 3] + [6] * 256 + [1] * len(joined + letters) + [3, 3]
    found = {"model": "llama", "tokens": tokens, "scores": scores, "token_type": types}
    ids = {"bos_token_id": 1, "eos_token_id": tokens.index("<|im_end|>"), "unknown_token_id": 0}
    return as_fields(found | ids, more)


def merges_of(made: Tokenizer) -> list[tuple[str, str]]:
    return [tuple(merge) for merge in json.loads(made.to_str())["model"]["merges"]]


def as_fields(found: dict[str, object], more: dict[str, object]) -> dict[str, object]:
    fields = {f"tokenizer.ggml.{key}": value for key, value in found.items()}
    return fields | {"tokenizer.chat_template": CHATML} | more


def file(words: dict[str, object], architecture: str = "llama", stored: str = "F32", **how: bool) -> File:
    rows = len(words["tokenizer.ggml.tokens"])
    return File(numbers() | words, tensors(rows, **how), {}, stored, architecture)
