"""Models of 2025 and 2026, equal to transformers: Qwen3, Llama 3's RoPE, SigLIP, DINOv2, MiniMind-3V."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import nn
from torch.testing import assert_close
from transformers import (
    BitImageProcessorPil,
    Dinov2Config,
    Dinov2Model,
    LlamaConfig,
    LlamaForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
    Qwen3MoeConfig,
    Qwen3MoeForCausalLM,
    SiglipConfig,
    SiglipImageProcessorPil,
    SiglipModel,
    SiglipVisionConfig,
    SiglipVisionModel,
)

from dataset.chat.chat_format import MINIMIND3
from dataset.chat.render import Chat
from dataset.errors import DataError
from dataset.images.preprocess import Preprocessor
from model.config import PRESETS, VisionConfig
from model.files import CheckpointError
from model.quick import QuickDecoder
from model.rope_scaling import FIELDS, expect_scaling
from model.shuffle import pixel_shuffle
from model.vision import VisionTower
from model.vlm import VLM
from tests.conftest import scrambled
from tests.proof import same
from tests.test_convert import EYE, SIZES, imported, saved, some_ids

LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 5000.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 16,
}
FAMILY = {
    "qwen3": lambda: Qwen3ForCausalLM(Qwen3Config(**SIZES, head_dim=12)),
    "qwen3, tied": lambda: Qwen3ForCausalLM(Qwen3Config(**SIZES, head_dim=8, tie_word_embeddings=True)),
    "llama 3": lambda: LlamaForCausalLM(LlamaConfig(**SIZES, rope_parameters=LLAMA3)),
}


@pytest.mark.parametrize("name", FAMILY)
def test_decoders(name: str, tmp_path: Path) -> None:
    theirs = saved(FAMILY[name](), tmp_path / "theirs")
    ours, ids = imported("llama", tmp_path / "theirs", tmp_path), some_ids(2, 40)
    with torch.no_grad():
        expected = theirs(ids).logits
        same("decoder: logits", type(theirs).__name__, ours(ids).logits, expected)
        quick = QuickDecoder(ours.decoder, "fp32")
        cache = quick.new_cache(2, 40)
        parts = [quick(ours.decoder.embed_tokens(part), None, cache) for part in ids.split([30, 1, 9], dim=1)]
        assert_close(quick.logits(torch.cat(parts, 1)), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"rope_parameters": LLAMA3 | {"rope_type": "yarn"}}, "rope_type is 'yarn'"),
        ({"rope_parameters": {"rope_type": "llama3", "factor": 8.0}}, "low_freq_factor"),
        ({"model_type": "smollm3"}, "model_type is 'smollm3'"),
        ({"attention_bias": True}, "attention_bias is true"),
    ],
)
def test_what_differs_is_refused_by_name(changes: dict, said: str, tmp_path: Path) -> None:
    saved(FAMILY["qwen3"](), tmp_path / "theirs")
    path = tmp_path / "theirs" / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    with pytest.raises(SystemExit, match=said):
        imported("llama", tmp_path / "theirs", tmp_path)


def test_a_rope_scaling_without_a_between_is_refused() -> None:
    scaling = {name: LLAMA3[name] for name in FIELDS} | {"low_freq_factor": 4.0}
    with pytest.raises(ValueError, match="low_freq_factor is not below"):
        expect_scaling(scaling)


def test_a_bad_rope_scaling_is_one_clear_error(tmp_path: Path, vlm: VLM) -> None:
    vlm.save_pretrained(tmp_path)
    values = json.loads((tmp_path / "config.json").read_text())
    values["text"]["rope_scaling"] = {"factor": 0}
    (tmp_path / "config.json").write_text(json.dumps(values))
    with pytest.raises(CheckpointError, match=r"rope_scaling is .*, not factor, low_freq_factor"):
        VLM.from_pretrained(tmp_path)


EYES = {
    "siglip": lambda: SiglipVisionModel(SiglipVisionConfig(**EYE)),
    "siglip, whole": lambda: SiglipModel(
        SiglipConfig(vision_config=EYE, text_config={**EYE, "vocab_size": 30, "projection_size": 24})
    ),
    "dinov2": lambda: Dinov2Model(
        Dinov2Config(
            **{k: v for k, v in EYE.items() if k not in ("intermediate_size", "image_size")}, image_size=48
        )
    ),
}
PROCESSORS = {
    "siglip": SiglipImageProcessorPil(size={"height": 32, "width": 32}),
    "dinov2": BitImageProcessorPil(size={"shortest_edge": 40}, crop_size={"height": 32, "width": 32}),
}


@pytest.mark.parametrize("name", EYES)
def test_eyes(name: str, tmp_path: Path) -> None:
    """DINOv2's learnt places are of pictures of 48 pixels, and it is shown some of 32."""
    theirs = saved(EYES[name](), tmp_path / "theirs")
    PROCESSORS[name.split(",")[0]].save_pretrained(tmp_path / "theirs")
    ours, pictures = imported("clip", tmp_path / "theirs", tmp_path), torch.randn(2, 3, 32, 32)
    seer = getattr(theirs, "vision_model", theirs)
    with torch.no_grad():
        expected = seer(pictures).last_hidden_state[:, int(name == "dinov2") :]
        same(f"vision tower {name}: features", type(theirs).__name__, ours.vision(pictures), expected)
    assert ours.config.vision.kind == name.split(",")[0] and ours.config.vision.num_tokens == 4


