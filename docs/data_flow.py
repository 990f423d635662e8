"""Draws docs/data_flow.png: one picture and one question on their way through the model that ships.

    python -m docs.data_flow                  docs/data_flow.png
    python -m docs.data_flow --out a.png      another file

Everything in it is computed: the features, the tokens, the shapes, the answer.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Polygon
from PIL import Image
from torch import Tensor

from dataset.images.load import load_image
from scoring.assistant import Assistant, with_pictures
from trainer.cli import parse, user_errors

HERE = Path(__file__).parent
WEIGHTS, QUESTION = HERE.parent / "weights" / "tiny", "What colour is the boat?"
WIDTH, HEIGHT, TOP, SIDE = (
    100.0,
    46.0,
    27.0,
    15.0,
)  # drawing units: the page; height and size of the upper row
LEFT, LINE, NARROW = 2.0, 13.5, 0.5  # of the row of tokens: its begin and height; width of an image token
SEEN, READ, SAID = "#cfe2f3", "#eeeeee", "#cdebc5"


@dataclass
class Args:
    out: Path = HERE / "data_flow.png"
    """The picture to write."""


@user_errors
def main(argv: list[str] | None = None) -> None:
    out = parse(Args, argv, __doc__).out
    assistant = Assistant.load(WEIGHTS)
    figure = Figure(figsize=(WIDTH / 9, HEIGHT / 9), dpi=110)
    axes = figure.add_axes((0, 0, 1, 1))
    draw(axes, assistant, load_image(WEIGHTS / "example.png"))
    axes.set(xlim=(0, WIDTH), ylim=(0, HEIGHT), aspect="equal")
    axes.axis("off")
    figure.savefig(out)
    Image.open(out).convert("RGB").quantize(128).save(out, optimize=True)  # a quarter of the bytes


@torch.no_grad()
def draw(axes: Axes, assistant: Assistant, image: Image.Image) -> None:
    vlm, pixels = assistant.vlm, assistant.pixels([image])
    features = vlm.vision(pixels)[0]  # (P, D_vision)
    tokens = vlm.connector(features[None])[0]  # (N, D)
    eye, side = vlm.config.vision, vlm.config.vision.image_size // vlm.config.vision.patch_size
    patched(axes, image, side, f"picture {shape(pixels[0])}")
    arrow(axes, (18, 36), f"vision encoder\n{side} x {side} patches,\n{eye.num_hidden_layers} layers")
    matrix(axes, features, 37, f"features {shape(features)}")
    arrow(axes, (53, 71), "connector\none linear layer")
    matrix(axes, tokens, 72, f"image tokens {shape(tokens)}")
    row_of_tokens(axes, assistant, image, side)


def row_of_tokens(axes: Axes, assistant: Assistant, image: Image.Image, side: int) -> None:
    """What the decoder reads, an image token in its patch's colour; and what it answers."""
    messages = [{"role": "user", "content": with_pictures(QUESTION, 1)}]
    ids, chat, text = assistant.chat.prompt(messages), assistant.chat, assistant.vlm.config.text
    said = chat.encode("".join(assistant.stream(messages, [image])))
    patches = list(image.resize((side, side), Image.Resampling.BOX).get_flattened_data())
    first, seen = ids.index(chat.image_id), ids.count(chat.image_id)
    words = [chat.tokenizer.id_to_token(id) if id < 10 else chat.decode([id]) for id in [*ids, *said]]
    words = [word.strip(" ") or "␣" for word in words]
    wide = (WIDTH - 2 * LEFT - NARROW * seen) / (len(words) - seen)
    x, edges = LEFT, []
    for at, word in enumerate(words):
        is_patch = first <= at < first + seen
        step = NARROW if is_patch else wide
        colour = SAID if at >= len(ids) else READ
        fill = [value / 255 for value in patches[at - first]] if is_patch else colour
        axes.add_patch(
            Polygon(box(x, LINE, step, 3), facecolor=fill, edgecolor="grey", lw=0.2 if is_patch else 0.6)
        )
        if not is_patch:
            name = word.replace("\n", "\\n")
            axes.text(x + step / 2, LINE - 0.5, name, rotation=90, ha="center", va="top", fontsize=7)
        edges.append(x)
        x += step
    begin, end, answer = edges[first], edges[first + seen], edges[len(ids)]
    axes.text(
        (begin + end) / 2,
        LINE - 0.8,
        f"{seen} image tokens, in place of {seen} x <|image_pad|>",
        ha="center",
        va="top",
        fontsize=8,
    )
    splice = [(begin, LINE + 3), (end, LINE + 3), (72 + SIDE, TOP), (72, TOP)]
    axes.add_patch(Polygon(splice, facecolor=SEEN, alpha=0.5, lw=0))
    axes.text((begin + end) / 4 + 39, (LINE + 3 + TOP) / 2, "splice", ha="center", fontsize=9)
    axes.add_patch(
        FancyBboxPatch((LEFT, 1), answer - LEFT - wide / 2, 3, boxstyle="round,pad=0.3", fc=SEEN, ec="grey")
    )
    label = f"decoder: {text.num_hidden_layers} layers x {text.hidden_size}, RoPE, GQA, SwiGLU, KV cache"
    axes.text((LEFT + answer) / 2, 2.5, label, ha="center", va="center", fontsize=9)
    way = {"arrowstyle": "->", "color": "grey", "connectionstyle": "angle,angleA=0,angleB=90"}
    axes.annotate("", (answer + wide / 2, LINE - 5), (answer - wide / 2 + 0.3, 2.5), arrowprops=way)


def box(x: float, y: float, width: float, height: float) -> list[tuple[float, float]]:
    return [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]


def patched(axes: Axes, image: Image.Image, side: int, title: str) -> None:
    """The picture and the lines between its patches."""
    axes.imshow(image, extent=(LEFT, LEFT + SIDE, TOP, TOP + SIDE), zorder=2)
    for i in range(1, side):
        along = SIDE * i / side
        axes.plot([LEFT + along] * 2, [TOP, TOP + SIDE], color="white", lw=0.5, zorder=3)
        axes.plot([LEFT, LEFT + SIDE], [TOP + along] * 2, color="white", lw=0.5, zorder=3)
    axes.text(LEFT + SIDE / 2, TOP + SIDE + 1, title, ha="center", fontsize=9)


def matrix(axes: Axes, values: Tensor, x: float, title: str) -> None:
    """One row for each patch; blue is below 0, red above."""
    most = values.abs().quantile(0.98).item()
    colours = {"cmap": "coolwarm", "vmin": -most, "vmax": most}
    axes.imshow(values.numpy(), extent=(x, x + SIDE, TOP, TOP + SIDE), aspect="auto", zorder=2, **colours)
    axes.text(x + SIDE / 2, TOP + SIDE + 1, title, ha="center", fontsize=9)


def arrow(axes: Axes, ends: tuple[float, float], label: str) -> None:
    middle = TOP + SIDE / 2
    axes.annotate("", (ends[1], middle), (ends[0], middle), arrowprops={"arrowstyle": "->", "color": "grey"})
    axes.text(sum(ends) / 2, middle + 1, label, ha="center", fontsize=9)


def shape(x: Tensor) -> str:
    return " x ".join(map(str, x.shape))


if __name__ == "__main__":
    main()
