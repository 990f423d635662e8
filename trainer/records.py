"""The records that a run learns from, all looked at before its first step."""

import shlex
from collections.abc import Sequence
from dataclasses import fields, replace
from itertools import chain

from dataset.chat.render import Chat
from dataset.check import Check, examine, idle_told
from dataset.errors import DataError
from dataset.needs import NEEDS, Needs
from dataset.open import Chosen
from dataset.record import Record
from scoring.assistant import Assistant
from trainer.args import TrainArgs


def whole_records(
    source: str,
    records: Sequence[Record],
    assistant: Assistant,
    max_length: int,
    args: TrainArgs,
    needs: Needs,
) -> tuple[Sequence[Record], str]:
    """All that teach the stage something, and a digest of them. Raises DataError for bad ones, unless
    --skip_bad, and where too few are left."""
    needs = replace(needs, augmented=args.augment)
    found = examine(records, assistant.chat, max_length, needs=needs, preprocessor=assistant.preprocessor)
    if found.bad:
        number, first = f"{len(found.bad)} of {len(records)} records are bad", next(iter(found.bad.values()))
        if not args.skip_bad or len(found.bad) == len(records):
            look = checking(source, assistant.chat, max_length, args, needs)
            told = f"{number}; `.venv/bin/python -m {look}` lists them all"
            raise DataError(f"{first} ({told}; correct them, or leave them out with --skip_bad)")
        print(f"{source}: {number} and are left out; the first: {first}")
    if not found.good:
        raise DataError(f"{source}: {idle_told(found)}; name data with pictures, or train other parts")
    if len(found.good) < needs.together:
        raise DataError(
            f"{source}: stage {needs.stage} compares records with each other; give {needs.together} or more"
        )
    if found.idle:
        print(f"{source}: {idle_told(found)}: they are left out")
    whole = len(found.good) == len(records)
    return records if whole else Chosen(records, found.good), found.digest.hexdigest()


def checking(source: str, chat: Chat, max_length: int, args: TrainArgs, needs: Needs) -> str:
    """The command that judges a data file as this run does."""
    like = [name for name, one in NEEDS.items() if one.pictures == needs.pictures]
    flags = {
        "image_dir": args.image_dir,
        "weights": args.init or args.tokenizer,
        "image_tokens": chat.image_tokens,
        "max_length": max_length,
        "augment": args.augment,
        "stage": needs.stage if needs.stage in like else like[-1],
    }
    usual = {one.name: one.default for one in fields(Check)}
    given = {name: value for name, value in flags.items() if value not in (None, usual[name])}
    told = [[f"--{name}"] if value is True else [f"--{name}", str(value)] for name, value in given.items()]
    return shlex.join(["dataset.records", "check", source, *chain(*told)])
