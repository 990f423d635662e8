"""The Q-Former (BLIP-2, Li et al. 2023, section 3): learnt queries between a frozen vision encoder and text.

    queries (B, Q, D)                    self-attention is shared; who sees whom is a mask
    text    (B, T) -> words (B, T, D)    queries look at the picture in every second layer
    image   (B, P, D_vision)             queries and text have a feed-forward each

    stage 1: ITC  contrast        queries | text           do not see each other
             ITM  do they match?  queries + text           see all
             ITG  say it          queries -> text, causal  the text sees the queries and what came before
    stage 2: the queries, projected, are the image tokens of a language model (`QFormerConnector`)

P patches, Q queries, T words, D width, E width of the contrast, B pairs.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.bert import IGNORED, Attention, BertConfig, Embeddings, FeedForward, Head, Past, init_bert
from model.config import VLMConfig
from model.fields import build

MIN_TEMPERATURE, MAX_TEMPERATURE = 0.001, 0.5
SMOOTHING = 0.1  # of the contrast's labels
EASY = 0.5  # of training's negatives, drawn at random: who starts from nothing cannot tell hard ones yet
Gather = Callable[
    [Tensor], tuple[Tensor, int]
]  # (B, ...) of this process -> those of all, where its own begin


class QFormerLayer(nn.Module):
    def __init__(self, config: BertConfig, layer: int) -> None:
        super().__init__()
        self.attention = Attention(config)
        if layer % config.cross_attention_frequency == 0:
            self.crossattention = Attention(config, config.encoder_hidden_size)
        self.query_forward = FeedForward(config)
        if config.use_qformer_text_input:
            self.text_forward = FeedForward(config)

    def forward(
        self, x: Tensor, queries: int, mask: Tensor | None, image: Tensor | None, past: Past | None
    ) -> tuple[Tensor, Past]:
        """x (B, queries + T, D): the queries first."""
        x, past = self.attention(x, mask, past=past)
        parts = []
        if queries:
            asked = x[:, :queries]
            if hasattr(self, "crossattention"):
                asked, _ = self.crossattention(asked, context=image)
            parts.append(self.query_forward(asked))
        if x.shape[1] > queries:
            parts.append(self.text_forward(x[:, queries:]))
        return torch.cat(parts, dim=1), past


class QFormer(nn.Module):
    def __init__(self, config: BertConfig) -> None:
        super().__init__()
        self.config = config
        self.query_tokens = nn.Parameter(torch.zeros(1, config.num_query_tokens, config.hidden_size))
        if config.use_qformer_text_input:
            self.embeddings = Embeddings(config)
        self.layernorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)
        self.layers = nn.ModuleList(QFormerLayer(config, i) for i in range(config.num_hidden_layers))
        self.apply(init_bert)
        nn.init.normal_(self.query_tokens, std=0.02)  # zeros would make all queries one

    def forward(
        self,
        image: Tensor | None = None,
        ids: Tensor | None = None,
        mask: Tensor | None = None,
        past: list[Past] | None = None,
    ) -> tuple[Tensor, list[Past]]:
        """Queries about `image` (B, P, D_vision), text `ids` (B, T), or both -> hidden (B, [Q +] [T], D).

        `mask` (..., new, all) is True where one may look; `past` is what an earlier call returned beside its
        hidden states: text alone that goes on from queries sees them without computing them again.
        """
        parts = []
        if image is not None:
            parts.append(self.query_tokens.expand(len(image), -1, -1))
        if ids is not None:
            before = past[0][0].shape[2] - self.config.num_query_tokens if past else 0
            parts.append(self.embeddings(ids, torch.arange(before, before + ids.shape[1], device=ids.device)))
        x = self.dropout(self.layernorm(torch.cat(parts, dim=1)))
        queries, grown = 0 if image is None else self.config.num_query_tokens, []
        for index, layer in enumerate(self.layers):
            x, kept = layer(x, queries, mask, image, past[index] if past else None)
            grown.append(kept)
        return x, grown


def text_mask(valid: Tensor) -> Tensor:
    """Text alone, read both ways: (B, T), 0 at padding -> (B, 1, 1, T)."""
    return valid.bool()[:, None, None]


def matching_mask(valid: Tensor, queries: int) -> Tensor:
    """ITM: all see all but padding, (B, 1, 1, Q + T)."""
    return F.pad(valid.bool(), (queries, 0), value=True)[:, None, None]


def generating_mask(valid: Tensor, queries: int) -> Tensor:
    """ITG: queries see queries; a word sees the queries, and words up to itself. (B, 1, Q + T, Q + T)"""
    total = queries + valid.shape[1]
    earlier = torch.ones(total, total, dtype=torch.bool, device=valid.device).tril()
    earlier[:queries, :queries] = True
    return earlier & matching_mask(valid, queries)


def contrast_mask(valid: Tensor, queries: int) -> Tensor:
    """ITC: queries see queries, words see words. (B, 1, Q + T, Q + T)"""
    is_query = torch.arange(queries + valid.shape[1], device=valid.device) < queries
    return (is_query[:, None] == is_query) & matching_mask(valid, queries)


def alone(x: Tensor) -> tuple[Tensor, int]:
    """What `gather` is in a single process: all there is, and where one's own begins."""
    return x, 0


