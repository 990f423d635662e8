"""The web page in a real Chromium, as two visitors at once; without one it is skipped, unless CI asks."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

import web_demo_vlm
from dataset.errors import DataError
from web_demo_vlm import Args, Demo, Visitor, checkpoints

ROOT = Path(__file__).parent.parent
TINY = ROOT / "weights/tiny"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
PATIENCE = 60_000  # ms
SLOW = """
import time, sys, web_demo_vlm
from scoring.conversation import Conversation
ask = Conversation.ask
def slowly(*args, **choices):
    for piece in ask(*args, **choices):
        time.sleep(0.3)
        yield piece
Conversation.ask = slowly
web_demo_vlm.main(sys.argv[1:])
"""
COPY = """async (bytes) => {
    const picture = new Blob([new Uint8Array(bytes)], {type: 'image/png'});
    await navigator.clipboard.write([new ClipboardItem({'image/png': picture})]);
}"""
FILMING = """() => {
    const video = document.querySelector('#picture video');
    return video && video.currentTime > 0.5;
}"""
CAMERA = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]  # it films a test pattern
WATCH = """() => {
    const chat = document.querySelector('#chat');
    window.seen = new Set();
    new MutationObserver(() => window.seen.add(chat.innerText.length))
        .observe(chat, {subtree: true, childList: true, characterData: true});
}"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("web") / "log", "web_demo_vlm.py") as url:
        yield url


