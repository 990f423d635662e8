"""Weights in and out: each way, then equal logits; each mistake is one line, and writes nothing."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, decoders, models, normalizers
from torch import nn
from torch.testing import assert_close
from transformers import (
    AutoModelForImageTextToText,
    AutoProcessor,
    CLIPConfig,
    CLIPModel,
    CLIPVisionConfig,
    LlamaConfig,
    LlamaForCausalLM,
    LlavaConfig,
    LlavaForConditionalGeneration,
    MistralConfig,
    MistralForCausalLM,
    MixtralConfig,
    MixtralForCausalLM,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
    pipeline,
)

from convert.files import ConvertError, read_tensors
from convert.minimind import halves_from_neighbours
from convert.names import rename
from convert.peer import Peer
from convert.template import parts
from convert.words import open_chat
from convert_vlm import main as convert_vlm
from dataset.chat.chat_format import LLAVA
from dataset.chat.stream import stream_text
from dataset.project import PHOTO
from dataset.storybook.records import StorybookRecords
from eval_vlm import main as eval_vlm
from model.blip import BlipConfig
from model.decoder import rotate
from model.vlm import VLM
from scoring.assistant import Assistant
from tests.conftest import scrambled
from tests.proof import same

SIZES = {
    "vocab_size": 60,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 64,
}
EYE = {
    "hidden_size": 24,
    "intermediate_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "image_size": 32,
    "patch_size": 16,
}
CLOSE = {"rtol": 1e-4, "atol": 1e-4}
THETA = {"rope_parameters": {"rope_type": "default", "rope_theta": 5000.0}}
FAMILY = {
    "llama": lambda: LlamaForCausalLM(LlamaConfig(**SIZES, **THETA, rms_norm_eps=1e-5)),
    "tied, other head size": lambda: LlamaForCausalLM(
        LlamaConfig(**SIZES, head_dim=12, tie_word_embeddings=True)
    ),
    "mha": lambda: LlamaForCausalLM(LlamaConfig(**SIZES | {"num_key_value_heads": 4})),
    "mistral": lambda: MistralForCausalLM(MistralConfig(**SIZES, sliding_window=None)),
    "qwen2": lambda: Qwen2ForCausalLM(Qwen2Config(**SIZES)),
    "mixtral": lambda: MixtralForCausalLM(MixtralConfig(**SIZES, num_local_experts=4, sliding_window=None)),
}


def some_ids(*shape: int) -> torch.Tensor:
    return torch.randint(4, 60, shape, generator=torch.Generator().manual_seed(1))


def saved(model: nn.Module, folder: Path, **more: object) -> nn.Module:
    """Scrambled, written as transformers writes it."""
    torch.manual_seed(0)
    scrambled(model.eval()).save_pretrained(folder, **more)
    return model


def imported(kind: str, source: Path, tmp_path: Path, *more: object) -> VLM:
    out = tmp_path / f"ours {kind}"
    convert_vlm(["import", str(source), str(out), "--from", kind, *map(str, more)])
    return VLM.from_pretrained(out).eval()


@pytest.mark.parametrize("name", FAMILY)
def test_llama_family(name: str, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    theirs = saved(FAMILY[name](), tmp_path / "theirs")
    ours, ids = imported("llama", tmp_path / "theirs", tmp_path), some_ids(2, 11)
    assert "not compared" not in capsys.readouterr().err
    with torch.no_grad():
        same("decoder: logits", type(theirs).__name__, ours(ids).logits, theirs(ids).logits)


def test_loss_and_gradients_equal_llamas(tmp_path: Path) -> None:
    theirs = saved(FAMILY["llama"](), tmp_path / "theirs")
    ours, ids = imported("llama", tmp_path / "theirs", tmp_path), some_ids(2, 11)
    labels = ids.clone()
    labels[0, :5] = -100
    expected, loss = theirs(ids, labels=labels).loss, ours(ids, labels=labels).loss
    same("decoder: loss", "LlamaForCausalLM", loss, expected)
    expected.backward()
    loss.backward()
    gradients = {name: p.grad for name, p in theirs.named_parameters()}
    for name, p in ours.decoder.named_parameters():
        theirs_grad = gradients[name if name.startswith("lm_head") else f"model.{name}"]
        same("decoder: gradients", "LlamaForCausalLM", p.grad, theirs_grad)


def make_llava(tmp_path: Path, **choices: object) -> LlavaForConditionalGeneration:
    config = LlavaConfig(
        text_config=LlamaConfig(**SIZES),
        vision_config=CLIPVisionConfig(**EYE),
        image_token_index=50,
        **choices,
    )
    return saved(LlavaForConditionalGeneration(config), tmp_path / "theirs")


@pytest.mark.parametrize(
    "choices",
    [
        {},
        {"vision_feature_layer": -1},
        {"vision_feature_select_strategy": "full"},
        {"tie_word_embeddings": True},
    ],
)
def test_llava(choices: dict, tmp_path: Path) -> None:
    theirs = make_llava(tmp_path, **choices)
    ours = imported("llava", tmp_path / "theirs", tmp_path)
    ids, pictures = some_ids(2, 20).clamp(max=49), torch.randn(3, 3, 32, 32)
    tokens = ours.config.vision.num_tokens
    for row, start in ((0, 2), (1, 3), (1, 3 + tokens)):  # the second row's two pictures touch
        ids[row, start : start + tokens] = 50
    with torch.no_grad():
        found, expected = ours(ids, pictures).logits, theirs(ids, pixel_values=pictures).logits
    same("import llava: logits", "LlavaForConditionalGeneration", found, expected)


@pytest.mark.parametrize("connector", ["linear", "mlp"])
def test_llava_and_back(connector: str, tmp_path: Path, assistant: Assistant) -> None:
    """Out as LLaVA, in again: the same tensors; and transformers computes what we compute."""
    from dataclasses import replace

    vlm = scrambled(VLM(replace(assistant.vlm.config, connector=connector))).eval()
    replace(assistant, vlm=vlm).save(tmp_path / "ours")
    convert_vlm(["export", str(tmp_path / "ours"), str(tmp_path / "llava")])
    theirs, info = AutoModelForImageTextToText.from_pretrained(tmp_path / "llava", output_loading_info=True)
    assert not info["missing_keys"] and not info["unexpected_keys"]
    ids, pictures = some_ids(1, 12).clamp(min=10), torch.randn(1, 3, 32, 32)
    ids[0, 3:7] = vlm.config.image_token_id
    with torch.no_grad():
        found, expected = vlm(ids, pictures).logits, theirs(ids, pixel_values=pictures).logits
    same(f"export llava ({connector}): logits", "LlavaForConditionalGeneration", found, expected)
    back = imported("llava", tmp_path / "llava", tmp_path)
    assert back.config == vlm.config
    for name, tensor in vlm.state_dict().items():
        assert torch.equal(back.state_dict()[name], tensor), name
    assert Assistant.load(tmp_path / "ours llava").chat.format == assistant.chat.format


def test_llama_and_back(tmp_path: Path, assistant: Assistant) -> None:
    scrambled(assistant.vlm)
    assistant.save(tmp_path / "ours")
    convert_vlm(["export", str(tmp_path / "ours"), str(tmp_path / "llama"), "--format", "llama"])
    theirs, ids = LlamaForCausalLM.from_pretrained(tmp_path / "llama").eval(), some_ids(2, 9)
    with torch.no_grad():
        same("export llama: logits", "LlamaForCausalLM", assistant.vlm(ids).logits, theirs(ids).logits)
    back = imported("llama", tmp_path / "llama", tmp_path)
    for name, tensor in assistant.vlm.decoder.state_dict().items():
        assert torch.equal(back.decoder.state_dict()[name], tensor), name


def save_clip(folder: Path, **more: object) -> CLIPModel:
    text = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = CLIPConfig(text_config=text | {"vocab_size": 40}, vision_config=EYE, projection_dim=8)
    return saved(CLIPModel(config), folder, **more)


@pytest.mark.parametrize("shards", [{}, {"max_shard_size": "20KB"}])
def test_clip(shards: dict, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    theirs = save_clip(tmp_path / "theirs", **shards)
    assert (tmp_path / "theirs" / "model.safetensors.index.json").exists() == bool(shards)
    ours, pictures = imported("clip", tmp_path / "theirs", tmp_path), torch.randn(2, 3, 32, 32)
    assert "not compared" not in capsys.readouterr().err
    with torch.no_grad():
        expected = theirs.vision_model(pictures, output_hidden_states=True).hidden_states[-1][:, 1:]
        same("vision tower: patch features", "CLIPModel", ours.vision(pictures), expected)


def as_minimind(vlm: VLM) -> dict[str, torch.Tensor]:
    """Our decoder and connector under MiniMind2-V's names, rows of q and k as neighbours."""
    names = {"q_proj": "wq", "k_proj": "wk", "v_proj": "wv", "o_proj": "wo"}
    names |= {"gate_proj": "w1", "down_proj": "w2", "up_proj": "w3", "self_attn": "attention"}
    names |= {"mlp": "feed_forward", "input_layernorm": "attention_norm"}
    names |= {"post_attention_layernorm": "ffn_norm", "embed_tokens": "tok_embeddings"}
    out = {
        "vision_proj.vision_proj.0." + k[9:]: t
        for k, t in vlm.connector.linear_1.named_parameters("linear_1")
    }
    for name, tensor in vlm.decoder.state_dict().items():
        if "q_proj" in name or "k_proj" in name:
            size = vlm.config.text.head_size
            tensor = tensor.view(-1, 2, size // 2, tensor.shape[1]).transpose(1, 2).reshape(tensor.shape)
        name = name.replace("shared_experts.0.", "shared_experts.")
        out[".".join(names.get(part, part) for part in name.split("."))] = tensor
    return out | {"output.weight": vlm.decoder.embed_tokens.weight, "pos_cis": torch.zeros(4, 4)}


def neighbours_turn(x: torch.Tensor, theta: float) -> torch.Tensor:
    """RoPE as MiniMind2 does it (Su et al. 2021, eq. 15): complex numbers from neighbours. x (T, d)."""
    T, d = x.shape
    angles = torch.arange(T)[:, None] * theta ** (-torch.arange(0, d, 2) / d)
    pairs = torch.view_as_complex(x.view(T, d // 2, 2).contiguous()) * torch.polar(
        torch.ones(T, d // 2), angles
    )
    return torch.view_as_real(pairs).flatten(1)


def test_neighbours_become_halves() -> None:
    """Scores between positions are the same, whichever pairs turn."""
    x, wq, wk = torch.randn(5, 6), torch.randn(8, 6), torch.randn(8, 6)
    expected = neighbours_turn(x @ wq.T, 100.0) @ neighbours_turn(x @ wk.T, 100.0).T
    angles = torch.arange(5)[:, None] * 100.0 ** (-torch.arange(0, 8, 2) / 8).repeat(2)
    q, k = (rotate(x @ halves_from_neighbours(w, 8).T, angles.cos(), angles.sin()) for w in (wq, wk))
    assert_close(q @ k.T, expected, **CLOSE)


@pytest.mark.parametrize("experts", [0, 4])
def test_minimind(experts: int, tmp_path: Path, vlm: VLM) -> None:
    from dataclasses import replace

    text = replace(vlm.config.text, num_local_experts=experts, num_shared_experts=int(experts > 0))
    vision = replace(vlm.config.vision, num_hidden_layers=3, hidden_act="quick_gelu")
    vlm = scrambled(VLM(replace(vlm.config, text=text, vision=vision, image_token_id=34))).eval()
    torch.save(as_minimind(vlm), tmp_path / "sft.pth")
    values = {"n_heads": 4, "n_kv_heads": 2, "image_ids": [34] * 4, "use_moe": experts > 0}
    (tmp_path / "config.json").write_text(json.dumps(values))
    eye = save_clip(tmp_path / "clip")
    vlm.vision.clip.load_state_dict(eye.vision_model.state_dict())
    ours = imported("minimind", tmp_path / "sft.pth", tmp_path, "--vision", tmp_path / "clip")
    ids, pictures = some_ids(2, 12) % 30, torch.randn(2, 3, 32, 32)
    ids[:, 4:8] = 34
    with torch.no_grad():
        assert_close(ours(ids, pictures).logits, vlm(ids, pictures).logits, **CLOSE)


def broken(folder: Path, **changes: object) -> None:
    values = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(values | changes))


REFUSED = {
    "window": ({"model_type": "mistral", "sliding_window": 8}, "sliding_window is 8"),
    "scaled rope": ({"rope_parameters": {"rope_type": "yarn", "factor": 2}}, "rope_type is 'yarn'"),
    "other model": ({"model_type": "gemma3"}, "model_type is 'gemma3'; known are llama, mistral"),
    "activation": ({"hidden_act": "gelu"}, "hidden_act is 'gelu'; this model has 'silu' only"),
    "biases": ({"attention_bias": True}, "attention_bias is true"),
    "sizes": ({"intermediate_size": 40}, r"mlp.down_proj.weight is \(32, 48\), not \(32, 40\)"),
    "untied": ({"tie_word_embeddings": True}, "lm_head.weight differs from embed_tokens.weight"),
    "layers": ({"num_hidden_layers": 3}, "missing decoder.layers.2"),
    "no number": ({"rope_parameters": None, "rope_theta": [1]}, "theirs: its settings cannot be used .float"),
    "no heads": ({"num_attention_heads": 0}, "theirs: its settings cannot be used .integer .*modulo by zero"),
    "kind": ({"model_type": ["llama"]}, "theirs: its settings cannot be used .unhashable type"),
    "thousands of layers": (
        {"num_hidden_layers": 10**6},
        "theirs: .*num_hidden_layers is 1000000, not a whole",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_differs_is_refused_by_name(case: str, tmp_path: Path) -> None:
    saved(FAMILY["llama"](), tmp_path / "theirs")
    changes, message = REFUSED[case]
    broken(tmp_path / "theirs", **changes)
    with pytest.raises(SystemExit, match=message) as caught:
        imported("llama", tmp_path / "theirs", tmp_path)
    assert "\n" not in str(caught.value)
    assert [p.name for p in tmp_path.iterdir()] == ["theirs"]


def test_a_tensor_without_a_rule_is_refused(tmp_path: Path) -> None:
    saved(FAMILY["llama"](), tmp_path / "theirs")
    path = tmp_path / "theirs" / "model.safetensors"
    save_file(load_file(path) | {"model.layers.0.self_attn.g_norm.weight": torch.ones(8)}, path)
    with pytest.raises(SystemExit, match=r"model.layers.0.self_attn.g_norm.weight \(8,\) fits no rule"):
        imported("llama", tmp_path / "theirs", tmp_path)
    with pytest.raises(ConvertError, match="b and another would both become x"):
        rename({"a": torch.ones(1), "b": torch.ones(1)}, (("a|b", "x"),), "there")


def test_broken_sources(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit, match="no such folder or file, nor in the hub's cache"):
        imported("llama", tmp_path / "nowhere", tmp_path)
    with pytest.raises(SystemExit, match=f"hf download '{tmp_path / 'no where'}'"):
        imported("llama", tmp_path / "no where", tmp_path)
    saved(FAMILY["llama"](), tmp_path / "theirs", max_shard_size="20KB")
    next((tmp_path / "theirs").glob("*-00002-*")).unlink()
    with pytest.raises(SystemExit, match="shards missing: model-00002"):
        imported("llama", tmp_path / "theirs", tmp_path)
    saved(FAMILY["llama"](), tmp_path / "wordless")
    (tmp_path / "wordless/tokenizer.json").write_text("{")
    with pytest.raises(SystemExit, match=r"tokenizer\.json: not a tokenizer"):
        imported("llama", tmp_path / "wordless", tmp_path)
    (tmp_path / "bad.pth").write_bytes(b"not a pickle")
    with pytest.raises(ConvertError, match=r"bad\.pth: cannot be read"):
        read_tensors(tmp_path / "bad.pth")
    torch.save({"evil": print}, tmp_path / "evil.pth")
    with pytest.raises(ConvertError, match=r"evil\.pth: cannot be read"):
        read_tensors(tmp_path / "evil.pth")
    with pytest.raises(SystemExit, match="its vision encoder is kept elsewhere"):
        imported("minimind", tmp_path / "bad.pth", tmp_path)


NESTED = "[" * 100_000
NO_SETTINGS = {
    "[1]": "not a JSON object",
    NESTED: "not JSON",
    '{"vision_config": 3}': "its settings cannot be",
}


@pytest.mark.parametrize("text", NO_SETTINGS, ids=["list", "nested", "number"])
def test_an_eye_whose_settings_are_something_else(text: str, tmp_path: Path) -> None:
    (tmp_path / "eye").mkdir()
    (tmp_path / "eye" / "config.json").write_text(text)
    with pytest.raises(SystemExit, match=rf"eye/config\.json: {NO_SETTINGS[text]}"):
        imported("clip", tmp_path / "eye", tmp_path)


def test_an_index_of_something_else(tmp_path: Path) -> None:
    saved(FAMILY["llama"](), tmp_path / "theirs", max_shard_size="20KB")
    (tmp_path / "theirs" / "model.safetensors.index.json").write_text('{"weight_map": [1]}')
    with pytest.raises(SystemExit, match=r"index\.json: weight_map is no JSON object; get it again"):
        imported("llama", tmp_path / "theirs", tmp_path)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    saved(FAMILY["llama"](), tmp_path / "theirs")
    before = (tmp_path / "theirs" / "config.json").read_text()
    with pytest.raises(SystemExit, match="exists already"):
        convert_vlm(["import", str(tmp_path / "theirs"), str(tmp_path / "theirs"), "--from", "llama"])
    assert (tmp_path / "theirs" / "config.json").read_text() == before


@pytest.mark.parametrize("here", [".", "../empty"])
def test_the_folder_that_one_is_in_is_not_replaced(
    here: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    with pytest.raises(SystemExit, match=f"{here}: the folder you are in cannot be the new one; name one"):
        convert_vlm(["import", str(tmp_path / "theirs"), here, "--from", "llama"])


def test_what_cannot_be_exported_is_refused_before_weights_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scoring.assistant.Assistant.load", lambda *_: pytest.fail("weights were read"))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "a").touch()
    with pytest.raises(SystemExit, match="exists already"):
        convert_vlm(["export", str(PHOTO), str(tmp_path / "full")])
    with pytest.raises(SystemExit, match=r"connector words .* but a LLaVA has mlp or linear, and clip"):
        convert_vlm(["export", str(PHOTO), str(tmp_path / "out")])
    (tmp_path / "blip").mkdir()
    (tmp_path / "blip" / "config.json").write_text(json.dumps(BlipConfig().to_dict()))
    for kind in ("llava", "llama"):
        with pytest.raises(SystemExit, match=f"only models with our own decoder can be written as {kind}"):
            convert_vlm(["export", str(tmp_path / "blip"), str(tmp_path / "out"), "--format", kind])


def test_what_half_precision_cannot_hold_is_not_written(tmp_path: Path, assistant: Assistant) -> None:
    assistant.vlm.decoder.layers[0].mlp.down_proj.weight.data[0, 0] = 1e6
    assistant.save(tmp_path / "ours")
    with pytest.raises(SystemExit, match=r"is not written: .*not finite as float16; store float32"):
        convert_vlm(["export", str(tmp_path / "ours"), str(tmp_path / "out"), "--store", "float16"])
    assert not (tmp_path / "out").exists()


TALK = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "<image>\nWhat is this? 这是什么？"},
    {"role": "assistant", "content": "a red cat"},
    {"role": "user", "content": "<image>\nand this?"},
]


def test_prompts_and_pixels_are_those_of_the_exported_processor(tmp_path: Path, assistant: Assistant) -> None:
    assistant.save(tmp_path / "ours")
    convert_vlm(["export", str(tmp_path / "ours"), str(tmp_path / "llava")])
    processor = AutoProcessor.from_pretrained(tmp_path / "llava", backend="pil")
    said = [{"role": m["role"], "content": parts(m["content"])} for m in TALK]
    text = processor.apply_chat_template(said, add_generation_prompt=True)
    pictures = [StorybookRecords("regions", 2)[i].images[0] for i in range(2)]
    theirs = processor(text=text, images=pictures, return_tensors="pt")
    assert theirs["input_ids"][0].tolist() == assistant.chat.prompt(TALK)
    same(
        "export llava: pixels",
        "LlavaProcessor",
        assistant.pixels(pictures),
        theirs["pixel_values"],
        close=1e-5,
    )


def test_the_pipeline_answers_as_we_do(tmp_path: Path, assistant: Assistant) -> None:
    scrambled(assistant.vlm)
    assistant.save(tmp_path / "ours")
    convert_vlm(["export", str(tmp_path / "ours"), str(tmp_path / "llava")])
    ask = pipeline("image-text-to-text", str(tmp_path / "llava"), device="cpu", dtype=torch.float32)
    for number in range(3):
        picture = StorybookRecords("regions", 3)[number].images[0]
        said = [
            {
                "role": "user",
                "content": [{"type": "image", "image": picture}, {"type": "text", "text": "What?"}],
            }
        ]
        theirs = ask(text=said, max_new_tokens=8, return_full_text=False)[0]["generated_text"]
        ours = assistant.answer_batch(
            [[{"role": "user", "content": "<image>\nWhat?"}]], [picture], max_new_tokens=8
        )
        assert ours == [theirs]


def test_both_answers_side_by_side(
    tmp_path: Path, assistant: Assistant, capsys: pytest.CaptureFixture
) -> None:
    scrambled(assistant.vlm)
    assistant.save(tmp_path / "ours")
    convert_vlm(["export", str(tmp_path / "ours"), str(tmp_path / "llava")])
    StorybookRecords("regions", 1)[0].images[0].save(tmp_path / "a.png")
    capsys.readouterr()
    ask = ["--image", str(tmp_path / "a.png"), "--prompt", "What?", "--max_new_tokens", "6", "--weights"]
    eval_vlm([*ask, str(tmp_path / "ours")])
    alone = capsys.readouterr().out
    eval_vlm([*ask, str(tmp_path / "llava"), "--load", "1"])
    beside = capsys.readouterr()
    assert alone in beside.out and "transformers: the same" in beside.err
    eval_vlm([*ask, str(tmp_path / "llava"), "--load", "1", "--temperature", "5", "--device", "cpu"])
    assert "transformers: the same" in capsys.readouterr().err


@pytest.mark.parametrize("folders", [{}, {"top_k": 3, "top_p": 0.5, "repetition_penalty": 9.0}])
def test_transformers_draws_from_all_tokens_as_we_do(
    folders: dict, tmp_path: Path, assistant: Assistant
) -> None:
    """Whatever it has by itself, and whatever is in the folder's generation_config.json."""
    scrambled(assistant.vlm)
    assistant.save(tmp_path / "ours")
    convert_vlm(["export", str(tmp_path / "ours"), str(tmp_path / "llava")])
    path = tmp_path / "llava" / "generation_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"do_sample": True} | folders))
    peer, asked = Peer(tmp_path / "llava", torch.device("cpu")), [[{"role": "user", "content": "What?"}]]
    for choices in ({"temperature": 9.0}, {"temperature": 0.0}, {"temperature": 9.0, "top_k": 60}):
        said = []
        for one in (assistant, peer):
            torch.manual_seed(0)
            said.append(one.answer_batch(asked, [], max_new_tokens=12, **choices))
        assert said[0] == said[1], choices


def llama_tokenizer(folder: Path, added: tuple[str, ...] = ("<image>",)) -> PreTrainedTokenizerFast:
    """As LLaVA-1.5's: sentencepiece's marks for spaces, bytes for what is unknown, <image> added."""
    words = ["USER:", "ASSISTANT:", "What", "is", "this?", "a", "cat", "and", "that?"]
    alphabet = sorted({c for word in words for c in word} | {"\u2581"})
    pieces = ["<unk>", "<s>", "</s>", *[f"<0x{i:02X}>" for i in range(256)], *alphabet]
    tokenizer = Tokenizer(
        models.BPE({p: i for i, p in enumerate(pieces)}, [], byte_fallback=True, unk_token="<unk>")
    )
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")]
    )
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", unk_token="<unk>", pad_token="<pad>"
    )
    fast.add_tokens(list(added), special_tokens=True)
    fast.save_pretrained(folder)
    return fast


def test_llavas_own_prompt(tmp_path: Path) -> None:
    """What LLaVA-1.5's processor makes of "USER: <image>\\nWhat is this? ASSISTANT:" is what ours makes."""
    theirs = llama_tokenizer(tmp_path)
    chat = open_chat(tmp_path, 3, None)
    assert chat.format == LLAVA
    asked = [{"role": "user", "content": "<image>\nWhat is this?"}]
    text = "<s>USER: <image><image><image>\nWhat is this? ASSISTANT:"
    assert chat.prompt(asked) == theirs(text, add_special_tokens=False)["input_ids"]
    sample = chat.render([*asked, {"role": "assistant", "content": "a cat"}])
    assert sample.input_ids[: len(chat.prompt(asked))] == chat.prompt(asked)
    scored = [i for i in sample.labels if i != -100]
    assert chat.decode(scored) == "a cat" and scored[-1] == chat.end_id
    typed = chat.prompt([{"role": "user", "content": "</s>USER:"}])
    assert chat.end_id not in typed
    assert "".join(
        stream_text(chat, theirs("a cat and that? \u732b", add_special_tokens=False)["input_ids"])
    ) == ("a cat and that? \u732b")


def test_a_decoder_grows_by_the_special_tokens_that_its_tokenizer_lacks(tmp_path: Path) -> None:
    words = llama_tokenizer(tmp_path / "theirs", added=())
    size = len(words)
    theirs = saved(LlamaForCausalLM(LlamaConfig(**SIZES | {"vocab_size": size})), tmp_path / "theirs")
    ours, ids = imported("llama", tmp_path / "theirs", tmp_path), some_ids(2, 9)
    chat = Assistant.load(tmp_path / "ours llama").chat
    assert size < chat.image_id < ours.config.text.vocab_size == size + 6
    assert ours.config.image_token_id == chat.image_id and ours.config.eos_token_id == chat.end_id
    with torch.no_grad():
        same("decoder: logits", "LlamaForCausalLM", ours(ids).logits[..., :size], theirs(ids).logits)
