"""The model on a web page, for oneself or a few: pictures, questions, answers as they come, where they look.

    python web_demo_vlm.py                         http://127.0.0.1:7860
    python web_demo_vlm.py --models weights out    all checkpoints in two folders

Each visitor has a conversation and pictures of their own. It listens on this machine alone; --host opens it
to others, who can then ask, but choose no file of this machine.
"""

import functools
import inspect
import os
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Literal

import gradio as gr
from gradio.data_classes import ImageData
from PIL import Image

from dataset.errors import DataError, shortened
from dataset.flags import Count, Within
from dataset.images import load_image
from dataset.open import open_data
from dataset.project import ROOT
from scoring.assistant import Assistant
from scoring.conversation import Conversation
from scoring.heatmap import Look, lit
from serve.line import Line
from trainer.cli import parse, user_errors

MAX_PICTURES, MAX_QUESTION = 8, 2000  # of a conversation; letters
MANY_SCENES = 1_000_000  # of the held-out storybook, to draw one from at random
WORDS = gr.I18n(
    en={
        "title": "## Glimpse: ask a small model about a picture",
        "picture": "Add a picture: a file, paste, or camera",
        "pictures": "Pictures of this conversation",
        "scene": "A storybook scene",
        "truth": "What is there, in truth",
        "restart": "New conversation",
        "chat": "Conversation",
        "question": "Ask, then Enter",
        "ask": "Ask",
        "stop": "Stop",
        "looks": "Where does it look? Click a word of the answer",
        "heat": "What the word looks at",
        "settings": "How answers are chosen",
        "model": "Model",
    },
    zh={
        "title": "## Glimpse：让小模型看图回答",
        "picture": "添加图片：文件、粘贴或摄像头",
        "pictures": "本次对话的图片",
        "scene": "一幅故事书场景",
        "truth": "图中的真实内容",
        "restart": "新对话",
        "chat": "对话",
        "question": "提问，按回车",
        "ask": "提问",
        "stop": "停止",
        "looks": "它在看哪里？点击回答中的一个词",
        "heat": "这个词所看之处",
        "settings": "如何选择回答",
        "model": "模型",
    },
)


@dataclass
class Args:
    models: tuple[Path, ...] = ()
    """Checkpoint folders, or folders of them (default: those that ship)."""
    host: str = "127.0.0.1"
    """Address to listen on; 0.0.0.0 is every one of this machine's."""
    port: Annotated[int, Within(1, 65535)] = 7860
    device: str = "auto"
    dtype: Literal["auto", "fp32", "bf16", "int8"] = "fp32"
    max_upload_mb: Count = 20
    """Largest picture file."""
    at_once: Count = 2
    """Answers that are made at the same time; others wait their turn."""


@dataclass
class Visitor:
    """What one visitor has: nothing of it is anybody else's."""

    talk: Conversation = field(default_factory=Conversation)
    chat: list[dict[str, str]] = field(default_factory=list)  # as the page shows it
    truth: str = ""
    looks: list[Look] = field(default_factory=list)  # of the last answer


def checkpoints(folders: tuple[Path, ...]) -> list[str]:
    """Folders that hold a model. Raises DataError where there is none."""
    found = [path.parent for folder in folders for path in sorted(folder.glob("**/model.safetensors"))]
    if not found:
        raise DataError(f"no model.safetensors below {', '.join(map(str, folders))}; name another --models")
    return [str(path) for path in dict.fromkeys(found)]


