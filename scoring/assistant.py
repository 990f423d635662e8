"""A model with its tokenizer and its way to look at pictures: from messages and pictures to text."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from PIL import Image
from torch import Tensor

from dataset.chat.chat_format import FORMAT_FILE
from dataset.chat.render import TOKENIZER, TOKENIZER_CONFIG, Chat
from dataset.chat.stream import stream_text
from dataset.errors import DataError
from dataset.formats.pictures import FILE as FILE_ADDRESS
from dataset.formats.pictures import path_of
from dataset.images.load import load_image
from dataset.images.preprocess import Preprocessor
from dataset.images.tiles import FILE, placeholders
from dataset.instead import expect_itself
from dataset.record import IMAGE, Message
from model import lora
from model.captured import CapturedDecoder
from model.device import pick_device, pick_dtype
from model.files import CONFIG, WEIGHTS, Model, load_adapter, merge, save
from model.generation import Sampling
from model.hub import load
from model.quick import QuickDecoder
from model.vlm import VLM
from scoring.memory import Memory

ADAPTER = (lora.WEIGHTS, lora.CONFIG)
# What a checkpoint may hold; the weights last, which make it one.
FILES = (*ADAPTER, TOKENIZER, TOKENIZER_CONFIG, FORMAT_FILE, FILE, CONFIG, WEIGHTS)


@dataclass
class Assistant:
    vlm: Model
    chat: Chat
    preprocessor: Preprocessor
    dtype: str = "fp32"

    @classmethod
    def load(cls, folder: str | Path, device: str = "auto", dtype: str = "fp32") -> "Assistant":
        """From a checkpoint folder: config, weights, tokenizer and preprocessor."""
        place = pick_device(device)
        expect_itself(Path(folder))
        vlm = load(folder).to(place).eval()
        chat = Chat.load(folder, vlm.config.image_tokens)
        preprocessor = Preprocessor.from_json(Path(folder) / FILE)
        found = cls(vlm, chat, preprocessor, pick_dtype(dtype, place))
        found.expect_fitting_parts(folder)
        return found

    def adapted(self, folder: str | Path) -> "Assistant":
        """Itself, with the adapter of a folder, ours or PEFT's, in its decoder. Raises CheckpointError where
        it does not fit."""
        expect_itself(Path(folder))
        load_adapter(self.vlm, folder)
        return self

    def quickened(self, graph: bool = False) -> "Assistant":
        """Itself, with the decoder laid out anew for fast answers, which later training does not change.

        Raises DataError for int8 where there is no such decoder, and for `graph` elsewhere than on CUDA.
        """
        if graph and not (isinstance(self.vlm, VLM) and self.device.type == "cuda"):
            raise DataError("--graph is for our own decoder on CUDA; leave it out")
        if isinstance(self.vlm, VLM):
            merge(self.vlm)
            kind = CapturedDecoder if graph else QuickDecoder
            self.vlm.quick = kind(self.vlm.decoder, self.dtype)
        elif self.dtype == "int8":
            raise DataError("--dtype int8 is not for this kind of model; take auto, fp32 or bf16")
        return self

    def expect_fitting_parts(self, folder: str | Path) -> None:
        """Raises DataError where the files of a folder are not of one model."""
        config, words = self.vlm.config, self.chat.tokenizer.get_vocab_size()
        if self.preprocessor.image_size != config.vision.image_size:
            sizes = f"{self.preprocessor.image_size}, the model takes {config.vision.image_size}"
            raise DataError(f"{folder}: {FILE} makes pictures of side {sizes}")
        self.expect_tiles(folder)
        found, told = (words, self.chat.image_id), (config.text.vocab_size, config.image_token_id)
        if isinstance(self.vlm, VLM) and found != told:
            raise DataError(
                f"{folder}: tokenizer.json has {found[0]} tokens and pictures at {found[1]}, config.json "
                f"{told[0]} and {told[1]}; they are not of one model"
            )

    def expect_tiles(self, where: str | Path) -> None:
        """Raises DataError where the tokenizer has no tokens to mark the tiles that pictures are cut into."""
        if self.preprocessor.cuts:
            self.chat.expect_tiles(self.preprocessor.tiling.most(self.preprocessor.image_size), where)

    def save(self, folder: str | Path, store: torch.dtype | None = None) -> None:
        """A whole checkpoint in the place of one that is there, which stays where this cannot be written."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder, prefix=".saving.") as beside:
            save(self.vlm, beside, store)
            self.chat.save(beside)
            self.preprocessor.to_json(Path(beside) / FILE)
            for name in FILES:
                if (new := Path(beside) / name).exists():
                    new.replace(folder / name)
                else:
                    (folder / name).unlink(missing_ok=True)

    @property
    def device(self) -> torch.device:
        return next(self.vlm.decoder.parameters()).device

    @property
    def context(self) -> int:
        """Tokens that a conversation and its answer may have."""
        return self.vlm.config.text.max_position_embeddings

    def prompt(self, messages: Iterable[Message], images: Sequence[Image.Image] = ()) -> list[int]:
        """The ids of a conversation about these pictures, opened for the answer."""
        return self.chat.prompt(messages, self.preprocessor.grids(images))

    def fitting(
        self, messages: Sequence[Message], new: int, images: Sequence[Image.Image] = ()
    ) -> list[Message]:
        """Without its oldest turns, as few as leave room for `new` tokens; the last stays."""
        kept = list(messages)
        while len(kept) > 2 and len(self.prompt(kept, images)) + new > self.context:
            kept = without_oldest(kept)
        return kept

    def precision(self) -> AbstractContextManager:
        """Autocast, for what `quickened` leaves as it is: vision encoder, connector, other decoders."""
        dtype = pick_dtype("auto", self.device) if self.dtype == "int8" else self.dtype
        return torch.autocast(self.device.type, torch.bfloat16, enabled=dtype == "bf16")

    def pixels(self, images: Sequence[Image.Image]) -> Tensor | None:
        """Pictures -> (I, 3, S, S), their frames one after the other; None for none."""
        frames = [self.preprocessor.frames(image) for image in images]
        return torch.cat(frames).to(self.device) if frames else None

    def stream(
        self,
        messages: Sequence[Message],
        images: Sequence[Image.Image],
        memory: Memory | None = None,
        **choices: object,
    ) -> Iterator[str]:
        """The answer to a conversation that ends with the user, piece by piece; as `tokens`."""
        yield from stream_text(self.chat, self.tokens(messages, images, memory, **choices))

    def tokens(
        self,
        messages: Sequence[Message],
        images: Sequence[Image.Image],
        memory: Memory | None = None,
        generator: torch.Generator | None = None,
        **choices: object,
    ) -> Iterator[int]:
        """The answer's ids, up to and with the one that ends it. `choices` are the fields of `Sampling`.

        What `memory` holds of the conversation from the turns before is not read again.
        """
        ids = self.prompt(messages, images)
        room = self.context - len(ids)
        if room < Sampling.max_new_tokens:
            choices.setdefault("max_new_tokens", max(1, room))
        if choices.get("max_new_tokens", 0) > room:
            raise DataError(
                f"{len(ids)} tokens of conversation and --max_new_tokens {choices['max_new_tokens']} "
                f"do not fit the model's {self.context}; ask for fewer or shorter, or start anew"
            )
        with self.precision():
            if memory and isinstance(self.vlm, VLM) and choices.get("num_beams", 1) == 1:
                yield from self._remembered(ids, images, memory, generator, choices)
                return
            prompt, pixels = torch.tensor([ids], device=self.device), self.pixels(images)
            for row in self.vlm.stream(prompt, pixels, generator=generator, **choices):
                yield row.item()

    def _remembered(
        self,
        ids: list[int],
        images: Sequence[Image.Image],
        memory: Memory,
        generator: torch.Generator | None,
        choices: dict[str, object],
    ) -> Iterator[int]:
        """The new ids, reading on from what `memory` knows; it knows them, too, afterwards."""
        decoder = self.vlm.quick or self.vlm.decoder
        counts = placeholders(self.preprocessor.grids(images), self.chat.image_tokens)
        known, seen = memory.recall(ids, images, self.chat.image_id, counts)
        capacity = len(ids) + self.vlm.sampling(choices).max_new_tokens
        cache = memory.grown(capacity, lambda size: decoder.new_cache(1, size))
        memory.ids, memory.images = list(ids), list(images)
        pixels, fresh = self.pixels(images[seen:]), torch.tensor([ids[known:]], device=self.device)
        for row in self.vlm.stream(fresh, pixels, generator=generator, cache=cache, **choices):
            memory.ids.append(row.item())
            yield row.item()

    def answer_batch(
        self, conversations: Sequence[Sequence[Message]], images: Sequence[Image.Image], **choices: object
    ) -> list[str]:
        """The answers to several conversations at once; `images` are those of all, in reading order."""
        left = iter(images)
        shown = [list(islice(left, pictures_in(messages))) for messages in conversations]
        prompts = map(self.prompt, conversations, shown)
        ids, mask = pad_left([*prompts], self.chat.pad_id)
        with self.precision():
            new = self.vlm.generate(
                ids.to(self.device), self.pixels(images), attention_mask=mask.to(self.device), **choices
            )
        return [self.chat.answer(row) for row in new.tolist()]


