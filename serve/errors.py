"""What goes wrong, in the shape in which OpenAI's clients look for it."""

import logging

from pydantic import ValidationError
from starlette.exceptions import HTTPException

from dataset.errors import printable

KINDS = {429: "rate_limit_error", 500: "server_error", 503: "server_error", 504: "server_error"}
HEADERS = {429: {"Retry-After": "1"}, 504: {"x-should-retry": "false"}}  # clients ask again by themselves


class Refusal(ValueError):
    """Why a request is not answered, in one line; `code` and `param`, the field at fault, are OpenAI's."""

    def __init__(self, status: int, message: str, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.status, self.param, self.code = status, param, code


def as_refusal(error: Exception) -> Refusal:
    """A ValueError is the asker's mistake, as everywhere here; the rest is ours, and goes to the log."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, ValidationError):
        return misshapen(error)
    if isinstance(error, HTTPException):
        return Refusal(error.status_code, f"{error.detail}; there are /v1/chat/completions and /v1/models")
    if isinstance(error, ValueError):
        return Refusal(400, str(error))
    logging.getLogger("uvicorn.error").error("an answer failed", exc_info=error)
    return Refusal(500, "the server failed; its log says why")


def misshapen(error: ValidationError) -> Refusal:
    """Where the first wrong field is, and what it should be."""
    first = error.errors(include_url=False, include_input=False)[0]
    place, told = [str(part) for part in first["loc"]], first["msg"]
    if first["type"] == "extra_forbidden":
        told = "is not known here, or not with this value; leave it out"
    elif first["type"] == "model_type":
        told = f'should be an object: "{place[-1]}": {{...}}' if place else "should be an object, {...}"
    return Refusal(400, f"{'.'.join(place) or 'the body'}: {told}", place[0] if place else None)


def shape(refusal: Refusal) -> dict[str, dict]:
    kind = KINDS.get(refusal.status, "invalid_request_error")
    told = printable(str(refusal), 500)
    return {"error": {"message": told, "type": kind, "param": refusal.param, "code": refusal.code}}