@contextmanager
def served(log: Path, *code: str) -> Iterator[str]:
    """The address of a server of its own, on this machine alone."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    env = os.environ | {"GRADIO_TEMP_DIR": str(log.parent)}
    with open(log, "w") as out:
        command = [
            sys.executable,
            *code,
            "--port",
            str(port),
            "--max_upload_mb",
            "1",
            "--models",
            "weights/tiny",
        ]
        server = subprocess.Popen(command, cwd=ROOT, env=env, stdout=out, stderr=out)
    try:
        for _ in range(240):
            if server.poll() is not None:
                pytest.fail(log.read_text())
            try:
                urllib.request.urlopen(url, timeout=1)
                break
            except OSError:
                time.sleep(0.5)
        yield url
    finally:
        server.terminate()
        server.wait(20)
    assert "Traceback" not in log.read_text(), log.read_text()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium: .ci/run installs one")
        pytest.skip("no Chromium here; apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", *CAMERA])
        yield browser
        browser.close()


def visit(browser: Browser, address: str, language: str = "en-US") -> Page:
    page = browser.new_context(locale=language, viewport={"width": 1200, "height": 1150}).new_page()
    page.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    page.goto(address)
    page.wait_for_selector("#question textarea")
    return page


def ask(page: Page, question: str) -> None:
    page.fill("#question textarea", question)
    page.press("#question textarea", "Enter")


@pytest.mark.slow
def test_two_visitors_at_once(browser: Browser, address: str, tmp_path: Path) -> None:
    one, other = visit(browser, address), visit(browser, address)
    one.set_input_files("#picture input[type=file]", TINY / "example.png")
    expect(one.locator("#pictures img")).to_have_count(1)
    other.click("#scene")
    expect(other.locator("#pictures img")).to_have_count(1)
    ask(one, "What colour is the boat?")
    ask(other, "Describe the picture.")
    expect(one.locator("#chat")).to_contain_text("yellow")
    expect(other.locator("#words")).to_contain_text(re.compile(r"\w+\s+\w+"))
    assert "boat?" not in other.inner_text("#chat") and "Describe" not in one.inner_text("#chat")
    expect(one.locator("#pictures img")).to_have_count(1)
    newcomer = visit(browser, address)
    assert newcomer.locator("#pictures img").count() == 0 and "yellow" not in newcomer.inner_text("#chat")


@pytest.mark.slow
def test_an_answer_comes_in_pieces_and_its_words_look_somewhere(browser: Browser, address: str) -> None:
    page = visit(browser, address)
    page.set_input_files("#picture input[type=file]", TINY / "example.png")
    expect(page.locator("#pictures img")).to_have_count(1)
    page.evaluate(WATCH)
    ask(page, "Describe the picture.")
    word = page.locator("#words").get_by_text("boat", exact=True).first
    word.click()
    page.wait_for_selector("#heat img")
    assert len(page.evaluate("() => [...window.seen]")) > 3, "it came all at once"
    ask(page, "What colour is the boat?")
    expect(page.locator("#words").get_by_text("yellow", exact=True)).to_have_count(1)
    if picture := os.environ.get("SCREENSHOT"):
        page.locator("#words").get_by_text("yellow", exact=True).click()
        page.wait_for_selector("#heat img")
        page.wait_for_timeout(1500)
        page.screenshot(path=picture)
    page.click("#restart")
    expect(page.locator("#pictures img")).to_have_count(0)
    expect(page.locator("#chat")).not_to_contain_text("yellow")


@pytest.mark.slow
def test_bad_files_are_told_and_change_nothing(browser: Browser, address: str, tmp_path: Path) -> None:
    page = visit(browser, address)
    (tmp_path / "bad.png").write_text("no picture at all")
    (tmp_path / "large.png").write_bytes((TINY / "example.png").read_bytes() + b"\0" * 2_000_000)
    for name, told in (("bad.png", "not a picture"), ("large.png", "exceed the maximum allowed size")):
        page.set_input_files("#picture input[type=file]", tmp_path / name)
        expect(page.locator(".toast-body").filter(has_text=told)).to_have_count(1)
    assert page.locator("#pictures img").count() == 0
    page.reload()
    ask(page, "Is anybody there?")
    expect(page.locator("#chat .bot")).to_have_count(1)


@pytest.mark.slow
def test_pictures_are_pasted_and_filmed(browser: Browser, address: str) -> None:
    page = visit(browser, address)
    page.context.grant_permissions(["clipboard-read", "clipboard-write", "camera"])
    page.evaluate(COPY, list((TINY / "example.png").read_bytes()))
    page.get_by_label("Paste from clipboard").click()
    expect(page.locator("#pictures img")).to_have_count(1)
    ask(page, "What colour is the boat?")
    expect(page.locator("#chat")).to_contain_text("yellow")
    page.get_by_label("Capture from camera").click()
    page.get_by_text("Click to Access Webcam").click()
    page.wait_for_function(FILMING)
    page.get_by_label("capture photo").click()
    expect(page.locator("#pictures img")).to_have_count(2)


@pytest.mark.slow
def test_an_answer_can_be_stopped(browser: Browser, tmp_path: Path) -> None:
    with served(tmp_path / "log", "-c", SLOW) as address:
        page = visit(browser, address)
        page.set_input_files("#picture input[type=file]", TINY / "example.png")
        expect(page.locator("#pictures img")).to_have_count(1)
        ask(page, "Describe the picture.")
        expect(page.locator("#chat .bot")).to_contain_text(re.compile(r"\w+ \w+"))
        page.click("#stop")
        page.wait_for_timeout(1000)
        said = page.inner_text("#chat .bot")
        page.wait_for_timeout(2000)
        assert page.inner_text("#chat .bot") == said and "." not in said
        ask(page, "What colour is the boat?")
        expect(page.locator("#chat")).to_contain_text("yellow")


@pytest.mark.slow
def test_it_speaks_the_languages_of_the_browser(browser: Browser, address: str) -> None:
    page = visit(browser, address, "zh-CN")
    expect(page.locator("#ask")).to_have_text("提问")
    page.click("#scene")
    expect(page.locator("#pictures img")).to_have_count(1)
    page.get_by_text("图中的真实内容").click()
    expect(page.locator("#truth")).to_contain_text(re.compile("[a-z]{2}.*[.]|[一-龥]{2}.*。"))
    ask(page, "描述一下这张图片。")
    expect(page.locator("#chat .bot")).to_contain_text(re.compile("[一-龥]{4}"))


def test_only_what_is_offered_is_opened(tmp_path: Path) -> None:
    photo = str(ROOT / "weights/photo")
    assert checkpoints((ROOT / "weights",)) == [photo, str(TINY)]  # the page opens with the first
    assert checkpoints((TINY, ROOT / "weights")) == [str(TINY), photo]
    assert Demo(Args(models=(TINY,))).storyteller() == str(TINY)
    with pytest.raises(DataError, match=r"no model\.safetensors below"):
        checkpoints((tmp_path,))
    demo = Demo(Args(models=(TINY,)))
    with pytest.raises(DataError, match="is not one of the models offered"):
        list(demo.ask("hi", "/etc", Visitor(), 0, 0, 1, 1, 4))
    with pytest.raises(DataError, match="ask something, in 2,000 letters at most"):
        list(demo.ask("a" * 3000, str(TINY), Visitor(), 0, 0, 1, 1, 4))
    visitor = Visitor()
    for _ in range(web_demo_vlm.MAX_PICTURES):
        demo.add(str(TINY / "example.png"), visitor)
    with pytest.raises(DataError, match="8 pictures at most"):
        demo.add(str(TINY / "example.png"), visitor)
