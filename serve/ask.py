"""The body of a request for an answer, as OpenAI's clients send it: read strictly, and held to bounds.

    body -> read_request -> Asked -> conversation -> messages as everywhere here, addresses of pictures

What would change the answer and is not done here is refused, not passed over.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, field_validator, model_validator

from dataset.commands.flags import Count, Positive
from dataset.errors import from_json
from dataset.record import Message, expect_turns
from scoring.assistant import with_pictures
from serve.errors import Refusal

NEUTRAL = {  # what others can do, asked not to be done
    "frequency_penalty": 0,
    "presence_penalty": 0,
    "logprobs": False,
    "top_logprobs": 0,
    "response_format": {"type": "text"},
    "modalities": ["text"],
    "tool_choice": "none",
}
NO_MATTER = {  # changes no answer
    "user",
    "metadata",
    "store",
    "service_tier",
    "safety_identifier",
    "prompt_cache_key",
    "parallel_tool_calls",
}
ABSENT = (None, [], {})


@dataclass(frozen=True)
class Limits:
    """What one request may ask for, and how many may ask."""

    places: Count = 16
    """Requests that are answered or wait for their turn; further ones are refused (429)."""
    max_seconds: Positive = 120
    """Longest time for a request, waiting included, in seconds."""
    max_body_mb: Count = 20
    """Largest request, pictures included."""
    max_pictures: Count = 8
    """Most pictures in a request."""
    max_letters: Count = 100_000
    """Longest text of a request, in letters."""
    max_n: Count = 4
    """Most answers to a request (its n)."""
    max_tokens: Count = 1024
    """Longest answer that a request may ask for, in tokens; 256 if it does not say."""


class Given(BaseModel):
    """An object of the body: each field of its kind, none unknown; null and empty are as if left out, where
    that may be."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def without_absent(cls, values: object) -> object:
        if not isinstance(values, dict):
            return values
        needed = {name for name, field in cls.model_fields.items() if field.is_required()}
        return {name: value for name, value in values.items() if name in needed or value not in ABSENT}


class Words(Given):
    type: Literal["text"]
    text: str


class Address(Given):
    url: str
    detail: Literal["auto", "low", "high"] = "auto"  # a picture has as many tokens here, whatever it says


class Picture(Given):
    type: Literal["image_url"]
    image_url: Address


class Turn(Given):
    role: Literal["system", "developer", "user", "assistant"]
    content: list[Annotated[Words | Picture, Field(discriminator="type")]]
    name: str | None = None

    @field_validator("content", mode="before")
    @classmethod
    def as_parts(cls, content: object) -> object:
        return [{"type": "text", "text": content}] if isinstance(content, str) else content

    @property
    def text(self) -> str:
        return "\n".join(part.text for part in self.content if isinstance(part, Words))

    @property
    def addresses(self) -> list[str]:
        return [part.image_url.url for part in self.content if isinstance(part, Picture)]

    def message(self) -> Message:
        """Pictures come before the words, as models learnt it, unless `<image>` is written for each."""
        if self.role == "assistant":
            return {"role": "assistant", "content": self.text}
        role = "user" if self.role == "user" else "system"
        return {"role": role, "content": with_pictures(self.text, len(self.addresses))}


class StreamOptions(Given):
    include_usage: bool = False
    include_obfuscation: bool = False


class Asked(Given):
    """Choices that are left out are the terminal's: greedy, without a seed."""

    model: str
    messages: list[Turn] = Field(min_length=1)
    max_tokens: int | None = Field(
        None, ge=1, validation_alias=AliasChoices("max_completion_tokens", "max_tokens")
    )
    temperature: float = Field(0.0, ge=0, le=2)
    top_p: float = Field(1.0, gt=0, le=1)
    top_k: int = Field(0, ge=0)  # this and the next are not OpenAI's: clients send them as extra_body
    repetition_penalty: float = Field(1.0, gt=0)
    n: int = Field(1, ge=1)
    seed: int | None = Field(None, ge=-(2**63), lt=2**63)
    stop: list[Annotated[str, Field(min_length=1, max_length=200)]] = Field([], max_length=4)
    stream: bool = False
    stream_options: StreamOptions = StreamOptions()

    @model_validator(mode="before")
    @classmethod
    def without_neutral(cls, values: object) -> object:
        if not isinstance(values, dict):
            return values
        named = {k: v for k, v in values.items() if k not in NO_MATTER}
        return {k: v for k, v in named.items() if k not in NEUTRAL or v != NEUTRAL[k]}

    @field_validator("stop", mode="before")
    @classmethod
    def as_list(cls, stop: object) -> object:
        return [stop] if isinstance(stop, str) else stop

    @property
    def addresses(self) -> list[str]:
        return [address for turn in self.messages for address in turn.addresses]

    def choices(self) -> dict[str, object]:
        """Fields of `Sampling`."""
        return self.model_dump(include={"temperature", "top_p", "top_k", "repetition_penalty"})

    def conversation(self) -> list[Message]:
        """Raises ValueError where it is none that ends with a question."""
        for number, turn in enumerate(self.messages, start=1):
            if turn.addresses and turn.role != "user":
                told = f"messages, message {number}: a picture of the {turn.role}'s; let the user show it"
                raise Refusal(400, told, "messages")
        messages = [turn.message() for turn in self.messages]
        expect_turns(messages, "messages")
        if messages[-1]["role"] != "user":
            told = f"messages: the last is the {messages[-1]['role']}'s; end with the user's question"
            raise Refusal(400, told, "messages")
        return messages


def read_request(body: bytes, limits: Limits) -> Asked:
    """Raises ValueError (pydantic's is one) for what is no request, or one for too much."""
    asked = Asked.model_validate(from_json(body, "the body"))
    letters = sum(len(turn.text) for turn in asked.messages)
    for param, what, found, most in (
        ("n", "answers", asked.n, limits.max_n),
        ("max_tokens", "tokens of answer", asked.max_tokens or 0, limits.max_tokens),
        ("messages", "pictures", len(asked.addresses), limits.max_pictures),
        ("messages", "letters", letters, limits.max_letters),
    ):
        if found > most:
            raise Refusal(400, f"{param}: {found:,} {what}; this server allows {most:,} at most", param)
    asked.conversation()  # what is wrong with it is told before anybody waits
    return asked
