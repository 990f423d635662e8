"""The server, asked by OpenAI's own client: what it answers, refuses and survives."""

import base64
import http.client
import io
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from unittest.mock import Mock

import openai
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import serve_vlm
import web_demo_vlm
from dataset.chat.render import Chat
from dataset.errors import DataError
from dataset.images.load import load_image
from scoring.assistant import Assistant, with_pictures
from serve.answer import longest, until_stop
from serve.app import Desk, server
from serve.ask import Asked, Limits, read_request
from serve.errors import as_refusal
from serve.line import Line
from tests.conftest import scrambled, untaught
from tests.test_fuzz import FUZZ, JSON, is_one_line

NEW = 10  # tokens
PATIENCE = 60  # seconds


def picture(seed: int) -> bytes:
    file = io.BytesIO()
    generator = torch.Generator().manual_seed(seed)
    pixels = torch.randint(0, 256, (9, 12, 3), generator=generator, dtype=torch.uint8)
    Image.fromarray(pixels.numpy()).save(file, "PNG")
    return file.getvalue()


def data(file: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(file).decode()


def shown(address: str) -> dict:
    return {"type": "image_url", "image_url": {"url": address}}


def user(text: str, *files: bytes) -> dict:
    words = {"type": "text", "text": text}
    return {"role": "user", "content": [words, *(shown(data(file)) for file in files)]}


def terminals(assistant: Assistant, asked: list[dict], **choices: object) -> str:
    """What the terminal says to the same."""
    messages, images = [], []
    for turn in asked:
        parts = turn["content"] if isinstance(turn["content"], list) else [{"text": turn["content"]}]
        texts = [part["text"] for part in parts if "text" in part]
        files = [base64.b64decode(p["image_url"]["url"].split(",")[1]) for p in parts if "image_url" in p]
        messages.append({"role": turn["role"], "content": with_pictures("\n".join(texts), len(files))})
        images += [load_image(file) for file in files]
    return "".join(assistant.stream(messages, images, **{"max_new_tokens": NEW} | choices))


@contextmanager
def serving(assistant: Assistant, **limits: float) -> Iterator[SimpleNamespace]:
    desk = Desk(assistant, "tiny", Limits(**limits))
    running = server(desk)
    with socket.create_server(("127.0.0.1", 0)) as door:
        thread = threading.Thread(target=running.run, args=([door],))
        thread.start()
        port = door.getsockname()[1]
        url = f"http://127.0.0.1:{port}/v1"
        client = openai.OpenAI(base_url=url, api_key="none", max_retries=0, timeout=PATIENCE)
        yield SimpleNamespace(desk=desk, port=port, client=client, assistant=assistant)
        client.close()
        running.should_exit = True
        thread.join(PATIENCE)
    assert not thread.is_alive() and desk.places.free == desk.places.number


@pytest.fixture(scope="module")
def talker(chat: Chat) -> Assistant:
    assistant = untaught(chat)
    scrambled(assistant.vlm)
    return assistant.quickened()


@pytest.fixture(scope="module")
def here(talker: Assistant) -> Iterator[SimpleNamespace]:
    with serving(talker, places=64, max_body_mb=1, max_pictures=3, max_n=3, max_tokens=300) as found:
        yield found


class Slow(Assistant):
    """Takes its time for each token, and counts them."""

    seconds, made = 0.02, 0

    def tokens(self, *args: object, **choices: object) -> Iterator[int]:
        for id in super().tokens(*args, **choices):
            time.sleep(self.seconds)
            self.made += 1
            yield id


@pytest.fixture
def slow(talker: Assistant) -> Slow:
    return Slow(talker.vlm, talker.chat, talker.preprocessor)


def ask(here: SimpleNamespace, *messages: dict, **choices: object) -> openai.types.chat.ChatCompletion:
    choices = {"model": "tiny", "max_tokens": NEW} | choices
    return here.client.chat.completions.create(messages=list(messages), **choices)


def wait_until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


ONE, OTHER = picture(1), picture(2)
SAID = {"role": "assistant", "content": "a cat"}
ASKED = {
    "words": [user("hi")],
    "plain": [{"role": "user", "content": "hi"}],
    "picture": [user("what is this?", ONE)],
    "two": [user("and these?", ONE, OTHER)],
    "system": [{"role": "system", "content": "be brief"}, user("hi", ONE)],
    "turns": [user("what is this?", ONE), SAID, user("and this?", OTHER)],
    "placed": [user("between <image> and <image>?", ONE, OTHER)],
}


@pytest.mark.parametrize("kind", ASKED)
def test_answers_are_the_terminals_whole_and_streamed(kind: str, here: SimpleNamespace) -> None:
    expected = terminals(here.assistant, ASKED[kind])
    answer = ask(here, *ASKED[kind])
    assert answer.choices[0].message.content == expected and answer.object == "chat.completion"
    assert answer.choices[0].finish_reason == "length" and answer.model == "tiny"
    chunks = list(ask(here, *ASKED[kind], stream=True, stream_options={"include_usage": True}))
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    assert "".join(delta.content or "" for delta in deltas) == expected and deltas[0].role == "assistant"
    assert len(deltas) > 3 and chunks[-1].usage == answer.usage and chunks[-2].choices[0].finish_reason


def test_usage_is_the_tokenizers(here: SimpleNamespace) -> None:
    usage = ask(here, *ASKED["two"], n=2).usage
    prompt = here.assistant.chat.prompt([{"role": "user", "content": "<image>\n<image>\nand these?"}])
    assert (usage.prompt_tokens, usage.completion_tokens) == (len(prompt), 2 * NEW)
    assert usage.total_tokens == len(prompt) + 2 * NEW


def test_sampling_is_seeded_as_the_terminals(here: SimpleNamespace) -> None:
    torch.manual_seed(7)
    how = {"temperature": 1.0, "top_p": 0.9}
    expected = terminals(here.assistant, ASKED["picture"], **how)
    one, two = (ask(here, *ASKED["picture"], seed=7, n=3, **how) for _ in range(2))
    said = [choice.message.content for choice in one.choices]
    assert said == [choice.message.content for choice in two.choices] and said[0] == expected
    assert len(set(said)) == 3 and [choice.index for choice in one.choices] == [0, 1, 2]
    assert len({ask(here, *ASKED["picture"], **how).choices[0].message.content for _ in range(3)}) > 1
    streamed = [""] * 3
    for chunk in ask(here, *ASKED["picture"], seed=7, n=3, stream=True, **how):
        streamed[chunk.choices[0].index] += chunk.choices[0].delta.content or ""
    assert streamed == said


def test_an_answer_ends_before_a_stop(here: SimpleNamespace) -> None:
    expected = terminals(here.assistant, ASKED["picture"])
    stop = expected[len(expected) // 2 :][:2]
    wanted = expected[: expected.index(stop)]
    (choice,) = ask(here, *ASKED["picture"], stop=["never said", stop]).choices
    assert (choice.message.content, choice.finish_reason) == (wanted, "stop")
    chunks = list(ask(here, *ASKED["picture"], stop=stop, stream=True))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == wanted
    assert chunks[-1].choices[0].finish_reason == "stop"


def test_an_answer_that_ends_by_itself_says_so(talker: Assistant) -> None:
    third = list(talker.tokens([{"role": "user", "content": "hi"}], [], max_new_tokens=3))[-1]
    whole = talker.vlm.config
    talker.vlm.config = replace(whole, eos_token_id=third)
    try:
        with serving(talker) as here:
            answer = ask(here, user("hi"))
    finally:
        talker.vlm.config = whole
    assert answer.choices[0].finish_reason == "stop" and answer.usage.completion_tokens <= 3


@FUZZ
@given(st.text("ab", max_size=12), st.lists(st.text("ab", min_size=1, max_size=4), max_size=3), st.data())
def test_stops_are_found_however_a_text_is_cut(text: str, stops: list[str], draw: st.DataObject) -> None:
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(text)), max_size=5)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    (kept, found), (letters, too) = (
        ("".join(piece for piece, _ in told), told[-1][1])
        for told in (list(until_stop(pieces, stops)), list(until_stop(text, stops)))
    )
    assert (kept, found) == (letters, too) and text.startswith(kept)
    assert found == any(stop in text for stop in stops) and not any(stop in kept for stop in stops)
    assert found or kept == text


