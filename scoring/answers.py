"""Let a model answer the questions of records, and compare with the answers that stand there.

    records -> one item for each answer (the conversation before it) -> batches, left-padded -> text
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from dataset.chat import Chat
from dataset.images import Preprocessor, load_image
from dataset.records import Record
from model.vlm import VLM


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


def questions(records: Sequence[Record]) -> Iterator[tuple[Record, int]]:
    """Every assistant turn of every record, as (record, its number among the messages)."""
    for index in range(len(records)):
        record = records[index]
        for number, message in enumerate(record.messages):
            if message["role"] == "assistant":
                yield record, number


def answer_all(
    vlm: VLM,
    chat: Chat,
    preprocessor: Preprocessor,
    records: Sequence[Record],
    batch_size: int = 64,
    max_new_tokens: int = 128,
    dtype: str = "fp32",
    **choices: object,
) -> Iterator[Answer]:
    """Greedy unless `choices` say otherwise; each turn is asked with the true turns before it."""
    choices["max_new_tokens"] = max_new_tokens
    waiting: list[tuple[Record, int]] = []
    for item in questions(records):
        waiting.append(item)
        if len(waiting) == batch_size:
            yield from _answer(vlm, chat, preprocessor, waiting, dtype, **choices)
            waiting = []
    if waiting:
        yield from _answer(vlm, chat, preprocessor, waiting, dtype, **choices)


def _answer(
    vlm: VLM,
    chat: Chat,
    preprocessor: Preprocessor,
    items: list[tuple[Record, int]],
    dtype: str,
    **choices: object,
) -> Iterator[Answer]:
    device = vlm.decoder.embed_tokens.weight.device
    prompts = [chat.prompt(record.messages[:number]) for record, number in items]
    input_ids, attention_mask = pad_left(prompts, chat.pad_id)
    images = [load_image(image, name=record.where) for record, _ in items for image in record.images]
    pixels = torch.stack([preprocessor(image) for image in images]).to(device) if images else None
    with torch.autocast(device.type, torch.bfloat16, enabled=dtype == "bf16"):
        ids = vlm.generate(input_ids.to(device), pixels, attention_mask=attention_mask.to(device), **choices)
    for (record, number), row in zip(items, ids.tolist(), strict=True):
        question, truth = (record.messages[i]["content"] for i in (number - 1, number))
        yield Answer(record.where, record.type or "all", question, truth, chat.decode(row))


def pad_left(rows: Sequence[Sequence[int]], value: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows of ids -> ids (B, T) and attention_mask (B, T), 0 at the padding in front."""
    longest = max(map(len, rows))
    ids = torch.tensor([[*[value] * (longest - len(row)), *row] for row in rows])
    mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in rows])
    return ids, mask


def exact_match(
    vlm: VLM, chat: Chat, preprocessor: Preprocessor, records: Sequence[Record], **choices: object
) -> float:
    """The share of answers that are right to the letter."""
    answers = list(answer_all(vlm, chat, preprocessor, records, **choices))
    return sum(answer.right for answer in answers) / len(answers)
