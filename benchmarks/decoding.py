"""How fast tokens come, beside transformers' `generate` on the same weights, and beside what memory gives.

    python -m benchmarks.decoding

A prompt of one picture and a question, then `--new` tokens, greedy; the rate is that of the tokens after
the first. A second turn about the same picture is measured to its first token. A small language model is
run beside llama.cpp (beside.py). All take turns.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks import beside, machine, peers
from benchmarks.tables import Row, write
from dataset.chat.render import Chat
from dataset.commands.flags import Count
from dataset.images.preprocess import Preprocessor
from dataset.open import open_data
from dataset.project import TINY
from dataset.storybook.records import StorybookRecords
from model.captured import CapturedDecoder
from model.config import PRESETS
from model.device import multiplies_bf16, pick_device, pick_dtype
from model.quick import LAYOUTS, QuickDecoder
from model.vlm import VLM
from scoring.answers import answer_all
from scoring.assistant import Assistant
from scoring.memory import Memory
from trainer.args import Preset
from trainer.cli import parse, user_errors

Saying = Callable[[int], Tensor]  # how many new tokens -> the tokens (B, new)
READ = "the limit: weights read once"
QUESTION = 40  # tokens beside those of the picture


@dataclass
class Args:
    preset: Preset = "minimind-26m"
    new: Count = 256
    """Tokens of an answer."""
    batches: tuple[Count, ...] = (1, 16)
    rounds: Count = 3
    weights: Path = TINY
    """Trained weights, to see what rounding does to their answers."""
    scenes: Count = 50
    """Held-out scenes that they are asked about."""
    read: Count = 210
    """Tokens of the text that is read beside llama.cpp."""
    device: str = "auto"
    out: Path = Path("out/bench")


@user_errors
def main(argv: list[str] | None = None) -> None:
    args = parse(Args, argv, __doc__)
    device = pick_device(args.device)
    config = PRESETS[args.preset]
    config = replace(config, image_token_id=3)
    vlm = peers.new_model(config, device)
    theirs = peers.twin(vlm, device)
    rows = [row for batch in args.batches for row in decoding(vlm, theirs, batch, args, device)]
    rows += reading(vlm, args, device)
    rows += second_turn(vlm, args, device)
    rows += rounding(args, device)
    if device.type == "cpu":
        rows += beside.rows(args.read, args.new, args.rounds, layouts(device))
    write(rows, args.out / "decoding", machine.name(device))


def layouts(device: torch.device) -> list[str]:
    return [layout for layout in LAYOUTS if layout != "bf16" or multiplies_bf16(device)]


def prompt(vlm: VLM, batch: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """ids (B, T) and pixels (B, 3, S, S) of questions about a picture each."""
    config = vlm.config
    words = torch.randint(4, config.text.vocab_size, (batch, QUESTION))
    picture = torch.full((batch, config.image_tokens), config.image_token_id)
    ids = torch.cat([words[:, :10], picture, words[:, 10:]], dim=1).to(device)
    size = config.vision.image_size
    return ids, torch.randn(batch, 3, size, size, device=device)


def decoding(vlm: VLM, theirs: torch.nn.Module, batch: int, args: Args, device: torch.device) -> list[Row]:
    ids, pixels = prompt(vlm, batch, device)
    kinds = {"transformers fp32": peer(theirs, ids, pixels), "ours, plain": ours(vlm, ids, pixels, None)}
    if multiplies_bf16(device):
        kinds["transformers bf16"] = peer(peers.twin(vlm, device).to(torch.bfloat16), ids, pixels)
    kinds |= {f"ours, {layout}": ours(vlm, ids, pixels, layout) for layout in layouts(device)}
    if device.type == "cuda":
        for layout in layouts(device):
            kinds[f"ours, {layout}, graph"] = ours(vlm, ids, pixels, layout, CapturedDecoder)
    said: dict[str, Tensor] = {}

    def saying(name: str, new: int) -> Callable[[], None]:
        def run() -> None:
            said[name] = kinds[name](new)

        return run

    runs = {(name, n): saying(name, n) for name in kinds for n in (1, args.new)}
    taken = machine.in_turns(runs, args.rounds, device)
    rates = {name: batch * (args.new - 1) / (taken[name, args.new] - taken[name, 1]) for name in kinds}
    truth, peer_rate = said["transformers fp32"], rates["transformers fp32"]
    return [
        Row(
            f"decoding, batch {batch}",
            name,
            {
                "tokens/s": rate,
                "times transformers fp32": rate / peer_rate,
                "to the first token, ms": 1e3 * taken[name, 1],
                "tokens as transformers fp32": (said[name] == truth).float().mean().item(),
            },
        )
        for name, rate in rates.items()
    ]


def ours(
    vlm: VLM, ids: Tensor, pixels: Tensor, layout: str | None, kind: type[QuickDecoder] = QuickDecoder
) -> Saying:
    quick = kind(vlm.decoder, layout) if layout else None

    def say(new: int) -> Tensor:
        vlm.quick = quick
        around = pick_dtype("auto", ids.device) if layout == "int8" else layout
        with torch.autocast(ids.device.type, torch.bfloat16, enabled=around == "bf16"):
            return vlm.generate(ids, pixels, max_new_tokens=new, stop_ids=())

    return say


def peer(model: torch.nn.Module, ids: Tensor, pixels: Tensor) -> Saying:
    @torch.inference_mode()
    def say(new: int) -> Tensor:
        out = model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            pixel_values=pixels.to(next(model.parameters()).dtype),
            max_new_tokens=new,
            do_sample=False,
            pad_token_id=0,
        )
        return out[:, ids.shape[1] :]

    return say


def reading(vlm: VLM, args: Args, device: torch.device) -> list[Row]:
    """How near one step is to a run that reads the same weights and does nothing else."""
    length, many = QUESTION + vlm.config.image_tokens + args.new // 2, 50
    matrices = [p for p in vlm.decoder.parameters() if p.ndim == 2]
    xs = {size: torch.randn(1, size, device=device) for size in {m.shape[1] for m in matrices}}
    runs: dict[str, Callable[[], object]] = {
        "F.linear": lambda: [F.linear(xs[m.shape[1]], m) for m in matrices]
    }
    for layout in layouts(device):
        quick = QuickDecoder(vlm.decoder, layout)
        laid = [m for b in quick.blocks for m in (b.qkv, b.o, b.gate_up, b.down)] + [quick.head]
        rows = [(m, torch.randn(1, m.weight.shape[1], device=device, dtype=m.dtype)) for m in laid]
        runs[f"{layout} alone"] = lambda rows=rows: [m(x) for m, x in rows]
        runs[f"{layout} step"] = stepping(quick, length, device)
    with torch.inference_mode():
        repeated = {name: (lambda run=run: [run() for _ in range(many)]) for name, run in runs.items()}
        taken = {k: t / many for k, t in machine.in_turns(repeated, 3 * args.rounds, device).items()}
    size, plainly = sum(m.numel() for m in matrices), taken["F.linear"]
    found = [
        Row(
            READ,
            "F.linear, fp32",
            {"weights alone, ms": 1e3 * plainly, "reading, GB/s": 4 * size / plainly / 1e9},
        )
    ]
    for layout in layouts(device):
        width = {"fp32": 4, "bf16": 2, "int8": 1}[layout]
        bare, step = taken[f"{layout} alone"], taken[f"{layout} step"]
        values = {
            "weights alone, ms": 1e3 * bare,
            "reading, GB/s": width * size / bare / 1e9,
            "whole step, ms": 1e3 * step,
            "share of that rate": bare / step,
            "share of F.linear's rate": width / 4 * plainly / step,
        }
        found.append(Row(READ, f"ours, {layout}", values))
    return found


def stepping(quick: QuickDecoder, length: int, device: torch.device) -> Callable[[], object]:
    """One step after `length` tokens, again and again at the same place."""
    cache, id = quick.new_cache(1, length + 1), torch.tensor([[5]], device=device)

    def run() -> None:
        cache.length = length
        quick.logits(quick(quick.embed_tokens(id), None, cache)[:, -1]).argmax(-1)

    return run


def second_turn(vlm: VLM, args: Args, device: torch.device) -> list[Row]:
    """From a question to the first piece of its answer: a picture's first question, and its second."""
    chat = Chat.load(TINY, vlm.config.image_tokens)
    vlm.config = replace(vlm.config, image_token_id=chat.image_id)
    assistant = Assistant(vlm, chat, Preprocessor(vlm.config.vision.image_size)).quickened()
    picture = StorybookRecords("single", 1)[0].images[0]
    first = [{"role": "user", "content": "<image>\nWhat do you see?"}]
    second = [
        *first,
        {"role": "assistant", "content": "A red house, a small cat and a tree."},
        {"role": "user", "content": "What colour is the house?"},
    ]
    memory = Memory()

    def ask(messages: list, remembered: Memory | None) -> Callable[[], object]:
        return lambda: next(
            assistant.stream(messages, [picture], remembered, max_new_tokens=1, stop_ids=()), None
        )

    runs = {
        "first turn": lambda: (setattr(memory, "cache", None), ask(first, memory)()),
        "second turn, all read again": ask(second, None),
        "second turn, the rest remembered": ask(second, memory),
    }
    taken = machine.in_turns(runs, args.rounds, device)
    return [
        Row(
            "a chat's next turn",
            name,
            {"to the first token, ms": 1e3 * t, "of the first turn's": t / taken["first turn"]},
        )
        for name, t in taken.items()
    ]


def rounding(args: Args, device: torch.device) -> list[Row]:
    """What a trained model answers in each layout, and how much of it as in float32."""
    records, found = open_data("storybook:scenes", None, args.scenes), {}
    for layout in layouts(device):
        assistant = Assistant.load(args.weights, str(device), layout).quickened()
        found[layout] = {(a.where, a.question): a for a in answer_all(assistant, records)}
    exact = found["fp32"]
    rows = []
    for layout, answers in found.items():
        same = [answer.answer == exact[key].answer for key, answer in answers.items()]
        values = {
            "answers": len(same),
            "right": sum(answer.right for answer in answers.values()) / len(same),
            "as float32": sum(same) / len(same),
        }
        rows.append(Row(f"rounding, {args.weights}", f"ours, {layout}", values))
    return rows


if __name__ == "__main__":
    main()
