"""Where things stand on the page: pictures beside the conversation, on a narrow screen above it."""

import gradio as gr
from gradio.data_classes import ImageData

from web.demo import MAX_QUESTION
from web.words import LABELS

TRIES = 3  # questions to click
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


class Layout:
    """The page's parts by name. To be made within gr.Blocks; what is empty does not show."""

    def __init__(self, models: list[str]) -> None:
        gr.Markdown(LABELS("title"), elem_id="title")
        self.knows = gr.Markdown(elem_id="knows", visible=False)
        with gr.Row(elem_id="board"):
            with gr.Column(elem_id="shown"):
                self.add_pictures()
            with gr.Column(elem_id="talk"):
                self.add_talk()
                self.add_looks()
            with gr.Column(elem_id="more"):
                self.add_more(models)

    def add_pictures(self) -> None:
        self.pictures = gr.Gallery(
            label=LABELS("pictures"),
            show_label=False,  # it would cover the top of the first
            columns=2,
            fit_columns=False,
            height=200,
            object_fit="contain",
            interactive=True,  # each can be removed
            buttons=[],
            visible=False,
            elem_id="pictures",
        )
        sources = ["upload", "clipboard", "webcam"]
        self.picture = Upload(label=LABELS("picture"), sources=sources, height=170, elem_id="picture")

    def add_talk(self) -> None:
        self.chat = gr.Chatbot(
            label=LABELS("chat"),
            height=360,
            buttons=["copy"],
            render_markdown=False,
            allow_file_downloads=False,
            elem_id="chat",
        )
        self.question = gr.Textbox(
            label=LABELS("question"), max_length=MAX_QUESTION, elem_id="question", lines=1
        )
        with gr.Row():
            self.ask = gr.Button(LABELS("ask"), variant="primary", min_width=100, elem_id="ask")
            self.stop = gr.Button(LABELS("stop"), min_width=100, elem_id="stop")
        with gr.Row(elem_id="tries"):
            self.tries = [gr.Button(size="sm", visible=False) for _ in range(TRIES)]

    def add_looks(self) -> None:
        self.words = gr.HighlightedText(
            label=LABELS("looks"),
            show_inline_category=False,
            elem_id="words",
            interactive=False,
            visible=False,
        )
        self.heat = gr.Image(
            label=LABELS("heat"),
            interactive=False,
            height=300,
            buttons=["download"],
            elem_id="heat",
            visible=False,
        )

    def add_more(self, models: list[str]) -> None:
        with gr.Accordion(LABELS("truth"), open=False, elem_id="truth", visible=False) as self.truth:
            self.true = gr.Markdown()
        with gr.Row():
            self.scene = gr.Button(LABELS("scene"), size="md", min_width=100, elem_id="scene")
            self.restart = gr.Button(LABELS("restart"), size="md", min_width=100, elem_id="restart")
        self.model = gr.Dropdown(models, label=LABELS("model"), elem_id="model", visible=len(models) > 1)
        with gr.Accordion(LABELS("settings"), open=False):
            self.settings = [
                gr.Slider(least, most, value, step=step, label=name)
                for name, (least, most, step, value) in SETTINGS.items()
            ]