class QFormerPretraining(nn.Module):
    """Stage 1: one Q-Former under three losses, each with a mask of its own (section 3.2)."""

    def __init__(self, qformer: QFormer, embed_dim: int = 256, gather: Gather = alone) -> None:
        super().__init__()
        size = qformer.config.hidden_size
        self.qformer = qformer
        self.vision_projection = nn.Linear(size, embed_dim)
        self.text_projection = nn.Linear(size, embed_dim)
        self.itm_head = nn.Linear(size, 2)
        self.head = Head(qformer.config)
        self.temperature = nn.Parameter(torch.tensor(0.07))
        self.gather = gather
        for part in (self.vision_projection, self.text_projection, self.itm_head, self.head):
            part.apply(init_bert)

    def see(self, image: Tensor) -> tuple[Tensor, list[Past]]:
        """(B, P, D_vision) -> one direction for each query (B, Q, E), and the queries' keys and values."""
        hidden, past = self.qformer(image)
        return F.normalize(self.vision_projection(hidden).float(), dim=-1), past

    def read(self, ids: Tensor, valid: Tensor) -> Tensor:
        """(B, T), the first of them [CLS] -> (B, E)"""
        hidden, _ = self.qformer(ids=ids, mask=text_mask(valid))
        return F.normalize(self.text_projection(hidden[:, 0]).float(), dim=-1)

    def match(self, image: Tensor, ids: Tensor, valid: Tensor) -> Tensor:
        """How well each picture and its text go together: (B, 2), [no, yes]."""
        queries = self.qformer.config.num_query_tokens
        hidden, _ = self.qformer(image, ids, matching_mask(valid, queries))
        return self.itm_head(hidden[:, :queries]).mean(1).float()

    def say(self, ids: Tensor, valid: Tensor, past: list[Past]) -> Tensor:
        """Text (B, T), the first of it [DEC], after queries that have looked: logits (B, T, V)."""
        queries = self.qformer.config.num_query_tokens
        mask = generating_mask(valid, queries)[:, :, queries:]
        hidden, _ = self.qformer(ids=ids, mask=mask, past=past)
        return self.head(hidden, self.qformer.embeddings.word_embeddings.weight)

    def forward(self, image: Tensor, ids: Tensor, valid: Tensor) -> dict[str, Tensor]:
        """Pictures (B, P, D_vision) and their texts (B, T), [CLS] first, `valid` 0 at padding -> losses.

        "loss" is the sum of "itc", "itm" and "itg" (section 3.2). Without a second pair
        there is nothing to tell apart: at B = 1 "itm" is left out.
        """
        seen, past = self.see(image)
        texts = self.read(ids, valid)
        (all_seen, first), (all_texts, _) = self.gather(seen), self.gather(texts)
        to_texts = similarity(seen, all_texts) * self.scale  # (B, all)
        to_images = similarity(all_seen, texts).T * self.scale  # (B, all)
        own = torch.arange(first, first + len(ids), device=ids.device)
        losses = {
            "itc": (smoothed(to_texts, own) + smoothed(to_images, own)) / 2,
            "itg": generation_loss(self.say(self.started(ids), valid, past), ids, valid),
            "itc_found": (to_texts.argmax(1) == own).float().mean(),
        }
        if len(ids) > 1:
            near = slice(first, first + len(ids))  # negatives are drawn in this process's batch
            losses |= self.matching_loss(image, ids, valid, to_texts[:, near], to_images[:, near])
        return losses | {"loss": sum(losses[name] for name in ("itc", "itm", "itg") if name in losses)}

    @property
    def scale(self) -> Tensor:
        """The inverse temperature, within its bounds."""
        return 1 / self.temperature.clamp(MIN_TEMPERATURE, MAX_TEMPERATURE)

    def matching_loss(
        self, image: Tensor, ids: Tensor, valid: Tensor, to_texts: Tensor, to_images: Tensor
    ) -> dict[str, Tensor]:
        """Three groups of B: pairs as they are, texts with a hard wrong picture, pictures with a hard wrong
        text; hard by the similarities (B, B) of each picture, and of each text."""
        same = (ids[:, None] == ids[None]).all(-1)  # a pair's own, and another that says the same
        easy = EASY if self.training else 0.0
        wrong_image, wrong_text = hard_negatives(to_images, same, easy), hard_negatives(to_texts, same, easy)
        logits = self.match(
            torch.cat([image, image[wrong_image], image]),
            torch.cat([ids, ids, ids[wrong_text]]),
            torch.cat([valid, valid, valid[wrong_text]]),
        )  # (3 B, 2)
        truth = (torch.arange(len(logits), device=ids.device) < len(ids)).long()
        return {
            "itm": F.cross_entropy(logits, truth),
            "itm_right": (logits.argmax(1) == truth).float().mean(),
        }

    def started(self, ids: Tensor) -> Tensor:
        """The text as it is to be said: [DEC], the last of the vocabulary, takes the place of [CLS]."""
        return torch.cat([torch.full_like(ids[:, :1], self.qformer.config.vocab_size - 1), ids[:, 1:]], dim=1)