def pictures_in(messages: Iterable[Message]) -> int:
    return sum(message["content"].count(IMAGE) for message in messages)


def with_pictures(question: str, number: int) -> str:
    """The question with a place for each of `number` pictures: where `<image>` is written, or in front."""
    written = question.count(IMAGE)
    if written not in (0, number):
        raise DataError(
            f"the question has {written} {IMAGE} for {number} pictures; write one for each, or none"
        )
    return question if written else f"{IMAGE}\n" * number + question


def without_oldest(messages: Sequence[Message]) -> list[Message]:
    """Without the first question and its answer; the next question gets its pictures."""
    (first, _, second), later = messages[:3], messages[3:]
    content = f"{IMAGE}\n" * first["content"].count(IMAGE) + second["content"]
    return [{"role": "user", "content": content}, *later]


def open_pictures(sources: Sequence[str | Path]) -> list[Image.Image]:
    return [load_image(as_path(source)) for source in sources]


def as_path(source: str | Path) -> str | Path:
    """A file manager writes a path that is dragged as file:///home/me/my%20photo.jpg."""
    name = str(source)
    return path_of(name, name) if name.lower().startswith(FILE_ADDRESS) else source


def readable(sources: Sequence[str | Path]) -> list[Image.Image]:
    """The pictures; if one of them cannot be read, none, with the reason on stderr: others can follow."""
    try:
        return open_pictures(sources)
    except DataError as error:
        sys.stdout.flush()
        print(f"error: {error}", file=sys.stderr)
        return []


def pad_left(rows: Sequence[Sequence[int]], value: int) -> tuple[Tensor, Tensor]:
    """Rows of ids -> ids (B, T) and attention_mask (B, T), 0 at the padding in front."""
    longest = max(map(len, rows))
    ids = torch.tensor([[*[value] * (longest - len(row)), *row] for row in rows])
    mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in rows])
    return ids, mask
