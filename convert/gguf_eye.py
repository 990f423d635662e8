"""The vision encoder ("eye") for llama.cpp's multimodal library (mtmd): a GGUF file, architecture "clip".

    pixels -> CLIP or SigLIP up to `feature_layer` -> mm.0 -> GELU -> mm.2 -> image tokens     projector "mlp"

CLS, at which patches look, stays behind: llama.cpp (since b5331, and still in b11549) puts it behind the
patches and goes on to read them from the second on, so that each is seen a place off, and the last is CLS
(ggml-org/llama.cpp issue 25814). Of what weights/tiny sees 3% differs without it, 68% with it.

A connector that is linear has no GELU: it goes out as two of itself, one negative, for
GELU(x) - GELU(-x) = x, whichever of the two GELUs is computed.
"""

import sys
from pathlib import Path

import torch
from gguf import MODEL_ARCH, GGUFType, get_tensor_name_map
from torch import Tensor

from convert.gguf_write import write
from dataset.images.preprocess import Preprocessor
from model.config import VisionConfig, VLMConfig
from model.eyes import placeless
from model.vlm import VLM

EPSILON = {"clip": 1e-5, "siglip": 1e-6}  # of the norms, by kind
GELU = {"quick_gelu": False, "gelu": True, "gelu_pytorch_tanh": True}  # hidden_act -> not the quick one?
CONNECTORS = ("linear", "mlp")
BICUBIC = 3


def lacking(config: VLMConfig) -> str | None:
    """What llama.cpp does not have of this model's way to see; None where it has all of it."""
    eye = config.vision
    if eye.kind not in EPSILON:
        return f"vision encoder of kind {eye.kind}"
    if config.connector not in CONNECTORS:
        return f"connector {config.connector}"
    if eye.keep_cls:
        return "CLS among a vision encoder's features"
    return None if eye.hidden_act in GELU else f"{eye.hidden_act} in a vision encoder"


def write_eye(path: Path, vlm: VLM, pixels: Preprocessor, store: str, where: Path) -> None:
    """And say what llama.cpp sees otherwise."""
    others = "pictures that are not square" if pixels.resample == BICUBIC and not pixels.short else "pictures"
    cut = "what is beside the middle is cut off" if pixels.crop else "they are squashed"
    print(f"{where}: llama.cpp fills {others} up to a square; here {cut}", file=sys.stderr)
    if placeless(vlm.config.vision.kind):
        told = "which llama.cpp puts in the wrong place; what it sees differs a little"
        print(f"{where}: the vision encoder is written without CLS, {told}", file=sys.stderr)
    write(path, "clip", eye_values(vlm.config, pixels), eye_tensors(vlm), store)


def layers_of(eye: VisionConfig) -> int:
    """How many layers come before the features that are read."""
    return eye.feature_layer % (eye.num_hidden_layers + 1)


def eye_values(config: VLMConfig, pixels: Preprocessor) -> dict[str, object]:
    eye = config.vision
    values = {
        "image_size": eye.image_size,
        "patch_size": eye.patch_size,
        "embedding_length": eye.hidden_size,
        "feed_forward_length": eye.intermediate_size,
        "block_count": layers_of(eye),
        "feature_layer": [layers_of(eye)],  # left out, it would be the last but one
        "attention.head_count": eye.num_attention_heads,
        "attention.layer_norm_epsilon": EPSILON[eye.kind],
        "projection_dim": config.text.hidden_size,
        "image_mean": list(map(float, pixels.mean)),
        "image_std": list(map(float, pixels.std)),
    }
    return {
        "general.type": GGUFType.MMPROJ,
        "clip.has_vision_encoder": True,
        "clip.projector_type": "mlp",
        "clip.use_gelu": GELU[eye.hidden_act],
        **{f"clip.vision.{key}": value for key, value in values.items()},
    }


def eye_tensors(vlm: VLM) -> dict[str, Tensor]:
    """Under llama.cpp's names; without CLS, and without the layers and the last norm behind the features."""
    eye = vlm.config.vision
    layers = layers_of(eye)
    names = get_tensor_name_map(MODEL_ARCH.MMPROJ, layers)
    normed = eye.kind == "siglip" and layers == eye.num_hidden_layers
    found = {}
    for name, tensor in vlm.vision.clip.state_dict().items():
        name = f"vision_tower.vision_model.{name.removeprefix('vision_model.')}"
        theirs = names.get_name(name, try_suffixes=(".weight", ".bias"))
        if theirs and (normed or not theirs.startswith("v.post_ln")):
            found[theirs] = tensor
    found.pop("v.class_embd", None)
    found["v.position_embd.weight"] = found["v.position_embd.weight"][placeless(eye.kind) :]
    return found | connector_tensors(vlm)


def connector_tensors(vlm: VLM) -> dict[str, Tensor]:
    first = vlm.connector.linear_1
    if vlm.config.connector == "mlp":
        second = vlm.connector.linear_2
        weights, biases = [first.weight, second.weight], [first.bias, second.bias]
    else:
        one = torch.eye(first.out_features)
        weights = [torch.cat([first.weight, -first.weight]), torch.cat([one, -one], dim=1)]
        biases = [torch.cat([first.bias, -first.bias]), torch.zeros(first.out_features)]
    pairs = zip((0, 2), weights, biases, strict=True)
    return {name: t for i, w, b in pairs for name, t in ((f"mm.{i}.weight", w), (f"mm.{i}.bias", b))}
