"""Training is killed (signal 9) again and again, also while it saves, and ends with the weights of a run
that nobody killed, bit for bit: in every stage that learns from drawn pictures, with accumulated batches, a
worker process, features kept."""

import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import torch
from tqdm import tqdm

from dataset.batches.collate import Prepared
from dataset.batches.loader import make_loader
from dataset.open import open_data
from scoring.assistant import Assistant
from tests.test_training import for_stage
from trainer.checkpoint import saved_states
from trainer.features import compute_features
from trainer.loop import Recipe, fit
from trainer.stages import STAGES, choose_trainable

ROOT = Path(__file__).parent.parent
KILLS = 5  # of each stage
RECIPE = Recipe(steps=8, batch_size=4, accumulate=2, muon_lr=0.01, warmup=2)
FORK = multiprocessing.get_context("fork")  # a process that has imported all this begins at once


def train(name: str, assistant: Assistant, folder: Path) -> None:
    """A whole run of a stage that goes on from wherever the folder stands."""
    torch.set_num_threads(1)
    tqdm.set_lock(threading.RLock())  # its own is shared with forks: one killed with it would hang the next
    os.setsid()  # a group of its own, its worker among it
    flush = os.fsync
    os.fsync = lambda file: (time.sleep(0.01), flush(file))  # a slow disk: many kills fall into a save
    torch.manual_seed(0)
    stage, assistant = STAGES[name], for_stage(assistant, name)
    choose_trainable(assistant.vlm, stage.parts)
    module = stage.build(assistant.vlm)
    records = open_data("storybook", None, 24, stage.view, stage.pictures)
    prepared = Prepared(records, assistant.chat, assistant.preprocessor)
    if name == "align":  # as --epochs 2 does
        prepared.features = compute_features(assistant, records, folder / "features")

    def loader_from(start: int) -> object:
        return make_loader(prepared, RECIPE.batch_size, 0, workers=1, start=start, pool=stage.pool)

    fit(
        module,
        module,
        loader_from,
        RECIPE,
        folder,
        name,
        "auto",
        save_every=1,
        log_every=2,
        weigh=module.weigh,
    )
    torch.save(module.state_dict(), folder / "final.pt")


def started(name: str, assistant: Assistant, folder: Path) -> object:
    child = FORK.Process(target=train, args=(name, assistant, folder))
    child.start()
    return child


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, stage in STAGES.items() if stage.view])
def test_killed_again_and_again(name: str, assistant: Assistant, tmp_path: Path) -> None:
    begun = time.perf_counter()
    whole = started(name, assistant, tmp_path / "whole")
    whole.join(120)
    assert whole.exitcode == 0
    seconds, folder, rng = time.perf_counter() - begun, tmp_path / "killed", random.Random(name)
    kills = in_a_save = 0
    while True:
        child = started(name, assistant, folder)
        child.join(rng.uniform(0.3, 0.8) * seconds if kills < KILLS else 120)
        if child.exitcode is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.join()
            kills, in_a_save = kills + 1, in_a_save + any(folder.glob("state-*.tmp"))
        elif kills < KILLS:
            assert child.exitcode == 0
            shutil.rmtree(folder)  # it was faster than the kill: from the start
        else:
            break
    assert child.exitcode == 0
    killed, expected = (torch.load(f / "final.pt") for f in (folder, tmp_path / "whole"))
    assert all(torch.equal(killed[key], expected[key]) for key in expected)
    print(f"{name}: {kills} kills, {in_a_save} of them in a save")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_the_whole_group_saves_and_ends(
    number: int, assistant: Assistant, tmp_path: Path
) -> None:
    """The processes that prepare batches get it, too: they go on until the trainer has ended its step."""
    assistant.save(tmp_path / "start")
    flags = f"--init {tmp_path}/start --out {tmp_path}/out --samples 40000 --batch_size 4 --device cpu"
    command = [sys.executable, "train_sft_vlm.py", *flags.split()]
    run = subprocess.Popen(command, cwd=ROOT, start_new_session=True, stderr=subprocess.PIPE, text=True)
    metrics = tmp_path / "out/metrics.jsonl"
    while run.poll() is None and not (metrics.is_file() and metrics.stat().st_size):
        time.sleep(0.1)
    os.killpg(run.pid, number)
    told = run.communicate(timeout=60)[1]
    assert run.returncode == 128 + number and "--resume last continues" in told and "Traceback" not in told
    assert len(saved_states(tmp_path / "out")) == 1
