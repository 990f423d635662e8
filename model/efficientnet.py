"""EfficientNet-Lite: a small convolutional vision encoder for photographs, all of it here.

    pixels (I, 3, S, S) -> stem -> inverted residuals -> head (I, 1280, S/32, S/32)
    head, stride 16 folded two by two, [colours], the classifier's thousand logits -> (I, 1 + P, D_vision)

P = (S / 32)^2 cells in reading order; in front of them stands the mean of all, as CLS does in a transformer.
Inverted residuals are MobileNetV2's (Sandler et al. 2018, section 3.3), widths and depths EfficientNet's
(Tan & Le 2019, equation 3); the Lite ones leave out squeeze-and-excitation and clamp activations at 6.
Batch norms are affine once they are trained, so they are folded into the convolutions in front of them.
With an adapter (LoRA, Hu et al. 2021) each 1 x 1 convolution, a matrix, has a low-rank change beside it.
"""

import math
import re
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

STEM, HEAD, CLASSES, NORM_EPS = 32, 1280, 1000, 1e-3
STRENGTH = 2  # of an adapter: alpha / r
STAGES = (  # repeats, kernel, stride, expansion, channels: table 1 of Tan & Le 2019
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
SCALES = {  # times the channels, times the repeats
    "efficientnet-lite0": (1.0, 1.0),
    "efficientnet-lite1": (1.0, 1.1),
    "efficientnet-lite2": (1.1, 1.2),
    "efficientnet-lite3": (1.2, 1.4),
    "efficientnet-lite4": (1.4, 1.8),
}
FINE = 4  # the stage whose features are the last at stride 16


def scaled(channels: int, width: float) -> int:
    """Channels times `width`, rounded to a multiple of 8, and never down by more than a tenth."""
    wanted = channels * width
    rounded = max(8, int(wanted + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * wanted else rounded


class Conv(nn.Conv2d):
    """A convolution whose output is as large as its input divided by the stride, rounded up.

    What it pads is TensorFlow's: where it is an odd number of pixels, one more goes to the right and bottom.
    """

    def __init__(self, into: int, out: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> None:
        super().__init__(into, out, kernel, stride, groups=groups)
        self.register_parameter("lora_A", None)  # (r, in), where it has an adapter
        self.register_parameter("lora_B", None)  # (out, r)

    def adapt(self, rank: int) -> None:
        """Put an adapter beside a 1 x 1 kernel; it changes nothing yet."""
        half = torch.empty(rank, self.in_channels)
        nn.init.kaiming_uniform_(half, a=math.sqrt(5))  # as PEFT begins; the same on every device
        self.lora_A = nn.Parameter(half.to(self.weight.device))
        self.lora_B = nn.Parameter(self.weight.new_zeros(self.out_channels, rank))

    def kernel(self) -> Tensor:
        """(out, in / groups, k, k): its weights, with what an adapter adds to them."""
        if self.lora_A is None:
            return self.weight
        return self.weight + STRENGTH * (self.lora_B @ self.lora_A)[..., None, None]

    def forward(self, x: Tensor) -> Tensor:
        kernel, stride = self.kernel_size[0], self.stride[0]
        pads = [max(kernel - (side % stride or stride), 0) for side in (x.shape[3], x.shape[2])]
        if any(pads):
            x = F.pad(x, [part for pad in pads for part in (pad // 2, pad - pad // 2)])
        return self._conv_forward(x, self.kernel(), self.bias)


class InvertedResidual(nn.Module):
    """Widen (1 x 1), look around (a kernel for each channel), narrow (1 x 1); added to what came in."""

    def __init__(self, into: int, out: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = into * expansion
        self.expand = Conv(into, wide) if expansion != 1 else nn.Identity()
        self.depthwise = Conv(wide, wide, kernel, stride, groups=wide)
        self.project = Conv(wide, out)
        self.adds = stride == 1 and into == out

    def forward(self, x: Tensor) -> Tensor:
        wide = x if isinstance(self.expand, nn.Identity) else F.relu6(self.expand(x))
        narrow = self.project(F.relu6(self.depthwise(wide)))
        return x + narrow if self.adds else narrow


class EfficientNet(nn.Module):
    """`kind` is one of SCALES; `levels` asks for colours beside what it sees, of which its last layers tell
    little; `rank` gives it adapters, and then only they learn. `forward` gives what a decoder reads,
    `classify` what it was trained for."""

    def __init__(self, kind: str, levels: int = 0, rank: int = 0) -> None:
        super().__init__()
        self.levels = levels
        width, depth = SCALES[kind]
        self.stem = Conv(3, STEM, 3, 2)
        blocks, into, self.ends = [], STEM, []
        for number, (repeats, kernel, stride, expansion, channels) in enumerate(STAGES):
            out = scaled(channels, width)
            inner = 0 < number < len(STAGES) - 1  # the first and the last stage stay as deep as they are
            for repeat in range(math.ceil(repeats * depth) if inner else repeats):
                blocks.append(InvertedResidual(into, out, kernel, stride if repeat == 0 else 1, expansion))
                into = out
            self.ends.append(len(blocks))
        self.blocks = nn.ModuleList(blocks)
        self.head = Conv(into, HEAD)
        self.classifier = nn.Linear(HEAD, CLASSES)
        if rank:
            self.adapt(rank)

    def matrices(self) -> Iterator[Conv]:
        """Its 1 x 1 convolutions."""
        return (one for one in self.modules() if isinstance(one, Conv) and one.kernel_size == (1, 1))

    def adapt(self, rank: int) -> None:
        for matrix in self.matrices():
            matrix.adapt(rank)

    @torch.no_grad()
    def merge(self) -> None:
        """Add the adapters to their matrices, and take them away."""
        for matrix in self.matrices():
            matrix.weight.copy_(matrix.kernel())
            matrix.lora_A = matrix.lora_B = None

    def requires_grad_(self, requires_grad: bool = True) -> "EfficientNet":
        """Of its adapters alone, where it has them."""
        super().requires_grad_(requires_grad)
        if self.head.lora_A is not None:
            for name, parameter in self.named_parameters():
                parameter.requires_grad_(requires_grad and ".lora_" in name)
        return self

    def see(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """(I, 3, S, S) -> the head's (I, 1280, S/32, S/32), and stride 16's (I, C, S/16, S/16)."""
        x = F.relu6(self.stem(pixels.contiguous(memory_format=torch.channels_last)))
        for block in self.blocks[: self.ends[FINE]]:
            x = block(x)
        fine = x
        for block in self.blocks[self.ends[FINE] :]:
            x = block(x)
        return F.relu6(self.head(x)), fine

    def classify(self, pixels: Tensor) -> Tensor:
        """(I, 3, S, S) -> ImageNet's logits (I, 1000)."""
        return self.classifier(self.see(pixels)[0].mean((2, 3)))

    def forward(self, pixels: Tensor) -> Tensor:
        """(I, 3, S, S) -> (I, 1 + P, 1280 + 4 C + levels^3 + 1000), the mean of the cells in front."""
        coarse, fine = self.see(pixels)
        seen = [coarse, F.pixel_unshuffle(fine, 2)]
        if self.levels:
            seen.append(histogram(pixels, self.levels, coarse.shape[2:]).to(coarse.dtype))
        cells = torch.cat(seen, dim=1).flatten(2).transpose(1, 2)  # (I, P, 1280 + 4 C + levels^3)
        cells = torch.cat([cells.mean(1, keepdim=True), cells], dim=1)  # (I, 1 + P, 1280 + 4 C + levels^3)
        return torch.cat([cells, self.classifier(cells[..., :HEAD])], dim=-1)


def histogram(pixels: Tensor, levels: int, grid: tuple[int, int]) -> Tensor:
    """(I, 3, S, S) from -1 to 1 -> (I, levels^3, *grid): which share of a cell is of which colour.

    Colour histograms are Swain & Ballard's (1991); a pixel is shared between the colours next to its own.
    """
    steps = torch.linspace(-1, 1, levels, device=pixels.device)[:, None, None]
    near = 1 - (pixels.clamp(-1, 1)[:, :, None] - steps).abs() * (levels - 1) / 2  # (I, 3, levels, S, S)
    red, green, blue = near.clamp(min=0).unbind(1)
    shares = red[:, :, None, None] * green[:, None, :, None] * blue[:, None, None]
    return F.adaptive_avg_pool2d(shares.flatten(1, 3), grid)  # (I, levels^3, rows, columns)


def feature_size(kind: str, levels: int = 0) -> int:
    """D_vision: the head's channels, four places of stride 16, colours, a logit for each class."""
    return HEAD + 4 * scaled(STAGES[FINE][4], SCALES[kind][0]) + levels**3 + CLASSES


NAMES = (  # those of the package efficientnet-lite-pytorch -> convolution and the norm behind it
    (r"_conv_stem", "_bn0", "stem"),
    (r"_blocks\.(\d+)\._expand_conv", r"_blocks.\1._bn0", r"blocks.\1.expand"),
    (r"_blocks\.(\d+)\._depthwise_conv", r"_blocks.\1._bn1", r"blocks.\1.depthwise"),
    (r"_blocks\.(\d+)\._project_conv", r"_blocks.\1._bn2", r"blocks.\1.project"),
    (r"_conv_head", "_bn1", "head"),
)


def folded(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The package's state dict under our names: norm(conv(x)) is conv'(x), w' = w g / sqrt(v + eps).

    Raises ValueError that names the first tensor that is missing, or a convolution that has no place here.
    """
    if missing := {"_fc.weight", "_fc.bias"} - set(state):
        raise ValueError(f"no {min(missing)}")
    ours = {f"classifier.{part}": state[f"_fc.{part}"] for part in ("weight", "bias")}
    for key in [key.removesuffix(".weight") for key in state if "conv" in key]:
        row = next((row for row in NAMES if re.fullmatch(row[0], key)), None)
        if row is None:
            raise ValueError(f"{key} has no place in an EfficientNet-Lite")
        norm, name = (re.sub(row[0], template, key) for template in row[1:])
        parts = [f"{norm}.{part}" for part in ("weight", "bias", "running_mean", "running_var")]
        if missing := [part for part in parts if part not in state]:
            raise ValueError(f"no {missing[0]}")
        gain, bias, mean, variance = (state[part] for part in parts)
        gain = gain / torch.sqrt(variance + NORM_EPS)
        ours[f"{name}.weight"] = state[f"{key}.weight"] * gain[:, None, None, None]
        ours[f"{name}.bias"] = bias - mean * gain
    return ours
