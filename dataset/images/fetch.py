"""Fetch a file from the web, from public addresses alone, in bounded time and size.

Whoever writes a data file or types an address into a demo must not reach what only this machine can: its
own services, its network's, a cloud's metadata. So every connection, those of redirects too, resolves its
host itself, refuses it if any of its addresses is not public, and connects to the one it has looked at.
"""

import functools
import http.client
import io
import ipaddress
import os
import socket
import string
import time
import urllib.request
from urllib.parse import quote

CHUNK = 65536
ALLOWED = "GLIMPSE_PRIVATE_URLS"  # set to 1: private addresses, too


def fetch(url: str, seconds: float, most: int) -> bytes:
    """The body of an http(s) address. Raises OSError or ValueError with the reason."""
    request = urllib.request.Request(in_ascii(url), headers={"User-Agent": "glimpse"})
    request.deadline = time.monotonic() + seconds
    try:
        with OPENER.open(request, timeout=seconds) as response:
            data = b""
            while chunk := response.read1(CHUNK):
                data += chunk
                if len(data) > most:
                    raise ValueError(f"more than {most // 1_000_000} MB")
    except TimeoutError:
        raise ValueError(f"not done in {seconds:g} seconds") from None
    return data


def left(deadline: float) -> float:
    """Seconds. Raises TimeoutError where there are none."""
    if (seconds := deadline - time.monotonic()) <= 0:
        raise TimeoutError
    return seconds


def in_ascii(url: str) -> str:
    """An address as it goes over the wire: the host's letters by IDNA, others in per cent (RFC 3987, 3.1)."""
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    host = host if host.isascii() else host.encode("idna").decode()
    return f"{scheme}://{host}{slash}{quote(path, safe=string.punctuation)}"


def public_connection(address: tuple[str, int], *args: object, **choices: object) -> socket.socket:
    """As `socket.create_connection`, to public addresses only."""
    host, port = address
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for *_, where in found:
        if not is_public(where[0]) and os.environ.get(ALLOWED) != "1":
            raise ValueError(f"{host} is the private address {where[0]}; {ALLOWED}=1 allows it")
    return socket.create_connection(found[0][-1][:2], *args, **choices)


def is_public(address: str) -> bool:
    """Not of this machine, its network, or reserved; "::ffff:127.0.0.1" is 127.0.0.1."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    return (getattr(ip, "ipv4_mapped", None) or ip).is_global and not ip.is_multicast


class Timed(io.RawIOBase):
    """What comes over a connection until the deadline: its own timeout is of one read, and begins anew with
    each byte, of headers, too."""

    def __init__(self, raw: io.RawIOBase, connection: socket.socket, deadline: float) -> None:
        self.raw, self.connection, self.deadline = raw, connection, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int | None:
        self.connection.settimeout(left(self.deadline))
        return self.raw.readinto(buffer)

    def close(self) -> None:
        self.raw.close()
        super().close()


class Response(http.client.HTTPResponse):
    def __init__(self, connection: socket.socket, *args: object, deadline: float, **choices: object) -> None:
        super().__init__(connection, *args, **choices)
        self.fp = io.BufferedReader(Timed(self.fp.detach(), connection, deadline))


class PublicHTTP(http.client.HTTPConnection):
    def __init__(self, *args: object, deadline: float, **choices: object) -> None:
        super().__init__(*args, **choices)
        self._create_connection = public_connection
        self.response_class = functools.partial(Response, deadline=deadline)


class PublicHTTPS(http.client.HTTPSConnection):
    def __init__(self, *args: object, deadline: float, **choices: object) -> None:
        super().__init__(*args, **choices)
        self._create_connection = public_connection
        self.response_class = functools.partial(Response, deadline=deadline)


class HTTPHandler(urllib.request.HTTPHandler):
    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(PublicHTTP, request, deadline=request.deadline)


class HTTPSHandler(urllib.request.HTTPSHandler):
    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(PublicHTTPS, request, deadline=request.deadline)


class RedirectHandler(urllib.request.HTTPRedirectHandler):
    """All of them have the time of one address together; what is written beside "elsewhere" is not read."""

    def redirect_request(
        self, request: urllib.request.Request, response: http.client.HTTPResponse, *told: object
    ) -> urllib.request.Request:
        response.close()
        following = super().redirect_request(request, response, *told)
        request.timeout = left(request.deadline)  # which the next one is opened with
        following.deadline = request.deadline
        return following


OPENER = urllib.request.OpenerDirector()  # neither files, nor ftp, nor the environment's proxies
for handler in (
    HTTPHandler,
    HTTPSHandler,
    RedirectHandler,
    urllib.request.HTTPErrorProcessor,
    urllib.request.HTTPDefaultErrorHandler,
    urllib.request.UnknownHandler,
):
    OPENER.add_handler(handler())
