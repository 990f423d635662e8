"""BLIP's captioner and BLIP-2 of transformers, as Salesforce publishes them; BERT, to start a Q-Former."""

import sys
from dataclasses import asdict, fields
from pathlib import Path

import torch
from torch import Tensor

from convert.bert import DECODER, QFORMER
from convert.families import completed, first_id
from convert.names import Rules, refuse, rename
from model.bert import BertConfig
from model.blip import BlipConfig
from model.blip2 import Blip2Config
from model.config import VisionConfig
from model.eyes import SHAPE_FIELDS
from model.files import load_strictly, own_tensors
from model.qformer import QFormer, QFormerPretraining
from model.vision import VisionTower

EYES = {"blip_vision_model": "blip", "blip_2_vision_model": "blip2"}  # model_type -> our kind
KNOWN = {"hidden_act": ("gelu",), "position_embedding_type": ("absolute",), "qkv_bias": (True,)}
EYE: Rules = ((r"vision_model\.(.+)", r"vision.clip.\1"),)


def vision_config(values: dict, kind: str, where: Path | str) -> VisionConfig:
    values = completed({"model_type": kind} | values, where, [kind])
    refuse(where, values, {"hidden_act": ("gelu",), "qkv_bias": (True,)})
    return VisionConfig(kind=EYES[kind], keep_cls=True, **{key: values[key] for key in SHAPE_FIELDS})


def bert_config(values: dict, where: Path | str, **choices: object) -> BertConfig:
    """What `values`, complete, says of a BERT."""
    refuse(where, values, KNOWN)
    known = {f.name for f in fields(BertConfig)}
    return BertConfig(**{k: v for k, v in values.items() if k in known} | choices)


def import_blip(
    values: dict, tensors: dict[str, Tensor], where: Path | str
) -> tuple[BlipConfig, dict[str, Tensor]]:
    """BlipForConditionalGeneration: config.json and tensors -> ours."""
    values = completed(values, where, ["blip"])
    text = values["text_config"]
    config = BlipConfig(
        text=bert_config(text, where, cross_attention_frequency=1),
        vision=vision_config(values["vision_config"], "blip_vision_model", where),
        eos_token_id=first_id(text["sep_token_id"]),
        pad_token_id=first_id(text["pad_token_id"]),
    )
    return config, rename(tensors, (*EYE, *under("decoder", DECODER)), where)


def under(part: str, rules: Rules) -> Rules:
    """The same rules for a part of a model."""
    return tuple((pattern, ours and f"{part}.{ours}") for pattern, ours in rules)


def start_from_bert(own: dict[str, Tensor], bert: dict[str, Tensor], where: Path | str) -> None:
    """Copy what BERT knows (attention to itself, the text's feed-forwards, words) into a Q-Former's tensors.

    Says of every tensor whether it was taken or is new. Words that BERT lacks keep their start.
    """
    rules = (*DECODER, (r"(?:.*\.)?((?:token_type_embeddings|pooler|seq_relationship)\..+)", r"\1"))
    modern = {k.replace(".gamma", ".weight").replace(".beta", ".bias"): t for k, t in bert.items()}
    known = rename(modern, rules, where)
    with torch.no_grad():
        for name, tensor in own.items():
            theirs = known.pop(name, None)
            fits = theirs is not None and theirs.shape[1:] == tensor.shape[1:] and len(theirs) <= len(tensor)
            if fits:
                tensor[: len(theirs)] = theirs
            print(f"{'BERT' if fits else 'new '}  {name} {tuple(tensor.shape)}", file=sys.stderr)
    for name in known:
        print(f"left  {name} {tuple(known[name].shape)}", file=sys.stderr)


def import_blip2(
    values: dict, tensors: dict[str, Tensor], where: Path | str
) -> tuple[Blip2Config, dict[str, Tensor]]:
    """Blip2ForConditionalGeneration: config.json and tensors -> ours."""
    values = completed(values, where, ["blip-2"])
    language = values["text_config"]
    config = Blip2Config(
        language=language,
        qformer=asdict(qformer_config(values, where)),
        vision=vision_config(values["vision_config"], "blip_2_vision_model", where),
        eos_token_id=first_id(language["eos_token_id"]),
        pad_token_id=first_id(language["pad_token_id"]),
    )
    rules = (
        *EYE,
        (r"(language_projection\..+)", r"connector.\1"),
        (r"language_model\.(.+)", r"decoder.\1"),
        *under("connector.qformer", QFORMER),
    )
    return config, rename(tensors, rules, where)


def import_matcher(
    values: dict, tensors: dict[str, Tensor], where: Path | str
) -> tuple[VisionTower, QFormerPretraining]:
    """Blip2ForImageTextRetrieval -> the eye, and the Q-Former with the heads of ITC and ITM; ITG's is new."""
    values = completed(values, where, ["blip-2"])
    eye = VisionTower(vision_config(values["vision_config"], "blip_2_vision_model", where)).eval()
    config = qformer_config(values, where, use_qformer_text_input=True)
    matcher = QFormerPretraining(QFormer(config), values["image_text_hidden_size"]).eval()
    rules = (
        (r"vision_model\.(.+)", r"eye.\1"),
        (r"((?:vision_projection|text_projection|itm_head)\..+)", r"\1"),
        *under("qformer", QFORMER),
    )
    named = rename(tensors, rules, where)
    seen = {k.removeprefix("eye."): t for k, t in named.items() if k.startswith("eye.")}
    new = ("head.", "temperature")  # what the published model left out
    own = {k: t for k, t in matcher.state_dict().items() if not k.startswith(new)}
    load_strictly(eye.clip.state_dict(), seen, str(where))
    load_strictly(own, {k: t for k, t in named.items() if not k.startswith("eye.")}, str(where))
    return eye, matcher


def qformer_config(values: dict, where: Path | str, **choices: object) -> BertConfig:
    found = values["qformer_config"] | choices
    return bert_config(found, where, num_query_tokens=values["num_query_tokens"])


def without_twins(model: torch.nn.Module, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Shared tensors (words that are read and said) under the one name that ours are kept under."""
    own, kept = own_tensors(model), dict(tensors)
    name_of = {tensor.data_ptr(): name for name, tensor in own.items()}
    for name, tensor in model.state_dict().items():
        if name not in own and name in kept:
            twin = kept.pop(name)
            kept.setdefault(name_of[tensor.data_ptr()], twin)
    return kept