@pytest.mark.parametrize("name", PROCESSORS)
@pytest.mark.parametrize("resample", [2, 3])
def test_pixels(name: str, resample: int, tmp_path: Path) -> None:
    theirs = PROCESSORS[name]
    theirs = type(theirs)(**{"size": theirs.size, "crop_size": theirs.crop_size, "resample": resample})
    theirs.save_pretrained(tmp_path)
    ours = Preprocessor.from_json(tmp_path / "preprocessor_config.json")
    ours.to_json(tmp_path / "again.json")
    assert Preprocessor.from_json(tmp_path / "again.json") == ours and ours.image_size == 32
    for width, height in ((57, 91), (91, 57), (40, 41), (32, 32), (301, 299)):
        noise = torch.randint(0, 255, (height, width, 3), generator=torch.Generator().manual_seed(width))
        image = Image.fromarray(noise.byte().numpy())
        expected = theirs(image, return_tensors="pt")["pixel_values"][0].float()
        same("preprocessing: pixels", type(theirs).__name__, ours(image), expected, close=1e-5)


def test_another_processor_is_refused(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text('{"image_processor_type": "Qwen2VLImageProcessor"}')
    with pytest.raises(DataError, match=r"Qwen2VLImageProcessor.*known: CLIPImageProcessor"):
        Preprocessor.from_json(tmp_path / "p.json")


def test_an_eye_without_cls_keeps_none() -> None:
    with pytest.raises(ValueError, match="siglip has no CLS"):
        VisionTower(VisionConfig(32, 16, 24, 32, 1, 2, kind="siglip", keep_cls=True))


def test_pixel_shuffle_by_hand() -> None:
    places = torch.arange(16.0).view(1, 16, 1)
    assert pixel_shuffle(places, 2)[0].tolist() == [
        [0, 1, 4, 5],
        [2, 3, 6, 7],
        [8, 9, 12, 13],
        [10, 11, 14, 15],
    ]
    assert torch.equal(pixel_shuffle(places, 1), places)
    with pytest.raises(ValueError, match="16 patches"):
        pixel_shuffle(places, 3)


def test_shuffled_tokens_are_fewer_and_learn(vlm: VLM) -> None:
    config = replace(vlm.config, connector="shuffle", shuffle=2)
    assert config.image_tokens == vlm.config.vision.num_tokens // 4
    model = scrambled(VLM(config))
    ids = torch.full((1, config.image_tokens + 2), 1)
    ids[0, 1:-1] = config.image_token_id
    model(ids, torch.randn(1, 3, config.vision.image_size, config.vision.image_size)).logits.sum().backward()
    assert model.connector.linear_1.weight.grad.abs().sum() > 0


def as_minimind3(decoder: nn.Module, projector: nn.Module) -> dict[str, torch.Tensor]:
    """A Qwen3's tensors under MiniMind-3V's names: transformers' own, experts one by one."""
    out = {f"vision_proj.mlp.{name}": t for name, t in projector.state_dict().items()}
    for name, tensor in decoder.state_dict().items():
        if name.endswith("experts.gate_up_proj"):
            for number, both in enumerate(tensor):
                gate, up = both.chunk(2)
                prefix = name.removesuffix("gate_up_proj") + f"{number}."
                out |= {f"{prefix}gate_proj.weight": gate.clone(), f"{prefix}up_proj.weight": up.clone()}
        elif name.endswith("experts.down_proj"):
            prefix = name.removesuffix("down_proj")
            out |= {f"{prefix}{i}.down_proj.weight": t.clone() for i, t in enumerate(tensor)}
        else:
            out[name] = tensor
    return out


QWENS = {
    "dense": lambda: Qwen3ForCausalLM(Qwen3Config(**SIZES, head_dim=8, tie_word_embeddings=True)),
    "experts": lambda: Qwen3MoeForCausalLM(
        Qwen3MoeConfig(
            **SIZES,
            head_dim=8,
            num_experts=4,
            num_experts_per_tok=1,
            moe_intermediate_size=48,
            norm_topk_prob=True,
        )
    ),
}


@pytest.mark.parametrize("name", QWENS)
@pytest.mark.parametrize("folder", [False, True])
def test_minimind3(name: str, folder: bool, tmp_path: Path) -> None:
    torch.manual_seed(0)
    theirs = scrambled(QWENS[name]()).eval()
    eye = saved(EYES["siglip"](), tmp_path / "eye")
    PROCESSORS["siglip"].save_pretrained(tmp_path / "eye")
    projector = scrambled(nn.Sequential(nn.LayerNorm(24), nn.Linear(24, 32), nn.GELU(), nn.Linear(32, 32)))
    source = tmp_path / "source"
    source.mkdir()
    weights = as_minimind3(theirs, projector)
    torch.save(weights, source / ("pytorch_model.bin" if folder else "sft_vlm_32.pth"))
    values = {"model_type": "minimind-v", "num_experts_per_tok": 1, "image_ids": [12], "rope_theta": 10000.0}
    values["rope_theta"] = theirs.config.rope_parameters["rope_theta"]
    (source / "config.json").write_text(json.dumps(values))
    ours = imported("minimind", source, tmp_path, "--vision", tmp_path / "eye")
    ids, pictures = some_ids(2, 12).clamp(min=13), torch.randn(2, 3, 32, 32)
    ids[:, 3:7] = 12
    with torch.no_grad():
        embeds = theirs.get_input_embeddings()(ids)
        embeds[ids == 12] = projector(eye(pictures).last_hidden_state).flatten(0, 1)
        same(
            "import minimind-3v: logits",
            type(theirs).__name__,
            ours(ids, pictures).logits,
            theirs(inputs_embeds=embeds).logits,
        )


def test_minimind3s_prompt(assistant: object) -> None:
    chat = Chat(assistant.chat.tokenizer, 4, replace(MINIMIND3, opening=(*MINIMIND3.opening,)))
    ids = chat.prompt([{"role": "user", "content": "<image>\nWhat?"}])
    assert chat.decode(ids).endswith("assistant\n<think>\n\n</think>\n\n")
    assert ids.count(chat.image_id) == 4


def test_presets_have_none_of_it() -> None:
    assert all(
        not p.text.qk_norm and p.text.rope_scaling is None and p.shuffle == 1 for p in PRESETS.values()
    )
