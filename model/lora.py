"""LoRA (Hu et al. 2021): a frozen matrix learns a low-rank change beside it.

    y = W x + scale B A x,   A (r, in), B (out, r), scale = alpha / r

B begins as zeros, so a new adapter changes nothing. On disk an adapter is a folder of PEFT's
(adapter_config.json, adapter_model.safetensors): made here it works there, and the other way round.
Merged, W + scale B A is a matrix as before, and answering costs nothing more.
"""

import math
import re
from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.decoder import Decoder
from model.fields import build

MATRICES = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
PREFIX = "base_model.model.model."  # PEFT's, in front of the names of a LlamaForCausalLM's trunk
NAMES = re.compile(  # those, and how PEFT names a trunk alone or within a LLaVA
    r"(?:base_model\.model\.)?(?:model\.)?(?:language_model\.)?(layers\..+\.lora_[AB])(?:\.default)?\.weight"
)
READ = {"r", "lora_alpha", "target_modules"}
IDLE = set(  # settings of PEFT's that change no number of an adapter that is trained
    "task_type auto_mapping peft_version base_model_name_or_path revision inference_mode exclude_modules "
    "lora_dropout layers_pattern megatron_config megatron_core loftq_config eva_config corda_config "
    "lora_ga_config qalora_group_size ensure_weight_tying".split()
)
PLAIN = {  # what others are where nothing but B A is added
    "peft_type": ("LORA",),
    "bias": ("none",),
    "init_lora_weights": (True, "gaussian", "orthogonal", "eva"),  # the others change W, too
}


@dataclass(frozen=True)
class LoRAConfig:
    """`r` rank, `lora_alpha` strength, `target_modules` the matrices that learn: under PEFT's names."""

    r: int = 16
    lora_alpha: float = 32
    target_modules: tuple[str, ...] = MATRICES

    def __post_init__(self) -> None:
        if self.r < 1 or not self.lora_alpha > 0:
            raise ValueError(f"LoRA of rank {self.r} and alpha {self.lora_alpha}: both must be above 0")
        if unknown := sorted(set(self.target_modules) - set(MATRICES)):
            raise ValueError(f"LoRA on {', '.join(unknown)}: a decoder's matrices are {', '.join(MATRICES)}")


class LoRALinear(nn.Module):
    """A linear layer with an adapter beside it; only the adapter trains."""

    def __init__(self, base: nn.Linear, config: LoRAConfig) -> None:
        super().__init__()
        self.base, self.scale = base, config.lora_alpha / config.r
        device = base.weight.device
        self.lora_A = nn.Parameter(torch.empty(config.r, base.in_features, device=device))
        self.lora_B = nn.Parameter(torch.zeros(base.out_features, config.r, device=device))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))  # as PEFT begins
        base.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        if torch.is_autocast_enabled(x.device.type):  # once for both, not by each of them
            x = x.to(torch.get_autocast_dtype(x.device.type))
        return self.base(x) + F.linear(F.linear(x, self.lora_A), self.lora_B) * self.scale

    def merged(self) -> nn.Linear:
        """The layer with W + scale B A in W's place."""
        with torch.no_grad():
            self.base.weight += (self.scale * (self.lora_B @ self.lora_A)).to(self.base.weight.dtype)
        return self.base


def adapt(decoder: Decoder, config: LoRAConfig) -> None:
    """Put an adapter beside each matrix that `config` names; everything else of the decoder is frozen."""
    decoder.requires_grad_(False)
    for parent, name, linear in _places(decoder, nn.Linear):
        if name in config.target_modules:
            setattr(parent, name, LoRALinear(linear, config))
    decoder.adapter = config


def halve(decoder: Decoder) -> None:
    """Keep the frozen matrices in bfloat16, which is what autocast would make of them in every step."""
    for _, _, adapted in _places(decoder, LoRALinear):
        adapted.base.to(torch.bfloat16)


def drop(decoder: Decoder) -> None:
    """Take the adapters away: the decoder is as it was without."""
    for parent, name, adapted in _places(decoder, LoRALinear):
        setattr(parent, name, adapted.base)
    decoder.adapter = None


def merge(decoder: Decoder) -> None:
    """Add the adapters to their matrices, and take them away."""
    for parent, name, adapted in _places(decoder, LoRALinear):
        setattr(parent, name, adapted.merged())
    decoder.adapter = None


def _places(decoder: Decoder, kind: type) -> list[tuple[nn.Module, str, nn.Module]]:
    """(parent, name, module) of every module of this kind inside of the layers."""
    return [
        (parent, name, child)
        for parent in list(decoder.layers.modules())
        if not isinstance(parent, LoRALinear)
        for name, child in parent.named_children()
        if isinstance(child, kind)
    ]


def adapter_of(decoder: Decoder) -> LoRAConfig | None:
    """The adapter that a decoder learns with."""
    return getattr(decoder, "adapter", None)


def is_beside(name: str) -> bool:
    """Is a tensor of this name an adapter's?"""
    return name.endswith((".lora_A", ".lora_B"))


def without_adapter(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """A state dict as it would be had there never been an adapter."""
    plain = {k: v for k, v in state.items() if not is_beside(k)}
    return {k.replace(".base.", ".") if "_proj.base." in k else k: v for k, v in plain.items()}


def adapter_tensors(decoder: Decoder) -> dict[str, Tensor]:
    """Under PEFT's names: base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight ..."""
    return {
        f"{PREFIX}{name}.weight": parameter
        for name, parameter in decoder.named_parameters()
        if is_beside(name)
    }


def told(config: LoRAConfig) -> dict:
    """What adapter_config.json says, as PEFT reads it."""
    return asdict(config) | {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "bias": "none",
        "lora_dropout": 0.0,
        "base_model_name_or_path": None,
    }


def renamed(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """An adapter's tensors, however PEFT has named them, as `adapter_tensors` does; others as they are."""
    found = {(f"{PREFIX}{m[1]}.weight" if (m := NAMES.fullmatch(k)) else k): t for k, t in tensors.items()}
    if len(found) < len(tensors):
        raise ValueError("a tensor is there under two names")
    return found


def config_of(values: dict, tensors: dict[str, Tensor]) -> LoRAConfig:
    """adapter_config.json and the tensors, renamed, beside it. Which matrices learn, their names tell: in the
    file there may be a pattern. Raises ValueError for what would give other numbers than plain LoRA."""
    for key, found in values.items():
        if found and key not in READ | IDLE and found not in PLAIN.get(key, ()):
            raise ValueError(f"{key} is {str(found)[:60]!r}; read is plain LoRA, without that")
    named = {key.split(".")[-3] for key in tensors if NAMES.fullmatch(key)}
    asked = values.get("target_modules")
    if isinstance(asked, list) and (lacking := {str(one).split(".")[-1] for one in asked} - named):
        raise ValueError(f"target_modules names {', '.join(sorted(lacking))}, of which there are no weights")
    targets = tuple(sorted(named, key=lambda one: (*MATRICES, one).index(one)))
    sizes = {key: values.get(key) for key in ("r", "lora_alpha")}
    config = build(LoRAConfig, sizes | {"target_modules": targets})
    ranks = {t.shape[0] if t.ndim else 0 for key, t in tensors.items() if key.endswith(".lora_A.weight")}
    if ranks != {config.r}:
        raise ValueError(
            f"r is {config.r}, the weights are of {', '.join(map(str, sorted(ranks))) or 'none'}"
        )
    return config
