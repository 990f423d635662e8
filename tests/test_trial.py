"""An import is opened by its own loader and compared with its source; what differs is not written."""

import json
from pathlib import Path

import pytest
import torch
from jinja2 import TemplateError
from tokenizers import Tokenizer
from torch.testing import assert_close
from transformers import (
    AutoProcessor,
    BlipImageProcessorPil,
    CLIPImageProcessorPil,
    CLIPVisionConfig,
    LlamaConfig,
    LlamaForCausalLM,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
)

from convert.blip import import_blip
from convert.encoders import vision_config
from convert.files import ConvertError, read_tensors
from convert.llama import decoder_config
from convert.template import Template
from convert.told import chat_template
from convert.trial import picture
from convert.words import open_chat
from convert_vlm import main as convert_vlm
from dataset.chat.chat_format import LLAVA
from dataset.images.preprocess import Preprocessor
from model.files import CheckpointError, read_config
from model.hub import KINDS
from scoring.assistant import Assistant
from tests.gguf_files import CHATML
from tests.test_convert import EYE, FAMILY, SIZES, llama_tokenizer, saved

ASKED = [{"role": "user", "content": "<image>\nWhat is this?"}]
HUBS = (  # what LLaVA-1.5's on the hub come to: pictures first, {% generation %}, no end of an answer
    "{% for m in messages %}{% if m['role'] != 'system' %}{{ m['role'].upper() + ': ' }}{% endif %}"
    "{% for c in m['content'] | selectattr('type', 'equalto', 'image') %}{{ '<image>\\n' }}{% endfor %}"
    "{% for c in m['content'] | selectattr('type', 'equalto', 'text') %}"
    "{% generation %}{{ c['text'] + ' ' }}{% endgeneration %}{% endfor %}"
    "{% endfor %}{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}"
)


def a_llava(folder: Path, spare: int = 0, **choices: object) -> LlavaForConditionalGeneration:
    """With LLaVA-1.5's kind of tokenizer, and rows of embeddings that no token has."""
    words = llama_tokenizer(folder)
    config = LlavaConfig(
        text_config=LlamaConfig(**SIZES | {"vocab_size": len(words) + spare, "max_position_embeddings": 128}),
        vision_config=CLIPVisionConfig(**EYE),
        image_token_index=words.convert_tokens_to_ids("<image>"),
        **choices,
    )
    return saved(LlavaForConditionalGeneration(config), folder)


def a_llama(folder: Path, **fields: object) -> LlamaForCausalLM:
    words = llama_tokenizer(folder, added=("<|im_start|>", "<|im_end|>", "<|endoftext|>"))
    return saved(LlamaForCausalLM(LlamaConfig(**SIZES | {"vocab_size": len(words)} | fields)), folder)


def imported(kind: str, tmp_path: Path, *more: object) -> Assistant:
    flags = ["--from", kind, *map(str, more)]
    convert_vlm(["import", str(tmp_path / "theirs"), str(tmp_path / "ours"), *flags])
    return Assistant.load(tmp_path / "ours", "cpu")


def refused(kind: str, tmp_path: Path, message: str) -> None:
    """In one line, and nothing is left of it."""
    with pytest.raises(SystemExit, match=message) as caught:
        imported(kind, tmp_path)
    assert "\n" not in str(caught.value)
    assert [p.name for p in tmp_path.iterdir()] == ["theirs"]


