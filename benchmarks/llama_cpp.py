"""llama.cpp in this process, by the prebuilt package xllamacpp, where it is installed."""

import base64
import io
import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from PIL import Image

from dataset.record import IMAGE, Message

ABSENT = (
    "llama.cpp is left out; to add it: .venv/bin/python -m pip install --no-deps -r requirements-bench.txt"
)

GREEDY = {"temperature": 0.0, "cache_prompt": False}


def installed() -> bool:
    return find_spec("xllamacpp") is not None


class LlamaCpp:
    """A decoder, and its eye where one is given, on `threads`; greedy, and nothing is remembered."""

    def __init__(self, model: Path, threads: int, eye: Path | None = None, context: int = 1024) -> None:
        import xllamacpp

        how = xllamacpp.CommonParams()
        how.model.path, how.n_ctx, how.n_parallel, how.verbosity = str(model), context, 1, -1
        how.cpuparams.n_threads = how.cpuparams_batch.n_threads = threads
        how.warmup = False
        if eye is not None:
            how.mmproj.path = str(eye)
        self.server = xllamacpp.Server(how)

    def say(self, ids: list[int], new: int) -> list[int]:
        """`new` ids after these, wherever an answer would end."""
        asked = {"prompt": ids, "n_predict": new, "ignore_eos": True, "return_tokens": True}
        return self._post("completion", asked | GREEDY)["tokens"]

    def answer(self, messages: Sequence[Message], images: Sequence[Image.Image], new: int) -> str:
        """To a conversation as `Assistant.answer_batch` takes it."""
        left = iter(images)
        talk = [{"role": m["role"], "content": _parts(m["content"], left)} for m in messages]
        answered = self._post("v1/chat/completions", {"messages": talk, "max_tokens": new} | GREEDY)
        return answered["choices"][0]["message"]["content"]

    def encode(self, text: str) -> list[int]:
        return self._post("tokenize", {"content": text, "add_special": False, "parse_special": False})[
            "tokens"
        ]

    def _post(self, path: str, what: dict) -> dict:
        address, body = f"{self.server.listening_address}/{path}", json.dumps(what).encode()
        asked = urllib.request.Request(address, body, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(asked) as answered:
                return json.load(answered)
        except urllib.error.HTTPError as error:
            raise ValueError(f"llama.cpp: {error.read().decode(errors='replace')[:300]}") from None


def _parts(content: str, images: object) -> list[dict]:
    """Pictures where they are written, as OpenAI's clients hand them over."""
    first, *rest = content.split(IMAGE)
    parts = [{"type": "text", "text": first}] if first else []
    for text in rest:
        parts += [_picture(next(images)), {"type": "text", "text": text.removeprefix("\n")}]
    return parts


def _picture(image: Image.Image) -> dict:
    held = io.BytesIO()
    image.save(held, "PNG")
    url = f"data:image/png;base64,{base64.b64encode(held.getvalue()).decode()}"
    return {"type": "image_url", "image_url": {"url": url}}
