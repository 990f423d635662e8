"""What a worker process gets is what the trainer has, however the process is begun."""

import copy
import json
import multiprocessing
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from torch.testing import assert_close

from dataset.batches.collate import Prepared
from dataset.batches.loader import make_loader
from dataset.chat.render import Chat
from dataset.images.preprocess import Preprocessor
from dataset.open import open_data

SPELLED = "Say <|im_end|> and <|image_pad|>"


@pytest.fixture
def how(request: pytest.FixtureRequest) -> Iterator[str]:
    """The way in which processes are begun."""
    before = multiprocessing.get_start_method(allow_none=True)
    multiprocessing.set_start_method(request.param, force=True)
    yield request.param
    multiprocessing.set_start_method(before, force=True)


@pytest.mark.parametrize("copied", [lambda chat: pickle.loads(pickle.dumps(chat)), copy.deepcopy])
def test_special_tokens_in_a_text_are_text_in_a_copy(chat: Chat, copied: object) -> None:
    ids = copied(chat).encode(SPELLED)
    assert ids == chat.encode(SPELLED) and not {chat.end_id, chat.image_id} & set(ids)


SLOW = [pytest.param(how, marks=pytest.mark.slow) for how in ("spawn", "forkserver")]  # torch anew


@pytest.mark.parametrize("how", ["fork", *SLOW], indirect=True)
def test_a_worker_makes_the_same_batch(chat: Chat, how: str, tmp_path: Path) -> None:
    turns = [{"role": "user", "content": SPELLED}, {"role": "assistant", "content": SPELLED}]
    (tmp_path / "d.jsonl").write_text(json.dumps({"conversations": turns}) + "\n")
    prepared = Prepared(open_data(str(tmp_path / "d.jsonl")), chat, Preprocessor(32))
    own, worked = (next(make_loader(prepared, 1, 0, workers)) for workers in (0, 1))
    assert own.keys() == worked.keys()
    for name in ("input_ids", "labels"):
        assert_close(worked[name], own[name], rtol=0, atol=0)


FAILING = """
from dataset.commands.console import script
from dataset.batches.loader import make_loader

class Prepared:
    records, chat = [0], None
    def told(self, epoch, index):
        raise ValueError("a fault in a worker")

@script
def main(argv):
    batches = make_loader(Prepared(), 1, 0, workers=1)
    next(batches)

main()
"""


def test_a_fault_in_a_worker_ends_the_program() -> None:
    """Workers heed no SIGTERM, with which Python ends those that are left: it would wait for ever."""
    ended = subprocess.run([sys.executable, "-c", FAILING], capture_output=True, text=True, timeout=120)
    assert ended.returncode == 1 and "a fault in a worker" in ended.stderr


BUSY = """
import multiprocessing, sys, time
from dataset.batches import loader

class Prepared:
    records, chat, calls = range(9), None, 0
    def told(self, epoch, index):
        self.calls += 1
        time.sleep(600 * (self.calls - 1))
    def shown(self, told):
        pass

multiprocessing.set_start_method("fork")
loader.Collate = lambda chat: lambda rows: {}
sys.kept = loader.make_loader(Prepared(), 1, 0, workers=2)  # to the end
next(sys.kept)
"""


def test_workers_that_are_still_busy_end_with_the_program() -> None:
    """A run's end had a traceback, that a worker was killed: by the program itself."""
    ended = subprocess.run([sys.executable, "-c", BUSY], capture_output=True, text=True, timeout=120)
    assert (ended.returncode, ended.stderr) == (0, "")
