"""The stages: which parts train, on which records, under which loss.

text      decoder alone, next token of everything said       (no pictures)
vision    CLIP's contrastive loss (Radford et al. 2021, figure 3); with --caption_weight also captions
align     connector alone between a frozen eye and a frozen decoder  (LLaVA section 4.2, stage 1)
sft       conversations, only the answers scored             (LLaVA section 4.2, stage 2)
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from model.config import DecoderConfig
from model.decoder import Decoder
from model.vlm import IGNORED, VLM

PARTS = ("vision", "connector", "decoder", "last_layer")
MAX_SCALE = 100.0  # CLIP's bound on the inverse temperature


@dataclass(frozen=True)
class Stage:
    """`parts` train unless a flag says otherwise; `view` of the storybook where no data file is given;
    `build` makes the module to train, whose call on a batch gives the named losses."""

    parts: tuple[str, ...]
    view: str
    build: Callable[[VLM, float], nn.Module]
    pictures: bool = True


class AnswerLoss(nn.Module):
    """The loss of align and SFT: next token of the answers, given pictures and questions."""

    def __init__(self, vlm: VLM, caption_weight: float = 0.0) -> None:
        super().__init__()
        self.vlm = vlm

    def forward(self, batch: dict) -> dict[str, Tensor]:
        out = self.vlm(
            batch["input_ids"],
            batch.get("pixel_values"),
            labels=batch["labels"],
            image_features=batch.get("image_features"),
        )
        return {"loss": out.loss}


class TextLoss(nn.Module):
    """Next token of the whole conversation, questions too; nothing is seen, so nothing can be known."""

    def __init__(self, vlm: VLM, caption_weight: float = 0.0) -> None:
        super().__init__()
        self.vlm = vlm

    def forward(self, batch: dict) -> dict[str, Tensor]:
        ids, config = batch["input_ids"], self.vlm.config
        unscored = (ids == config.pad_token_id) | (ids == config.image_token_id)
        return {"loss": self.vlm(ids, labels=ids.masked_fill(unscored, IGNORED)).loss}


class ContrastiveLoss(nn.Module):
    """Pictures and their captions find each other in the batch; both towers train from nothing.

    The text tower is our decoder brick, read at the caption's last token (CLIP's is a causal transformer,
    too). The picture is the mean of its patches, the very features that the connector will read.
    It is thrown away after the stage, but for the eye.
    """

    def __init__(self, vlm: VLM, caption_weight: float = 0.0, size: int = 128) -> None:
        super().__init__()
        self.vlm, self.caption_weight = vlm, caption_weight
        text = DecoderConfig(
            vocab_size=vlm.config.text.vocab_size,
            hidden_size=192,
            intermediate_size=512,
            num_hidden_layers=3,
            num_attention_heads=6,
            num_key_value_heads=6,
        )
        self.text = Decoder(text)
        self.see = nn.Sequential(
            nn.LayerNorm(vlm.config.vision.hidden_size), nn.Linear(vlm.config.vision.hidden_size, size)
        )
        self.read = nn.Linear(text.hidden_size, size)
        self.log_scale = nn.Parameter(torch.tensor(1 / 0.07).log())

    def forward(self, batch: dict) -> dict[str, Tensor]:
        features = self.vlm.vision(batch["pixel_values"])  # (B, P, D_vision)
        images = F.normalize(self.see(features.mean(1)).float(), dim=-1)  # (B, E)
        texts = F.normalize(self._read(batch["caption_ids"]).float(), dim=-1)  # (B, E)
        scale = self.log_scale.exp().clamp(max=MAX_SCALE)
        same = (batch["caption_ids"][:, None] == batch["caption_ids"][None]).all(-1)  # (B, B)
        parts = contrastive_loss(scale * images @ texts.T, same)
        parts["loss"] = parts["contrastive_loss"]
        if self.caption_weight:
            caption = self.vlm(batch["input_ids"], labels=batch["labels"], image_features=features).loss
            parts |= {"caption_loss": caption, "loss": parts["loss"] + self.caption_weight * caption}
        return parts

    def _read(self, ids: Tensor) -> Tensor:
        hidden = self.text(self.text.embed_tokens(ids))  # (B, T, D)
        last = (ids != self.vlm.config.pad_token_id).sum(1) - 1
        return self.read(hidden[torch.arange(len(ids), device=ids.device), last])


def contrastive_loss(similarity: Tensor, same: Tensor) -> dict[str, Tensor]:
    """Cross-entropy of (images, texts) both ways; chance is ln B. Equal captions (`same`) share credit."""
    targets = same / same.sum(1, keepdim=True)
    loss = (F.cross_entropy(similarity, targets) + F.cross_entropy(similarity.T, targets)) / 2
    found = same[torch.arange(len(same), device=same.device), similarity.argmax(1)].float().mean()
    return {"contrastive_loss": loss, "found": found}


STAGES: dict[str, Stage] = {
    "text": Stage(("decoder",), "train", TextLoss, pictures=False),
    "vision": Stage(("vision",), "captions", ContrastiveLoss),
    "align": Stage(("connector",), "train", AnswerLoss),
    "sft": Stage(("connector", "decoder"), "train", AnswerLoss),
}


def choose_trainable(vlm: VLM, parts: tuple[str, ...], eye_lr: float = 1.0) -> None:
    """Freeze all but the named parts; the eye's learning rates are `eye_lr` times the others'."""
    for p in vlm.vision.parameters():
        p.lr_factor = eye_lr
    vlm.requires_grad_(False)
    vlm.vision.freeze("vision" not in parts)
    vlm.connector.requires_grad_("connector" in parts)
    vlm.decoder.requires_grad_("decoder" in parts)
    if "last_layer" in parts:
        vlm.decoder.layers[-1].requires_grad_(True)
