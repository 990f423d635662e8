"""How every script meets its user: all it says can be shown, and a mistake is answered in one line."""

import functools
import io
import locale
import os
import signal
import sys
from collections.abc import Callable

from dataset.errors import shortened

FULL = ("out of memory", "can't allocate memory", "not enough memory")  # as torch says it: GPU, CPU
LESS = "take a smaller --batch_size or --max_length, fewer pictures at once, or a smaller model"
READER_GONE = 128 + 13  # the exit code of a program that SIGPIPE ends


def script(main: Callable) -> Callable:
    """A ValueError (DataError, CheckpointError, ...) or OSError is a mistake that its message explains: it is
    printed, and the program ends; so is memory that is full."""

    @functools.wraps(main)
    def wrapped(argv: list[str] | None = None) -> None:
        show_anything()
        try:
            main(argv)
            sys.stdout.flush()
        except BrokenPipeError:  # whoever read has gone (`| head`), and nobody is there to be told
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(READER_GONE)
        except (ValueError, OSError) as error:
            sys.exit(f"error: {shortened(str(error))}")
        except (RuntimeError, MemoryError) as error:
            reason = " ".join(str(error).split())
            if not isinstance(error, MemoryError) and not any(words in reason for words in FULL):
                raise
            sys.exit(f"error: the memory is full ({shortened(reason, 200)}); {LESS}")
        except KeyboardInterrupt:  # Ctrl-C where nothing else is meant by it
            print("\ninterrupted", file=sys.stderr)
            sys.exit(128 + signal.SIGINT)

    return wrapped


def in_chinese() -> bool:
    """Does the user read Chinese, as LC_ALL, LC_MESSAGES or LANG says (on Windows, the system)?"""
    named = next(filter(None, map(os.environ.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), None)
    return (named or locale.getlocale()[0] or "").startswith(("zh", "Chinese"))


def only(name: str, main: Callable, example: str) -> None:
    """For a module that does one thing when it is run, under a name: python -m dataset.records check FILE."""
    word = "".join(sys.argv[1:2])
    if word not in (name, "-h", "--help"):
        sys.exit(f"error: name a command, as in: {example} (--help tells more)")
    main(sys.argv[2:] if word == name else sys.argv[1:])


def show_anything() -> None:
    """What a terminal, a pipe or a file has no letters for (cp1252, ASCII) is written as its code, \\u6c7d:
    nothing is lost, and nothing ends there. PYTHONUTF8=1 has letters for all. A stream that is closed (`<&-`,
    pythonw) is an empty one."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a notebook's and a test's may be something else
            stream.reconfigure(errors="backslashreplace")
