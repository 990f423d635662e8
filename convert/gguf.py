"""GGUF files of LLaMA-family decoders: configuration, tensors, tokenizer and chat format.

The chat format is ChatML where the file's template writes it, and where there is no template.
"""

import sys
from dataclasses import replace
from pathlib import Path

import torch
from tokenizers import AddedToken
from torch import Tensor

from convert.files import ConvertError
from convert.gguf_words import begins, named, tokenizer, words_of
from convert.names import refuse
from convert.template import Template
from dataset.chat.chat_format import END, END_OF_TEXT, SPECIALS, START, ChatFormat
from dataset.chat.render import Chat
from model.config import DecoderConfig
from model.decoder import Decoder
from model.fields import build
from model.gguf_file import Gguf

BIASED = {"llama": False, "qwen2": True, "qwen3": False}  # architecture -> have q, k and v biases?
NEEDED = (
    "embedding_length",
    "feed_forward_length",
    "block_count",
    "context_length",
    "attention.head_count",
    "attention.layer_norm_rms_epsilon",
)
PLAIN = {  # what a file may say of how it computes, after the architecture's name
    "rope.scaling.type": ("none",),
    "rope.scaling.factor": (0.0, 1.0),
    "rope.scale_linear": (0.0, 1.0),
    "expert_count": (0,),
    "attention.causal": (True,),
    "attention.clamp_kqv": (0.0,),
    "attention.max_alibi_bias": (0.0,),
    "use_parallel_residual": (False,),
    "logit_scale": (0.0, 1.0),
}
SPARE = ("<empty_output>", "<|reserved_special_token_0|>", "<|fim_pad|>")  # marks that no conversation has


def read_decoder(source: Path) -> tuple[DecoderConfig, dict[str, Tensor]]:
    """Of a file, or of a folder with one: its configuration, and its tensors under our names."""
    path = the_file(source)
    held = _opened(path)
    try:
        kind = held.architecture
        _expect_plain(held.values, kind, path)
        tensors = held.tensors()
    except ValueError as error:
        raise ConvertError(str(error)) from None
    config = decoder_config(held.values, tensors, kind, path)
    return config, {f"decoder.{name}": tensor for name, tensor in tensors.items()}


def _opened(path: Path) -> Gguf:
    try:
        return Gguf(path)
    except ValueError as error:
        raise ConvertError(str(error)) from None


def the_file(source: Path) -> Path:
    """The one of a folder that is no vision encoder (mmproj*.gguf)."""
    files = [source]
    if source.is_dir():
        files = sorted(path for path in source.glob("[!.]*.gguf") if not path.name.startswith("mmproj"))
    if len(files) != 1:
        raise ConvertError(f"{source}: {len(files)} .gguf files; name the one to import")
    return files[0]


def _expect_plain(values: dict[str, object], kind: str, where: Path) -> None:
    if values.get("split.count", 1) not in (0, 1):
        parts = values["split.count"]
        raise ConvertError(f"{where}: one of {parts!r:.20} parts; join them: llama-gguf-split --merge")
    refuse(where, values, {f"{kind}.{key}": known for key, known in PLAIN.items()})


def decoder_config(
    values: dict[str, object], tensors: dict[str, Tensor], kind: str, where: Path
) -> DecoderConfig:
    """Metadata -> ours. Raises ConvertError for a field or a shape that differs."""
    own = {key.removeprefix(f"{kind}."): value for key, value in values.items()}
    lacking = [f"{kind}.{key}" for key in NEEDED if key not in own]
    if lacking or "embed_tokens.weight" not in tensors:
        raise ConvertError(f"{where}: has no {(*lacking, 'token_embd.weight')[0]}; get the file again")
    fields = _fields(own) | {
        "attention_bias": BIASED[kind],
        "qk_norm": kind == "qwen3",
        "vocab_size": len(tensors["embed_tokens.weight"]),
    }
    try:
        config = build(DecoderConfig, fields | {"tie_word_embeddings": "lm_head.weight" not in tensors})
    except ValueError as error:
        raise ConvertError(f"{where}: {error}") from None
    _expect_same_heads(config, own, where)
    _expect_shapes(config, tensors, where)
    if config.head_dim == config.hidden_size // config.num_attention_heads:
        config = replace(config, head_dim=None)
    return config


