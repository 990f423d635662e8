"""The same model in transformers, with the same weights."""

import tempfile
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import LlavaConfig, LlavaForConditionalGeneration

from convert import llava
from model.config import VLMConfig
from model.vlm import VLM


def new_model(config: VLMConfig, device: torch.device, seed: int = 0) -> VLM:
    torch.manual_seed(seed)
    return VLM(config).to(device).eval().requires_grad_(False)


def twin(vlm: VLM, device: torch.device) -> LlavaForConditionalGeneration:
    """Through our own export, so it is the model that `convert_vlm.py export` writes."""
    with tempfile.TemporaryDirectory() as folder:
        tensors = llava.export_tensors(vlm.state_dict(), vlm.config)
        save_file({k: t.cpu().contiguous() for k, t in tensors.items()}, Path(folder) / "model.safetensors")
        LlavaConfig(**llava.export_config(vlm.config, Path(folder))).save_pretrained(folder)
        model = LlavaForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)
    model.generation_config.eos_token_id = None  # an answer has the length that is asked for
    return model.to(device).eval()