def test_rows_that_no_token_has(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    theirs = a_llava(tmp_path / "theirs", spare=5)
    ours = imported("llava", tmp_path)
    rows = theirs.config.text_config.vocab_size
    assert ours.vlm.config.text.vocab_size == ours.chat.tokenizer.get_vocab_size() == rows
    assert ours.chat.decode([rows - 1]) == "" and rows - 1 not in ours.chat.encode(f"<|unused_{rows - 1}|>")
    said = capsys.readouterr().err
    assert "has no preprocessor_config.json; pictures are made as for clip" in said
    assert "has no chat template; conversations are written as LLaVA-1.5's" in said
    assert "not compared" not in said


def with_first_blank(folder: Path) -> None:
    """As transformers writes LLaMA's today: a blank in front of a text, none behind special tokens."""
    words = json.loads((folder / "tokenizer.json").read_text())
    scheme = {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "first", "split": False}
    (folder / "tokenizer.json").write_text(json.dumps(words | {"normalizer": None, "pre_tokenizer": scheme}))


WRONG = {  # what is read wrongly -> what the trial says
    "logits": ("convert.llama.rope", lambda *_, **__: (5.0, None), "logits of the same question differ"),
    "pixels": (
        "convert.incoming.open_preprocessor",
        lambda *_, **__: Preprocessor(32, crop=False),
        "pixels of the",
    ),
    "ids": ("dataset.chat.tokenizer.going_on", lambda same: same, "after 12 tokens a conversation goes on"),
    "rows": ("convert.words.name_spare_rows", lambda *_, **__: None, "they are not of one model"),
}


@pytest.mark.parametrize("part", WRONG)
def test_what_is_read_wrongly_is_not_written(
    part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_llava(tmp_path / "theirs", spare=3)
    with_first_blank(tmp_path / "theirs")
    sides = {"height": 32, "width": 32}
    CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size=sides).save_pretrained(tmp_path / "theirs")
    name, wrongly, message = WRONG[part]
    monkeypatch.setattr(name, wrongly)
    refused("llava", tmp_path, message)


def test_a_processor_in_one_file(tmp_path: Path) -> None:
    """As transformers 5 writes it: processor_config.json alone."""
    a_llava(tmp_path / "theirs")
    grey = {"image_mean": [0.5] * 3, "image_std": [0.5] * 3, "do_center_crop": False}
    theirs = CLIPImageProcessorPil(size={"height": 32, "width": 32}, **grey)
    words = llama_tokenizer(tmp_path / "theirs")
    LlavaProcessor(theirs, words, patch_size=16).save_pretrained(tmp_path / "theirs")
    assert not (tmp_path / "theirs/preprocessor_config.json").exists()
    found = imported("llava", tmp_path).preprocessor(picture())
    assert_close(found, theirs(picture(), return_tensors="pt")["pixel_values"][0])


def test_blips_pixels() -> None:
    theirs = BlipImageProcessorPil(size={"height": 48, "width": 48})
    least = {"image_processor_type": "BlipImageProcessor", "size": {"height": 48, "width": 48}}
    for values in (json.loads(theirs.to_json_string()), least):
        found = Preprocessor.from_fields(values, "there")
        assert_close(found(picture()), theirs(picture(), return_tensors="pt")["pixel_values"][0])


def test_a_blank_in_front_of_the_first_text_alone(tmp_path: Path) -> None:
    a_llava(tmp_path / "theirs")
    with_first_blank(tmp_path / "theirs")
    chat = imported("llava", tmp_path).chat
    bare = Tokenizer.from_file(str(tmp_path / "theirs/tokenizer.json"))
    text = "USER: " + "<image>" * chat.image_tokens + "\nWhat is this? ASSISTANT:"
    assert chat.prompt(ASKED) == [1, *bare.encode(text, add_special_tokens=False).ids]
    bos = "{{ bos_token }}"  # a text behind it is not the first
    (tmp_path / "theirs/chat_template.jinja").write_text(bos + HUBS)
    spelled = open_chat(tmp_path / "theirs", chat.image_tokens, None, pictures=True)
    assert spelled.prompt(ASKED) == bare.encode(f"<s>{text}", add_special_tokens=False).ids
    assert spelled.prompt(ASKED) != chat.prompt(ASKED)


def test_what_a_config_leaves_out_is_its_familys() -> None:
    mixtral = decoder_config({"model_type": "mixtral"}, "there")
    assert (mixtral.rope_theta, mixtral.max_position_embeddings, mixtral.num_key_value_heads) == (
        1e6,
        131072,
        8,
    )
    assert decoder_config({"model_type": "qwen2"}, "there").vocab_size == 151936
    with pytest.raises(ConvertError, match="there: sliding_window is 4096"):
        decoder_config({"model_type": "mistral"}, "there")
    assert vision_config({"model_type": "clip", "vision_config": {}}, "there").patch_size == 32
    assert import_blip({"model_type": "blip"}, {}, "there")[0].text.num_attention_heads == 8
    with pytest.raises(ConvertError, match="there: not a configuration that transformers reads"):
        decoder_config({"model_type": "llama", "hidden_size": "wide"}, "there")
    with pytest.raises(ConvertError, match="there: model_type is 'llama'; known are blip"):
        import_blip({"model_type": "llama"}, {}, "there")


def test_no_end_in_the_config(tmp_path: Path) -> None:
    """The tokenizer says what it is."""
    a_llama(tmp_path / "theirs", eos_token_id=None)
    assert json.loads((tmp_path / "theirs/config.json").read_text())["eos_token_id"] is None
    ours = imported("llama", tmp_path)
    assert ours.vlm.config.eos_token_id == ours.chat.end_id
    saved(FAMILY["llama"](), tmp_path / "bare")
    values = json.loads((tmp_path / "bare/config.json").read_text()) | {"eos_token_id": None}
    (tmp_path / "bare/config.json").write_text(json.dumps(values))
    convert_vlm(["import", str(tmp_path / "bare"), str(tmp_path / "alone"), "--from", "llama"])
    assert read_config(tmp_path / "alone", KINDS)[0].eos_token_id == 0


def test_the_hubs_template_is_llavas(tmp_path: Path) -> None:
    a_llava(tmp_path / "theirs")
    (tmp_path / "theirs/chat_template.jinja").write_text(HUBS)
    assert imported("llava", tmp_path).chat.format == LLAVA


TEMPLATES = {  # another prompt format -> what is said of it
    "a line break": (HUBS.replace("'ASSISTANT:'", "'\\nASSISTANT:'"), "where LLaVA-1.5's has"),
    "Llama 3's": ("<|start_header_id|>{{ messages[0]['content'] }}", "where LLaVA-1.5's has"),
    "ChatML of no token": (CHATML, "writes <|im_end|>, no special token"),
    "broken": ("{% if %}", "its chat template cannot be used"),
}


@pytest.mark.parametrize("case", TEMPLATES)
def test_another_prompt_format_is_refused(case: str, tmp_path: Path) -> None:
    llama_tokenizer(tmp_path)
    text, message = TEMPLATES[case]
    (tmp_path / "chat_template.jinja").write_text(text)
    with pytest.raises(ConvertError, match=message) as caught:
        open_chat(tmp_path, 4, None, pictures=True)
    assert "chat_template.jinja: its chat template" in str(caught.value)


def test_templates_by_names_that_are_none(tmp_path: Path) -> None:
    llama_tokenizer(tmp_path)
    values = {"chat_template": [{"name": [1], "template": "x"}]}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(values))
    with pytest.raises(ConvertError, match=r"tokenizer_config\.json: its chat_template is not text"):
        open_chat(tmp_path, 4, None)


