"""Answers in the shapes of OpenAI's chat completions: whole, or as a stream of events."""

import json
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import asdict

from starlette.requests import ClientDisconnect

from serve.answer import Piece, Usage
from serve.errors import as_refusal, shape

Pieces = AsyncIterator[Piece | Usage]


class Reply:
    def __init__(self, model: str, n: int) -> None:
        self.head = {"id": f"chatcmpl-{uuid.uuid4().hex}", "created": int(time.time()), "model": model}
        self.n = n

    async def whole(self, pieces: Pieces) -> dict[str, object]:
        texts, finishes, usage = [""] * self.n, [None] * self.n, None
        async for piece in pieces:
            if isinstance(piece, Usage):
                usage = counted(piece)
                continue
            texts[piece.index] += piece.text
            finishes[piece.index] = piece.finish
        choices = [
            {
                "index": index,
                "message": {"role": "assistant", "content": text, "refusal": None},
                "finish_reason": finish,
                "logprobs": None,
            }
            for index, (text, finish) in enumerate(zip(texts, finishes, strict=True))
        ]
        return self.head | {"object": "chat.completion", "choices": choices, "usage": usage}

    async def events(self, pieces: Pieces, include_usage: bool) -> AsyncIterator[str]:
        """What comes as it comes; a failure on the way is the last event."""
        try:
            for index in range(self.n):
                yield self.chunk(index, {"role": "assistant", "content": ""})
            async for piece in pieces:
                if isinstance(piece, Usage) and include_usage:
                    yield self.event([], usage=counted(piece))
                elif isinstance(piece, Piece) and (piece.text or piece.finish):
                    delta = {} if piece.finish else {"content": piece.text}
                    yield self.chunk(piece.index, delta, piece.finish)
            yield "data: [DONE]\n\n"
        except ClientDisconnect:
            return
        except Exception as error:
            yield f"data: {json.dumps(shape(as_refusal(error)))}\n\n"

    def chunk(self, index: int, delta: dict[str, str], finish: str | None = None) -> str:
        return self.event([{"index": index, "delta": delta, "finish_reason": finish, "logprobs": None}])

    def event(self, choices: list[dict], **more: object) -> str:
        chunk = self.head | {"object": "chat.completion.chunk", "choices": choices} | more
        return f"data: {json.dumps(chunk)}\n\n"


def counted(usage: Usage) -> dict[str, int]:
    return asdict(usage) | {"total_tokens": usage.prompt_tokens + usage.completion_tokens}
