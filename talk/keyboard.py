"""Keys that are typed while nobody reads them wait: the terminal does not show them within an answer, and the
next prompt has them.

Only POSIX needs it: the console of Windows shows what is typed when it is read.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

try:
    import termios
except ImportError:
    termios = None

MODES = 3  # where tcgetattr has the local modes


@contextmanager
def keys_wait() -> Iterator[None]:
    """Ctrl-C still interrupts, and takes no other key with it."""
    if termios is None or not sys.stdin.isatty():
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    quiet = list(before)
    quiet[MODES] = (before[MODES] & ~(termios.ECHO | termios.ICANON)) | termios.NOFLSH
    termios.tcsetattr(sys.stdin, termios.TCSANOW, quiet)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSANOW, before)
