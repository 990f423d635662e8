"""The answers to one request, token by token.

Asked, picture files -> answers -> Piece ... Usage
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch

from dataset.chat.stream import token_texts
from dataset.images.load import load_image
from scoring.assistant import Assistant
from scoring.memory import Memory
from serve.ask import Asked
from serve.errors import Refusal

LONGEST = 256  # tokens of an answer whose request does not say


@dataclass(frozen=True)
class Piece:
    """What a token adds to answer `index`, perhaps no text; the last says why it is: "stop" or "length"."""

    index: int
    text: str = ""
    finish: str | None = None


@dataclass(frozen=True)
class Usage:
    """Tokens read, and made for all answers, those that end them among these."""

    prompt_tokens: int
    completion_tokens: int


def answers(
    assistant: Assistant, asked: Asked, files: Sequence[bytes], allowed: int = LONGEST
) -> Iterator[Piece | Usage]:
    """Of what is asked, one answer after the other; a seed is the first's, and the rest go on from it. A
    request that says no length gets `allowed` tokens at most.

    Raises ValueError for a file that is no picture, and for a conversation that does not fit the model.
    """
    messages = asked.conversation()
    images = [load_image(file, name=f"picture {number}") for number, file in enumerate(files, start=1)]
    read = len(assistant.prompt(messages, images))
    most, made, memory = longest(asked, read, assistant.context, allowed), 0, Memory()
    generator = torch.Generator(assistant.device)
    generator.seed() if asked.seed is None else generator.manual_seed(asked.seed)
    for index in range(asked.n):
        ids: list[int] = []
        new = assistant.tokens(messages, images, memory, generator, max_new_tokens=most, **asked.choices())
        for text, stopped in until_stop(token_texts(assistant.chat, noted(new, ids)), asked.stop):
            yield Piece(index, text)
            ended = stopped or ids[-1] == assistant.vlm.config.eos_token_id
        yield Piece(index, finish="stop" if ended else "length")
        made += len(ids)
    yield Usage(read, made)


def longest(asked: Asked, read: int, context: int, allowed: int) -> int:
    """Tokens that an answer may have. Raises Refusal where the model has no room for them."""
    room = context - read
    if room < (asked.max_tokens or 1):
        found = f"{read} tokens of conversation and {asked.max_tokens or 1} of answer"
        told = f"{found} do not fit the model's {context}; send less, or ask for fewer"
        raise Refusal(400, told, "messages", "context_length_exceeded")
    return asked.max_tokens or min(room, LONGEST, allowed)


def noted(ids: Iterable[int], into: list[int]) -> Iterator[int]:
    for id in ids:
        into.append(id)
        yield id


def until_stop(texts: Iterable[str], stops: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """The texts up to the one of `stops` that is whole first, and whether it is; what may begin one is held
    back. How a text is cut into pieces makes no difference."""
    held = ""
    for text in texts:
        held += text
        if found := [(held.find(stop) + len(stop), held.find(stop)) for stop in stops if stop in held]:
            yield held[: min(found)[1]], True
            return
        sure = len(held) - max((overlap(held, stop) for stop in stops), default=0)
        yield held[:sure], False
        held = held[sure:]
    yield held, False


def overlap(text: str, stop: str) -> int:
    """How many letters at the end of `text` are the beginning of `stop`."""
    return next((size for size in range(len(stop) - 1, 0, -1) if text.endswith(stop[:size])), 0)