def test_a_decoders_template(tmp_path: Path) -> None:
    """ChatML, with what its system says where no one asks; any other is refused."""
    a_llama(tmp_path / "theirs")
    config = tmp_path / "theirs/tokenizer_config.json"
    values = json.loads(config.read_text())
    config.write_text(json.dumps(values | {"chat_template": "[INST] {{ messages[0]['content'] }} [/INST]"}))
    refused("llama", tmp_path, r"its chat template is Llama 2's or Mistral's \(\[INST\]\); only ChatML")
    own = (
        "{% if messages[0]['role'] != 'system' %}<|im_start|>system\nYou are L.<|im_end|>\n{% endif %}"
        + CHATML
    )
    config.write_text(json.dumps(values | {"chat_template": own}))
    ours = imported("llama", tmp_path)
    assert ours.chat.format.default_system == "You are L."
    asked = [{"role": "user", "content": "One?"}]
    again = Template(chat_template(ours.chat), tmp_path)  # as it is exported
    assert again.write(asked) == Template(own, tmp_path).write(asked) == ours.chat.spelled(asked)


def test_exported_templates_refuse_what_they_do_not_know(tmp_path: Path, assistant: Assistant) -> None:
    assistant.save(tmp_path / "ours")
    convert_vlm(["export", str(tmp_path / "ours"), str(tmp_path / "llava")])
    processor = AutoProcessor.from_pretrained(tmp_path / "llava", backend="pil")
    assert processor.tokenizer.padding_side == "left"

    def written(role: str, *content: dict) -> str:
        return processor.tokenizer.apply_chat_template(
            [{"role": role, "content": [*content]}], tokenize=False
        )

    said, shown = {"type": "text", "text": "Hi"}, {"type": "image"}
    linked = {"type": "image_url", "image_url": {"url": "a.png"}}
    assert written("user", linked, said) == written("user", shown, said) != written("user", said)
    with pytest.raises(TemplateError, match="unknown part audio; known: text, image, image_url"):
        written("user", {"type": "audio"}, said)
    with pytest.raises(TemplateError, match="unknown role tool; known: system, user, assistant"):
        written("tool", said)