def test_models_are_listed(here: SimpleNamespace) -> None:
    assert [model.id for model in here.client.models.list()] == ["tiny"]
    assert here.client.models.retrieve("tiny").object == "model"
    with pytest.raises(openai.NotFoundError, match="no model 'gpt-9' here; it is 'tiny'") as told:
        here.client.models.retrieve("gpt-9")
    assert told.value.code == "model_not_found"


MISTAKES = {  # what is sent -> the field at fault, what is said of it
    "role": ({"messages": [{"role": "cat", "content": "hi"}]}, "messages", "messages.0.role: .*'user'"),
    "no messages": ({"messages": []}, "messages", "messages: List should have at least 1 item"),
    "number": ({"messages": [{"role": "user", "content": 5}]}, "messages", r"messages\.0\.content: .*list"),
    "part": ({"messages": [{"role": "user", "content": [{"type": "audio"}]}]}, "messages", "'image_url'"),
    "address": (
        {"messages": [user("hi") | {"content": [{"type": "image_url", "image_url": "http://a/b.png"}]}]},
        "messages",
        r'image_url: should be an object: "image_url": \{',
    ),
    "answered": ({"messages": [user("hi"), SAID]}, "messages", "end with the user's"),
    "turns": ({"messages": [user("hi"), user("hi")]}, None, "user and assistant take turns"),
    "its picture": ({"messages": [user("hi"), user("", ONE) | {"role": "assistant"}]}, "messages", "let the"),
    "place": ({"messages": [user("<image>?")]}, None, "1 <image> for 0 pictures"),
    "long": ({"messages": [user("cat " * 600)]}, "messages", "tokens of conversation .* do not fit"),
    "letters": ({"messages": [user("a" * 200_000)]}, "messages", "200,000 letters"),
    "room": ({"max_tokens": 300, "messages": [user("cat " * 250)]}, "messages", "300 of answer do not fit"),
    "tokens": ({"max_tokens": 301}, "max_tokens", "at most"),
    "pictures": ({"messages": [user("hi", *[ONE] * 4)]}, "messages", "4 pictures; this server allows 3"),
    "n": ({"n": 4}, "n", "4 answers; this server allows 3"),
    "temperature": ({"temperature": -1}, "temperature", "greater than or equal to 0"),
    "top_p": ({"top_p": 0}, "top_p", "greater than 0"),
    "text": ({"extra_body": {"temperature": "hot"}}, "temperature", "valid number"),
    "seed": ({"seed": 2**64}, "seed", "less than"),
    "stop": ({"stop": ["a"] * 5}, "stop", "at most 4"),
    "penalty": ({"frequency_penalty": 1}, "frequency_penalty", "leave it out"),
    "tools": ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools", "leave it out"),
    "unknown": ({"extra_body": {"mystery": 1}}, "mystery", "leave it out"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_are_told_in_one_line(name: str, here: SimpleNamespace) -> None:
    choices, param, told = MISTAKES[name]
    sent = {"model": "tiny", "max_tokens": NEW, "messages": [user("hi")]} | choices
    for stream in (False, True):
        with pytest.raises(openai.BadRequestError, match=told) as error:
            here.client.chat.completions.create(**sent, stream=stream)
        assert error.value.param == param and error.value.type == "invalid_request_error"
        assert is_one_line(error.value)
    assert (error.value.code == "context_length_exceeded") == (name in ("long", "room"))


@pytest.mark.parametrize(
    "address, told",
    [
        (data(b"no picture"), "picture 1: not a picture"),
        (data(ONE[:60]), "picture 1"),
        ("data:image/png;base64,@@@", "is not a picture in base64"),
        ("data:image/png,abc", "only http:// and https:// are fetched"),
        ("/etc/passwd", "only http:// and https:// are fetched"),
        (str(Path(__file__).parent.parent / "weights/tiny/example.png"), "only http:// and https://"),
        ("file:///etc/passwd", "only http:// and https://"),
        ("http://127.0.0.1:1/a.png", "private address"),
        ("http://", "cannot be fetched"),
        ("", "only http:// and https://"),
    ],
)
def test_addresses_that_show_nothing(address: str, told: str, here: SimpleNamespace) -> None:
    asked = {"role": "user", "content": [shown(address), {"type": "text", "text": "hi"}]}
    for stream in (False, True):
        with pytest.raises(openai.BadRequestError, match=told):
            ask(here, asked, stream=stream)


def test_what_others_offer_may_be_declined(here: SimpleNamespace) -> None:
    idle = {"frequency_penalty": 0, "logprobs": False, "user": "me", "response_format": {"type": "text"}}
    said = ask(here, user("hi"), **idle, tools=[], extra_body={"top_k": 1, "presence_penalty": None})
    assert said.choices[0].message.content == terminals(here.assistant, [user("hi")])
    again = [user("hi"), said.choices[0].message, user("and?")]  # as clients send an answer back
    assert ask(here, *again).choices[0].finish_reason


def test_fifty_at_once_are_not_mixed_up(here: SimpleNamespace) -> None:
    asked = [[user(f"number {i}?", picture(i % 5))] for i in range(50)]
    expected = [terminals(here.assistant, messages, max_new_tokens=4) for messages in asked]
    with ThreadPoolExecutor(50) as people:
        said = list(people.map(lambda messages: ask(here, *messages, max_tokens=4), asked))
    assert [answer.choices[0].message.content for answer in said] == expected and len(set(expected)) > 5


def test_more_than_there_are_places_are_refused(slow: Slow) -> None:
    def one(number: int) -> str | None:
        try:
            return ask(here, user(f"number {number}?"), max_tokens=4).choices[0].message.content
        except openai.RateLimitError as error:
            assert error.code == "rate_limit_exceeded" and "3 requests are being answered" in str(error)
            assert error.response.headers["Retry-After"] == "1"

    with serving(slow, places=3) as here, ThreadPoolExecutor(50) as people:
        said = list(people.map(one, range(50)))
    assert 3 <= sum(answer is not None for answer in said) < 50
    for number, answer in enumerate(said):
        assert answer is None or answer == terminals(slow, [user(f"number {number}?")], max_new_tokens=4)


def test_who_goes_away_frees_the_place(slow: Slow) -> None:
    with serving(slow, places=2) as here:
        with ask(here, user("hi"), max_tokens=400, stream=True) as stream:
            next(chunk for chunk in stream if chunk.choices[0].delta.content)
            impatient = here.client.with_options(timeout=0.2)
            with pytest.raises(openai.APITimeoutError):  # while it waits for its turn
                impatient.chat.completions.create(model="tiny", messages=[user("hi")])
            wait_until(lambda: here.desk.places.free == 1)
        wait_until(lambda: here.desk.places.free == 2)
        with pytest.raises(openai.APITimeoutError):  # while it is answered, not streamed
            impatient.chat.completions.create(model="tiny", messages=[user("hi")], max_tokens=400)
        wait_until(lambda: here.desk.places.free == 2)
        before = slow.made
        assert ask(here, user("hi"), max_tokens=3).usage.completion_tokens == 3
        assert before < 400 and slow.made <= before + 3 + 2, "what nobody hears was said to its end"


def test_time_is_bounded(slow: Slow) -> None:
    with serving(slow, max_seconds=0.5) as here:
        with pytest.raises(openai.APIStatusError, match=r"not done in 0\.5 seconds") as error:
            ask(here, user("hi"), max_tokens=400)
        assert error.value.status_code == 504
        with pytest.raises(openai.APIError, match=r"not done in 0\.5 seconds"):
            list(ask(here, user("hi"), max_tokens=400, stream=True))
        assert slow.made < 400


def test_a_failure_of_ours_is_not_told_in_its_words(slow: Slow, capsys: pytest.CaptureFixture) -> None:
    def broken(*_: object, **__: object) -> Iterator[int]:
        yield 5
        raise RuntimeError("secret")

    slow.tokens = broken
    with serving(slow) as here:
        with pytest.raises(openai.InternalServerError, match="its log says why"):
            ask(here, user("hi"))
        with pytest.raises(openai.APIError, match="its log says why"):
            list(ask(here, user("hi"), stream=True))
    assert capsys.readouterr().err.count("RuntimeError: secret") == 2


GOOD = json.dumps({"model": "tiny", "messages": [user("hi")], "max_tokens": 1}).encode()
HOSTILE = {
    "nothing": (b"", 400),
    "deep": (b"[" * 100_000, 400),
    "deep messages": (b'{"model": "tiny", "messages": ' + b"[" * 900 + b"]" * 900 + b"}", 400),
    "no UTF-8": (b'{"model": "\xff"}', 400),
    "digits": (b'{"seed": ' + b"9" * 10_000 + b"}", 400),
    "not finite": (GOOD.replace(b'"max_tokens": 1', b'"temperature": NaN'), 400),
    "list": (b"[]", 400),
    "half a character": (GOOD.replace(b'"hi"', b'"\\ud800"'), 400),
    "huge": (b" " * 3_000_000 + GOOD, 413),
    "model of a list": (GOOD.replace(b'"tiny"', b'["tiny"]'), 400),
    "unknown model": (GOOD.replace(b'"tiny"', b'"gpt\\n\\ud800"'), 404),
}


def post(here: SimpleNamespace, body: bytes, kind: str = "application/json", path: str = "/chat/completions"):
    wire = http.client.HTTPConnection("127.0.0.1", here.port, timeout=PATIENCE)
    wire.request("POST", f"/v1{path}", body, {"Content-Type": kind})
    reply = wire.getresponse()
    told = json.loads(reply.read())
    wire.close()
    return reply.status, told


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bodies(name: str, here: SimpleNamespace) -> None:
    body, status = HOSTILE[name]
    found, told = post(here, body)
    assert found == status and set(told["error"]) == {"message", "type", "param", "code"}
    assert told["error"]["message"].isprintable() and len(told["error"]["message"]) < 600
    assert post(here, GOOD)[0] == 200


def test_other_doors_are_shut(here: SimpleNamespace) -> None:
    assert post(here, GOOD, "text/plain")[0] == 415  # what any web page may send
    status, told = post(here, GOOD, path="/completions")
    assert status == 404 and "there are /v1/chat/completions" in told["error"]["message"]
    assert post(here, GOOD, path="/models")[0] == 405


@FUZZ
@given(JSON | st.fixed_dictionaries({"model": JSON, "messages": st.lists(JSON, max_size=2)}))
def test_any_body_is_a_request_or_a_line(body: object) -> None:
    try:
        read_request(json.dumps(body).encode(), Limits())
    except ValueError as error:
        assert as_refusal(error).status == 400 and is_one_line(as_refusal(error))


def test_pieces_come_from_one_thread_and_stop_when_asked() -> None:
    threads, closed, line = set(), threading.Event(), Line()

    def start() -> Iterator[str]:
        try:
            for number in range(1000):
                threads.add(threading.get_ident())
                yield str(number)
                time.sleep(0.001)
        finally:
            closed.set()

    pieces = line.pieces(start)
    assert [next(pieces) for _ in range(3)] == ["0", "1", "2"] and len(threads) == 1
    pieces.close()
    assert closed.wait(5)

    def broken() -> Iterator[str]:
        yield "a"
        raise DataError("told")

    with pytest.raises(DataError, match="told"):
        list(line.pieces(broken))


def test_the_script_serves(
    talker: Assistant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    untaught(talker.chat).save(tmp_path / "mine")
    running, begun = [], threading.Event()

    def watched(desk: Desk) -> object:
        running.append(server(desk))
        begun.set()
        return running[0]

    monkeypatch.setattr(serve_vlm, "server", watched)
    flags = ["--weights", str(tmp_path / "mine"), "--port", "0", "--max_n", "1"]
    thread = threading.Thread(target=serve_vlm.main, args=(flags,))
    thread.start()
    assert begun.wait(PATIENCE)
    url = capsys.readouterr().out.split()[-1]
    with openai.OpenAI(base_url=url, api_key="none", max_retries=0) as client:
        assert client.models.list().data[0].id == "mine"
        with pytest.raises(openai.BadRequestError, match="2 answers"):
            client.chat.completions.create(model="mine", messages=[user("hi")], n=2)
    running[0].should_exit = True
    thread.join(PATIENCE)


@pytest.mark.parametrize(
    "flags, told",
    [
        ("--places 0", "--places 0: give 1 or more"),
        ("--max_seconds nan", "--max_seconds nan: give a number above 0"),
        ("--port 70000", "--port 70000: give a number from 0 to 65535"),
        ("--port 0 --weights nowhere", "no config.json in nowhere"),
        ("--host nobody.invalid", "error: "),
    ],
)
def test_mistaken_flags(flags: str, told: str) -> None:
    with pytest.raises(SystemExit, match=told) as error:
        serve_vlm.main(flags.split())
    assert "\n" not in str(error.value.code)


@pytest.mark.parametrize("script", [serve_vlm, web_demo_vlm], ids=["serve", "web"])
def test_a_port_in_use_is_told(script: ModuleType) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = f"error: 127.0.0.1, port {port}: .*in use; give another --port, or stop what uses it$"
        with pytest.raises(SystemExit, match=told):
            script.main(["--port", str(port)])


def test_the_page_has_an_address_in_ipv6_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gradio makes http://{server_name}:{port}/ of it."""
    page, names = Mock(), []
    page.queue.return_value.launch = lambda server_name, **_: (names.append(server_name), "address", "")
    monkeypatch.setattr(web_demo_vlm, "listening", Mock())
    monkeypatch.setattr(web_demo_vlm, "Demo", Mock())
    monkeypatch.setattr(web_demo_vlm, "page", lambda demo: page)
    for host in ("::1", "127.0.0.1"):
        web_demo_vlm.main(["--host", host])
    assert names == ["[::1]", "127.0.0.1"]


def test_who_says_no_length_gets_no_more_than_who_asks_for_the_most() -> None:
    turn = {"role": "user", "content": "hi"}
    asked, precise = (Asked(model="m", messages=[turn], max_tokens=n) for n in (None, 5))
    assert longest(asked, 10, 1000, 8) == 8 and longest(asked, 10, 14, 8) == 4
    assert longest(asked, 10, 1000, 5000) == 256 and longest(precise, 10, 1000, 8) == 5
