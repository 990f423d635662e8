"""How every script begins and ends: its flags read and judged, a user's mistake answered in one line."""

import functools
import os
import sys
from collections.abc import Callable

from dataset.commands.console import script
from dataset.commands.flags import parse
from trainer.interrupt import Interrupted

__all__ = ["parse", "user_errors"]


def user_errors(main: Callable) -> Callable:
    """A script (commands/console.py) that can be interrupted, too, and be one of torchrun's processes."""

    @functools.wraps(main)
    def wrapped(argv: list[str] | None = None) -> None:
        try:
            script(main)(argv)
            leave()
        except Interrupted as asked:
            print(f"\n{asked}", file=sys.stderr)
            sys.exit(asked.code)

    return wrapped


def leave() -> None:
    """End a process that torchrun has begun and that succeeded, without Python's own clearing up.

    torch's caches keep a group of shards alive until then, and gloo's threads seldom, and for nothing, abort
    the process (pytorch/pytorch#190489).
    """
    if "LOCAL_RANK" in os.environ:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
