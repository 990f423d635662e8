"""Folders that hold no whole model, though they look like one: an adapter, a model in pieces."""

import shlex
from pathlib import Path

from model import lora

WHOLE = ("model.safetensors", "pytorch_model.bin")
INDEX = ".index.json"  # beside shards: which tensor is in which file
JOIN = "python -m torch.distributed.checkpoint.format_utils dcp_to_torch"


def partial(folder: Path) -> str | None:
    """What such a folder is and what to do with it, in one line; None for any other."""
    if (folder / lora.CONFIG).is_file():
        return (
            f"{folder}: an adapter (LoRA), not a model; take the model that {lora.CONFIG} names as its base, "
            "and give this folder with --lora_name"
        )
    if any((folder / name).is_file() or (folder / f"{name}{INDEX}").is_file() for name in WHOLE):
        return None
    if [*folder.glob("state-*.pt")]:
        return f"{folder}: a training run that is not finished; go on with --resume last, the rest as before"
    pieces = next(
        (place for place in (folder, *sorted(folder.glob("*/"))) if [*place.glob("*.distcp")]), None
    )
    if pieces:
        return (
            f"{pieces}: shards of torch.distributed.checkpoint (FSDP), not whole weights; "
            f"join them: {JOIN} {shlex.quote(str(pieces))} {WHOLE[1]}"
        )
    if [*folder.glob("**/*zero_pp_rank_*")] or (folder / "zero_to_fp32.py").is_file():
        return (
            f"{folder}: shards of DeepSpeed's ZeRO, not whole weights; join them with the zero_to_fp32.py "
            "that DeepSpeed writes beside them"
        )
    return None
