"""From our checkpoint folder to a stock transformers folder: no code of ours is needed to run it."""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import AutoImageProcessor, GenerationConfig, LlavaProcessor, PreTrainedTokenizerFast

from convert import llama, llava
from convert.files import whole_folder
from dataset.chat import Chat
from model.config import VLMConfig
from model.hub import merge
from scoring.assistant import Assistant

ROLES, PARTS = ("system", "user", "assistant"), ("text", "image", "image_url")


def convert(kind: str, source: Path, out: Path, store: torch.dtype) -> None:
    """Write the folder `out`: `llava` all of it, `llama` the decoder and its words alone."""
    assistant = Assistant.load(source, "cpu")
    merge(assistant.vlm)
    config, state = assistant.vlm.config, assistant.vlm.state_dict()
    if kind == "llava":
        values, tensors = llava.export_config(config, source), llava.export_tensors(state, config)
    else:
        decoder = {k.removeprefix("decoder."): t for k, t in state.items() if k.startswith("decoder.")}
        values, tensors = llama.llama_config(config.text, source), llama.llama_tensors(decoder)
    stored = {name: tensor.to(store).contiguous() for name, tensor in tensors.items()}
    with whole_folder(out) as whole:
        values |= {"dtype": str(store).removeprefix("torch.")}
        (whole / "config.json").write_text(json.dumps(values, indent=2) + "\n")
        save_file(stored, whole / "model.safetensors", metadata={"format": "pt"})
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


def refused(what: str, found: str, known: tuple[str, ...]) -> str:
    """Jinja that ends with what was `found`, an expression, and what is known."""
    return f"{{{{- raise_exception('unknown {what} ' ~ {found} ~ '; known: {', '.join(known)}') }}}}"


def lead(text: str) -> str:
    """Jinja that writes the text in front of a message that begins with words."""
    wordy = "message['content'] is string or message['content'][0]['type'] == 'text'"
    wordy = f"message['role'] != 'assistant' and ({wordy})"
    return f"{{%- if {wordy} %}}{{{{- {json.dumps(text)} }}}}{{%- endif %}}" if text else ""


def chat_template(chat: Chat) -> str:
    """Jinja that writes what `Chat` renders: content may be a string or a list of texts and images."""
    how, picture = chat.format, "".join(chat.format.picture)
    other, behind = refused("part", "part['type']", PARTS), "\n" if how.line_break else ""
    said = (
        f"{lead(how.before_words)}"
        "{%- if message['content'] is string %}{{- message['content'] }}{%- else %}"
        "{%- for part in message['content'] %}{%- if part['type'] in ('image', 'image_url') %}"
        f"{{{{- {json.dumps(picture + behind)} }}}}"
        "{%- elif part['type'] == 'text' %}{{- part['text'] }}"
        f"{{%- else %}}{other}{{%- endif %}}"
        "{%- endfor %}{%- endif %}"
    )

    def literal(pieces: tuple[str, ...]) -> str:
        return f"{{{{- {json.dumps(''.join(pieces))} }}}}" if pieces else ""

    def turn(role: str, before: tuple[str, ...], after: tuple[str, ...]) -> str:
        return f"{{%- if message['role'] == '{role}' %}}{literal(before)}{said}{literal(after)}{{%- endif %}}"

    role = "message['role']"
    unknown = f"{{%- if {role} not in {list(ROLES)} %}}{refused('role', role, ROLES)}{{%- endif %}}"
    begun, ended = how.system
    unasked = literal((*begun, how.default_system, *ended)) if how.default_system else ""
    before, after = how.answer
    return "".join(
        [
            literal(how.begin),
            f"{{%- if messages[0]['role'] != 'system' %}}{unasked}{{%- endif %}}",
            "{%- for message in messages %}",
            unknown,
            turn("system", *how.system),
            turn("user", *how.user),
            turn("assistant", (*how.opening, *before), (*after, *how.after)),
            "{%- endfor %}",
            f"{{%- if add_generation_prompt %}}{literal(how.opening)}{{%- endif %}}",
        ]
    )
