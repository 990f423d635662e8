"""What is at a place: losses of a vision encoder (the "eye"), on boxes and the words said of each.

RegionLoss    an eye that knows nothing learns to speak the decoder's words
SharpenLoss   an eye that a decoder has learnt to read learns to see better, and stays readable
"""

import copy
import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dataset.errors import DataError
from model.vlm import VLM
from trainer.words import WordLoss

MAX_SCALE = 100.0  # CLIP's bound on the inverse temperature


class BoxLoss(WordLoss):
    """A loss over the words said of regions."""

    stage: str

    def weigh(self, batch: dict) -> int:
        return len(batch.get("region_boxes", ()))

    def patches(self, batch: dict, eye: nn.Module) -> Tensor:
        """(I, P, D_vision): what an eye sees of each patch."""
        if "region_boxes" not in batch:
            where = ", ".join(batch["where"])
            raise DataError(f"stage {self.stage} needs pictures; there is none in {where}")
        return eye(batch["pixel_values"])[:, int(self.vlm.config.vision.keep_cls) :]


class RegionLoss(BoxLoss):
    """The mean patch of a region, through the connector, names the words said of it: by their embeddings.

    Words are a set: softmax over the vocabulary, their mean log-probability (SuperClass, Huang et al. 2024,
    section 3), on regions as in RegionCLIP (Zhong et al. 2022). Logits are cosines between image token and
    the decoder's own word embeddings, which stay as they are: afterwards the patches of a cat look to the
    decoder like the word "cat". A scene of six things teaches six times, at once where each thing is.
    """

    stage = "regions"

    def __init__(self, vlm: VLM) -> None:
        super().__init__(vlm)
        self.log_scale = nn.Parameter(torch.tensor(1 / 0.07).log())

    def forward(self, batch: dict) -> dict[str, Tensor]:
        seen = self.patches(batch, self.vlm.vision)
        regions = pooled(seen, batch, region_weights(batch["region_boxes"], math.isqrt(seen.shape[1])))
        tokens = F.normalize(self.vlm.connector(regions).float(), dim=-1)  # (R, D)
        words = F.normalize(self.vlm.decoder.embed_tokens.weight.float(), dim=-1)  # (V, D)
        scale = self.log_scale.exp().clamp(max=MAX_SCALE)
        return word_loss(scale * tokens @ words.T, batch["region_ids"], self.vlm.config.pad_token_id)


class SharpenLoss(BoxLoss):
    """The eye of a trained model learns to tell apart what it still confuses; the rest of the model stays.

    A linear probe (Alain & Bengio 2016) learns to read the words of a region from the eye as it was, and
    the eye learns to be read by that probe: a mushroom that looked like an umbrella moves to where
    mushrooms are, and there the decoder reads it right. What is in no box stays as it was, and what is in one
    nearly (learning without forgetting, Li & Hoiem 2016): the decoder never saw the eye move.
    """

    stage = "sharpen"
    stay, stay_inside = 0.5, 0.1  # what moving counts, beside the words

    def __init__(self, vlm: VLM) -> None:
        super().__init__(vlm)
        self.before = copy.deepcopy(vlm.vision).requires_grad_(False)
        self.probe = nn.Linear(vlm.config.vision.hidden_size, vlm.config.text.vocab_size)

    def forward(self, batch: dict) -> dict[str, Tensor]:
        now = self.patches(batch, self.vlm.vision).float()  # (I, P, D_vision)
        with torch.no_grad():
            was = self.patches(batch, self.before).float()
        weights = region_weights(batch["region_boxes"], math.isqrt(now.shape[1]))  # (R, P)
        probe = self.probe.weight, self.probe.bias
        learnt = self._read(pooled(was, batch, weights), batch, *probe)
        told = self._read(pooled(now, batch, weights), batch, *(weight.detach() for weight in probe))
        width = now.shape[-1:]
        moved = (F.layer_norm(now, width) - F.layer_norm(was, width)).square().mean(-1)  # (I, P)
        counts = torch.where(in_boxes(weights, batch, moved), self.stay_inside, self.stay)
        stay = (counts * moved).mean(1)[batch["region_images"]].mean()
        loss = learnt["loss"] + told["loss"] + stay
        return {"loss": loss, "found": told["found"], "found_before": learnt["found"], "stay": stay}

    def _read(self, regions: Tensor, batch: dict, weight: Tensor, bias: Tensor) -> dict[str, Tensor]:
        seen = F.layer_norm(regions, regions.shape[-1:])  # (R, D_vision)
        return word_loss(F.linear(seen, weight, bias), batch["region_ids"], self.vlm.config.pad_token_id)

    def chance(self, batch_size: int) -> dict[str, float]:
        return {"loss": 2 * super().chance(batch_size)["loss"]}  # the probe's and the eye's


def pooled(seen: Tensor, batch: dict, weights: Tensor) -> Tensor:
    """Patches (I, P, D_vision), weights (R, P) -> (R, D_vision): the mean patch of each region."""
    around = seen.index_select(0, batch["region_images"])  # (R, P, D_vision)
    return torch.einsum("rp,rpd->rd", weights.to(seen), around)


def in_boxes(weights: Tensor, batch: dict, like: Tensor) -> Tensor:
    """(I, P), as `like`: is a patch in a box? One of the whole picture does not count."""
    inside = weights > 0  # (R, P)
    inside &= ~inside.all(1, keepdim=True)
    found = torch.zeros_like(like).index_add(0, batch["region_images"], inside.to(like))
    return found > 0


def region_weights(boxes: Tensor, side: int) -> Tensor:
    """(R, 4) left, top, right, bottom in 0..1 -> (R, P): the mean over patches whose centre is inside.

    A box too small to hold a patch's centre takes the patch that its own centre is in.
    """
    centres = (torch.arange(side, device=boxes.device) + 0.5) / side
    across, down = (
        ((centres >= low[:, None]) & (centres < high[:, None]))
        | (torch.arange(side, device=boxes.device) == ((low + high) / 2 * side).long()[:, None])
        for low, high in ((boxes[:, 0], boxes[:, 2]), (boxes[:, 1], boxes[:, 3]))
    )  # (R, side) each
    inside = (down[:, :, None] & across[:, None, :]).flatten(1).float()
    return inside / inside.sum(1, keepdim=True)


def word_loss(logits: Tensor, ids: Tensor, pad_id: int) -> dict[str, Tensor]:
    """(R, V) against each region's set of words (R, T). `found`: words among the region's top as many."""
    words = ids != pad_id  # (R, T)
    number = words.sum(1, keepdim=True)
    said = logits.log_softmax(-1).gather(1, ids)  # (R, T)
    top = logits.detach().topk(ids.shape[1]).values  # (R, T)
    least = top.gather(1, number - 1)  # (R, 1): the last that counts
    found = (logits.gather(1, ids) >= least) & words
    return {"loss": -((said * words).sum(1) / number[:, 0]).mean(), "found": found.sum() / words.sum()}
