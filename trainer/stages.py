"""The stages: which parts train, on which records, under which loss.

text      decoder alone, next token of everything said       (no pictures)
vision    CLIP's contrastive loss (Radford et al. 2021, figure 3): vision encoder, text tower thrown away
regions   the vision encoder (the "eye") and the projector name what is at a place (RegionCLIP, SuperClass)
sharpen   the eye of a trained model learns to tell apart what it still confuses
names     the connector learns classes of whole pictures, whose names are the data's answers
qformer   BLIP-2's queries learn to ask: contrast, matching, generation  (BLIP-2 section 3.2)
caption   a decoder that looks at the picture in every layer             (BLIP section 3.1)
align     connector alone between a frozen eye and a frozen decoder  (LLaVA section 4.2, stage 1)
sft       conversations, only the answers scored             (LLaVA section 4.2, stage 2)
reward    its own captions; those that people's agree with become likelier (Rennie et al. 2017)
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dataset.errors import DataError
from dataset.needs import NEEDS, Needs
from dataset.open import is_drawn
from model.config import DecoderConfig
from model.connector import CONNECTORS
from model.decoder import Decoder
from model.files import load_strictly, read_tensors, write_tensors
from model.lora import adapter_of, adapter_tensors
from model.qformer import QFormerPretraining, generation_loss, similarity
from model.vlm import VLM
from scoring.retrieval import recalls
from trainer.args import TrainArgs
from trainer.distributed import gather
from trainer.names import NameLoss
from trainer.regions import MAX_SCALE, RegionLoss, SharpenLoss
from trainer.reward import RewardLoss
from trainer.words import AnswerLoss, TextLoss, unpadded

SPEAKS = ("decoder", "last_layer")
PARTS = ("vision", "connector", *SPEAKS)
POOL = 8  # batches of words that are made together, each of records about as long
HEADS = "qformer_heads.safetensors"


@dataclass(frozen=True)
class Stage:
    """`parts` train unless a flag names others, from those that the loss `reaches`. `view`: the storybook's
    records, where no data file is given ("": none of them will do). `build` makes the module to train: on a
    batch it gives the named losses; one that has to know all records first has `look_through`. The model
    needs one of `connectors` (None: any; BLIP and BLIP-2, too), the records `needs_of`."""

    parts: tuple[str, ...]
    view: str
    build: Callable[[VLM], nn.Module]
    reaches: tuple[str, ...] = PARTS
    pictures: bool = True
    pool: int = 1  # a contrastive loss needs mixed batches
    own_batch: bool = False  # the loss depends on how a batch is shared between processes
    connectors: tuple[str, ...] | None = None
    boxes: bool = False  # the loss is of places in a picture, which features kept of whole ones do not know
    asking: bool = False  # questions with several answers are asked


class QFormerLoss(nn.Module):
    """BLIP-2's first stage on pictures and captions; its heads are kept beside the checkpoint.

    The text begins with the picture's placeholder, which no caption has, as [CLS].
    """

    def __init__(self, vlm: VLM) -> None:
        super().__init__()
        self.vlm = vlm
        self.stage1 = QFormerPretraining(vlm.connector.qformer, gather=gather)

    def forward(self, batch: dict) -> dict[str, Tensor]:
        features, ids, valid = self._pairs(batch)
        return self.stage1(features, ids, valid)

    def weigh(self, batch: dict) -> int:
        return len(batch["caption_ids"])

    def _pairs(self, batch: dict) -> tuple[Tensor, Tensor, Tensor]:
        """-> what the eye saw (B, P, D_vision), ids (B, 1 + T), and where they are not padding."""
        features = batch.get("image_features")
        pictures = batch.get("pixel_values", ()) if features is None else features
        if len(pictures) != len(batch["caption_ids"]):
            raise DataError(
                f"stage qformer needs one picture in each record, unlike {', '.join(batch['where'])}"
            )
        if features is None:
            features = self.vlm.vision(batch["pixel_values"])
        ids = F.pad(batch["caption_ids"], (1, 0), value=self.vlm.config.image_token_id)
        return features.to(self.stage1.temperature.dtype), ids, ids != self.vlm.config.pad_token_id

    def chance(self, batch_size: int) -> dict[str, float]:
        vocabulary = self.vlm.connector.qformer.config.vocab_size
        return {"itc": math.log(batch_size), "itm": math.log(2), "itg": math.log(vocabulary)}

    @torch.no_grad()
    def evaluate(self, batches: list[dict]) -> dict[str, float]:
        """Means over held-out batches: recall among a batch's pairs, and the losses' own numbers."""
        rows = []
        for batch in batches:
            features, ids, valid = self._pairs(batch)
            stage1 = self.stage1
            seen, past = stage1.see(features)
            near = similarity(seen, stage1.read(ids, valid)) * stage1.scale
            matched = stage1.matching_loss(features, ids, valid, near, near.T) if len(ids) > 1 else {}
            said = generation_loss(stage1.say(stage1.started(ids), valid, past), ids, valid)
            rows.append(recalls(near) | {k: v.item() for k, v in (matched | {"itg": said}).items()})
        return {f"val_{key}": sum(row[key] for row in rows) / len(rows) for key in rows[0]}

    def save(self, folder: Path) -> None:
        write_tensors(self._heads(), folder / HEADS)

    def load(self, folder: Path) -> None:
        """The heads of an earlier run, where there are any."""
        if (folder / HEADS).is_file():
            load_strictly(self._heads(), read_tensors(folder / HEADS), str(folder / HEADS))

    def _heads(self) -> dict[str, Tensor]:
        return {k: v for k, v in self.stage1.state_dict().items() if not k.startswith("qformer.")}


class ContrastiveLoss(nn.Module):
    """Pictures and their captions find each other in the batch; both towers train from nothing.

    The text tower is our decoder brick, read at the caption's last token (CLIP's is a causal transformer,
    too). The picture is the mean of its patches, the very features that the connector will read.
    After the stage all but the vision encoder is thrown away.
    """

    def __init__(self, vlm: VLM, size: int = 128) -> None:
        super().__init__()
        self.vlm = vlm
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
        if len(batch.get("pixel_values", ())) != len(batch["caption_ids"]):
            raise DataError(
                f"stage vision needs one picture in each record, unlike {', '.join(batch['where'])}"
            )
        features = self.vlm.vision(batch["pixel_values"])  # (B, P, D_vision)
        images = F.normalize(self.see(features.mean(1)).float(), dim=-1)  # (B, E)
        texts = F.normalize(self._read(batch["caption_ids"]).float(), dim=-1)  # (B, E)
        scale = self.log_scale.exp().clamp(max=MAX_SCALE)
        (all_images, _), (all_texts, _) = gather(images), gather(texts)
        said = self._fingerprints(batch["caption_ids"])
        same = said[:, None] == gather(said)[0]  # (B, all)
        return contrastive_loss(scale * images @ all_texts.T, scale * texts @ all_images.T, same)

    def weigh(self, batch: dict) -> int:
        return len(batch["caption_ids"])

    def _fingerprints(self, ids: Tensor) -> Tensor:
        """(B,): equal for equal captions."""
        pad = self.vlm.config.pad_token_id
        rows = [hash(unpadded(row, pad)) for row in ids.tolist()]
        return torch.tensor(rows, device=ids.device)

    def chance(self, batch_size: int) -> dict[str, float]:
        return {"loss": math.log(batch_size)}

    def _read(self, ids: Tensor) -> Tensor:
        hidden = self.text(self.text.embed_tokens(ids))  # (B, T, D)
        last = (ids != self.vlm.config.pad_token_id).sum(1) - 1
        return self.read(hidden[torch.arange(len(ids), device=ids.device), last])


def contrastive_loss(to_texts: Tensor, to_images: Tensor, same: Tensor) -> dict[str, Tensor]:
    """Cross-entropy of own pictures and all texts (B, all), and of own texts and all pictures; chance is
    ln all. Equal captions (`same`) share credit."""
    targets = same / same.sum(1, keepdim=True)
    loss = (F.cross_entropy(to_texts, targets) + F.cross_entropy(to_images, targets)) / 2
    found = same[torch.arange(len(same), device=same.device), to_texts.argmax(1)].float().mean()
    return {"loss": loss, "found": found}


OURS = tuple(CONNECTORS)
PLACES = ("linear", "mlp", "normed", "words")  # connectors that read what is at one place, by itself
EYE = ("vision",)
LOOKS = (*EYE, "connector")
STAGES: dict[str, Stage] = {
    "text": Stage(("decoder",), "train", TextLoss, SPEAKS, pictures=False, pool=POOL, connectors=OURS),
    "vision": Stage(EYE, "captions", ContrastiveLoss, EYE),
    "regions": Stage(LOOKS, "regions", RegionLoss, LOOKS, connectors=PLACES, boxes=True),
    "sharpen": Stage(EYE, "things", SharpenLoss, EYE, boxes=True),
    "names": Stage(("connector",), "", NameLoss, LOOKS, connectors=("words",)),
    "qformer": Stage(
        ("connector",), "described", QFormerLoss, LOOKS, own_batch=True, connectors=("qformer",)
    ),
    "caption": Stage(("decoder",), "described", AnswerLoss, (*EYE, *SPEAKS), pool=POOL),
    "align": Stage(("connector",), "train", AnswerLoss, pool=POOL, connectors=OURS),
    "sft": Stage(("connector", "decoder"), "train", AnswerLoss, pool=POOL),
    "reward": Stage(
        ("connector", "decoder"), "train", RewardLoss, pool=POOL, own_batch=True, connectors=OURS, asking=True
    ),
}


NEW = {"qformer": "qformer", "caption": None}  # what these stages make in the place of --connector


def needs_of(name: str, parts: Sequence[str], vlm: nn.Module) -> Needs:
    """What a stage needs of its records where these parts train: without a picture an answer teaches vision
    encoder and connector nothing, and BLIP and BLIP-2 read only records about one picture."""
    needs = NEEDS[name]
    if not isinstance(vlm, VLM):
        return replace(needs, pictures="one")
    if name == "qformer":  # [CLS] and the end stand around a caption
        return replace(needs, caption=vlm.connector.qformer.config.max_position_embeddings - 2)
    if STAGES[name].build is AnswerLoss and needs.pictures != "one":
        return replace(needs, pictures="any" if {*SPEAKS} & {*parts} else "some")
    return needs


def expect_model(name: str, vlm: nn.Module) -> None:
    """Raises DataError for a model that the stage's loss is not made for."""
    wanted, found = STAGES[name].connectors, getattr(vlm.config, "connector", "none")
    if wanted and found not in wanted:
        raise DataError(f"stage {name} needs a model with connector {', '.join(wanted)}, not {found}")


