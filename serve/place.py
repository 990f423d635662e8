"""A request's place: one of a bounded number, kept from before its body is heard until it is answered.

Who goes away, or stays too long, loses it; what was being made for them ends at the next token.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress
from typing import TypeVar

from starlette.requests import ClientDisconnect, Request

from serve.errors import Refusal, as_refusal
from serve.line import END, Line

T = TypeVar("T")
HEARING = 30  # seconds that the body of a request may take


class Places:
    def __init__(self, number: int, seconds: float) -> None:
        self.free, self.number, self.seconds = number, number, seconds

    def take(self, request: Request) -> "Place":
        """Raises Refusal where all are taken."""
        if not self.free:
            told = f"{self.number} requests are being answered or wait; try again in a moment"
            raise Refusal(429, told, code="rate_limit_exceeded")
        self.free -= 1
        return Place(request, self.seconds)

    def give_back(self, place: "Place") -> None:
        place.leave()
        self.free += 1


class Place:
    def __init__(self, request: Request, seconds: float) -> None:
        self.request, self.seconds, self.since = request, seconds, time.monotonic()
        self.events: asyncio.Queue[object] = asyncio.Queue()
        self.leaving: list[Callable[[], object]] = []

    def leave(self) -> None:
        for stop in self.leaving:
            stop()

    async def pieces(self, line: Line, make: Callable[[], Iterable[T]]) -> AsyncIterator[T]:
        """The pieces of `make()`, made in `line`. Raises Refusal for what it raises and when it takes too
        long, and ClientDisconnect when nobody listens any more."""
        loop = asyncio.get_running_loop()

        def tell(event: object) -> None:
            with suppress(RuntimeError):  # the server has ended
                loop.call_soon_threadsafe(self.events.put_nowait, event)

        if not self.leaving:
            self.leaving.append(asyncio.create_task(self._watch()).cancel)
        self.leaving.append(line.start(make, tell))
        while (event := await self._next()) is not END:
            yield event

    async def _watch(self) -> None:
        while (await self.request.receive())["type"] != "http.disconnect":
            pass
        self.events.put_nowait(ClientDisconnect())

    async def _next(self) -> object:
        try:
            left = self.since + self.seconds - time.monotonic()
            event = await asyncio.wait_for(self.events.get(), left)
        except TimeoutError:
            told = f"not done in {self.seconds:g} seconds; ask for fewer max_tokens, or at another time"
            raise Refusal(504, told, code="timeout") from None
        if isinstance(event, ClientDisconnect):
            raise event
        if isinstance(event, Exception):
            raise as_refusal(event) from event
        return event


async def hear(request: Request, most: int) -> bytes:
    """The body. One of more than `most` bytes is refused, but heard to its end and not kept: a client still
    sending would not hear the refusal."""
    body, size = bytearray(), 0
    try:
        async with asyncio.timeout(HEARING):
            async for chunk in request.stream():
                size += len(chunk)
                body += chunk if size <= most else b""
    except TimeoutError:
        raise Refusal(408, f"the body did not come within {HEARING} seconds; send it again") from None
    if size > most:
        raise Refusal(413, f"the body has {size:,} bytes, at most {most:,} are read; send smaller pictures")
    return bytes(body)
