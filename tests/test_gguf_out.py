"""Our weights as llama.cpp's files: read back they are the same; what llama.cpp does not do is refused."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from gguf import GGUFReader
from gguf.quants import dequantize
from tokenizers import Regex, Tokenizer, decoders, pre_tokenizers
from torch import Tensor

from convert.gguf_spelling import splitting_of, trial_texts, word_values
from convert.gguf_words import tokenizer as of_file
from convert.template import Template
from convert.told import chat_template
from convert_vlm import main as convert_vlm
from dataset.chat.chat_format import IMAGE_PAD, SPECIALS
from dataset.chat.render import Chat
from dataset.images.preprocess import Preprocessor
from dataset.train_tokenizer import storybook_text, train_tokenizer
from model.lora import LoRAConfig, adapt
from model.vlm import VLM
from scoring.assistant import Assistant
from tests.conftest import SMALL_EYE, scrambled, untaught
from tests.gguf_files import byte_words
from tests.proof import same

TALK = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "What is this? 这是什么？ 12 kites"},
    {"role": "assistant", "content": "a red cat"},
    {"role": "user", "content": "And that?"},
]
SHOWN = [{"role": "user", "content": "<image>\nWhat is this?<image>\nAnd that?"}]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Chat:
    """Words cut as GPT-2 does, which llama.cpp knows by name."""
    made = of_file(byte_words(), Path("a.gguf"))
    made.add_special_tokens([token for token in SPECIALS if made.token_to_id(token) is None])
    return Chat(made, image_tokens=4)


def made(chat: Chat, **changes: object) -> Assistant:
    """A scrambled model with these changes of its configuration, `text` and `vision` of those parts."""
    ours = untaught(chat)
    config = ours.vlm.config
    parts = {part: replace(getattr(config, part), **changes.pop(part, {})) for part in ("text", "vision")}
    torch.manual_seed(0)
    vlm = scrambled(VLM(replace(config, **parts, **changes))).eval()
    chat = Chat(chat.tokenizer, vlm.config.image_tokens, chat.format)
    return Assistant(vlm, chat, Preprocessor(vlm.config.vision.image_size))


def exported(ours: Assistant, folder: Path, *flags: str) -> Path:
    ours.save(folder / "ours")
    convert_vlm(["export", str(folder / "ours"), str(folder / "gguf"), "--format", "gguf", *flags])
    return folder / "gguf"


def back(folder: Path) -> Assistant:
    out = folder.parent / "again"
    convert_vlm(["import", str(folder), str(out), "--from", "gguf"])
    return Assistant.load(out, "cpu")


def logits(one: Assistant, rows: int) -> Tensor:
    ids = torch.randint(0, rows, (2, 30), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        return one.vlm(ids).logits[..., :rows]


@pytest.mark.parametrize(
    "text",
    [{}, {"tie_word_embeddings": False}, {"attention_bias": True}, {"qk_norm": True, "head_dim": 16}],
    ids=["llama", "a head of its own", "qwen2", "qwen3"],
)
def test_read_back_it_is_the_same(text: dict, plain: Chat, tmp_path: Path) -> None:
    ours = made(plain, text=text)
    again, rows = back(exported(ours, tmp_path)), ours.vlm.config.text.vocab_size
    assert again.vlm.config.text == ours.vlm.config.text
    same("export gguf: logits, read back", "Decoder", logits(again, rows), logits(ours, rows))
    assert again.chat.prompt(TALK) == ours.chat.prompt(TALK)
    assert [again.chat.encode(t) for t in trial_texts()] == [ours.chat.encode(t) for t in trial_texts()]
    said = [one.answer_batch([TALK], [], max_new_tokens=8) for one in (ours, again)]
    assert said[0] == said[1]


@pytest.mark.parametrize("store, close", [("float16", 5e-3), ("bfloat16", 4e-2), ("q8_0", 1e-1)])
def test_precisions(store: str, close: float, plain: Chat, tmp_path: Path) -> None:
    """Matrices as asked for, all else float32; where blocks of 32 do not fit a row, float16."""
    ours = made(plain)
    folder, rows = exported(ours, tmp_path, "--store", store), ours.vlm.config.text.vocab_size
    expected, found = logits(ours, rows), logits(back(folder), rows)
    assert 0 < (found - expected).abs().mean() < close * expected.abs().mean()
    types = {t.name: t.tensor_type.name for t in GGUFReader(folder / "model.gguf").tensors}
    asked = {"float16": "F16", "bfloat16": "BF16", "q8_0": "Q8_0"}[store]
    assert types["blk.0.attn_q.weight"] == types["token_embd.weight"] == asked
    assert types["blk.0.ffn_down.weight"] == ("F16" if store == "q8_0" else asked)  # 48 wide
    assert types["blk.0.attn_norm.weight"] == "F32"


def test_an_adapter_is_merged(plain: Chat, tmp_path: Path) -> None:
    ours = made(plain)
    adapt(ours.vlm.decoder, LoRAConfig(r=2, lora_alpha=4))
    scrambled(ours.vlm.decoder, seed=1)
    rows = ours.vlm.config.text.vocab_size
    expected = logits(ours, rows)
    again = back(exported(ours, tmp_path))
    same("export gguf: logits, adapter merged", "Decoder", logits(again, rows), expected)


EYES = {
    "clip, linear": ({}, "linear"),
    "clip, mlp, last but one": ({"feature_layer": -2, "hidden_act": "gelu_pytorch_tanh"}, "mlp"),
    "siglip, mlp": ({"kind": "siglip", "hidden_act": "gelu_pytorch_tanh"}, "mlp"),
    "siglip, linear, last but one": ({"kind": "siglip", "feature_layer": 1}, "linear"),
}


@pytest.mark.parametrize("case", EYES)
def test_an_eye_by_llama_cpps_rules(case: str, plain: Chat, tmp_path: Path) -> None:
    eye, connector = EYES[case]
    ours = made(plain, vision=SMALL_EYE | eye, connector=connector)
    pixels = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        seen = ours.vlm.vision(pixels) if "siglip" in case else without_cls(ours.vlm, pixels)
        expected = ours.vlm.connector(seen)
    found = as_llama_cpp_sees(exported(ours, tmp_path) / "mmproj.gguf", pixels)
    same(f"export gguf: image tokens ({case})", "mtmd's rules", found, expected, close=1e-3)


def without_cls(vlm: VLM, pixels: Tensor) -> Tensor:
    """What CLIP sees of patches that see each other alone."""
    eye, layers = vlm.vision.clip, vlm.config.vision.feature_layer % (SMALL_EYE["num_hidden_layers"] + 1)
    x = eye.embeddings.patch_embedding(pixels).flatten(2).transpose(1, 2)
    x = eye.pre_layrnorm(x + eye.embeddings.position_embedding.weight[1:])
    for layer in eye.encoder.layers[:layers]:
        x = layer(x, attention_mask=None)
    return x


def as_llama_cpp_sees(path: Path, pixels: Tensor) -> Tensor:
    """What mtmd's graph for the projector "mlp" computes of a file, (I, P, D)."""
    reader = GGUFReader(path)
    value = {key: field.contents() for key, field in reader.fields.items()}
    w = {t.name: torch.from_numpy(np.array(dequantize(t.data, t.tensor_type))) for t in reader.tensors}
    heads, eps = (value[f"clip.vision.attention.{key}"] for key in ("head_count", "layer_norm_epsilon"))

    def norm(x: Tensor, name: str) -> Tensor:
        return F.layer_norm(x, x.shape[-1:], w[f"{name}.weight"], w[f"{name}.bias"], eps)

    def line(x: Tensor, name: str) -> Tensor:
        return F.linear(x, w[f"{name}.weight"], w[f"{name}.bias"])

    def act(x: Tensor) -> Tensor:
        return F.gelu(x, approximate="tanh") if value["clip.use_gelu"] else x * torch.sigmoid(1.702 * x)

    x = F.conv2d(
        pixels, w["v.patch_embd.weight"], w.get("v.patch_embd.bias"), value["clip.vision.patch_size"]
    )
    x = x.flatten(2).transpose(1, 2)  # (I, P, D_vision)
    assert "v.class_embd" not in w
    x = x + w["v.position_embd.weight"]
    x = norm(x, "v.pre_ln") if "v.pre_ln.weight" in w else x
    (layers,) = value["clip.vision.feature_layer"]
    assert layers == value["clip.vision.block_count"]
    for layer in (f"v.blk.{i}." for i in range(layers)):
        y = norm(x, f"{layer}ln1")
        q, k, v = (line(y, f"{layer}attn_{n}").unflatten(-1, (heads, -1)).transpose(1, 2) for n in "qkv")
        y = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        x = x + line(y, f"{layer}attn_out")
        x = x + line(act(line(norm(x, f"{layer}ln2"), f"{layer}ffn_up")), f"{layer}ffn_down")
    x = norm(x, "v.post_ln") if "v.post_ln.weight" in w else x
    return line(F.gelu(line(x, "mm.0"), approximate="tanh"), "mm.2")


