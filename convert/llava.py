"""LLaVA-1.5 of transformers: CLIP, two-layer projector and LLaMA, one folder; in and out.

A single linear connector goes out exactly: its layer, no activation, and a second layer that is the identity.
"""

from pathlib import Path

import torch
from torch import Tensor

from convert import encoders, llama
from convert.families import completed, first_id
from convert.files import ConvertError
from convert.names import refuse
from model.config import VisionConfig, VLMConfig
from model.eyes import SHAPE_FIELDS

KNOWN = {"multimodal_projector_bias": (True,)}
PROJECTOR = "multi_modal_projector."
KINDS = {"gelu": "mlp", "linear": "linear"}  # projector_hidden_act -> our connector
STRATEGIES = {"default": False, "full": True}  # vision_feature_select_strategy -> is CLS kept


def import_config(values: dict, where: Path | str) -> VLMConfig:
    values = completed(values, where, ["llava"])
    refuse(where, values, KNOWN)
    refuse(where, values, {"projector_hidden_act": tuple(KINDS)})
    refuse(where, values, {"vision_feature_select_strategy": tuple(STRATEGIES)})
    layer = values["vision_feature_layer"]
    if not isinstance(layer, int):
        raise ConvertError(f"{where}: vision_feature_layer is {layer!r}; features of one layer are read here")
    keep_cls = STRATEGIES[values["vision_feature_select_strategy"]]
    text = values["text_config"] | {"tie_word_embeddings": values["tie_word_embeddings"]}  # the outer one
    return VLMConfig(
        text=llama.decoder_config(text, where),
        vision=encoders.vision_config(values["vision_config"], where, feature_layer=layer, keep_cls=keep_cls),
        connector=KINDS[values["projector_hidden_act"]],
        image_token_id=values["image_token_index"],
        eos_token_id=first_id(text["eos_token_id"]),
        pad_token_id=first_id(values.get("pad_token_id") or text["pad_token_id"]),
    )


def import_tensors(tensors: dict[str, Tensor], config: VLMConfig, where: Path | str) -> dict[str, Tensor]:
    """Under our names; both of the layouts that transformers has written."""
    parts: dict[str, dict[str, Tensor]] = {"vision": {}, "connector": {}, "decoder": {}}
    for name, tensor in tensors.items():
        rest = name.removeprefix("model.")
        if rest.startswith("vision_tower."):
            parts["vision"][rest] = tensor
        elif rest.startswith(PROJECTOR):
            parts["connector"][rest.removeprefix(PROJECTOR)] = tensor
        else:
            parts["decoder"][rest.removeprefix("language_model.")] = tensor
    if config.connector == "linear":
        _drop_identity(parts["connector"], where)
    eye = encoders.vision_tensors(parts["vision"], config.vision, where)
    return {
        **{f"vision.clip.{k}": t for k, t in eye.items()},
        **{f"connector.{k}": t for k, t in parts["connector"].items()},
        **{f"decoder.{k}": t for k, t in llama.decoder_tensors(parts["decoder"], config.text, where).items()},
    }


def _drop_identity(connector: dict[str, Tensor], where: Path | str) -> None:
    weight, bias = connector.pop("linear_2.weight"), connector.pop("linear_2.bias")
    if not weight.equal(torch.eye(len(weight))) or bias.any():
        raise ConvertError(
            f"{where}: {PROJECTOR}linear_2 is not the identity, and projector_hidden_act is 'linear'; "
            "two linear layers in a row are not known here"
        )


def export_config(config: VLMConfig, where: Path | str) -> dict:
    """config.json of LlavaForConditionalGeneration. Raises ConvertError for what a LLaVA does not have."""
    connectors = {ours: theirs for theirs, ours in KINDS.items()}
    if config.connector not in connectors or config.vision.kind != "clip":
        found = f"connector {config.connector} and a vision encoder of kind {config.vision.kind}"
        other = "--format llama or gguf writes its decoder alone, serve_vlm.py serves all of it"
        theirs = f"a LLaVA has {' or '.join(connectors)}, and clip"
        raise ConvertError(f"{where}: has {found}, but {theirs}; {other}")
    text = llama.llama_config(config.text, where) | {
        "eos_token_id": config.eos_token_id,
        "pad_token_id": config.pad_token_id,
        "bos_token_id": None,
    }
    return {
        "model_type": "llava",
        "architectures": ["LlavaForConditionalGeneration"],
        "text_config": text,
        "vision_config": vision_values(config.vision),
        "image_token_id": config.image_token_id,
        "image_token_index": config.image_token_id,
        "image_seq_length": config.vision.num_tokens,
        "projector_hidden_act": connectors[config.connector],
        "multimodal_projector_bias": True,
        "vision_feature_layer": config.vision.feature_layer,
        "vision_feature_select_strategy": "full" if config.vision.keep_cls else "default",
        "tie_word_embeddings": config.text.tie_word_embeddings,
        "eos_token_id": config.eos_token_id,
        "pad_token_id": config.pad_token_id,
    }


def vision_values(config: VisionConfig) -> dict:
    sizes = {key: getattr(config, key) for key in SHAPE_FIELDS}
    return {"model_type": "clip_vision_model", **sizes, "layer_norm_eps": 1e-5, "projection_dim": 512}


def export_tensors(state: dict[str, Tensor], config: VLMConfig) -> dict[str, Tensor]:
    """The state of a VLM under transformers' names (its published layout, which every version reads)."""
    out, decoder = {}, {}
    for name, tensor in state.items():
        part, _, rest = name.partition(".")
        if part == "vision":
            out[f"vision_tower.vision_model.{rest.removeprefix('clip.')}"] = tensor
        elif part == "connector":
            out[PROJECTOR + rest] = tensor
        else:
            decoder[rest] = tensor
    if config.connector == "linear":
        size = config.text.hidden_size
        out[f"{PROJECTOR}linear_2.weight"] = torch.eye(size)
        out[f"{PROJECTOR}linear_2.bias"] = torch.zeros(size)
    names = llama.llama_tensors(decoder)
    return out | {f"language_model.{name}": tensor for name, tensor in names.items()}
