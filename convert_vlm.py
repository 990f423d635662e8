"""Bring other projects' weights in, and take ours out.

python convert_vlm.py import llava-1.5-7b-hf out/llava --from llava
python convert_vlm.py import SmolLM2-135M out/smol --from llama --vision openai/clip-vit-base-patch16
python convert_vlm.py import blip2-opt-2.7b out/blip2 --from blip2
python convert_vlm.py export weights/tiny out/tiny-llava --format llava
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import torch
import tyro

from convert import incoming
from trainer.cli import parse, user_errors


@dataclass
class Import:
    """Another project's weights become a checkpoint folder of ours; nothing is fetched."""

    source: tyro.conf.Positional[str]
    """Folder, file, or name in the cache of the hub."""
    out: tyro.conf.Positional[Path]
    """Folder to write; it must not exist."""
    kind: Annotated[Literal[tuple(incoming.SOURCES)], tyro.conf.arg(name="from")]
    """llama: a decoder (LLaMA, SmolLM2, Mistral, Qwen2, Mixtral); llava: LLaVA-1.5 of transformers;
    minimind: a .pth of MiniMind2-V; clip: an eye; blip: a captioner; blip2: Q-Former with OPT or T5;
    bert: the start of a Q-Former."""
    vision: str | None = None
    """CLIP for the eye: a folder, or a name in the cache of the hub (for llama and minimind)."""
    tokenizer: str | None = None
    """Folder with tokenizer.json, where it is not beside the weights."""


@dataclass
class Export:
    """A checkpoint folder of ours becomes one that transformers runs without any code of ours."""

    source: tyro.conf.Positional[Path]
    """Checkpoint folder."""
    out: tyro.conf.Positional[Path]
    """Folder to write; it must not exist."""
    format: Literal["llava", "llama"] = "llava"
    """llava: all of it (LlavaForConditionalGeneration); llama: the decoder (LlamaForCausalLM)."""
    store: Literal["float32", "float16", "bfloat16"] = "float32"
    """Precision of the weights that are written; transformers computes in it, too."""


@user_errors
def main(argv: list[str] | None = None) -> None:
    commands = (
        Annotated[Import, tyro.conf.subcommand("import")] | Annotated[Export, tyro.conf.subcommand("export")]
    )
    args = parse(commands, argv, __doc__)
    if isinstance(args, Import):
        incoming.convert(args.kind, args.source, args.out, args.vision, args.tokenizer)
    else:
        from convert import outgoing  # transformers takes seconds to import

        outgoing.convert(args.format, args.source, args.out, getattr(torch, args.store))


if __name__ == "__main__":
    main()
