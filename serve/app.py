"""OpenAI's chat completions and list of models, for one model that answers one request at a time.

POST /v1/chat/completions     place -> body -> Asked -> pictures -> the model's line -> reply
GET  /v1/models
"""

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated

import uvicorn
from fastapi import APIRouter, Depends, FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from dataset.errors import printable
from dataset.images.load import read_address
from scoring.assistant import Assistant
from serve.answer import answers
from serve.ask import Asked, Limits, read_request
from serve.errors import HEADERS, Refusal, as_refusal, shape
from serve.line import Line
from serve.place import Place, Places, hear
from serve.reply import Pieces, Reply

CONNECTIONS = 512  # open at once
FETCHERS = 16  # addresses looked up at once: a slow one keeps nobody else waiting
FAREWELL = 3  # seconds that answers in the making get when the server is told to end
api = APIRouter(prefix="/v1")


@dataclass
class Desk:
    """The model with its name, who may ask it what, and the two lines in front of it."""

    assistant: Assistant
    name: str
    limits: Limits
    since: int = field(default_factory=lambda: int(time.time()))

    def __post_init__(self) -> None:
        self.places = Places(self.limits.places, self.limits.max_seconds)
        self.answering, self.fetching = Line(), Line(FETCHERS)

    def expect_model(self, name: str) -> None:
        if name != self.name:
            told = f"no model {printable(name, 100)!r} here; it is {self.name!r}"
            raise Refusal(404, told, "model", "model_not_found")

    def card(self) -> dict[str, object]:
        return {"id": self.name, "object": "model", "created": self.since, "owned_by": "glimpse"}

    async def pieces(self, place: Place, asked: Asked) -> Pieces:
        def fetched() -> Iterator[bytes]:
            for number, address in enumerate(asked.addresses, start=1):
                yield read_address(address, f"picture {number}")

        files = [file async for file in place.pieces(self.fetching, fetched)] if asked.addresses else []
        replies = partial(answers, self.assistant, asked, files, self.limits.max_tokens)
        async for piece in place.pieces(self.answering, replies):
            yield piece


def desk_of(request: Request) -> Desk:
    return request.app.state.desk


async def taken(request: Request, desk: Annotated[Desk, Depends(desk_of)]) -> AsyncIterator[Place]:
    """Given back when the last byte of the reply is sent, or nobody is there to get it."""
    try:
        place = desk.places.take(request)
    except Refusal:
        with suppress(Refusal):
            await hear(request, 0)
        raise
    try:
        yield place
    finally:
        desk.places.give_back(place)


@api.post("/chat/completions")
async def complete(
    request: Request, desk: Annotated[Desk, Depends(desk_of)], place: Annotated[Place, Depends(taken)]
) -> Response:
    body = await hear(request, desk.limits.max_body_mb * 1_000_000)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Refusal(415, "the body is not said to be JSON; send Content-Type: application/json")
    asked = read_request(body, desk.limits)
    desk.expect_model(asked.model)
    reply, pieces = Reply(desk.name, asked.n), await begun(desk.pieces(place, asked))
    if asked.stream:
        events = reply.events(pieces, asked.stream_options.include_usage)
        return StreamingResponse(events, media_type="text/event-stream")
    return JSONResponse(await reply.whole(pieces))


async def begun(pieces: Pieces) -> Pieces:
    """The same, when the first has come: what is wrong until then has a status of its own."""
    first = await anext(pieces)

    async def all_of_them() -> Pieces:
        yield first
        async for piece in pieces:
            yield piece

    return all_of_them()


@api.get("/models")
def models(desk: Annotated[Desk, Depends(desk_of)]) -> dict[str, object]:
    return {"object": "list", "data": [desk.card()]}


@api.get("/models/{name}")
def model(name: str, desk: Annotated[Desk, Depends(desk_of)]) -> dict[str, object]:
    desk.expect_model(name)
    return desk.card()


def refused(_: Request, error: Exception) -> Response:
    refusal = as_refusal(error)
    return JSONResponse(shape(refusal), refusal.status, HEADERS.get(refusal.status))


def build(desk: Desk) -> FastAPI:
    app = FastAPI(title="Glimpse", openapi_url=None)
    app.state.desk = desk
    app.include_router(api)
    for kind in (ValueError, HTTPException, Exception):
        app.add_exception_handler(kind, refused)
    app.add_exception_handler(ClientDisconnect, lambda *_: Response(status_code=499))
    return app


def server(desk: Desk) -> uvicorn.Server:
    """To be run with a socket that listens: `server(desk).run([socket])`."""
    return uvicorn.Server(
        uvicorn.Config(
            build(desk),
            ws="none",
            lifespan="off",
            log_level="warning",
            access_log=False,
            server_header=False,
            limit_concurrency=CONNECTIONS,
            timeout_graceful_shutdown=FAREWELL,
        )
    )
