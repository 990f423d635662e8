"""Let a model answer the questions of records, beside the answers that stand there.

records -> a question for each answer (the conversation before it) -> batches -> Answer
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby, islice

from PIL import Image

from dataset.check import whole_length
from dataset.errors import DataError
from dataset.images.load import load_image
from dataset.images.preprocess import grids_of
from dataset.record import Record
from scoring.assistant import Assistant, pictures_in

AT_ONCE = 100_000_000  # pixels that are open before they are asked about: 300 MB
Asked = tuple["Question", list[Image.Image]]
LeftOut = dict[int, str]  # why a record cannot be asked, by its index


@dataclass(frozen=True)
class Answer:
    """One question's truth and the model's answer to it."""

    where: str
    type: str
    question: str
    truth: str
    answer: str

    @property
    def right(self) -> bool:
        return self.answer.strip() == self.truth.strip()


@dataclass(frozen=True)
class Question:
    """An answer to be given, `number` among the messages of a record; `room` is for as many tokens."""

    record: Record
    index: int
    number: int
    room: int

    @property
    def before(self) -> tuple[dict[str, str], ...]:
        return self.record.messages[: self.number]

    @property
    def truth(self) -> str:
        return self.record.messages[self.number]["content"]

    def pictures(self) -> list[Image.Image]:
        """Those of the turns before. Raises DataError where any of the record's cannot be opened."""
        images = [load_image(image, name=self.record.where) for image in self.record.images]
        return images[: pictures_in(self.before)]

    def answered(self, said: str) -> Answer:
        record, asked = self.record, self.before[-1]["content"]
        return Answer(record.where, record.type or "none", asked, self.truth, said)


def answer_all(
    assistant: Assistant,
    records: Sequence[Record],
    batch_size: int = 64,
    max_new_tokens: int = 128,
    last: bool = False,
    left_out: LeftOut | None = None,
    **choices: object,
) -> Iterator[Answer]:
    """Greedy unless `choices` say otherwise; each turn, or the last alone, is asked with the true turns
    before it, and answered in `max_new_tokens` or what the context has room for.

    A record that cannot be asked (it is bad for `check` and training, too) goes to `left_out` with the
    reason, and the others are asked; without `left_out` it is a DataError. Of some batches at a time those
    with answers of like length are asked together: a batch takes as long as its longest.
    """
    assistant.vlm.sampling(choices)  # a bad choice is no record's fault
    for some in alike(questions(assistant, records, max_new_tokens, last, left_out), batch_size):
        for opened in in_parts(some, left_out):
            for room, alike_in_room in groupby(sorted(opened, key=room_of), room_of):
                yield from ask(assistant, list(alike_in_room), left_out, max_new_tokens=room, **choices)


def in_parts(some: Sequence[Question], left_out: LeftOut | None) -> Iterator[list[Asked]]:
    """Questions with their pictures: all together, unless these are large."""
    opened: list[Asked] = []
    pixels = 0
    for question in some:
        with leaving_out(question.index, left_out):
            pictures = question.pictures()
            pixels += sum(picture.width * picture.height for picture in pictures)
            opened.append((question, pictures))
        if pixels > AT_ONCE:
            yield opened
            opened, pixels = [], 0
    if opened:
        yield opened


def room_of(asked: Asked) -> int:
    return asked[0].room


@contextmanager
def leaving_out(index: int, left_out: LeftOut | None) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        if left_out is None:
            raise
        left_out.setdefault(index, str(error))


def questions(
    assistant: Assistant,
    records: Sequence[Record],
    max_new_tokens: int = 128,
    last: bool = False,
    left_out: LeftOut | None = None,
) -> Iterator[Question]:
    """One for every assistant turn of every record, or for its last."""
    chat, context = assistant.chat, assistant.context
    for index in range(len(records)):
        asked = []
        with leaving_out(index, left_out):
            record = records[index]
            grids = grids_of(record, assistant.preprocessor)
            whole_length(record, chat, context, grids)
            turns = [n for n, message in enumerate(record.messages) if message["role"] == "assistant"]
            for number in turns[-1:] if last else turns:
                room = context - len(chat.prompt(record.messages[:number], grids))
                asked.append(Question(record, index, number, min(max_new_tokens, room)))
        yield from asked


def ask(
    assistant: Assistant, asked: Sequence[Asked], left_out: LeftOut | None, **choices: object
) -> Iterator[Answer]:
    """As one batch, or where the model refuses that, one by one: whose fault it is shows then."""
    conversations, images = [one.before for one, _ in asked], [image for _, some in asked for image in some]
    try:
        said = assistant.answer_batch(conversations, images, **choices)
    except ValueError as error:
        if len(asked) > 1:
            for one in asked:
                yield from ask(assistant, [one], left_out, **choices)
            return
        question = asked[0][0]
        with leaving_out(question.index, left_out):
            raise DataError(f"{question.record.where}: {error}; remove the record") from error
        return
    yield from (question.answered(text) for (question, _), text in zip(asked, said, strict=True))


def alike(asked: Iterator[Question], batch_size: int) -> Iterator[list[Question]]:
    while some := list(islice(asked, 16 * batch_size)):
        some.sort(key=lambda question: len(question.truth))
        yield from (some[i : i + batch_size] for i in range(0, len(some), batch_size))
