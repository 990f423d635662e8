"""A picture that is written out within its address: data:image/png;base64,... (RFC 2397)."""

import base64
import re

from dataset.errors import DataError, printable

DATA = "data:"
EMBEDDED = re.compile(r"data:image/[\w.+-]+(?:;[\w=.-]+)*;base64,", re.IGNORECASE)


def embedded(address: str, where: str) -> bytes:
    """The picture's bytes. Raises DataError that begins with `where`."""
    head = EMBEDDED.match(address)
    try:
        data = base64.b64decode(address[head.end() :], validate=True) if head else b""
    except ValueError:  # not base64
        data = b""
    if not data:
        begun = printable(address, 40)
        raise DataError(
            f"{where}: {begun} is not a picture in base64; write data:image/png;base64, and its bytes"
        )
    return data
