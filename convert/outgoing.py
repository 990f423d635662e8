"""From our checkpoint folder to a stock transformers folder: no code of ours is needed to run it."""

import json
from pathlib import Path

import torch
from transformers import AutoImageProcessor, GenerationConfig, LlavaProcessor, PreTrainedTokenizerFast

from convert import llama, llava
from convert.files import ConvertError, whole_folder
from convert.told import chat_template
from dataset.chat.render import Chat
from dataset.instead import expect_itself
from model.config import VLMConfig
from model.files import merge, read_config, stored, write_tensors
from model.hub import KINDS
from scoring.assistant import Assistant


def convert(kind: str, source: Path, out: Path, store: torch.dtype) -> None:
    """Write the folder `out`: `llava` all of it, `llama` the decoder and its words alone."""
    expect_itself(source)
    config, _ = read_config(source, KINDS)  # what cannot be written is refused before weights are read
    if not isinstance(config, VLMConfig):
        raise ConvertError(f"{source}: only models with our own decoder can be written as {kind}")
    values = (
        llava.export_config(config, source) if kind == "llava" else llama.llama_config(config.text, source)
    )
    assistant = Assistant.load(source, "cpu")
    merge(assistant.vlm)
    state = assistant.vlm.state_dict()
    if kind == "llava":
        tensors = llava.export_tensors(state, config)
    else:
        decoder = {k.removeprefix("decoder."): t for k, t in state.items() if k.startswith("decoder.")}
        tensors = llama.llama_tensors(decoder)
    tensors = stored(tensors, store, out)
    with whole_folder(out) as whole:
        values |= {"dtype": str(store).removeprefix("torch.")}
        (whole / "config.json").write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
        write_tensors(tensors, whole / "model.safetensors")
        words = open_words(assistant.chat)
        words.save_pretrained(whole)
        generation_config(config).save_pretrained(whole)
        if kind == "llava":
            assistant.preprocessor.to_json(whole / "preprocessor_config.json")
            make_processor(whole, words, config).save_pretrained(whole)
    print(f"wrote {out}")


def open_words(chat: Chat) -> PreTrainedTokenizerFast:
    """Special tokens that a user types are special there: transformers has no way to say otherwise here."""
    how = chat.format
    return PreTrainedTokenizerFast(
        tokenizer_object=chat.tokenizer,
        eos_token=how.end,
        pad_token=how.pad,
        padding_side="left",  # what is generated stands at the end
        extra_special_tokens={"image_token": how.placeholder},
        chat_template=chat_template(chat),
    )


def make_processor(folder: Path, words: PreTrainedTokenizerFast, config: VLMConfig) -> LlavaProcessor:
    return LlavaProcessor(
        image_processor=AutoImageProcessor.from_pretrained(folder, backend="pil"),
        tokenizer=words,
        patch_size=config.vision.patch_size,
        vision_feature_select_strategy="full" if config.vision.keep_cls else "default",
        num_additional_image_tokens=1,  # CLS
        image_token=words.image_token,
        chat_template=words.chat_template,
    )


def generation_config(config: VLMConfig) -> GenerationConfig:
    return GenerationConfig(
        eos_token_id=config.eos_token_id,
        pad_token_id=config.pad_token_id,
        do_sample=False,
        max_new_tokens=256,
    )
