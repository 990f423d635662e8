"""The page: what a visitor does changes the `Visitor`, and the page then shows what the visitor has."""

import functools
import html
import inspect
from collections.abc import Callable, Iterable, Iterator

import gradio as gr
from gradio.processing_utils import save_pil_to_cache
from PIL import Image

from dataset.errors import DataError, shortened
from web.demo import Demo
from web.layout import SETTINGS, TRIES, Layout
from web.visitor import Turn, Visitor
from web.words import TEXTS, language_of

THUMBNAIL = (192, 96)  # pixels of a picture in the conversation


def page(demo: Demo) -> gr.Blocks:
    with gr.Blocks(title="Glimpse", analytics_enabled=False, delete_cache=(600, 3600)) as blocks:
        visitor = gr.State(Visitor(demo.names[0]))  # not a function, which would run beside `opened`
        Page(demo, Layout(demo.names), visitor).connect(blocks)
    return blocks


class Page:
    def __init__(self, demo: Demo, on: Layout, state: gr.State) -> None:
        self.demo, self.on, self.state = demo, on, state
        self.shown = [state, on.knows, *on.tries, on.pictures, on.picture, on.chat, on.words, on.heat]
        self.shown += [on.true, on.truth, on.model]

    def connect(self, blocks: gr.Blocks) -> None:
        """What each button, field and word on the page does."""
        on, inputs = self.on, [self.state]
        blocks.load(told(self.opened), None, self.shown)
        # not .input, which a photograph by the camera does not fire
        on.picture.change(told(self.added), [*inputs, on.picture], self.shown)
        on.pictures.delete(told(self.removed), inputs, self.shown)
        on.scene.click(told(self.doing(self.demo.scene)), inputs, self.shown)
        gr.on([on.restart.click, on.chat.clear], told(self.doing(self.demo.restart)), inputs, self.shown)
        on.model.input(told(self.doing(self.demo.choose)), [*inputs, on.model], self.shown)
        on.words.select(told(self.chosen), inputs, on.heat)
        asked = [
            gr.on(
                events,
                told(self.asked),
                [*inputs, question, *on.settings],
                [self.state, on.question, on.chat, on.words, on.heat],
                concurrency_limit=self.demo.offer.at_once,
                concurrency_id="asked",
                trigger_mode="once",
                show_progress_on=on.chat,
            )
            for events, question in [
                ([on.ask.click, on.question.submit], on.question),
                *(([button.click], button) for button in on.tries),
            ]
        ]
        on.stop.click(None, cancels=asked)

    def doing(self, action: Callable[..., None]) -> Callable[..., dict]:
        def done(visitor: Visitor, *args: object) -> dict:
            action(visitor, *args)
            return self.view(visitor)

        return done

    def opened(self, request: gr.Request) -> dict:
        return self.view(self.demo.opened(language_of(request.headers.get("accept-language", ""))))

    def added(self, visitor: Visitor, path: str | None) -> dict:
        if path is None:
            return {self.state: visitor}  # the field was emptied, as it is after each picture
        try:
            self.demo.add(visitor, path)
        except DataError as error:
            note(str(error), gr.Warning)
        return self.view(visitor)  # with the field empty, for the next

    def removed(self, visitor: Visitor, gone: gr.EventData) -> dict:
        if self.demo.remove(visitor, gone.index):
            note(TEXTS[visitor.language]["anew"])
        return self.view(visitor)

    def chosen(self, visitor: Visitor, clicked: gr.SelectData) -> gr.Image:
        index = clicked.index
        self.demo.look(visitor, index[0] if isinstance(index, (list, tuple)) else index)
        return gr.Image(visitor.looked, visible=visitor.looked is not None)

    def asked(self, visitor: Visitor, question: str, *settings: float) -> Iterator[dict]:
        choices = {
            name: type(least)(value)
            for (name, (least, *_)), value in zip(SETTINGS.items(), settings, strict=True)
        }
        before, asking = self.messages(visitor.turns), None
        for turn in self.demo.ask(visitor, question, **choices):
            if asking is None:
                *asking, _ = self.messages([turn])
                yield {self.on.question: ""} | self.looking(visitor)
            now = {"role": "assistant", "content": turn.answer}
            yield {self.state: visitor, self.on.chat: [*before, *asking, now]}
        if visitor.talk.forgotten:
            number = len(visitor.turns) - len(visitor.talk.messages) // 2  # of all that the page shows
            note(TEXTS[visitor.language]["forgotten"].format(number=number))
        yield {self.state: visitor} | self.looking(visitor)

    def view(self, visitor: Visitor) -> dict:
        """All that the page shows of a visitor, who may have changed in any way."""
        on, images, card = self.on, visitor.talk.images, self.demo.cards[visitor.model]
        placeholder = TEXTS[visitor.language]["ready" if images else "no_picture"]
        in_chinese = visitor.language == "zh"
        knows = card.told(in_chinese)
        tries = [*card.to_try(in_chinese), *[""] * TRIES][: len(on.tries)]
        buttons = {
            button: gr.Button(text, visible=bool(images and text))
            for button, text in zip(on.tries, tries, strict=True)
        }
        return buttons | {
            self.state: visitor,
            on.knows: gr.Markdown(knows, visible=bool(knows)),
            on.pictures: gr.Gallery(images, visible=bool(images)),
            on.picture: None,
            on.chat: gr.Chatbot(self.messages(visitor.turns), placeholder=placeholder),
            on.true: visitor.truth,
            on.truth: gr.Accordion(visible=bool(visitor.truth)),
            on.model: visitor.model,
            **self.looking(visitor),
        }

    def looking(self, visitor: Visitor) -> dict:
        """The words of the last answer, each to be clicked, and what the chosen one looks at."""
        words = [(look.word, "?") for look in visitor.looks]
        return {
            self.on.words: gr.HighlightedText(words, visible=bool(words)),
            self.on.heat: gr.Image(visitor.looked, visible=visitor.looked is not None),
        }

    def messages(self, turns: Iterable[Turn]) -> list[dict]:
        """The conversation; a question stands below the pictures that came with it."""
        found = []
        for turn in turns:
            asked = [*map(self.thumbnail, turn.pictures), turn.question]
            found += [{"role": "user", "content": asked}, {"role": "assistant", "content": turn.answer}]
        return found

    def thumbnail(self, image: Image.Image) -> dict:
        small = image.copy()
        small.thumbnail(THUMBNAIL)
        return {"path": save_pil_to_cache(small, cache_dir=self.on.chat.GRADIO_CACHE, format="png")}


def note(text: str, show: Callable[[str], None] = gr.Info) -> None:
    """A line over the page, for some seconds; Gradio takes it as HTML."""
    show(html.escape(shortened(text)))


def told(action: Callable) -> Callable:
    """The action, or the generator. A mistake is a line on the page, which stays as it is: no "Error" over
    what somebody typed, no trace in the log."""

    @functools.wraps(action)
    def once(*args: object) -> object:
        try:
            return action(*args)
        except (ValueError, OSError) as error:
            note(str(error), gr.Warning)
            return gr.skip()

    @functools.wraps(action)
    def streamed(*args: object) -> Iterator:
        try:
            yield from action(*args)
        except (ValueError, OSError) as error:
            note(str(error), gr.Warning)
            yield gr.skip()

    return streamed if inspect.isgeneratorfunction(action) else once
