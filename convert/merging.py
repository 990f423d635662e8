"""A checkpoint whose adapter is part of its weights."""

from pathlib import Path

import torch

from convert.files import ConvertError, whole_folder
from model.files import merge
from model.lora import adapter_of
from model.vlm import VLM
from scoring.assistant import Assistant


def convert(source: Path, out: Path, adapter: Path | None, store: torch.dtype) -> None:
    """Write the folder `out`, with what `source` and the adapter of that folder, where one is named, know."""
    assistant = Assistant.load(source, "cpu")
    vlm = assistant.vlm
    held = vlm.config.vision.adapter or (isinstance(vlm, VLM) and adapter_of(vlm.decoder))
    if adapter is None and not held:
        raise ConvertError(f"{source}: has no adapter to merge; name the folder of one with --lora_name")
    with whole_folder(out) as whole:
        if adapter is not None and adapter.resolve() != source.resolve():
            assistant.adapted(adapter)
        merge(vlm)
        assistant.save(whole, store)
    print(f"wrote {out}")
