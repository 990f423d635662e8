"""The model learns from its own captions: those that people's captions agree with become likelier.

    picture, question -> five answers, drawn at random -> a reward for each (dataset/photo/consensus.py)
                      -> loss: -(reward - mean reward of the other four) x log p(answer)

Self-critical training (Rennie et al. 2017, section 3; the others' mean as baseline: Luo 2020, "A better
variant"). Cross-entropy teaches each word after the right words before it; here a caption is learnt as a
whole, after words that are the model's own. Beside it goes a share of the usual loss, on all questions, so
that nothing else is forgotten.

Q questions, K answers to each, T tokens of the longest prompt.
"""

import copy
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain

import torch
import torch.nn.functional as F
from torch import Tensor

from dataset.batches.asked import apart
from dataset.batches.collate import pad_right
from dataset.batches.packing import packed
from dataset.chat.render import IGNORED, Chat, Sample
from dataset.errors import DataError
from dataset.formats.rows import CHINESE
from dataset.photo.consensus import Consensus
from dataset.record import Record
from model.config import DecoderConfig
from model.decoder import Decoder
from model.generation import Sampling, generate
from model.lora import merge
from model.loss import scored_loss
from model.moe import MixtureOfExperts
from model.quick import QuickDecoder
from model.vlm import VLM
from scoring.assistant import pad_left
from scoring.captions import words
from trainer.distributed import rank
from trainer.words import AnswerLoss

ANSWERS = 5  # K
TAUGHT = 0.3  # weight of the usual loss
END = "\0"  # a word like others: else "... the grass with a" can be the better caption (Rennie, appendix E)