class Demo:
    """What the page's buttons do. The models are shared, visitors come in as `Visitor`."""

    def __init__(self, args: Args) -> None:
        shipped = Path(os.path.relpath(ROOT / "weights"))  # visitors read the names
        self.args, self.names = args, checkpoints(args.models or (shipped,))
        self.line = Line(args.at_once)
        self.watching = threading.Lock()  # one heatmap at a time: it watches the model's attention
        self.assistant = functools.lru_cache(maxsize=2)(self._load)
        self.assistant(self.names[0])

    def _load(self, name: str) -> Assistant:
        if name not in self.names:
            raise DataError(f"{name} is not one of the models offered")
        return Assistant.load(name, self.args.device, self.args.dtype).quickened()

    def add(self, path: str | None, visitor: Visitor) -> tuple:
        if path is not None:
            if len(visitor.talk.images) >= MAX_PICTURES:
                raise DataError(f"a conversation has {MAX_PICTURES} pictures at most; begin a new one")
            visitor.talk.images.append(load_image(Path(path).read_bytes(), name=Path(path).name))
            visitor.truth = ""
        return None, visitor.talk.images, visitor.truth, visitor

    def scene(self, visitor: Visitor) -> tuple:
        """A new conversation about a scene that the model was never trained on."""
        scenes = open_data("storybook:described_val", None, MANY_SCENES)
        record = scenes[random.randrange(len(scenes))]
        visitor.talk.restart(record.images)
        visitor.chat, visitor.looks, visitor.truth = [], [], record.messages[1]["content"]
        return visitor.talk.images, visitor.truth, [], None, None, visitor

    def storyteller(self) -> str:
        """The model that knows the storybook, where it is offered: what a scene is asked."""
        return next((name for name in self.names if Path(name).name == "tiny"), self.names[0])

    def restart(self, visitor: Visitor) -> tuple:
        visitor.talk.restart([])
        visitor.chat, visitor.looks, visitor.truth = [], [], ""
        return visitor.talk.images, visitor.truth, [], None, None, visitor

    def ask(self, question: str, model: str, visitor: Visitor, *settings: float) -> Iterator[tuple]:
        """Streams (question's field, conversation, words of the answer, heatmap, visitor)."""
        question = question.strip()
        if not question or len(question) > MAX_QUESTION:
            raise DataError(f"ask something, in {MAX_QUESTION:,} letters at most")
        assistant, visitor.looks = self.assistant(model), []
        choices = dict(zip(SETTINGS, settings, strict=True)) | {"top_k": int(settings[1])}
        choices["max_new_tokens"] = int(settings[-1])
        before, said = list(visitor.chat), ""
        for piece in self.line.pieces(lambda: visitor.talk.ask(assistant, question, **choices)):
            said += piece
            turn = [{"role": "user", "content": question}, {"role": "assistant", "content": said}]
            visitor.chat = before + turn
            yield "", visitor.chat, [(word, None) for word in said.split()], None, visitor
        if visitor.talk.forgotten:
            gr.Info(f"the oldest {visitor.talk.forgotten} turns no longer fit, and are forgotten")
        yield "", visitor.chat, self.marked(assistant, visitor), None, visitor

    def marked(self, assistant: Assistant, visitor: Visitor) -> list[tuple[str, str | None]]:
        """The content words of the last answer, each to be clicked."""
        if not visitor.talk.images:
            return []
        with self.watching:
            visitor.looks = visitor.talk.looks(assistant)
        return [(look.word, "?") for look in visitor.looks]

    def look(self, visitor: Visitor, clicked: gr.SelectData) -> Image.Image | None:
        number = clicked.index[0] if isinstance(clicked.index, (list, tuple)) else clicked.index
        if number >= len(visitor.looks):
            return None
        shares = visitor.looks[number].shares
        best = int(shares.sum((1, 2)).argmax())
        return lit(visitor.talk.images[best], shares[best]).resize((384, 384))


SETTINGS = {  # name -> least, most, step, at first
    "temperature": (0.0, 2.0, 0.05, 0.0),
    "top_k": (0, 100, 1, 0),
    "top_p": (0.05, 1.0, 0.05, 1.0),
    "repetition_penalty": (1.0, 2.0, 0.05, 1.0),
    "max_new_tokens": (1, 256, 1, 128),
}


class Upload(gr.Image):
    """An upload as the path it came to: `load_image` opens it, which is careful with strangers' files."""

    def preprocess(self, payload: ImageData | None) -> str | None:
        return payload.path if payload else None

    def get_block_name(self) -> str:
        return "image"


def page(demo: Demo) -> gr.Blocks:
    with gr.Blocks(title="Glimpse", analytics_enabled=False, delete_cache=(600, 3600)) as blocks:
        visitor = gr.State(lambda: Visitor())
        gr.Markdown(WORDS("title"), elem_id="title")
        with gr.Row():
            with gr.Column(scale=2):
                left = picture_column(demo.names)
            with gr.Column(scale=3):
                right = chat_column()
        connect(demo, visitor, SimpleNamespace(**left, **right))
    return blocks


