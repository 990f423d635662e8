"""Addresses: what is fetched, what is refused, and that neither size nor time is without bound."""

import http.server
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from dataset.errors import DataError
from dataset.images import fetch
from dataset.images import load as images
from dataset.images.load import load_image


class Server(http.server.BaseHTTPRequestHandler):
    """/a.png is a picture, /none.png is not there, /away leads elsewhere, /drip never ends, and neither do
    the headers of /slow, nor what is written beside where /endless leads."""

    picture: bytes

    def do_GET(self) -> None:
        if self.path == "/none.png":
            return self.send_error(404)
        self.send_response(302 if self.path.startswith(("/away", "/endless")) else 200)
        if self.path.startswith("/away"):
            self.send_header("Location", self.path.removeprefix("/away?"))
        if self.path == "/endless":
            self.send_header("Location", "/a.png")
        self.flush_headers() if self.path == "/slow" else self.end_headers()
        for _ in range(100 if self.path in ("/drip", "/slow", "/endless") else 0):
            time.sleep(0.05)
            try:
                self.wfile.write(b"x")
                self.wfile.flush()
            except OSError:  # they had enough
                return
        if self.path in ("/a.png", "/%E7%8C%AB%201.png?x=%C3%A9"):
            self.wfile.write(self.picture)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    Image.effect_noise((6, 4), 50).convert("RGB").save(tmp_path / "a.png")
    Server.picture = (tmp_path / "a.png").read_bytes()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(fetch.ALLOWED, "1")


def test_a_picture_is_fetched(url: str, allowed: None) -> None:
    assert load_image(f"{url}/a.png").size == (6, 4)


def test_an_address_may_have_any_letters(url: str, allowed: None) -> None:
    assert load_image(f"{url}/猫 1.png?x=é").size == (6, 4)
    assert load_image(f"{url}/%E7%8C%AB%201.png?x=%C3%A9").size == (6, 4)
    assert fetch.in_ascii("https://bücher.example:80/ä") == "https://xn--bcher-kva.example:80/%C3%A4"
    plain = "http://u@[::1]:8/a;b/c?d=e&f=%20+,#g"
    assert fetch.in_ascii(plain) == plain
    assert load_image(f"{url}/away?{url}/a.png").size == (6, 4)
    with pytest.raises(DataError, match=r"/none\.png: cannot be fetched .*404.*download it"):
        load_image(f"{url}/none.png")


def test_size_and_time_are_bounded(url: str, allowed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "URL_BYTES", 20)
    with pytest.raises(DataError, match=r"more than .* MB"):
        load_image(f"{url}/a.png")
    monkeypatch.setattr(images, "URL_SECONDS", 0.3)
    monkeypatch.setattr(images, "URL_BYTES", 1000)
    for path in ("drip", "slow", f"away?{url}/slow"):
        begun = time.monotonic()
        with pytest.raises(DataError, match=r"not done in 0.3 seconds"):
            load_image(f"{url}/{path}")
        assert time.monotonic() - begun < 3
    begun = time.monotonic()
    assert load_image(f"{url}/endless").size == (6, 4)
    assert time.monotonic() - begun < 3


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "10.0.0.1", "192.168.1.1",
             "169.254.169.254", "172.16.0.9", "[fe80::1]", "[fd00::1]", "2130706433", "0x7f.1"]
)  # fmt: skip
def test_private_addresses_are_refused(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(fetch.ALLOWED, raising=False)
    with pytest.raises(DataError, match="private address"):
        load_image(f"http://{host}/a.png")


def test_names_are_judged_by_what_they_resolve_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where one of several addresses is private, and only the address that was judged is used."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 80)) for ip in ("93.184.216.34", "10.1.1.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(DataError, match=r"innocent.example is the private address 10.1.1.1"):
        load_image("http://innocent.example/a.png")
    connected = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found[:1])
    monkeypatch.setattr(socket, "create_connection", lambda address, *_, **__: connected.append(address))
    fetch.public_connection(("innocent.example", 80))
    assert connected == [("93.184.216.34", 80)]


def test_redirects_are_judged_again(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    judged = []
    monkeypatch.setattr(fetch, "is_public", lambda ip: judged.append(ip) or len(judged) == 1)
    with pytest.raises(DataError, match="private address"):
        load_image(f"{url}/away?{url}/a.png")
    assert len(judged) == 2


@pytest.mark.parametrize("to", ["file:///etc/passwd", "ftp://127.0.0.1/a.png"])
def test_redirects_stay_on_the_web(to: str, url: str, allowed: None) -> None:
    with pytest.raises(DataError, match="cannot be fetched"):
        load_image(f"{url}/away?{to}")


@pytest.mark.parametrize("url", ["ftp://host/a.png", "file:///etc/passwd", "data://x"])
def test_other_schemes_are_refused(url: str) -> None:
    with pytest.raises(DataError, match="only http:// and https://"):
        load_image(url)


def test_addresses_written_as_others_are_judged_by_what_they_are() -> None:
    assert (
        fetch.is_public("8.8.8.8")
        and fetch.is_public("::ffff:8.8.8.8")
        and fetch.is_public("2001:4860:4860::8888")
    )
    for private in ("::ffff:127.0.0.1", "::ffff:10.0.0.1", "fe80::1%eth0", "::", "224.0.0.1"):
        assert not fetch.is_public(private)