def test_names_from_compiled_and_distributed_models(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    plain = {"layers.0.weight": torch.ones(2), "norm.weight": torch.ones(1)}
    for prefix in (
        "_orig_mod.",
        "module.",
        "_orig_mod.module.",
        "module._orig_mod.",
        "_fsdp_wrapped_module.",
    ):
        torch.save({f"{prefix}{name}": tensor for name, tensor in plain.items()}, tmp_path / "a.pth")
        assert read_tensors(tmp_path / "a.pth").keys() == plain.keys()
        assert "taken off the names of its tensors" in capsys.readouterr().err
    torch.save({"layers.0._orig_mod.weight": torch.ones(2)}, tmp_path / "a.pth")
    assert read_tensors(tmp_path / "a.pth").keys() == {"layers.0.weight"}
    torch.save(plain | {"_orig_mod.norm.weight": torch.ones(1)}, tmp_path / "a.pth")
    with pytest.raises(ConvertError, match="tensors with and without a prefix"):
        read_tensors(tmp_path / "a.pth")
    torch.save({"model": plain, "epoch": 1}, tmp_path / "a.pth")
    with pytest.raises(ConvertError, match="it keeps one under 'model'"):
        read_tensors(tmp_path / "a.pth")
    torch.save({"base_model.model.q_proj.lora_A.weight": torch.ones(2)}, tmp_path / "a.pth")
    with pytest.raises(ConvertError, match="of an adapter"):
        read_tensors(tmp_path / "a.pth")


PARTIAL = {  # a file of the folder -> what the folder is
    "adapter_config.json": "an adapter .LoRA., not a model; .* give this folder with --lora_name",
    "state-00000500.pt": "a training run that is not finished; go on with --resume last",
    "__0_0.distcp": "shards of torch.distributed.checkpoint .FSDP.* dcp_to_torch",
    "a b/__0_0.distcp": "format_utils dcp_to_torch '.*/theirs/a b' pytorch_model.bin",
    "pytorch_model_fsdp_0/__0_0.distcp": "pytorch_model_fsdp_0: shards of torch.distributed.checkpoint",
    "global_step5/zero_pp_rank_0_mp_rank_00_optim_states.pt": "shards of DeepSpeed's ZeRO",
}


@pytest.mark.parametrize("name", PARTIAL)
def test_what_is_no_whole_model_is_called_what_it_is(name: str, tmp_path: Path) -> None:
    (tmp_path / "theirs" / name).parent.mkdir(parents=True)
    (tmp_path / "theirs" / name).write_text("{}")
    with pytest.raises(CheckpointError, match=PARTIAL[name]):
        read_config(tmp_path / "theirs", KINDS)
    refused("llama", tmp_path, PARTIAL[name])


def test_an_eye_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="llava has a vision encoder of its own; leave it out"):
        imported("llava", tmp_path, "--vision", "somewhere")