def picture_column(models: list[str]) -> dict[str, gr.blocks.Block]:
    here = {
        "picture": Upload(
            label=WORDS("picture"),
            sources=["upload", "clipboard", "webcam"],
            height=240,
            elem_id="picture",
        ),
        "pictures": gr.Gallery(
            label=WORDS("pictures"),
            show_label=False,  # it would cover the top of the first
            columns=3,
            fit_columns=False,
            height=180,
            object_fit="contain",
            interactive=False,
            buttons=[],
            elem_id="pictures",
        ),
        "scene": gr.Button(WORDS("scene"), elem_id="scene"),
    }
    with gr.Accordion(WORDS("truth"), open=False, elem_id="truth"):
        here["truth"] = gr.Markdown()
    here["restart"] = gr.Button(WORDS("restart"), elem_id="restart")
    here["model"] = gr.Dropdown(models, label=WORDS("model"), elem_id="model")
    with gr.Accordion(WORDS("settings"), open=False):
        here["settings"] = [
            gr.Slider(least, most, value, step=step, label=name)
            for name, (least, most, step, value) in SETTINGS.items()
        ]
    return here


def chat_column() -> dict[str, gr.blocks.Block]:
    here = {
        "chat": gr.Chatbot(
            label=WORDS("chat"), height=360, buttons=["copy"], render_markdown=False, elem_id="chat"
        ),
        "question": gr.Textbox(label=WORDS("question"), max_length=MAX_QUESTION, elem_id="question", lines=1),
    }
    with gr.Row():
        here["ask"] = gr.Button(WORDS("ask"), variant="primary", elem_id="ask")
        here["stop"] = gr.Button(WORDS("stop"), elem_id="stop")
    here["words"] = gr.HighlightedText(
        label=WORDS("looks"), show_inline_category=False, elem_id="words", interactive=False
    )
    here["heat"] = gr.Image(
        label=WORDS("heat"), interactive=False, height=300, buttons=["download"], elem_id="heat"
    )
    return here


def connect(demo: Demo, visitor: gr.State, on: SimpleNamespace) -> None:
    """What each button, field and word on the page does."""
    shown = [on.pictures, on.truth, on.chat, on.words, on.heat, visitor]
    # not .input, which a photograph by the camera does not fire
    on.picture.change(told(demo.add), [on.picture, visitor], [on.picture, on.pictures, on.truth, visitor])
    on.scene.click(told(demo.scene), visitor, shown).then(demo.storyteller, None, on.model)
    gr.on([on.restart.click, on.chat.clear], told(demo.restart), visitor, shown)
    asked = gr.on(
        [on.ask.click, on.question.submit],
        told(demo.ask),
        [on.question, on.model, visitor, *on.settings],
        [on.question, on.chat, on.words, on.heat, visitor],
        concurrency_limit=demo.args.at_once,
        trigger_mode="once",
    )
    on.stop.click(None, cancels=asked)
    on.words.select(told(demo.look), visitor, on.heat)


@contextmanager
def mistakes_told() -> Iterator[None]:
    """A mistake is a line on the page, not a trace in the log."""
    try:
        yield
    except (ValueError, OSError) as error:
        raise gr.Error(shortened(str(error)), print_exception=False) from None


def told(action: Callable) -> Callable:
    """The action, or the generator, with its mistakes told."""

    @functools.wraps(action)
    def once(*args: object) -> object:
        with mistakes_told():
            return action(*args)

    @functools.wraps(action)
    def streamed(*args: object) -> Iterator:
        with mistakes_told():
            yield from action(*args)

    return streamed if inspect.isgeneratorfunction(action) else once


@user_errors
def main(argv: list[str] | None = None) -> None:
    args = parse(Args, argv, __doc__)
    demo = Demo(args)
    page(demo).queue(max_size=32, default_concurrency_limit=args.at_once, api_open=False).launch(
        server_name=args.host,
        server_port=args.port,
        share=False,
        show_error=False,
        max_file_size=f"{args.max_upload_mb}mb",
        i18n=WORDS,
        enable_monitoring=False,
        footer_links=[],
        ssr_mode=False,
    )


if __name__ == "__main__":
    main()
