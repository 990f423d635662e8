"""From another project's folder or file to a complete Assistant: config, weights, words and pixels."""

import sys
from dataclasses import asdict, replace
from pathlib import Path

import torch
from torch import Tensor

from convert import blip, encoders, gguf, llama, llava, minimind, minimind3, nanovlm, smolvlm
from convert.blip import without_twins
from convert.families import completed, first_id
from convert.files import (
    SEEING,
    SPEAKING,
    WITH_TEMPLATE,
    ConvertError,
    Sources,
    find,
    find_model,
    read_tensors,
    settings_of,
    whole_folder,
)
from convert.words import open_chat
from dataset.chat.chat_format import BLIP, FORMATS, MINIMIND, MINIMIND3, OPT, T5, ChatFormat
from dataset.chat.class_names import class_ids
from dataset.chat.render import TOKENIZER, Chat
from dataset.errors import read_object
from dataset.images.preprocess import Preprocessor, efficientnet
from dataset.images.processor_file import PIXELS, open_preprocessor, side_of
from dataset.project import TINY
from model.bases import KNOWN, base_file, base_of, base_tensors
from model.blip import BlipConfig
from model.blip2 import Blip2Config
from model.config import PRESETS, VLMConfig
from model.connector import WordsConnector
from model.eyes import efficientnet_config
from model.files import Config, Model, load_strictly, own_tensors, save
from model.hub import make


def from_llama(source: Path, vision: str | None) -> tuple[VLMConfig, dict[str, Tensor]]:
    """A decoder and, with `vision`, an eye; the connector between them is new."""
    values = read_object(source / "config.json")
    text = llama.decoder_config(values, source / "config.json")
    ids = {"eos_token_id": first_id(values.get("eos_token_id")), "image_token_id": text.vocab_size - 1}
    decoder = llama.decoder_tensors(read_tensors(source), text, source)
    config = VLMConfig(text=text, vision=PRESETS["tiny"].vision, **ids)
    return _with_eye(config, {f"decoder.{k}": t for k, t in decoder.items()}, vision)


def from_clip(source: Path, vision: str | None) -> tuple[VLMConfig, dict[str, Tensor]]:
    """An eye; decoder (of the preset tiny) and connector are new."""
    return _with_eye(PRESETS["tiny"], {}, str(source))


def from_llava(source: Path, vision: str | None) -> tuple[VLMConfig, dict[str, Tensor]]:
    config = llava.import_config(read_object(source / "config.json"), source / "config.json")
    return config, llava.import_tensors(read_tensors(source), config, source)


def from_smolvlm(source: Path, vision: str | None) -> tuple[VLMConfig, dict[str, Tensor]]:
    config = smolvlm.import_config(read_object(source / "config.json"), source / "config.json")
    return config, smolvlm.import_tensors(read_tensors(source), config, source)


def from_minimind(source: Path, vision: str | None) -> tuple[VLMConfig, dict[str, Tensor]]:
    """The .pth, or a folder with one, or one of transformers' format; config.json beside it where the sizes
    are not the published ones."""
    files = [source] if source.is_file() else sorted(source.glob("[!.]*.pth"))
    if not files and (source / "config.json").is_file():
        files = [source / "config.json"]  # of a folder that transformers has written
    if len(files) != 1:
        raise ConvertError(f"{source}: {len(files)} .pth files; name the one to import")
    if vision is None:
        raise ConvertError(f"{source}: its vision encoder is kept elsewhere; give that folder with --vision")
    beside = files[0].parent / "config.json"
    values = read_object(beside) if beside.is_file() else {}
    tensors = read_tensors(source if files[0] == beside else files[0])
    if minimind3.is_of(tensors):
        config = minimind3.config(values, tensors, files[0])
        return _with_eye(config, minimind3.tensors_of(tensors, config.text, files[0]), vision)
    text = minimind.decoder_config(values, tensors, files[0])
    image_id = minimind.image_token_id(values.get("image_ids", [34] * 196), beside)
    config = VLMConfig(text=text, image_token_id=image_id, eos_token_id=2, pad_token_id=0)
    return _with_eye(config, minimind.tensors_of(tensors, text, files[0]), vision)


def from_nanovlm(source: Path, vision: str | None) -> tuple[VLMConfig, dict[str, Tensor]]:
    config = nanovlm.config(read_object(source / "config.json"), source / "config.json")
    return config, nanovlm.tensors_of(read_tensors(source), config, source)


def from_blip(source: Path, vision: str | None) -> tuple[BlipConfig, dict[str, Tensor]]:
    values = read_object(source / "config.json")
    return blip.import_blip(values, read_tensors(source), source)


