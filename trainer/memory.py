"""A run keeps the memory that it has used: a system that hands out pages slowly is asked for each only once.

glibc gives large blocks back the moment they are free, and a training step frees and takes gigabytes. On a
virtual machine whose pages come from its host that took up to 20 seconds of a step of 4 (2026-11-25).
"""

import ctypes
import sys

TRIM, TOP_PAD, MMAP_MAX = -1, -2, -4  # mallopt's numbers
GIB = 1 << 30
NEVER = (1 << 31) - 1  # bytes of free memory at the end of the heap: mallopt takes no more


def keep_memory() -> None:
    """Nothing where the C library is not glibc."""
    if sys.platform != "linux":
        return
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return
    mallopt(MMAP_MAX, 0)  # large blocks come from the heap, too,
    mallopt(TRIM, NEVER)  # which shrinks only when so much of its end is free,
    mallopt(TOP_PAD, GIB // 4)  # and grows by so much
