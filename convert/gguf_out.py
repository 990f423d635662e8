"""A checkpoint folder of ours as the files that llama.cpp runs.

    weights/tiny -> OUT/model.gguf    decoder, tokenizer, chat template; an adapter is part of the weights
                    OUT/mmproj.gguf   vision encoder and connector, where llama.cpp has both

What llama.cpp's decoder of the same kind cannot do is refused by name. If llama.cpp does not know the vision
encoder, the decoder is exported alone, with a line that says so.
"""

import sys
from pathlib import Path

from gguf import MODEL_ARCH, get_tensor_name_map
from torch import Tensor

from convert import gguf_eye, llama
from convert.files import ConvertError, whole_folder
from convert.gguf_spelling import word_values
from convert.gguf_write import write
from convert.told import chat_template
from dataset.chat.render import Chat
from model.config import DecoderConfig
from model.files import merge
from model.gguf_file import MOVED, move
from model.vlm import VLM
from scoring.assistant import Assistant

MODEL, EYE = "model.gguf", "mmproj.gguf"


def convert(source: Path, out: Path, store: str) -> None:
    """Write the folder `out`; matrices in the precision `store`, one of STORED."""
    assistant = Assistant.load(source, "cpu")
    vlm, chat = assistant.vlm, assistant.chat
    if not isinstance(vlm, VLM):
        raise ConvertError(f"{source}: only models with our own decoder can be written as GGUF")
    merge(vlm)
    if lacking := gguf_eye.lacking(vlm.config):
        told = "the decoder is exported alone, without pictures"
        print(f"{source}: llama.cpp has no {lacking}; {told}", file=sys.stderr)
    with whole_folder(out) as whole:
        decoder = vlm.decoder.state_dict()
        values = {"general.name": source.resolve().name} | decoder_values(vlm.config.text, source)
        values |= word_values(chat, vlm.config.text.vocab_size, source)
        values |= {"tokenizer.chat_template": template(chat, sees=not lacking)}
        kind = architecture(vlm.config.text)
        write(whole / MODEL, kind, values, decoder_tensors(decoder, vlm.config.text), store)
        if not lacking:
            gguf_eye.write_eye(whole / EYE, vlm, assistant.preprocessor, store, source)
    print(f"wrote {out}")


def template(chat: Chat, sees: bool) -> str:
    """What every text begins with llama.cpp puts there itself."""
    return chat_template(chat.beginning(()), media=sees)


def architecture(config: DecoderConfig) -> str:
    """llama.cpp's name of the kind."""
    return "qwen3" if config.qk_norm else "qwen2" if config.attention_bias else "llama"


def decoder_values(config: DecoderConfig, where: Path) -> dict[str, object]:
    """Metadata. Raises ConvertError for what no architecture of `architecture` does."""
    for name, plain in {"num_local_experts": 0, "rope_scaling": None}.items():
        if (found := getattr(config, name)) != plain:
            raise ConvertError(f"{where}: {name} is {found}; decoders with that cannot be written as GGUF")
    if config.qk_norm and config.attention_bias:
        raise ConvertError(f"{where}: qk_norm and attention_bias; no decoder of llama.cpp has both")
    size = config.head_size
    values = {
        "context_length": config.max_position_embeddings,
        "embedding_length": config.hidden_size,
        "feed_forward_length": config.intermediate_size,
        "block_count": config.num_hidden_layers,
        "vocab_size": config.vocab_size,
        "attention.head_count": config.num_attention_heads,
        "attention.head_count_kv": config.num_key_value_heads,
        "attention.key_length": size,
        "attention.value_length": size,
        "attention.layer_norm_rms_epsilon": float(config.rms_norm_eps),
        "rope.dimension_count": size,
        "rope.freq_base": float(config.rope_theta),
    }
    return {f"{architecture(config)}.{key}": value for key, value in values.items()}


def decoder_tensors(decoder: dict[str, Tensor], config: DecoderConfig) -> dict[str, Tensor]:
    """Under llama.cpp's names, rows of q and k in its order."""
    kind = architecture(config)
    names = get_tensor_name_map(MODEL_ARCH[kind.upper()], config.num_hidden_layers)
    heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}
    found = {}
    for name, tensor in llama.llama_tensors(decoder).items():
        part = name.split(".")[-2]
        if MOVED[kind] and part in heads:
            tensor = move(tensor, heads[part])
        found[names.get_name(name, try_suffixes=(".weight", ".bias"))] = tensor
    return found
