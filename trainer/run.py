"""From flags to a trained checkpoint: what both training scripts do.

--init folder or --preset -> model; --data -> records -> batches; stage -> fit -> --out folder
"""

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Annotated, Literal

import torch

from dataset.collate import Prepared
from dataset.errors import DataError
from dataset.flags import Count, CountOr0, NotNegative, NotWith, OnlyWith, Positive, Seed
from dataset.loader import held_out_batches, make_loader
from dataset.needs import Needs
from dataset.open import Chosen, expect_folder_heeded, is_drawn, open_data
from dataset.packing import Packs
from model.device import pick_device
from model.hub import WEIGHTS, Model
from model.lora import halve
from model.vlm import VLM
from scoring.answers import answer_all
from scoring.assistant import Assistant
from trainer.checkpoint import Resume, saved_states
from trainer.distributed import leader_first, processes, rank, world
from trainer.features import compute_features
from trainer.few import suited
from trainer.health import Health
from trainer.identity import identity
from trainer.loop import Recipe, fit, to_device
from trainer.memory import keep_memory
from trainer.models import open_model, own_what_trains, with_adapter
from trainer.records import whole_records
from trainer.report import Board
from trainer.samples import Samples
from trainer.shards import make_whole, shard_layers
from trainer.stages import STAGES, Stage, choose_trainable, expect_heeded, expect_model, needs_of
from trainer.words import AnswerLoss

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


KNOWN = ("text", "align", "sft")  # stages that, given weights, begin with what these know
KEPT_PRODUCTS = "64"  # that oneDNN keeps ready; by default 1,024, which batches of ever new shapes fill: 8 GB
STORED = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


def run(stage_name: str, args: TrainArgs) -> None:
    """Train one stage and leave a complete checkpoint folder in args.out."""
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", KEPT_PRODUCTS)
    keep_memory()
    with processes(pick_device(args.device)) as device:
        _run(stage_name, replace(args, device=str(device)))


def _run(stage_name: str, args: TrainArgs) -> None:
    stage, leads = STAGES[stage_name], rank() == 0
    parts = args.train or stage.parts
    expect_heeded(stage_name, args)
    expect_folder_heeded(args.image_dir, args.data, args.val)
    if not saved_states(args.out):  # else `load_state` judges
        spare_model(args.out)
    assistant, module = open_module(stage_name, args, parts)
    needs = needs_of(stage_name, parts, assistant.vlm)
    prepared, data = prepare(stage, args, assistant, needs)
    args = suited(args, len(prepared.records), is_drawn(args.data))
    if args.batch_size % world():
        raise DataError(f"--batch_size {args.batch_size} is shared by {world()} processes; take a multiple")
    known = identity(stage_name, args, parts, assistant, prepared.max_length, data)
    sharing = world() if stage.own_batch else None
    recipe = make_recipe(args, len(prepared.records), assistant.dtype, sharing, known)
    chance = module.chance(args.batch_size)
    if leads:
        print_plan(stage_name, module, recipe, len(prepared.records), assistant.device, chance)
    judging = leads or args.shard  # it takes all shards
    fit(
        module,
        module,
        lambda start: make_loader(
            prepared, args.batch_size, args.seed, args.workers, start, stage.pool, rank(), world()
        ),
        recipe,
        args.out,
        stage_name,
        args.resume,
        args.save_every,
        evaluator(args, assistant, module, needs) if judging else None,
        args.val_every,
        health=Health(chance.get("loss"), trained=bool(args.init) and stage_name in KNOWN),
        weigh=module.weigh,
        board=args.board,
    )
    make_whole(module)
    if leads:
        save(assistant, module, args)


def open_module(stage_name: str, args: TrainArgs, parts: Sequence[str]) -> tuple[Assistant, torch.nn.Module]:
    """The model, and around it the loss of the stage; `parts` train."""
    torch.manual_seed(args.seed)
    assistant = open_model(args, stage_name)
    vlm = assistant.vlm
    expect_model(stage_name, vlm)
    with_adapter(vlm, parts, args)
    choose_trainable(vlm, parts, args.eye_lr, args.connector_lr)
    if not any(p.requires_grad for p in vlm.parameters()):
        raise DataError(f"--train {' '.join(parts)}: this model has no such part; nothing would train")
    prepare_layers(vlm, args, assistant.dtype)
    own_what_trains(vlm, parts)
    module = STAGES[stage_name].build(vlm).to(assistant.device)
    if args.init and hasattr(module, "load"):
        module.load(args.init)
    return assistant, module


def save(assistant: Assistant, module: torch.nn.Module, args: TrainArgs) -> None:
    assistant.save(args.out, STORED[args.store])
    if hasattr(module, "save"):
        module.save(args.out)
    print(f"saved {args.out}")


def spare_model(folder: Path) -> None:
    if (folder / WEIGHTS).exists():
        raise DataError(f"{folder} holds a model; give another --out")


