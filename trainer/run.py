"""From flags to a trained checkpoint: what the training scripts do.

--init folder or --preset -> model; --data -> records -> batches; stage -> fit -> --out folder
"""

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import fields, replace

import torch

from dataset.batches.collate import Features, Prepared
from dataset.batches.loader import held_out_batches, make_loader
from dataset.batches.packing import Packs
from dataset.errors import DataError, expect_spared
from dataset.needs import Needs
from dataset.open import Chosen, expect_folder_heeded, is_drawn, open_data
from dataset.record import Record
from model.device import pick_device
from model.files import Model
from model.lora import halve
from model.vlm import VLM
from scoring.answers import answer_all
from scoring.assistant import FILES, Assistant
from trainer.args import TrainArgs
from trainer.checkpoint import expect_no_run, saved_states
from trainer.distributed import leader_first, processes, rank, world
from trainer.features import compute_features
from trainer.few import suited
from trainer.health import Health
from trainer.identity import identity
from trainer.loop import Recipe, fit, to_device
from trainer.memory import keep_memory
from trainer.models import open_model, own_what_trains, with_adapters
from trainer.records import whole_records
from trainer.samples import Samples
from trainer.shards import make_whole, shard_layers
from trainer.stages import STAGES, Stage, choose_trainable, expect_heeded, expect_model, needs_of
from trainer.words import AnswerLoss

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
    if args.resume == "no":
        expect_no_run(args.out)
    if not saved_states(args.out):  # else `load_state` judges
        expect_spared(args.out, FILES)
    assistant, module = open_module(stage_name, args, parts)
    needs = needs_of(stage_name, parts, assistant.vlm)
    prepared, data = prepare(stage, args, assistant, needs)
    if hasattr(module, "look_through"):
        module.look_through(prepared.records, assistant.chat)
    prepared.features = features_of(prepared.records, stage, args, assistant)
    args = suited(args, len(prepared.records), is_drawn(args.data))
    if args.batch_size % world():
        raise DataError(f"--batch_size {args.batch_size} is shared by {world()} processes; take a multiple")
    known = identity(stage_name, args, parts, assistant, prepared, data)
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
    with_adapters(vlm, parts, args)
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
            raise DataError("--compile on a CPU needs the compiler g++; install it, or leave --compile out")
        for layer in vlm.decoder.layers:
            layer.compile(dynamic=True)
    if args.shard:
        if world() == 1:
            raise DataError("--shard divides layers among processes; begin with torchrun --nproc_per_node N")
        shard_layers(vlm.decoder)


def prepare(stage: Stage, args: TrainArgs, assistant: Assistant, needs: Needs) -> tuple[Prepared, str]:
    """What to train on, and what is in it, in words."""
    drawn = is_drawn(args.data)
    max_length = args.max_length or assistant.vlm.config.text.max_position_embeddings
    records = open_data(args.data, args.image_dir, args.samples, stage.view, stage.pictures)
    data = f"{args.data} of {len(records):,} records"
    if not drawn:
        records, digest = whole_records(args.data, records, assistant, max_length, args, needs)
        data = f"of {len(records):,} records, sha256 {digest[:16]}"
    if args.pack > 1:
        if not issubclass(stage.build, AnswerLoss) or not isinstance(assistant.vlm, VLM):
            raise DataError(
                "--pack is for the stages align, sft and reward, whose loss knows of it; leave it out"
            )
        if drawn and records.alike == 1:
            raise DataError(
                f"--pack {args.pack}: {args.data} draws a picture for each conversation; give storybook:many"
            )
        records = Packs(records, args.pack, args.seed)
    prepared = Prepared(
        records, assistant.chat, assistant.preprocessor, max_length, args.augment, asking=stage.asking
    )
    return prepared, data


def features_of(
    records: Sequence[Record], stage: Stage, args: TrainArgs, assistant: Assistant
) -> Features | None:
    """What an eye at rest makes of the pictures, kept where they come more than once."""
    again = (args.epochs or 1) > 1 or not is_drawn(args.data)  # the storybook draws new ones each time
    rests = "vision" not in (args.train or stage.parts)
    if stage.pictures and not stage.boxes and rests and not args.augment and args.features and again:
        with leader_first():
            return compute_features(assistant, records, args.features)
    return None


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
    print("guessing alone gives " + ", ".join(f"{key} {value:.2f}" for key, value in chances.items()))
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
        some, _ = whole_records(args.val, some, assistant, assistant.context, args, needs)
    some = list(some)
    prepared = Prepared(some, assistant.chat, assistant.preprocessor)
    judges = hasattr(module, "evaluate")  # else two batches tell whether pictures are looked at
    looks = STAGES[needs.stage].pictures  # stage text does not
    found = held_out_batches(prepared, args.batch_size, None if judges else 2) if looks else ()
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
