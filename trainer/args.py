"""The flags that the training scripts share."""

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
    """last: continue from the last save in --out; auto: from the last undamaged one, or from the start if
    there is none; no: begin anew, but only if --out holds no other run."""

    epochs: Positive | None = None
    """Times to go through the data (default: 1; more for a small data file, to make enough steps)."""
    samples: Count | None = None
    """Records to draw from the storybook (default: 20000), or to take from the start of a data file (all)."""
    batch_size: Count | None = None
    """Records in a batch (default: 32; 8 for a data file of fewer than 1,000 records)."""
    accumulate: Count = 1
    """Batches in an optimizer step."""
    lr: Positive = 5e-4
    """Peak learning rate of AdamW."""
    muon_lr: NotNegative = 0.0
    """Peak learning rate of Muon for the hidden matrices; 0: AdamW trains them, too."""
    eye_lr: Positive = 1.0
    """Learning rates of the vision encoder, as a share of the others'; below 1 it keeps what it knows."""
    connector_lr: Positive = 1.0
    """Learning rates of the connector, as a multiple of the others'."""
    warmup: CountOr0 = 50
    """Optimizer steps until the peak learning rate; at most a tenth of the run."""
    weight_decay: NotNegative = 0.1
    """Decoupled weight decay (AdamW, Muon), of matrices only."""
    clip: Positive = 1.0
    """Largest norm of the gradient."""

    max_length: Count | None = None
    """Longest conversation, in tokens (default: the model's context)."""
    pack: Count = 1
    """Put up to this many conversations about one picture into one row, unable to see each other, so that the
    picture is read once for all of them. --batch_size then counts rows."""
    augment: bool = False
    """Mirror, crop and brighten pictures at random: for few photographs."""
    skip_bad: bool = False
    """Leave bad records of a data file out, and say how many, instead of stopping at the start."""

    train: tuple[Literal["vision", "connector", "decoder", "last_layer"], ...] | None = None
    """Parts that train (default: the stage's)."""
    lora: CountOr0 | None = None
    """Rank of a LoRA adapter, the only part of the decoder that then trains. An adapter that --init has keeps
    learning; 0 merges it into the decoder, all of which trains."""
    lora_alpha: Annotated[Positive | None, OnlyWith("lora")] = None
    """Strength of a new adapter (default: twice its rank)."""

    lora_vision: Count | None = None
    """Rank of an adapter for a convolutional vision encoder, the only part of it that then trains; --train
    names vision, too. One that --init has keeps learning; convert_vlm.py merge merges it."""

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
    """Connector of a new model; with --init, it replaces the old connector if the kinds differ."""
    shuffle: Count | None = None
    """For --connector shuffle: each square of this many by this many patches is one token (default: 2)."""
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
    """auto (cuda, then mps, then cpu), or the name of one."""
    dtype: Literal["auto", "fp32", "bf16"] = "auto"
    """Arithmetic of the matrix products; auto is bf16 where the machine has instructions for it."""
    seed: Seed = 0
    """Seed of new weights, and of the order of records."""
    workers: CountOr0 | None = None
    """Processes that prepare batches; 0: none (default: 1; on a GPU one for each processor core but one, 8 at
    most)."""
    features: Path | None = Path("out/features")
    """Folder for the features of a frozen vision encoder, computed once; None: in every step."""
    compile: bool = False
    """Compile the decoder's layers (torch.compile): minutes before the first step, then faster on a GPU."""
    recompute: bool = False
    """Compute the layers' activations again in the backward pass (gradient checkpointing): less memory, about
    a third more time."""
    shard: bool = False
    """Divide the decoder's layers among torchrun's processes (FSDP2), if it does not fit into one."""
    board: Board = "none"
    """Curves for TensorBoard (tensorboard --logdir OUT) or Weights & Biases (offline without a key), too."""
    save_every: Count = 500
    """Optimizer steps between two saves of the state to resume from."""
    store: Literal["fp32", "fp16", "bf16"] = "fp32"
    """Precision of the weights that are written."""
