"""Where to compute and how precisely, from what is there."""

import torch


def pick_device(name: str = "auto") -> torch.device:
    """ "auto": cuda, then mps, then cpu."""
    if name != "auto":
        try:
            return torch.empty(0, device=name).device
        except (RuntimeError, AssertionError):
            raise ValueError(f"there is no device {name!r} here; auto takes the best there is") from None
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def pick_dtype(name: str, device: torch.device) -> str:
    """ "auto": bf16 where the machine has it (CUDA; a CPU with AVX512-BF16 or AMX), else fp32."""
    if name == "bf16" and not multiplies_bf16(device):
        raise ValueError("this CPU has no instructions for bf16; take --dtype auto or fp32")
    if name != "auto":
        return name
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported() else "fp32"
    has = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return "bf16" if device.type == "cpu" and has and multiplies_bf16(device) else "fp32"


def multiplies_bf16(device: torch.device) -> bool:
    """Not so on a CPU without instructions for oneDNN to use: there bf16 takes 60 times as long as fp32."""
    if device.type != "cpu" or not torch.backends.mkldnn.is_available():
        return True
    return torch.ops.mkldnn._is_mkldnn_bf16_supported()