def from_blip2(source: Path, vision: str | None) -> tuple[Blip2Config, dict[str, Tensor]]:
    values = read_object(source / "config.json")
    return blip.import_blip2(values, read_tensors(source), source)


def from_bert(source: Path, vision: str | None) -> tuple[VLMConfig, dict[str, Tensor]]:
    """A Q-Former that starts with what BERT knows, to be trained by --stage qformer; the decoder is new."""
    values = completed(read_object(source / "config.json"), source / "config.json", ["bert"])
    config, tensors = _with_eye(PRESETS["tiny"], {}, vision)
    width = config.vision.hidden_size
    qformer = blip.bert_config(values, source / "config.json", encoder_hidden_size=width)
    return replace(config, connector="qformer", qformer=asdict(qformer)), tensors


def from_gguf(source: Path, vision: str | None) -> tuple[VLMConfig, dict[str, Tensor]]:
    """A decoder that llama.cpp runs, dequantized; the connector is new."""
    text, tensors = gguf.read_decoder(source)
    return _with_eye(VLMConfig(text=text, vision=PRESETS["tiny"].vision), tensors, vision)


SOURCES = {
    "bert": from_bert,
    "gguf": from_gguf,
    "llama": from_llama,
    "llava": from_llava,
    "smolvlm": from_smolvlm,
    "minimind": from_minimind,
    "nanovlm": from_nanovlm,
    "clip": from_clip,
    "blip": from_blip,
    "blip2": from_blip2,
}


def _with_eye(
    config: VLMConfig, tensors: dict[str, Tensor], vision: str | None
) -> tuple[VLMConfig, dict[str, Tensor]]:
    if vision is None:
        return config, tensors
    if vision in KNOWN:
        kind = vision.removesuffix("-pytorch-model")
        seen = {f"vision.clip.{k}": t for k, t in base_tensors(base_of(vision)).items()}
        return replace(config, vision=efficientnet_config(kind), connector="words"), tensors | seen
    folder = find_model(vision)
    values, sized = read_object(folder / "config.json"), {}
    if values.get("model_type") == "dinov2":  # its own size is that of its training, its pixels' another
        sized["image_size"] = side_of(folder)
    with settings_of(folder / "config.json"):
        eye = encoders.vision_config(values, folder / "config.json", **sized)
    seen = encoders.vision_tensors(read_tensors(folder), eye, folder)
    return replace(config, vision=eye), tensors | {f"vision.clip.{k}": t for k, t in seen.items()}


def convert(kind: str, source: str, out: Path, vision: str | None, tokenizer: str | None) -> None:
    """Read everything, check everything, write the folder, try it; then it becomes `out`."""
    from convert import trial  # transformers takes seconds to import

    with whole_folder(out) as whole:
        words = write(whole, kind, source, vision, tokenizer)
        trial.expect_same(whole, kind, sources(kind, source, vision, tokenizer))
    print(
        f"wrote {out}" if words else f"wrote {out}: weights alone, no {TOKENIZER} was found (see --tokenizer)"
    )


def write(whole: Path, kind: str, *source: str | None) -> bool:
    """A checkpoint folder of what is read; does it have words? Memory is free again afterwards."""
    vlm, chat, preprocessor = read(kind, *source)
    save(vlm, whole)
    preprocessor.to_json(whole / PIXELS)
    if chat is not None:
        chat.save(whole)
    return chat is not None


def read(
    kind: str, source: str, vision: str | None = None, tokenizer: str | None = None
) -> tuple[Model, Chat | None, Preprocessor]:
    """The model, its words (None where there is no tokenizer) and its pixels."""
    if vision and kind in (*SEEING, "nanovlm"):
        raise ConvertError(f"--vision {vision}: {kind} has a vision encoder of its own; leave it out")
    folder = base_file(base_of(source)) if source in KNOWN else find_model(source)
    with settings_of(folder):
        config, tensors = SOURCES[kind](folder, vision)
        ids = {"eos_token_id": 0, "pad_token_id": 0}  # which a tokenizer says
        type(config).from_dict(config.to_dict() | ids)  # as strictly as it is read later
    words = find(tokenizer) if tokenizer else (TINY if kind == "clip" else folder)
    if kind == "gguf" and not tokenizer:
        chat = gguf.read_chat(folder, config.text.vocab_size, config.image_tokens)
    elif kind == "nanovlm":
        chat = nanovlm.read_chat(folder, tokenizer, config)
    else:
        rows = config.text.vocab_size if kind in (*SPEAKING, "minimind", "gguf") else 0
        chat = open_chat(words, config.image_tokens, _format_of(kind, config), kind in WITH_TEMPLATE, rows)
    if chat is not None:
        if vision and kind in ("gguf", "llama"):
            chat = chat.with_system("")  # who sees is no longer who that message says
        config = with_words(config, chat, kind, words)
    vlm = filled(config, tensors, folder)
    if kind == "bert":
        blip.start_from_bert(vlm.connector.qformer.state_dict(), read_tensors(folder), folder)
    if isinstance(vlm.config, VLMConfig):
        vlm.config = replace(vlm.config, bases=bases_of(source, vision))
    if chat and isinstance(getattr(vlm, "connector", None), WordsConnector):
        vlm.connector.begin(vlm.decoder.embed_tokens.weight, class_ids(chat))
    if vision in KNOWN:
        return vlm, chat, efficientnet(config.vision.image_size)
    if kind == "nanovlm":
        return vlm, chat, nanovlm.pixels(folder)
    eye, side = sources(kind, source, vision).eye, config.vision.image_size
    if eye is None:
        return vlm, chat, Preprocessor(side)
    return vlm, chat, open_preprocessor(eye, config.vision.kind, side, needed=kind == "smolvlm")