NO_EYE = {
    "vision encoder of kind efficientnet-lite0": {"vision": {"kind": "efficientnet-lite0"}},
    "connector normed": {"connector": "normed"},
    "CLS among a vision encoder's features": {"vision": {"keep_cls": True}},
    "relu in a vision encoder": {"vision": {"hidden_act": "relu"}},
}


@pytest.mark.parametrize("what", NO_EYE)
def test_an_eye_that_llama_cpp_has_not(
    what: str, plain: Chat, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    """Named; the decoder is exported alone."""
    from model.eyes import efficientnet_config

    change = NO_EYE[what]
    if "kind" in change.get("vision", {}):
        eye = vars(efficientnet_config(change["vision"]["kind"], 32))
        change = {"vision": eye, "connector": "words"}
    folder = exported(made(plain, **change), tmp_path)
    assert f"llama.cpp has no {what}; the decoder is exported alone" in capsys.readouterr().err
    assert [path.name for path in folder.iterdir()] == ["model.gguf"] and back(folder)


def refused(ours: Assistant, tmp_path: Path, message: str) -> None:
    with pytest.raises(SystemExit, match=message) as caught:
        exported(ours, tmp_path)
    assert "\n" not in str(caught.value) and not (tmp_path / "gguf").exists()


@pytest.mark.parametrize(
    "text, message",
    [
        (
            {"num_local_experts": 2},
            "ours: num_local_experts is 2; decoders with that cannot be written as GGUF",
        ),
        ({"qk_norm": True, "attention_bias": True}, "no decoder of llama.cpp has both"),
        (
            {
                "rope_scaling": {
                    "factor": 8.0,
                    "low_freq_factor": 1.0,
                    "high_freq_factor": 4.0,
                    "original_max_position_embeddings": 64,
                }
            },
            "ours: rope_scaling is .*factor",
        ),
    ],
)
def test_a_decoder_that_llama_cpp_has_not(text: dict, message: str, plain: Chat, tmp_path: Path) -> None:
    refused(made(plain, text=text), tmp_path, message)


def test_a_number_that_float16_does_not_hold(plain: Chat, tmp_path: Path) -> None:
    ours = made(plain)
    ours.vlm.decoder.layers[0].self_attn.q_proj.weight.data[0, 0] = 1e6
    ours.save(tmp_path / "ours")
    asked = ["export", str(tmp_path / "ours"), str(tmp_path / "gguf"), "--format", "gguf", "--store"]
    with pytest.raises(SystemExit, match=r"attn_q\.weight is not finite as float16; give --store"):
        convert_vlm([*asked, "float16"])


@pytest.mark.parametrize("pre", ["gpt-2", "smollm", "llama-bpe", "qwen2"])
def test_how_words_are_cut_is_found(pre: str) -> None:
    """A name whose pattern gives the same ids of all texts, whatever it is called."""
    values = byte_words(pre)
    ours = of_file(values, Path("a.gguf"))
    found = splitting_of(ours, values, Path("a.gguf"))
    theirs = of_file(values | {"tokenizer.ggml.pre": found}, Path("a.gguf"))
    for text in trial_texts():
        assert ours.encode(text).ids == theirs.encode(text).ids


def cut_by(pattern: str) -> Callable[[Tokenizer], None]:
    def change(tokenizer: Tokenizer) -> None:
        steps = [pre_tokenizers.Split(Regex(pattern), "isolated"), pre_tokenizers.ByteLevel(False)]
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(steps)

    return change


def test_words_that_are_cut_in_no_way_of_llama_cpps(
    tmp_path: Path, chat: Chat, capsys: pytest.CaptureFixture
) -> None:
    """Ours goes out as what is nearest, and is said to; any other is refused by an example."""
    word_values(chat, chat.tokenizer.get_vocab_size(), Path("ours"))
    assert "ours: llama.cpp does not keep a word's last s apart" in capsys.readouterr().err
    odd = Tokenizer.from_str(train_tokenizer(storybook_text(50), 500).to_str())
    cut_by("a")(odd)
    refused(
        made(Chat(odd, 4)),
        tmp_path,
        "ours: llama.cpp has no way to split words that gives the same ids: .* there",
    )


def test_words_of_another_kind(tmp_path: Path) -> None:
    odd = Tokenizer.from_str(train_tokenizer(storybook_text(50), 500).to_str())
    odd.decoder = decoders.WordPiece()
    refused(made(Chat(odd, 4)), tmp_path, "ours: its tokenizer is not byte-level BPE")


@pytest.mark.parametrize("mark", ["<__media__>", "<__media_k3J__>"])
def test_a_picture_in_a_conversation(mark: str, chat: Chat) -> None:
    """llama.cpp hands a picture to the template as a mark in the text, with or without a line break."""
    template = Template(chat_template(chat, media=True), Path("a.gguf"))
    one = Chat(chat.tokenizer, 1)
    expected = one.spelled(SHOWN).replace(IMAGE_PAD, mark)
    for written in (f"{mark}\nWhat is this?{mark}\nAnd that?", f"{mark}What is this?{mark}And that?"):
        assert template.write([{"role": "user", "content": written}]) == expected
    assert template.write(TALK) == one.spelled(TALK)


def test_what_texts_begin_with(plain: Chat, tmp_path: Path) -> None:
    """llama.cpp puts it there itself, so the template does not."""
    begun = plain.beginning(("<|endoftext|>",))
    again = back(exported(made(begun), tmp_path))
    assert again.chat.format.begin == ("<|endoftext|>",)
    assert again.chat.prompt(TALK) == begun.prompt(TALK)
