"""What a run is, beside its recipe: all else that its result depends on, for a resumed run to compare."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from dataset.batches.collate import Prepared
from dataset.chat.chat_format import ChatFormat
from model.lora import adapter_of
from model.vlm import VLM
from scoring.assistant import Assistant
from trainer.args import TrainArgs
from trainer.features import fingerprint

HEEDED = ("pack", "augment", "eye_lr", "connector_lr")  # flags of whose values all is known


def identity(
    stage: str, args: TrainArgs, parts: Sequence[str], assistant: Assistant, prepared: Prepared, data: str
) -> dict[str, object]:
    """Each value under the words that a message says it with; `data` tells what is in it. Features that are
    kept are of half precision."""
    vlm, words = assistant.vlm, assistant.chat.tokenizer.to_str().encode()
    adapter = adapter_of(vlm.decoder) if isinstance(vlm, VLM) else None
    return {
        "--stage": stage,
        "--train": " ".join(sorted(parts)),
        "--data": data,
        "--lora": adapter.r if adapter else 0,
        "--lora_alpha": float(adapter.lora_alpha) if adapter else 0.0,
        "--lora_vision": vlm.config.vision.adapter,
        "--max_length": prepared.max_length,
        **{f"--{name}": getattr(args, name) for name in HEEDED},
        "--features": "kept" if prepared.features is not None else "None",
        "a --tokenizer of sha256": hashlib.sha256(words).hexdigest()[:16],
        "a chat format of sha256": hashlib.sha256(repr(own(assistant.chat.format)).encode()).hexdigest()[:16],
        "an eye of sha256": fingerprint(assistant),
        **{f"a model of {name}": value for name, value in flat(vlm.config.to_dict())},
    }


def own(how: ChatFormat) -> dict[str, object]:
    """What a format does not have in common with ChatML: a later version's further fields change nothing."""
    usual = asdict(ChatFormat())
    return {name: value for name, value in asdict(how).items() if value != usual[name]}


def flat(values: dict, prefix: str = "") -> Iterator[tuple[str, object]]:
    """{"text": {"hidden_size": 32}} -> ("text.hidden_size", 32)"""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value
