"""Fetch a file from the web, from public addresses alone, in bounded time and size.

Whoever writes a data file or types an address into a demo must not reach what only this machine can: its
own services, its network's, a cloud's metadata. So every connection, those of redirects too, resolves its
host itself, refuses it if any of its addresses is not public, and connects to the one it has looked at.
"""

import http.client
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
    deadline = time.monotonic() + seconds
    request = urllib.request.Request(in_ascii(url), headers={"User-Agent": "glimpse"})
    with OPENER.open(request, timeout=seconds) as response:
        data = b""
        while chunk := response.read1(CHUNK):
            data += chunk
            if len(data) > most:
                raise ValueError(f"more than {most // 1_000_000} MB")
            if time.monotonic() > deadline:
                raise ValueError(f"not done in {seconds:g} seconds")
    return data


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


class PublicHTTP(http.client.HTTPConnection):
    def __init__(self, *args: object, **choices: object) -> None:
        super().__init__(*args, **choices)
        self._create_connection = public_connection


class PublicHTTPS(http.client.HTTPSConnection):
    def __init__(self, *args: object, **choices: object) -> None:
        super().__init__(*args, **choices)
        self._create_connection = public_connection


class HTTPHandler(urllib.request.HTTPHandler):
    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(PublicHTTP, request)


class HTTPSHandler(urllib.request.HTTPSHandler):
    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(PublicHTTPS, request)


OPENER = urllib.request.OpenerDirector()  # neither files, nor ftp, nor the environment's proxies
for handler in (
    HTTPHandler,
    HTTPSHandler,
    urllib.request.HTTPRedirectHandler,
    urllib.request.HTTPErrorProcessor,
    urllib.request.HTTPDefaultErrorHandler,
    urllib.request.UnknownHandler,
):
    OPENER.add_handler(handler())