class RewardLoss(AnswerLoss):
    """Batches come with `asked`: for each row its open questions, (ids of the prompt, people's answers)."""

    def __init__(self, vlm: VLM) -> None:
        super().__init__(vlm)
        self.chat: Chat | None = None
        self.longest = 0  # tokens of an answer
        self.consensus: dict[str, Consensus] = {}

    def chance(self, batch_size: int) -> dict[str, float]:
        return {"reward": 0.0}

    def look_through(self, records: Sequence[Record], chat: Chat) -> None:
        """Learn from all answers to open questions how rare words are, and how long answers may be.

        Raises DataError for data in which no question is open, and for a question that leaves no room.
        """
        asked = [
            (record.where, one)
            for record in map(records.__getitem__, range(len(records)))
            for one in apart([record.messages, *record.more])[0]
        ]
        longest = max((len(chat.encode(text)) + 1 for _, one in asked for text in one.answers), default=0)
        for where, one in asked:
            expect_room(len(chat.prompt(one.before)) + longest, self.vlm.config.text, where)
        told: dict[str, list[list[list[str]]]] = defaultdict(list)
        for _, one in asked:
            language, references = in_words(one.answers)
            told[language].append(references)
        if any(len(some) < 2 for some in told.values()) or not told:
            raise DataError(
                "too few questions have several answers: give each caption a record of its own (of a list "
                "the first is read), under the same question, and with --pack the most records of a picture"
            )
        self.chat, self.longest = chat, longest
        self.consensus = {language: Consensus(some) for language, some in told.items()}

    def forward(self, batch: dict) -> dict[str, Tensor]:
        if not self.training:  # held-out batches are judged word by word
            return super().forward(batch)
        seed = torch.randint(1 << 62, ()).item() + rank()  # one number a batch, however long answers become
        features = batch.get("image_features")
        if features is None:
            features = self.vlm.vision(batch["pixel_values"])
        features = features.float()  # kept ones are of half precision
        # First with gradients: autocast keeps what it makes of the weights for all that follows.
        taught = super().forward(batch | {"image_features": features, "pixel_values": None})["loss"]
        asked = [(row, *one) for row, some in enumerate(batch["asked"]) for one in some]
        if not asked:
            return {"loss": TAUGHT * taught, "taught_loss": taught}
        rows, prompts, answers = zip(*asked, strict=True)
        pictures = self._pictures(batch["input_ids"], features)
        seen = torch.cat([pictures[row] for row in rows])
        chance = torch.Generator(seen.device).manual_seed(seed)
        said = self.draw(prompts, seen, generator=chance)
        rewards = self.judge(said, answers).to(seen.device)
        loss = self.surprise(prompts, said, seen, advantages(rewards))
        return {"loss": loss + TAUGHT * taught, "taught_loss": taught, "reward": rewards.mean()}

    def _pictures(self, ids: Tensor, features: Tensor) -> Sequence[Tensor]:
        """Features (I, P, D_vision) as those of each row."""
        places = (ids == self.vlm.config.image_token_id).sum(1)
        return features.split((places // self.vlm.config.image_tokens).tolist())

    @torch.no_grad()
    def draw(
        self,
        prompts: Sequence[list[int]],
        features: Tensor,
        temperature: float = 1.0,
        generator: torch.Generator | None = None,
    ) -> list[list[list[int]]]:
        """K answers to each question: ids, up to and with the one that ends an answer."""
        decoder, config = quickened(self.vlm.decoder), self.vlm.config
        ids, mask = (t.to(features.device) for t in pad_left(prompts, config.pad_token_id))  # (Q, T)
        rows = torch.arange(len(ids), device=ids.device).repeat_interleave(ANSWERS)  # (Q K,)
        cache = decoder.new_cache(len(ids), ids.shape[1] + self.longest)
        hidden = decoder(self.vlm.embed(ids, image_features=features), mask, cache)
        cache.select(rows)  # what was read once is there for all K
        mask = mask[rows]

        def spoken(hidden: Tensor) -> Tensor:
            logits = decoder.logits(hidden[:, -1])
            logits[:, config.image_token_id] = -torch.inf  # a picture's place is nothing to say
            return logits

        def step(new: Tensor) -> Tensor:
            nonlocal mask
            mask = F.pad(mask, (0, 1), value=1)
            return spoken(decoder(decoder.embed_tokens(new)[:, None], mask, cache))

        how = Sampling(self.longest, temperature, stop_ids=(config.eos_token_id,), pad_id=config.pad_token_id)
        said = torch.stack([*generate(spoken(hidden)[rows], step, how, generator)], dim=1).tolist()
        each = [until(row, config.eos_token_id) for row in said]
        return [each[i : i + ANSWERS] for i in range(0, len(each), ANSWERS)]

    def judge(self, said: Iterable[Sequence[list[int]]], answers: Iterable[Sequence[str]]) -> Tensor:
        """-> rewards (Q, K)"""
        rewards = []
        for some, true in zip(said, answers, strict=True):
            language, references = in_words(true)
            own = [words(self.chat.answer(ids), language) + self._end(ids) for ids in some]
            rewards.append([self.consensus[language].score(one, references) for one in own])
        return torch.tensor(rewards)

    def _end(self, ids: list[int]) -> list[str]:
        """The mark of an answer that came to its end."""
        return [END] if ids[-1:] == [self.vlm.config.eos_token_id] else []

    def surprise(
        self, prompts: Iterable[list[int]], said: Sequence[list[list[int]]], features: Tensor, weights: Tensor
    ) -> Tensor:
        """-log p of each token that was said, times the weight (Q, K) of its answer: the mean over tokens.
        A row reads its question once, for K answers that do not see each other."""
        rows = [
            packed([Sample(prompt + ids, [IGNORED] * len(prompt) + ids) for ids in some])
            for prompt, some in zip(prompts, said, strict=True)
        ]
        device, pad = features.device, self.vlm.config.pad_token_id
        ids, labels, ends = (
            pad_right([getattr(row, name) for row in rows], value).to(device)
            for name, value in (("input_ids", pad), ("labels", IGNORED), ("ends", 0))
        )
        hidden = self.vlm(ids, image_features=features, ends=ends).hidden
        lengths = torch.tensor([len(ids) for ids in chain(*said)], device=device)
        return scored_loss(self.vlm.decoder, hidden, labels, weights.flatten().repeat_interleave(lengths))


def expect_room(length: int, config: DecoderConfig, where: str) -> None:
    """Raises DataError for a question that leaves no room for an answer."""
    if length > config.max_position_embeddings:
        found = f"question and longest answer have {length} tokens, the model's context"
        told = f"{found} {config.max_position_embeddings}; shorten the question, or leave it out"
        raise DataError(f"{where}: {told}")


def quickened(decoder: Decoder) -> QuickDecoder:
    """A copy of the decoder as it now is, its adapter merged, laid out for fast answers: half a second that
    saves many."""
    left = [m for m in decoder.modules() if isinstance(m, MixtureOfExperts)]
    known = {id(decoder.embed_tokens): decoder.embed_tokens} | {id(m.balance_loss): 0.0 for m in left}
    whole = copy.deepcopy(decoder, known)
    merge(whole)
    device = decoder.norm.weight.device.type
    return QuickDecoder(whole, "bf16" if torch.is_autocast_enabled(device) else "fp32")


def advantages(rewards: Tensor) -> Tensor:
    """(Q, K): how much better than the mean of the others an answer is."""
    others = (rewards.sum(1, keepdim=True) - rewards) / (rewards.shape[1] - 1)
    return rewards - others


def until(ids: list[int], end: int) -> list[int]:
    return ids[: ids.index(end) + 1] if end in ids else ids


def in_words(answers: Sequence[str]) -> tuple[str, list[list[str]]]:
    """The language of most, and each in words, with the mark of the end."""
    chinese = sum(1 for answer in answers if CHINESE.search(answer))
    language = "zh" if 2 * chinese > len(answers) else "en"
    return language, [[*words(answer, language), END] for answer in answers]
