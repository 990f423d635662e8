"""Two processes give what one gives."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from safetensors.torch import load_file

import train_pretrain_vlm
import train_sft_vlm
from model.decoder import Decoder
from scoring.assistant import Assistant
from tests.conftest import TINY, scrambled
from trainer.args import TrainArgs
from trainer.distributed import gather, leave, sum_gradients, summed, summed_by_name
from trainer.run import make_recipe
from trainer.shards import clip_gradients, shard_layers, whole
from trainer.stages import STAGES

ROOT = Path(__file__).parent.parent
X = torch.arange(12.0).view(4, 3)
QUIET = "--samples 24 --batch_size 4 --warmup 1 --workers 0 --device cpu --dtype fp32 --seed 3".split()
NEAR = 3e-3  # of how far the weights move: Adam makes up to 1.2e-3 of rounding (stage vision)
RUNS = {  # name -> script, flags
    "text": (train_pretrain_vlm.main, "--stage text"),
    "vision": (train_pretrain_vlm.main, "--stage vision --lr 1e-4"),
    "regions": (train_pretrain_vlm.main, "--stage regions"),
    "sharpen": (train_pretrain_vlm.main, "--stage sharpen"),
    "align": (train_pretrain_vlm.main, "--stage align"),
    "sft": (train_sft_vlm.main, "--accumulate 2"),
    "sft with Muon": (train_sft_vlm.main, "--muon_lr 0.01"),
    "sft in shards": (train_sft_vlm.main, "--accumulate 2 --recompute --shard"),
    "sft with Muon in shards": (train_sft_vlm.main, "--muon_lr 0.01 --shard"),
    "align in shards": (train_pretrain_vlm.main, "--stage align --shard"),
}


def meet(rank: int, folder: str) -> None:
    os.environ["OMP_NUM_THREADS"] = "1"
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)


def train(name: str, start: str, out: Path) -> None:
    main, flags = RUNS[name]
    flags = flags if dist.is_initialized() else flags.replace("--shard", "")
    main([*flags.split(), *QUIET, "--init", start, "--out", str(out)])


def gathering(rank: int, folder: str) -> None:
    """Each process holds half of X, and the loss over all of it."""
    meet(rank, folder)
    own = X[2 * rank : 2 * rank + 2].clone().requires_grad_(True)
    everything, first = gather(own)
    (everything.square().sum() / 2).backward()  # both processes add theirs
    named = summed_by_name({"loss": 2.0, "found": 1.0} if rank else {})  # one has learnt nothing
    sums = summed([rank + 1, 2], X.device), named
    torch.save((everything.detach(), first, own.grad, *sums), f"{folder}/{rank}.pt")
    leave()


def summing(rank: int, folder: str) -> None:
    """Of three parameters the first is used by both processes, the second by one, the third by none."""
    meet(rank, folder)
    parameters = [torch.nn.Parameter(torch.ones(n)) for n in (2, 3, 4)]
    (sum(p.sum() for p in parameters[: 1 + rank]) * (rank + 1)).backward()
    sum_gradients(parameters)
    torch.save([p.grad for p in parameters], f"{folder}/{rank}.pt")
    leave()


def dividing(rank: int, folder: str) -> None:
    """Each process reads one of two rows through layers of which it holds half."""
    meet(rank, folder)
    torch.save(whole(clipped(rank, divided=True)), f"{folder}/{rank}.pt")
    leave()


def clipped(rows: int | slice, divided: bool = False) -> dict[str, torch.Tensor]:
    """Gradients of a decoder, and their norm, which was more than the 0.5 that is allowed."""
    torch.manual_seed(0)
    decoder, x = scrambled(Decoder(TINY.text)), torch.randn(2, 5, TINY.text.hidden_size)
    if divided:
        shard_layers(decoder)
    decoder(x[rows][None] if isinstance(rows, int) else x[rows]).square().sum().backward()
    sum_gradients(list(decoder.parameters()))
    norm = clip_gradients(decoder.parameters(), 0.5)
    return {"norm": norm} | {name: p.grad for name, p in decoder.named_parameters() if p.grad is not None}


def training(rank: int, folder: str, start: str) -> None:
    meet(rank, folder)
    for name in RUNS:
        train(name, start, Path(folder) / "two" / name)
    leave()


def torchrun(flags: list[str]) -> subprocess.CompletedProcess:
    """Two processes of train_sft_vlm.py, as a user begins them."""
    begin = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2", "train_sft_vlm.py"]
    env = os.environ | {"OMP_NUM_THREADS": "1"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    run = subprocess.Popen([*begin, *flags], cwd=ROOT, env=env, start_new_session=True, **pipes)
    try:
        said, told = run.communicate(timeout=240)
    finally:
        if run.poll() is None:
            os.killpg(run.pid, signal.SIGKILL)  # those that wait for each other, too
    return subprocess.CompletedProcess(run.args, run.returncode, said, told)


def test_one_process_is_all() -> None:
    everything, first = gather(X)
    assert everything is X and first == 0 and summed([3.0], X.device) == [3.0]


def test_stages_that_share_a_batch_by_processes_remember_their_number() -> None:
    args = TrainArgs(batch_size=4, epochs=1)
    assert STAGES["qformer"].own_batch and not STAGES["sft"].own_batch
    assert make_recipe(args, 8, "fp32", 2) != make_recipe(args, 8, "fp32", 1)  # so a state is refused
    assert make_recipe(args, 8, "fp32") == make_recipe(args, 8, "fp32")


@pytest.mark.slow
def test_two_processes_gather_with_gradients(tmp_path: Path) -> None:
    mp.spawn(gathering, (str(tmp_path),), nprocs=2)
    for rank in range(2):
        everything, first, gradient, sums, named = torch.load(tmp_path / f"{rank}.pt")
        assert torch.equal(everything, X) and first == 2 * rank and sums == [3, 4]
        assert named == {"loss": 2.0, "found": 1.0}
        torch.testing.assert_close(gradient, 2 * X[2 * rank : 2 * rank + 2])


@pytest.mark.slow
def test_what_one_process_has_not_used_counts_as_nothing(tmp_path: Path) -> None:
    mp.spawn(summing, (str(tmp_path),), nprocs=2)
    for rank in range(2):
        first, second, third = torch.load(tmp_path / f"{rank}.pt")
        assert torch.equal(first, torch.full((2,), 3.0)) and torch.equal(second, torch.full((3,), 2.0))
        assert third is None


@pytest.mark.slow
def test_gradients_of_shards_are_those_of_the_whole(tmp_path: Path) -> None:
    mp.spawn(dividing, (str(tmp_path),), nprocs=2)
    wanted = clipped(slice(None))
    assert wanted["norm"] > 1
    for rank in range(2):
        found = torch.load(tmp_path / f"{rank}.pt")
        assert found.keys() == wanted.keys()
        for name in wanted:
            torch.testing.assert_close(found[name], wanted[name], msg=name)


@pytest.mark.slow
def test_two_processes_train_to_the_weights_of_one(assistant: Assistant, tmp_path: Path) -> None:
    start = str(tmp_path / "start")
    assistant.save(start)
    before = load_file(Path(start) / "model.safetensors")
    mp.spawn(training, (str(tmp_path), start), nprocs=2)
    for name in RUNS:
        train(name, start, tmp_path / "one" / name)
        one, two = (load_file(tmp_path / way / name / "model.safetensors") for way in ("one", "two"))
        moved = sum((one[key] - before[key]).square().sum() for key in one).sqrt()
        apart = sum((one[key] - two[key]).square().sum() for key in one).sqrt()
        assert apart < NEAR * moved, f"{name}: {apart:.2e} apart after moving {moved:.2e}"


@pytest.mark.slow
@pytest.mark.parametrize("first, second", [("two", "one"), ("shards", "one"), ("one", "shards")])
def test_a_run_goes_on_with_another_number_of_processes(
    assistant: Assistant, tmp_path: Path, first: str, second: str
) -> None:
    """The second half of a run is done again by others, from the state in its middle."""
    assistant.save(tmp_path / "start")
    out = tmp_path / "out"
    flags = [
        *QUIET,
        "--init",
        str(tmp_path / "start"),
        "--epochs",
        "2",
        "--save_every",
        "5",
        "--out",
        str(out),
    ]
    run_by(first, [*flags, "--val", "storybook:val", "--val_samples", "2"])
    for path in sorted(out.glob("state-*"))[-2:]:
        path.unlink()  # as if it had been killed after the save before
    (out / "model.safetensors").rename(tmp_path / "first.safetensors")
    run_by(second, [*flags, "--resume", "last"])
    a, b = load_file(tmp_path / "first.safetensors"), load_file(out / "model.safetensors")
    assert a.keys() == b.keys()
    for key in a:
        torch.testing.assert_close(a[key], b[key], rtol=1e-3, atol=1e-4)


def run_by(whom: str, flags: list[str]) -> None:
    if whom == "one":
        return train_sft_vlm.main(flags)
    done = torchrun([*flags, *["--shard"] * (whom == "shards")])
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("stage sft") == 1 and done.stdout.count("saved ") == 1


@pytest.mark.slow
def test_a_batch_that_cannot_be_shared_is_named(assistant: Assistant, tmp_path: Path) -> None:
    assistant.save(tmp_path / "start")
    odd = torchrun(
        [*QUIET, "--init", str(tmp_path / "start"), "--batch_size", "3", "--out", str(tmp_path / "odd")]
    )
    assert odd.returncode and "error: --batch_size 3 is shared by 2 processes; take a multiple" in odd.stderr