def similarity(seen: Tensor, texts: Tensor) -> Tensor:
    """Queries (I, Q, E) and texts (N, E) -> (I, N): that of the query which is nearest."""
    return torch.einsum("iqe,ne->inq", seen, texts).amax(-1)


def smoothed(logits: Tensor, own: Tensor) -> Tensor:
    """Contrast with one's own among all; chance is ln(all)."""
    return F.cross_entropy(logits, own, label_smoothing=SMOOTHING)


def hard_negatives(logits: Tensor, same: Tensor, easy: float = 0.0) -> Tensor:
    """For each row one column that is not the `same`, the more often the more similar; a share of `easy`
    whatever it looks like. (B, B) -> (B,)

    A row where all are the same has nothing wrong to offer but a neighbour.
    """
    others = (~same).float()
    likely = logits.detach().float().masked_fill(same, -torch.inf).softmax(1)
    weights = (1 - easy) * likely + easy * others / others.sum(1, keepdim=True)
    neighbour = torch.eye(len(same), device=same.device).roll(1, dims=1)
    return torch.multinomial(torch.where(same.all(1, keepdim=True), neighbour, weights), 1)[:, 0]


def generation_loss(logits: Tensor, ids: Tensor, valid: Tensor) -> Tensor:
    """Each word from those before it; padding is not scored. Chance is ln V."""
    targets = ids.masked_fill(~valid.bool(), IGNORED)[:, 1:]
    return F.cross_entropy(logits[:, :-1].flatten(0, 1).float(), targets.flatten())


class QFormerConnector(nn.Module):
    """Stage 2 (section 3.3): patches (I, P, D_vision) -> queries -> (I, Q, hidden size)."""

    def __init__(self, config: VLMConfig) -> None:
        super().__init__()
        self.qformer = QFormer(build(BertConfig, config.qformer or {}, "qformer."))
        self.language_projection = nn.Linear(self.qformer.config.hidden_size, config.text.hidden_size)

    def forward(self, features: Tensor) -> Tensor:
        return self.language_projection(self.qformer(features)[0])
