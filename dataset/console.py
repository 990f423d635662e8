"""How every script meets its user: all it says can be shown, and a mistake is answered in one line."""

import functools
import io
import sys
from collections.abc import Callable

from dataset.errors import shortened


def script(main: Callable) -> Callable:
    """A ValueError (DataError, CheckpointError, ...) or OSError is a mistake that its message explains: it is
    printed, and the program ends."""

    @functools.wraps(main)
    def wrapped(argv: list[str] | None = None) -> None:
        show_anything()
        try:
            main(argv)
        except (ValueError, OSError) as error:
            sys.exit(f"error: {shortened(str(error))}")

    return wrapped


def show_anything() -> None:
    """What a terminal, a pipe or a file has no letters for (cp1252, ASCII) is written as its code, \\u6c7d:
    nothing is lost, and nothing ends there. PYTHONUTF8=1 has letters for all."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a notebook's and a test's may be something else
            stream.reconfigure(errors="backslashreplace")
