"""Let a model answer the questions of records, beside the answers that stand there.

records -> one item for each answer (the conversation before it) -> batches -> Answer
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from dataset.images import load_image
from dataset.record import Record
from scoring.assistant import Assistant


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


def questions(records: Sequence[Record], last: bool = False) -> Iterator[tuple[Record, int]]:
    """Every assistant turn of every record, or its last, as (record, its number among the messages)."""
    for index in range(len(records)):
        record = records[index]
        turns = [n for n, message in enumerate(record.messages) if message["role"] == "assistant"]
        for number in turns[-1:] if last else turns:
            yield record, number


def answer_all(
    assistant: Assistant,
    records: Sequence[Record],
    batch_size: int = 64,
    max_new_tokens: int = 128,
    last: bool = False,
    **choices: object,
) -> Iterator[Answer]:
    """Greedy unless `choices` say otherwise; each turn, or the last alone, is asked with the true turns
    before it.

    Of some batches at a time those with answers of like length are asked together: a batch takes as long
    as its longest.
    """
    for items in alike(questions(records, last), batch_size):
        conversations = [record.messages[:number] for record, number in items]
        images = [load_image(image, name=record.where) for record, _ in items for image in record.images]
        said = assistant.answer_batch(conversations, images, max_new_tokens=max_new_tokens, **choices)
        for (record, number), answer in zip(items, said, strict=True):
            question, truth = (record.messages[i]["content"] for i in (number - 1, number))
            yield Answer(record.where, record.type or "all", question, truth, answer)


def alike(items: Iterator[tuple[Record, int]], batch_size: int) -> Iterator[list[tuple[Record, int]]]:
    while some := list(islice(items, 16 * batch_size)):
        some.sort(key=lambda item: len(item[0].messages[item[1]]["content"]))
        yield from (some[i : i + batch_size] for i in range(0, len(some), batch_size))
