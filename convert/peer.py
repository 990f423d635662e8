"""A folder of transformers' two ways: in our code, imported in memory, and by transformers itself."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from transformers import AutoModelForImageTextToText, AutoProcessor

from convert.files import ConvertError
from convert.incoming import read
from convert.template import parts
from dataset.record import Message
from model.device import pick_device, pick_dtype
from scoring.assistant import Assistant
from scoring.memory import Memory

PLAIN = {"temperature": 0.0, "top_k": 0, "top_p": 1.0, "repetition_penalty": 1.0}  # else 50 or the folder's


class Peer:
    """The same folder run by transformers alone; answers as `Assistant` does."""

    def __init__(self, folder: str | Path, device: torch.device) -> None:
        self.processor = AutoProcessor.from_pretrained(folder, backend="pil")
        self.processor.tokenizer.padding_side = "left"
        self.model = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32)
        self.model.to(device).eval()

    def answer_batch(
        self, conversations: Sequence[Sequence[Message]], images: Sequence[Image.Image], **choices: object
    ) -> list[str]:
        prompts = [
            self.processor.apply_chat_template(
                [{"role": m["role"], "content": parts(m["content"])} for m in messages],
                add_generation_prompt=True,
            )
            for messages in conversations
        ]
        inputs = self.processor(text=prompts, images=list(images) or None, padding=True, return_tensors="pt")
        how = PLAIN | choices
        if not (draws := how["temperature"] > 0):  # transformers warns of what greedy does not heed
            how = {key: value for key, value in how.items() if key not in ("temperature", "top_k", "top_p")}
        how["do_sample"] = draws
        ids = self.model.generate(**inputs.to(self.model.device), **how)
        new = ids[:, inputs["input_ids"].shape[1] :]
        return self.processor.batch_decode(new, skip_special_tokens=True)


@dataclass
class Both(Assistant):
    """Our code answers; what transformers answers to the same comes after it, on stderr."""

    peer: Peer | None = None

    @classmethod
    def load(cls, folder: str | Path, device: str = "auto", dtype: str = "fp32") -> "Both":
        """From a folder that LlavaForConditionalGeneration can be loaded from."""
        vlm, chat, preprocessor = read("llava", str(folder))
        if chat is None:
            raise ConvertError(f"{folder}: no tokenizer.json; without words there is nothing to ask")
        place = pick_device(device)
        return cls(vlm.to(place), chat, preprocessor, pick_dtype(dtype, place), Peer(folder, place))

    def stream(
        self,
        messages: Sequence[Message],
        images: Sequence[Image.Image],
        memory: Memory | None = None,
        **choices: object,
    ) -> Iterator[str]:
        said, random = "", torch.get_rng_state()
        for piece in super().stream(messages, images, memory, **choices):
            said += piece
            yield piece
        torch.set_rng_state(random)  # with --temperature both draw alike
        theirs = self.peer.answer_batch([messages], images, **choices)[0]
        verdict = "the same" if theirs.strip() == said.strip() else theirs
        print(f"\ntransformers: {verdict}", file=sys.stderr)