def expect_heeded(name: str, args: TrainArgs) -> None:
    """Raises DataError for flags that say nothing to this stage, before a model is loaded."""
    stage, parts = STAGES[name], args.train or STAGES[name].parts
    reaches = f"the loss of stage {name} reaches {' and '.join(stage.reaches)} alone"
    if beyond := [part for part in parts if part not in stage.reaches]:
        raise DataError(f"--train {beyond[0]}: {reaches}")
    if args.lora_vision and "vision" not in stage.reaches:
        raise DataError(f"--lora_vision: {reaches}; leave it out")
    for flag, part in (("eye_lr", "vision"), ("connector_lr", "connector")):
        if getattr(args, flag) != 1 and part not in parts:
            given = f"--{flag} {getattr(args, flag)}: trains no {part}"
            raise DataError(f"{given}, but {' and '.join(parts)}; leave it out, or add to --train")
    if args.connector and args.connector != NEW.get(name, args.connector):
        raise DataError(f"--connector {args.connector}: stage {name} makes its own; leave it out")
    if args.shuffle and args.connector != "shuffle":
        raise DataError(
            f"--shuffle {args.shuffle}: only has an effect with --connector shuffle; leave it out"
        )
    if stage.asking and (args.init is None or is_drawn(args.data)):
        raise DataError(
            f"stage {name} goes on from a model that describes pictures; name it with --init, "
            "and with --data a file of captions, several of each picture"
        )
    if not stage.view and is_drawn(args.data):
        raise DataError(f"stage {name} is for pictures of your own; name the data file or folder with --data")
    if args.shard and stage.asking:
        raise DataError(f"--shard: stage {name} lays the whole decoder out to answer; leave it out")
    if (args.batch_size or 2) < NEEDS[name].together:
        raise DataError(
            f"--batch_size {args.batch_size}: stage {name} compares the pairs of a batch; give 2 or more"
        )


def choose_trainable(
    vlm: VLM, parts: tuple[str, ...], eye_lr: float = 1.0, connector_lr: float = 1.0
) -> None:
    """Freeze all but the named parts (of a decoder with adapter, all but that); `eye_lr` and `connector_lr`
    scale the learning rates of vision encoder and connector."""
    for p in vlm.vision.parameters():
        p.lr_factor = eye_lr
    for p in getattr(vlm, "connector", nn.Identity()).parameters():
        p.lr_factor = connector_lr
    vlm.requires_grad_(False)
    vlm.vision.freeze("vision" not in parts)
    for part in {"connector", "decoder"} & set(parts):
        getattr(vlm, part, nn.Identity()).requires_grad_(True)  # BLIP has no connector
    if "last_layer" in parts:
        vlm.decoder.layers[-1].requires_grad_(True)
    if isinstance(vlm, VLM) and adapter_of(vlm.decoder):
        vlm.decoder.requires_grad_(False)
        for p in adapter_tensors(vlm.decoder).values():
            p.requires_grad_("decoder" in parts)