def prepare_layers(vlm: Model, args: TrainArgs, dtype: str) -> None:
    """As --compile, --recompute and --shard ask."""
    if (args.compile or args.recompute or args.shard) and not isinstance(vlm, VLM):
        raise DataError("--compile, --recompute and --shard are not for this kind of model; leave them out")
    if args.recompute:
        vlm.decoder.recompute = True
    if dtype == "bf16" and "decoder" in (getattr(vlm.config, "bases", None) or {}):
        halve(vlm.decoder)  # what lies elsewhere does not change, and is not written
    if args.compile:
        if pick_device(args.device).type == "cpu" and not shutil.which("g++"):
            raise DataError("--compile on a CPU wants the compiler g++; install it, or leave --compile out")
        for layer in vlm.decoder.layers:
            layer.compile(dynamic=True)
    if args.shard:
        if world() == 1:
            raise DataError("--shard divides layers among processes; begin with torchrun --nproc_per_node N")
        shard_layers(vlm.decoder)


def prepare(stage: Stage, args: TrainArgs, assistant: Assistant, needs: Needs) -> tuple[Prepared, str]:
    """What to train on, and what is in it, in words; what an eye at rest makes of its pictures is kept, where
    they come more than once."""
    drawn = is_drawn(args.data)
    max_length = args.max_length or assistant.vlm.config.text.max_position_embeddings
    records = open_data(args.data, args.image_dir, args.samples, stage.view, stage.pictures)
    data = f"{args.data} of {len(records):,} records"
    if not drawn:
        there = args.data, records, assistant.chat, max_length, args, needs
        records, digest = whole_records(*there, assistant.preprocessor)
        data = f"of {len(records):,} records, sha256 {digest[:16]}"
    if args.pack > 1:
        if stage.build is not AnswerLoss or not isinstance(assistant.vlm, VLM):
            raise DataError("--pack is for the stages align and sft, whose loss knows of it; leave it out")
        records = Packs(records, args.pack, args.seed)
    prepared = Prepared(records, assistant.chat, assistant.preprocessor, max_length, args.augment)
    again = (args.epochs or 1) > 1 or not drawn  # the storybook draws new ones each time
    rests = "vision" not in (args.train or stage.parts)
    if stage.pictures and rests and not args.augment and args.features and again:
        with leader_first():
            prepared.features = compute_features(assistant, records, args.features)
    return prepared, data


def make_recipe(
    args: TrainArgs, records: int, dtype: str, nproc_per_node: int | None = None, known: dict | None = None
) -> Recipe:
    steps = max(1, round(args.epochs * records / (args.batch_size * args.accumulate)))
    shared = {f.name: getattr(args, f.name) for f in fields(Recipe) if hasattr(args, f.name)}
    made = {"steps": steps, "dtype": dtype, "nproc_per_node": nproc_per_node, "known": known or {}}
    return Recipe(**shared | made)


def print_plan(
    name: str,
    module: torch.nn.Module,
    recipe: Recipe,
    records: int,
    device: torch.device,
    chances: dict[str, float],
) -> None:
    trained = sum(p.numel() for p in module.parameters() if p.requires_grad)
    everything = sum(p.numel() for p in module.parameters())
    print(
        f"stage {name}: {records:,} records, {recipe.steps:,} steps of {recipe.batch_size} x "
        f"{recipe.accumulate}, "
        f"{trained / 1e6:.2f} of {everything / 1e6:.2f} million weights train, {device.type} {recipe.dtype}"
    )
    print("before anything is learnt: " + ", ".join(f"{key} {value:.2f}" for key, value in chances.items()))
    if recipe.batch_size == 1 and "itm" in chances:
        print("one pair in a batch: nothing to tell apart, so itm is left out and itc is 0")


def evaluator(
    args: TrainArgs, assistant: Assistant, module: torch.nn.Module, needs: Needs
) -> Callable[[int], dict[str, float]] | None:
    """What a module says of held-out batches itself, or how many held-out questions it answers; some of the
    answers go to samples.html."""
    if not args.val:
        return None
    records = open_data(args.val, args.image_dir)
    chosen = torch.randperm(len(records), generator=torch.Generator().manual_seed(0))[: args.val_samples]
    some = Chosen(records, chosen.tolist())
    if not is_drawn(args.val):
        needs = replace(needs, together=1)
        there = args.val, some, assistant.chat, assistant.context, args, needs
        some, _ = whole_records(*there, assistant.preprocessor)
    some = list(some)
    prepared = Prepared(some, assistant.chat, assistant.preprocessor)
    judges = hasattr(module, "evaluate")  # else two batches tell whether pictures are looked at
    found = held_out_batches(prepared, args.batch_size, None if judges else 2)
    batches = [to_device(batch, assistant.device) for batch in found]

    samples = None if judges else Samples(args.out, some)

    def evaluate(step: int) -> dict[str, float]:
        with assistant.precision():
            if judges:
                return module.evaluate(batches)
            gains = [gain for batch in batches if (gain := picture_gain(module, batch)) is not None]
        found = {"val_picture_gain": sum(gains) / len(gains)} if gains else {}
        answers = list(answer_all(assistant, some))
        if rank() == 0:
            samples.show(step, answers)
        return {"val_exact_match": sum(answer.right for answer in answers) / len(answers), **found}

    return evaluate


@torch.no_grad()
def picture_gain(module: torch.nn.Module, batch: dict) -> float | None:
    """How much higher the loss is with each other's pictures; about 0 where pictures are not looked at."""
    pixels = batch.get("pixel_values")
    if pixels is None or len(pixels) < 2:
        return None
    return (module(batch | {"pixel_values": pixels.roll(1, 0)})["loss"] - module(batch)["loss"]).item()