def sources(kind: str, source: str, vision: str | None = None, tokenizer: str | None = None) -> Sources:
    eye = source if kind in SEEING else vision
    return Sources(
        model=find(source) if kind in (*SPEAKING, "blip", "blip2") else None,
        eye=find(eye) if eye and eye not in KNOWN else None,
        words=find(tokenizer or source) if kind in SPEAKING else None,
    )


def bases_of(source: str, vision: str | None) -> dict | None:
    """What lies in packages, and is named in the checkpoint instead of copied."""
    parts = {"decoder": source, "vision": vision}
    return {part: base_of(name) for part, name in parts.items() if name in KNOWN} or None


def _format_of(kind: str, config: Config) -> ChatFormat | None:
    if isinstance(config, Blip2Config):
        return T5 if config.published.is_encoder_decoder else OPT
    if kind == "minimind":
        return MINIMIND3 if config.text.qk_norm else MINIMIND
    return {"blip": BLIP, "clip": FORMATS[0], "smolvlm": smolvlm.SMOLVLM}.get(kind)


def with_words(config: Config, chat: Chat, kind: str, where: Path) -> Config:
    """With the tokenizer's ids; the vocabulary of a decoder without pictures grows by what was added."""
    size, rows = max(chat.tokenizer.get_vocab().values()) + 1, config.text.vocab_size
    if size > rows and kind in (*WITH_TEMPLATE, "minimind", "blip", "blip2"):
        raise ConvertError(f"{where}: the tokenizer has {size} tokens, embed_tokens.weight {rows} rows")
    if kind in (*WITH_TEMPLATE, "minimind") and chat.image_id != config.image_token_id:
        told = f"{config.image_token_id}, in its chat format at {chat.image_id} ({chat.format.placeholder})"
        raise ConvertError(f"{where}: pictures stand at token {told}; that format is not known here")
    if not isinstance(config, VLMConfig):  # BLIP's ids are in its configuration
        return config
    if config.connector == "qformer":
        config = replace(config, qformer=config.qformer | {"vocab_size": size + 1})  # and [DEC]
    text = replace(config.text, vocab_size=size if kind in ("clip", "bert") else max(size, rows))
    ids = {"image_token_id": chat.image_id, "eos_token_id": chat.end_id, "pad_token_id": chat.pad_id}
    return replace(config, text=text, **ids)


def filled(config: Config, tensors: dict[str, Tensor], where: Path) -> Model:
    """A model with these tensors: a part that they touch must be whole, the others are new and said to be."""
    torch.manual_seed(0)
    vlm = make(config)
    own, tensors = own_tensors(vlm), without_twins(vlm, tensors)
    for name in ("decoder.embed_tokens.weight", "decoder.lm_head.weight"):
        if name in tensors and len(tensors[name]) < config.text.vocab_size:
            tensors[name] = _grown(tensors[name], config.text.vocab_size)
    parts = {name.partition(".")[0] for name in tensors}
    new = sorted({name.partition(".")[0] for name in own} - parts)
    load_strictly({k: t for k, t in own.items() if k.partition(".")[0] in parts}, tensors, str(where))
    if new:
        print(f"new, to be trained: {', '.join(new)}", file=sys.stderr)
    return vlm.eval()


def _grown(rows: Tensor, size: int) -> Tensor:
    """New tokens begin as the mean of the others."""
    return torch.cat([rows, rows.mean(0, keepdim=True).expand(size - len(rows), -1)])
