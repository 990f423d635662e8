"""GGUF, llama.cpp's file format: metadata and tensors of a LLaMA-family decoder, dequantized.

    FILE.gguf -> Gguf: values by key; float32 tensors under our decoder's names

The `gguf` package (llama.cpp's own) reads and dequantizes; the names and the order of q's and k's rows are
undone here. llama.cpp turns pairs of neighbours (2i, 2i + 1) by RoPE where LLaMA of transformers, and our
decoder, pair i with i + d/2, so for the architecture "llama" its converter has moved rows of q and k.
"""

import re
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from gguf import GGUFReader, ReaderTensor
from gguf.quants import dequantize
from torch import Tensor

NAMES = (
    (r"token_embd\.weight", "embed_tokens.weight"),
    (r"output_norm\.weight", "norm.weight"),
    (r"output\.weight", "lm_head.weight"),
    (r"blk\.(\d+)\.attn_norm\.weight", r"layers.\1.input_layernorm.weight"),
    (r"blk\.(\d+)\.ffn_norm\.weight", r"layers.\1.post_attention_layernorm.weight"),
    (r"blk\.(\d+)\.attn_([qkv])\.(weight|bias)", r"layers.\1.self_attn.\2_proj.\3"),
    (r"blk\.(\d+)\.attn_([qk])_norm\.weight", r"layers.\1.self_attn.\2_norm.weight"),
    (r"blk\.(\d+)\.attn_output\.weight", r"layers.\1.self_attn.o_proj.weight"),
    (r"blk\.(\d+)\.ffn_(gate|up|down)\.weight", r"layers.\1.mlp.\2_proj.weight"),
)
MOVED = {"llama": True, "qwen2": False, "qwen3": False}  # architecture -> are the rows of q and k moved?
BROKEN = (  # what the package raises of a file that is cut off, or none
    ValueError,
    KeyError,
    IndexError,
    OSError,
    OverflowError,
    TypeError,
    RecursionError,
)


class Gguf:
    """An open file. Everything here raises ValueError that names the file and what is wrong with it."""

    def __init__(self, path: str | Path) -> None:
        self.path = path
        try:
            self.reader = _Reader(path)
        except BROKEN as error:
            raise self._unreadable(error) from None
        if self.reader.byte_order != "I":
            raise ValueError(f"{path}: its numbers are in the other order of bytes; get a little-endian file")

    @cached_property
    def values(self) -> dict[str, object]:
        """Metadata: numbers, texts and lists of them; the vocabulary, too."""
        return {key: self.value(key) for key in self.reader.fields}

    def value(self, key: str) -> object:
        """One of them, None where there is no such key."""
        try:
            return self.reader.fields[key].contents() if key in self.reader.fields else None
        except BROKEN as error:
            raise self._unreadable(error) from None

    @property
    def architecture(self) -> str:
        kind = self.value("general.architecture")
        if kind not in MOVED:
            raise ValueError(f"{self.path}: its architecture is {kind!r:.80}; known are {', '.join(MOVED)}")
        return kind

    def tensors(self) -> dict[str, Tensor]:
        """All of them, or an error that names the first that a LLaMA-family decoder does not have."""
        moved = self._heads() if MOVED[self.architecture] else {}
        return {
            name: _put_back(tensor, moved.get(_which(name)), f"{self.path}: {name}")
            for name, tensor in (self._read(tensor) for tensor in self.reader.tensors)
        }

    def _heads(self) -> dict[str, int]:
        names = (f"{self.architecture}.attention.head_count", f"{self.architecture}.attention.head_count_kv")
        queries, keys = (self.value(name) for name in names)
        heads = {"q": queries, "k": queries if keys is None else keys}
        if odd := [number for number in heads.values() if type(number) is not int or number < 1]:
            raise ValueError(f"{self.path}: {names[0]} (or _kv) is {odd[0]!r:.80}, not a number of heads")
        return heads

    def _read(self, tensor: ReaderTensor) -> tuple[str, Tensor]:
        try:
            name, values = _our_name(tensor.name), dequantize(tensor.data, tensor.tensor_type)
        except NotImplementedError:
            kind = tensor.tensor_type.name
            raise ValueError(
                f"{self.path}: {tensor.name} is {kind}, which is not dequantized here; take Q8_0"
            ) from None
        except ValueError as error:
            raise ValueError(f"{self.path}: {error}") from None
        return name, torch.from_numpy(values if values.flags.writeable else values.copy())

    def _unreadable(self, error: Exception) -> ValueError:
        reason = " ".join(str(error).split())[:200]
        return ValueError(f"{self.path}: cannot be read as GGUF ({reason}); get the file again")


class _Reader(GGUFReader):
    """The package's reader takes what lies beyond the end of a file for nothing at all, and takes its time:
    of each of a vocabulary's 250,000 numbers it makes a view of a view of the file."""

    def _get(
        self, offset: int, dtype: object, count: int = 1, override_order: str | None = None
    ) -> np.ndarray:
        kind = np.dtype(dtype)
        if offset + int(count) * kind.itemsize > len(self.data):
            raise ValueError("it ends too early")
        return np.frombuffer(
            self.data, kind.newbyteorder(override_order or self.byte_order), int(count), offset
        )


def _our_name(name: str) -> str:
    if name == "rope_freqs.weight":
        raise ValueError("has rope_freqs.weight, a scaled RoPE; this model turns by plain RoPE only")
    for pattern, ours in NAMES:
        if match := re.fullmatch(pattern, name):
            return match.expand(ours)
    raise ValueError(f"tensor {name!r:.80} has no place in a LLaMA-family decoder")


def _which(name: str) -> str | None:
    """ "q" or "k", where it is their projection's."""
    match = re.search(r"self_attn\.([qk])_proj", name)
    return match and match[1]


def move(tensor: Tensor, heads: int) -> Tensor:
    """Rows of q or k, or their biases, as llama.cpp wants them: what `_put_back` puts back."""
    halves = tensor.unflatten(0, (heads, 2, -1))  # (heads, 2, d/2, ...)
    return halves.transpose(1, 2).reshape(tensor.shape)


def _put_back(tensor: Tensor, heads: int | None, what: str) -> Tensor:
    """Rows as RoPE needs them that pairs the first half of each head with the second. None: not moved."""
    if heads is None:
        return tensor
    if len(tensor) % (2 * heads):
        raise ValueError(f"{what} has {len(tensor)} rows, which are not {heads} heads of pairs")
    pairs = tensor.unflatten(0, (heads, -1, 2))  # (heads, d/2, 2, ...)
    return pairs.transpose(1, 2).reshape(tensor.shape)
