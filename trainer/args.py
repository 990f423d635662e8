"""The flags that both training scripts share."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from dataset.commands.flags import Count, CountOr0, NotNegative, NotWith, OnlyWith, Positive, Seed
from trainer.checkpoint import Resume
from trainer.report import Board

Preset = Literal["tiny", "minimind-26m", "minimind-104m", "minimind-26m-moe"]


@dataclass
class TrainArgs:
    data: str = "storybook"
    """A data file, folder or pattern of Parquet files (docs/YOUR_DATA.md), or the storybook, which is drawn
    as it is needed."""
    image_dir: Annotated[Path | None, OnlyWith("data", "val")] = None
    """Folder that picture names are relative to (default: the data file's)."""
    init: Path | None = None
    """Checkpoint folder to start from; without it the model is made from --preset."""
    out: Path = Path("out/run")
    """Folder for the trained checkpoint, metrics.jsonl, loss.png and the state to resume from."""
    resume: Resume = "no"
    """last: go on from the last save in --out; auto: from the last that is whole, or from the start if there
    is none; no: start anew, but not over what another run has left there."""

    epochs: Positive | None = None
    """Times to go through the data (default: 1; of a small data file more, so that there are some steps)."""
    samples: Count | None = None
    """Records of the storybook to draw, or the first of the data file (default: 20000, or all)."""
    batch_size: Count | None = None
    """Records in a batch (default: 32; of a data file of fewer than 1,000 records 8)."""
    accumulate: Count = 1
    """Batches in an optimizer step."""
    lr: Positive = 5e-4
    """Peak learning rate of AdamW."""
    muon_lr: NotNegative = 0.0
    """Peak learning rate of Muon for the hidden matrices; 0: AdamW trains them, too."""
    eye_lr: Positive = 1.0
    """Learning rates of the vision encoder, relative to the others'; below 1 it keeps what it knows."""
    connector_lr: Positive = 1.0
    """Learning rates of the connector relative to the others'."""
    warmup: CountOr0 = 50
    """Optimizer steps until the peak learning rate; at most a tenth of the run."""
    weight_decay: NotNegative = 0.1
    """Of matrices alone, decoupled (AdamW, Muon)."""
    clip: Positive = 1.0
    """Largest norm of the gradient."""

    max_length: Count | None = None
    """Longest conversation, in tokens (default: the model's context)."""
    pack: Count = 1
    """Up to so many conversations about one picture in a row, each blind to the others: the picture is read
    once for all of them. --batch_size counts rows, then."""
    augment: bool = False
    """Mirror, crop and brighten pictures at random: for few photographs."""
    skip_bad: bool = False
    """Leave bad records of a data file out, and say how many, instead of stopping at the start."""

    train: tuple[Literal["vision", "connector", "decoder", "last_layer"], ...] | None = None
    """Parts that train (default: the stage's)."""
    lora: CountOr0 | None = None
    """Rank of an adapter beside the decoder's matrices, which alone train of it (LoRA). An adapter that
    --init has goes on learning; 0 makes it part of the decoder, all of which trains."""
    lora_alpha: Annotated[Positive | None, OnlyWith("lora")] = None
    """Strength of a new adapter (default: twice its rank)."""

    val: str | None = None
    """Held-out data file to answer now and then: exact match in metrics.jsonl, answers in samples.html."""
    val_every: Annotated[Count, OnlyWith("val")] = 500
    """Optimizer steps between two evaluations."""
    val_samples: Annotated[Count, OnlyWith("val")] = 200
    """Records of --val to answer."""

    preset: Annotated[Preset | None, NotWith("init")] = None
    """Sizes of a new model (default: tiny)."""
    tokenizer: Annotated[Path | None, NotWith("init")] = None
    """Folder of the tokenizer of a new model (default: weights/tiny)."""
    connector: Literal["linear", "mlp", "normed", "shuffle", "words", "qformer"] | None = None
    """Connector of a new model; of --init's, a new one takes the old one's place if it is another."""
    shuffle: Count | None = None
    """Of --connector shuffle: so many patches in a row, and in a column, become one token (default: 2)."""
    vision: Annotated[str | None, NotWith("init")] = None
    """Vision encoder of a new model: CLIP, SigLIP, SigLIP 2 (of a fixed size), DINOv2; a folder or a name in
    the cache of the hub such as google/siglip-base-patch16-224."""
    image_size: Annotated[Count | None, NotWith("init", "vision")] = None
    """Side of a new model's pictures, in pixels."""
    patch_size: Annotated[Count | None, NotWith("init", "vision")] = None
    """Side of a new model's patches, in pixels."""
    set: tuple[str, ...] = ()
    """Fields of a new model that differ from the preset: text.hidden_size=128 vision.patch_size=8, and of a
    new Q-Former or caption decoder: bert.num_hidden_layers=4 ..."""

    device: str = "auto"
    """auto (cuda, then mps, then cpu), or one by name."""
    dtype: Literal["auto", "fp32", "bf16"] = "auto"
    """Arithmetic of the matrix products; auto is bf16 where the machine has instructions for it."""
    seed: Seed = 0
    """Seed of new weights, and of the order of records."""
    workers: CountOr0 = 1
    """Processes that prepare batches; 0: none."""
    features: Path | None = Path("out/features")
    """Folder for the features of a frozen vision encoder, computed once; None: anew in every step."""
    compile: bool = False
    """Compile the decoder's layers (torch.compile): minutes before the first step, then faster on a GPU."""
    recompute: bool = False
    """Compute the insides of the decoder's layers again in the backward pass (gradient checkpointing): less
    memory, about a third more time."""
    shard: bool = False
    """Divide the decoder's layers among torchrun's processes (FSDP2): for one that does not fit whole."""
    board: Board = "none"
    """Curves for TensorBoard (tensorboard --logdir OUT) or Weights & Biases (offline without a key), too."""
    save_every: Count = 500
    """Optimizer steps between two saves of the state to resume from."""
    store: Literal["fp32", "fp16", "bf16"] = "fp32"
    """Precision of the weights that are written."""
