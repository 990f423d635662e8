"""What a pipe or a file has to say, where nobody types."""

import sys
from collections.abc import Iterator

from dataset.errors import DataError


def piped() -> Iterator[str]:
    """Line after line, without blanks around it. It is read as UTF-8, whatever letters the terminal has.
    Raises DataError for other text."""
    if hasattr(sys.stdin, "reconfigure"):
        sys.stdin.reconfigure(encoding="utf-8", errors="strict")
    try:
        for line in sys.stdin:
            if "\0" in line:
                raise ValueError
            yield line.removeprefix("\ufeff").strip()  # Notepad's mark
    except ValueError:
        told = "no more is asked; save it as UTF-8, or put `iconv -f ITS_OWN -t UTF-8` in between"
        raise DataError(f"the pipe's text is not UTF-8; {told}") from None