def _fields(own: dict[str, object]) -> dict[str, object]:
    heads, epsilon = own["attention.head_count"], own["attention.layer_norm_rms_epsilon"]
    return {
        "hidden_size": own["embedding_length"],
        "intermediate_size": own["feed_forward_length"],
        "num_hidden_layers": own["block_count"],
        "num_attention_heads": heads,
        "num_key_value_heads": own.get("attention.head_count_kv", heads),
        "head_dim": own.get("attention.key_length"),
        "max_position_embeddings": own["context_length"],
        "rope_theta": own.get("rope.freq_base", 10000.0),
        "rms_norm_eps": float(f"{epsilon:.6g}") if isinstance(epsilon, float) else epsilon,  # kept as float32
    }


def _expect_same_heads(config: DecoderConfig, own: dict[str, object], where: Path) -> None:
    size = config.head_size
    if own.get("rope.dimension_count", size) != size:
        turned = own["rope.dimension_count"]
        raise ConvertError(f"{where}: RoPE turns {turned} of a head's {size} numbers; this model turns all")
    if own.get("attention.value_length", size) != size:
        raise ConvertError(
            f"{where}: attention.value_length is {own['attention.value_length']}, keys have {size}"
        )
    window, length = own.get("attention.sliding_window", 0), config.max_position_embeddings
    if window != 0 and not (isinstance(window, int) and window >= length):
        raise ConvertError(f"{where}: attention.sliding_window is {window!r:.80}; here every token sees all")


def _expect_shapes(config: DecoderConfig, tensors: dict[str, Tensor], where: Path) -> None:
    """Before memory is taken for a model that the file cannot fill."""
    with torch.device("meta"):
        asked = Decoder(config).state_dict()
    for name, tensor in asked.items():
        if name not in tensors:
            if not (config.tie_word_embeddings and name == "lm_head.weight"):
                raise ConvertError(f"{where}: has no tensor for {name}; get the file again")
        elif tensors[name].shape != tensor.shape:
            found, wanted = tuple(tensors[name].shape), tuple(tensor.shape)
            raise ConvertError(f"{where}: {name} is {found}, its metadata says {wanted}")
    if more := sorted(tensors.keys() - asked.keys()):
        raise ConvertError(f"{where}: {more[0]} has no place in what its metadata says")


def read_chat(source: Path, rows: int, image_tokens: int) -> Chat:
    """The tokenizer with its chat format, which must write what the file's own template writes.

    A picture takes the place of tokens that no text has; where the vocabulary has ours, these, else one of
    its own that it keeps for other uses: no row is added to a vocabulary that lies in another package.
    """
    where = the_file(source)
    values = _opened(where).values
    words = words_of(values, where)
    if len(words) != rows:
        raise ConvertError(
            f"{where}: {len(words)} tokens in its vocabulary, {rows} rows of token_embd.weight"
        )
    made, end = tokenizer(values, where), named("eos", words, values, where)
    known = {token.content for token in made.get_added_tokens_decoder().values()}
    template = _template(values, words, where)
    if template:
        template.expect_chatml(known)
    spare = next((token for token in SPARE if token in known), None)
    chat_format = ChatFormat()
    if spare and {END_OF_TEXT, START, END} <= known and not set(SPECIALS) <= known:
        chat_format = ChatFormat(picture=(spare,), placeholder=spare)
    else:
        made.add_special_tokens([AddedToken(t, special=True) for t in SPECIALS if t not in known])
    begin = _bos(values, words, template, where)
    chat = Chat(made, image_tokens, replace(chat_format, begin=begin))
    if template:
        chat = template.fitted(chat)
    else:
        print(f"{where}: has no chat template; conversations are written as ChatML", file=sys.stderr)
    if end not in (None, chat.format.end):
        print(f"{where}: its texts end with {end}, answers with {chat.format.end}", file=sys.stderr)
    return chat


def _template(values: dict[str, object], words: list[str], where: Path) -> Template | None:
    if (text := values.get("tokenizer.chat_template")) is None:
        return None
    bos, eos = (named(which, words, values, where) or "" for which in ("bos", "eos"))
    return Template(str(text), where, bos, eos)


def _bos(
    values: dict[str, object], words: list[str], template: Template | None, where: Path
) -> tuple[str, ...]:
    """bos, where every text begins with it, or what the template writes does."""
    bos = named("bos", words, values, where)
    if not begins(values):
        return (bos,) if bos and template and template.writes_bos else ()
    if bos is None:
        raise ConvertError(f"{where}: texts begin with bos, but it has no tokenizer.ggml.bos_token_id")
    return (bos,)
