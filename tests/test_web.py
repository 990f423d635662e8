"""The web page in a real Chromium, as two visitors at once; without one it is skipped, unless CI asks."""

import io
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
from PIL import Image, ImageOps
from playwright.sync_api import Browser, Page, expect, sync_playwright

from talk.card import Card

ROOT = Path(__file__).parent.parent
TINY = ROOT / "weights/tiny"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
PATIENCE = 240_000  # ms, on a machine that others use, too
STARTING = 400  # s
SLOW = """
import time, sys, web_demo_vlm
from talk.conversation import Conversation
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
        until = time.monotonic() + STARTING
        while True:
            if server.poll() is not None:
                pytest.fail(log.read_text())
            try:
                urllib.request.urlopen(url, timeout=1)
                break
            except OSError:
                assert time.monotonic() < until, f"it did not start in {STARTING} s"
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


def visit(browser: Browser, address: str, language: str = "en-US", **screen: object) -> Page:
    """A newcomer's page, with the example on it."""
    screen = {"viewport": {"width": 1200, "height": 1150}} | screen
    page = browser.new_context(locale=language, **screen).new_page()
    page.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    page.goto(address)
    expect(page.locator("#pictures img")).to_have_count(1)
    return page


def shot(page: Page, name: str) -> None:
    """A screenshot, where SCREENSHOTS names a folder for them: to be looked at."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.wait_for_timeout(1500)
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def attach(page: Page, file: Path) -> None:
    """Once the field is empty: while it still shows the file before, a new one can get lost."""
    expect(page.locator("#picture").get_by_test_id("upload-text")).to_be_visible()
    page.set_input_files("#picture input[type=file]", file)


def ask(page: Page, question: str) -> None:
    page.fill("#question textarea", question)
    page.press("#question textarea", "Enter")


@pytest.mark.slow
def test_two_visitors_at_once(browser: Browser, address: str, tmp_path: Path) -> None:
    one, other = visit(browser, address), visit(browser, address)
    other.click("#scene")
    expect(other.locator("#truth")).to_be_visible()
    ask(one, "What colour is the boat?")
    ask(other, "Describe the picture.")
    expect(one.locator("#chat")).to_contain_text("yellow")
    expect(other.locator("#words")).to_contain_text(re.compile(r"\w+\s+\w+"))
    assert "boat?" not in other.inner_text("#chat") and "Describe" not in one.inner_text("#chat")
    expect(one.locator("#pictures img")).to_have_count(1)
    newcomer = visit(browser, address)
    assert "yellow" not in newcomer.inner_text("#chat")


@pytest.mark.slow
def test_an_answer_comes_in_pieces_and_its_words_look_somewhere(browser: Browser, address: str) -> None:
    page = visit(browser, address)
    page.evaluate(WATCH)
    ask(page, "Describe the picture.")
    word = page.locator("#words").get_by_text("boat", exact=True).first
    word.click()
    page.wait_for_selector("#heat img")
    assert len(page.evaluate("() => [...window.seen]")) > 3, "it came all at once"
    ask(page, "What colour is the boat?")
    expect(page.locator("#words").get_by_text("yellow", exact=True)).to_have_count(1)
    expect(page.locator("#heat")).to_be_hidden()
    page.click("#restart")
    expect(page.locator("#pictures img")).to_have_count(0)
    expect(page.locator("#chat")).not_to_contain_text("yellow")


@pytest.mark.slow
def test_bad_files_are_told_and_change_nothing(browser: Browser, address: str, tmp_path: Path) -> None:
    page = visit(browser, address)
    (tmp_path / "bad.png").write_text("no picture at all")
    (tmp_path / "large.png").write_bytes((TINY / "example.png").read_bytes() + b"\0" * 2_000_000)
    for name, told in (("bad.png", "not a picture"), ("large.png", "exceed the maximum allowed size")):
        attach(page, tmp_path / name)
        expect(page.locator(".toast-body").filter(has_text=told)).to_have_count(1)
    expect(page.locator("#picture img")).to_have_count(0)
    assert page.locator("#pictures img").count() == 1
    ask(page, "What is <image> and <image>?")  # as HTML there would be nothing between the words
    expect(page.locator(".toast-body").filter(has_text="the question has 2 <image> for 1")).to_have_count(1)
    page.wait_for_timeout(1000)
    assert "Error" not in page.inner_text("#board"), "it lies over what was typed"
    ask(page, "Is anybody there?")
    expect(page.locator("#chat .bot")).to_have_count(1)


@pytest.mark.slow
def test_pictures_are_pasted_and_filmed(browser: Browser, address: str) -> None:
    page = visit(browser, address)
    page.context.grant_permissions(["clipboard-read", "clipboard-write", "camera"])
    other = io.BytesIO()
    ImageOps.mirror(Image.open(TINY / "example.png")).save(other, "png")
    page.evaluate(COPY, list(other.getvalue()))
    example = page.locator("#pictures img").get_attribute("src")
    page.get_by_label("Paste from clipboard").click()
    expect(page.locator("#pictures img")).not_to_have_attribute("src", example)
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
def test_it_opens_with_an_example_and_questions_to_click(browser: Browser, address: str) -> None:
    page, card = visit(browser, address), Card.load(TINY)
    expect(page.locator("#knows")).to_have_text(card.summary)
    expect(page.locator("#tries button")).to_have_text(card.to_try(in_chinese=False))
    for empty in ("#words", "#heat", "#truth", "#model"):
        expect(page.locator(empty)).to_be_hidden()
    whole, picture = (page.locator(part).bounding_box() for part in ("#pictures", "#pictures img"))
    assert picture["y"] + picture["height"] <= whole["y"] + whole["height"], "it is cut off"
    shot(page, "opened")
    page.locator("#tries button").first.click()
    expect(page.locator("#chat .bot")).to_have_count(1)
    expect(page.locator("#chat .user img")).to_have_count(1)
    ask(page, "What colour is the bird?")
    expect(page.locator("#chat .bot")).to_have_count(2)
    expect(page.locator("#words").get_by_text("red", exact=True)).to_have_count(1)  # all of it is there
    attach(page, TINY / "example.png")
    expect(page.locator("#chat .bot")).to_have_count(0)  # one's own picture, another conversation
    ask(page, "What colour is the boat?")
    expect(page.locator("#words").get_by_text("yellow", exact=True)).to_have_count(1)
    attach(page, TINY / "example.png")
    expect(page.locator("#pictures img")).to_have_count(2)
    ask(page, "What colour is the bird?")
    expect(page.locator("#chat .bot")).to_have_count(2)
    expect(page.locator("#chat .user img")).to_have_count(2)
    shot(page, "two_pictures")


@pytest.mark.slow
def test_a_picture_is_removed_and_another_asked_for(browser: Browser, address: str) -> None:
    page = visit(browser, address)
    ask(page, "What colour is the boat?")
    expect(page.locator("#words").get_by_text("yellow", exact=True)).to_have_count(1)
    page.get_by_label("Delete image").click()
    expect(page.locator("#pictures")).to_be_hidden()
    expect(page.locator("#words")).to_be_hidden()
    expect(page.locator("#chat")).to_contain_text("Add a picture first")
    ask(page, "What colour is the boat?")
    expect(page.locator(".toast-body").filter(has_text="Add a picture first")).to_have_count(1)
    assert page.input_value("#question textarea") == "What colour is the boat?"
    expect(page.locator("#tries button").first).to_be_hidden()
    shot(page, "no_picture")
    attach(page, TINY / "example.png")
    expect(page.locator("#pictures img")).to_have_count(1)
    page.press("#question textarea", "Enter")
    expect(page.locator("#chat")).to_contain_text("yellow")


@pytest.mark.slow
def test_on_a_narrow_screen_the_question_is_in_sight(browser: Browser, address: str) -> None:
    page = visit(browser, address, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    field = page.locator("#question textarea").bounding_box()
    assert field["y"] + field["height"] < 844 and page.evaluate("document.body.scrollWidth") <= 390
    delete = page.get_by_label("Delete image")
    assert delete.evaluate("button => getComputedStyle(button).opacity") == "1", "a finger does not hover"
    fingers = page.locator("#board button:visible:not(.thumbnail-item, .upload-container)").all()
    assert len(fingers) > 8 and min(button.bounding_box()["height"] for button in fingers) >= 44
    ask(page, "What colour is the boat?")
    expect(page.locator("#words").get_by_text("yellow", exact=True)).to_be_visible()
    shot(page, "narrow")


@pytest.mark.slow
def test_it_is_dark_where_the_browser_is(browser: Browser, address: str) -> None:
    page = visit(browser, address, color_scheme="dark")
    for name, property, dark in (("body", "backgroundColor", True), ("#knows p", "color", False)):
        colour = page.eval_on_selector(name, f"part => getComputedStyle(part).{property}")
        assert (sum(map(int, re.findall(r"\d+", colour)[:3])) < 3 * 128) == dark, (name, colour)
    ask(page, "What colour is the boat?")
    page.locator("#words").get_by_text("yellow", exact=True).click()
    page.wait_for_selector("#heat img")
    shot(page, "dark")


@pytest.mark.slow
def test_it_speaks_the_languages_of_the_browser(browser: Browser, address: str) -> None:
    page = visit(browser, address, "zh-CN")
    expect(page.locator("#ask")).to_have_text("提问")
    expect(page.locator("#tries button")).to_have_text(Card.load(TINY).to_try(in_chinese=True))
    ask(page, "描述一下这张图片。")
    expect(page.locator("#words").get_by_text("黄色", exact=True).first).to_be_visible()
    expect(page.locator("#knows")).to_have_text(Card.load(TINY).summary_zh)
    expect(page.locator("#chat .message-buttons-right").first).to_be_hidden()  # Gradio's button to share
    page.click("#scene")
    page.get_by_text("这幅场景里真正有什么").click()
    expect(page.locator("#truth")).to_contain_text(re.compile("[一-龥]{2}.*。"))
    ask(page, "描述一下这张图片。")
    expect(page.locator("#chat .bot")).to_contain_text(re.compile("[一-龥]{4}"))
