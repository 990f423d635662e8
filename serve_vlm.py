"""The model as a server that OpenAI's clients know: /v1/chat/completions and /v1/models.

    python serve_vlm.py                            http://127.0.0.1:8000/v1
    python serve_vlm.py --weights weights/tiny     the storybook model

It answers one request at a time; the others wait. There is no API key, and only this machine can reach it,
unless --host opens it to others.
"""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from dataset.commands.flags import Within
from dataset.project import PHOTO
from scoring.assistant import Assistant
from serve.app import Desk, server
from serve.ask import Limits
from serve.door import in_address, listening
from trainer.cli import parse, user_errors


@dataclass(frozen=True)
class Args(Limits):
    weights: Path = PHOTO
    """Checkpoint folder (default: weights/photo); the folder's name is the model's name."""
    host: str = "127.0.0.1"
    """Address to listen on; 0.0.0.0 means all of this machine's."""
    port: Annotated[int, Within(0, 65535)] = 8000
    """Port to listen on; 0: any that is free."""
    device: str = "auto"
    dtype: Literal["auto", "fp32", "bf16", "int8"] = "fp32"
    """As for eval_vlm.py."""


@user_errors
def main(argv: list[str] | None = None) -> None:
    args = parse(Args, argv, __doc__)
    with listening(args.host, args.port) as door:
        assistant = Assistant.load(args.weights, args.device, args.dtype).quickened()
        desk = Desk(assistant, args.weights.resolve().name, args)
        address = f"http://{in_address(args.host)}:{door.getsockname()[1]}/v1"
        print(f"{desk.name} answers on {address}", flush=True)
        with suppress(KeyboardInterrupt):  # Ctrl-C, passed on when all is put away
            server(desk).run([door])


if __name__ == "__main__":
    main()
