"""The shapes that the papers' and the project's tables name, out of real forward passes.

Widths are the published ones. Of their 12 to 39 layers one or two are there, and feed-forwards are narrow
inside: no shape depends on these.
"""

from dataclasses import asdict, replace

import pytest
import torch
from torch import Tensor, nn

from model.bert import BertConfig
from model.blip2 import Blip2, Blip2Config, behind_queries
from model.config import PRESETS, VisionConfig
from model.qformer import QFormer, QFormerPretraining, similarity
from model.vision import VisionTower
from model.vlm import VLM

B = 16
EVA = VisionConfig(
    kind="blip2",
    image_size=224,
    patch_size=14,
    hidden_size=1408,
    intermediate_size=64,
    num_hidden_layers=1,
    num_attention_heads=16,
    hidden_act="gelu",
    keep_cls=True,
)
QFORMER = BertConfig(num_hidden_layers=2, intermediate_size=64)


def shapes_into(seen: dict[str, tuple], name: str) -> object:
    """A hook that notes the shapes of what goes into a module and comes out of it."""

    def hook(module: nn.Module, inputs: tuple, output: object) -> None:
        seen[f"{name} in"] = tuple(inputs[0].shape)
        seen[f"{name} out"] = tuple((output[0] if isinstance(output, tuple) else output).shape)

    return hook


@pytest.fixture(scope="module")
def eye() -> VisionTower:
    torch.manual_seed(0)
    return VisionTower(EVA).eval()


@torch.no_grad()
def test_blip2_stage_1(eye: VisionTower) -> None:
    image = eye(torch.randn(B, 3, 224, 224))
    assert image.shape == (B, 257, 1408)
    model = QFormerPretraining(QFormer(QFORMER)).eval()
    ids, valid = torch.randint(0, 30522, (B, 32)), torch.ones(B, 32)
    seen, past = model.see(image)
    text = model.read(ids, valid)
    assert model.qformer.query_tokens.expand(B, -1, -1).shape == (B, 32, 768)
    assert seen.shape == (B, 32, 256) and text.shape == (B, 256)
    assert torch.einsum("iqe,ne->inq", seen, text).shape == (B, B, 32)
    assert similarity(seen, text).shape == (B, B)
    attention = model.qformer.layers[0].attention
    x = model.qformer.layernorm(model.qformer.query_tokens.expand(B, -1, -1))
    scores = attention.split(attention.query(x)) @ attention.split(attention.key(x)).mT
    assert scores.shape == (B, 12, 32, 32)
    assert model.say(model.started(ids), valid, past).shape == (B, 32, 30523)

    noted: dict[str, tuple] = {}
    model.qformer.layers[0].register_forward_hook(shapes_into(noted, "ITM"))
    model.itm_head.register_forward_hook(shapes_into(noted, "head"))
    three_ids, three_valid, three = ids.repeat(3, 1), valid.repeat(3, 1), image.repeat(3, 1, 1)
    assert three_ids.shape == (48, 32)
    logits = model.match(three, three_ids, three_valid)
    assert noted["ITM in"] == (48, 64, 768) and noted["head in"] == (48, 32, 768)
    assert logits.shape == (48, 2)


@torch.no_grad()
def test_blip2_stage_2() -> None:
    language = {
        "model_type": "opt",
        "vocab_size": 1000,
        "hidden_size": 2560,
        "word_embed_proj_dim": 2560,
        "ffn_dim": 64,
        "num_hidden_layers": 1,
        "num_attention_heads": 32,
        "max_position_embeddings": 2048,
    }
    qformer = asdict(replace(QFORMER, use_qformer_text_input=False))
    model = Blip2(Blip2Config(language, qformer, replace(EVA, image_size=364), pad_token_id=1)).eval()
    noted: dict[str, tuple] = {}
    model.connector.qformer.register_forward_hook(shapes_into(noted, "Q-Former"))
    model.connector.language_projection.register_forward_hook(shapes_into(noted, "projection"))
    pixels, ids = torch.randn(B, 3, 364, 364), torch.randint(2, 1000, (B, 22))
    embeds, mask = model.embed(ids, pixels, None)
    assert noted["Q-Former in"] == (B, 677, 1408) and noted["Q-Former out"] == (B, 32, 768)
    assert noted["projection out"] == (B, 32, 2560)
    assert embeds.shape == (B, 54, 2560) and mask.shape == (B, 54)
    targets = behind_queries(ids, 32)
    assert targets.shape == (B, 54) and (targets[:, :32] == -100).all()


@torch.no_grad()
def test_minimind_v() -> None:
    preset = PRESETS["minimind-26m"]
    vlm = VLM(
        replace(
            preset,
            text=replace(preset.text, num_hidden_layers=1),
            vision=replace(preset.vision, num_hidden_layers=1),
            image_token_id=34,
        )
    ).eval()
    pixels = torch.randn(1, 1, 3, 224, 224)
    patches: Tensor = vlm.vision(pixels.flatten(0, -4))
    assert patches.shape == (1, 196, 768)
    assert vlm.connector.linear_1.weight.shape == (512, 768)
    assert vlm.connector(patches).shape == (1, 196, 512)
    ids = torch.tensor([[1, *[34] * 196, 5, 6]])
    assert vlm.config.image_tokens == 196
    assert vlm(ids, pixels).logits.shape == (1, 199, 6400)
