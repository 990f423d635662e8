"""What a run takes where nobody says: few records want many looks, small batches and a short warm-up."""

import pytest

from trainer.args import TrainArgs
from trainer.few import LOOKS, MOST_WORKERS, STEPS, suited


def test_84_pictures_get_steps_enough_to_learn_something() -> None:
    args = suited(TrainArgs(), 84, drawn=False)
    steps = args.epochs * 84 / args.batch_size
    assert args.batch_size == 8 and args.epochs == LOOKS and steps > 200 and args.warmup <= steps / 10


def test_a_middling_set_gets_its_steps_and_a_large_one_one_epoch(capsys: pytest.CaptureFixture) -> None:
    middling = suited(TrainArgs(), 1727, drawn=False)
    assert middling.batch_size == 32 and middling.epochs * 1727 / 32 == pytest.approx(STEPS)
    assert "1,727 records are few" in capsys.readouterr().out
    large = suited(TrainArgs(), 100_000, drawn=False)
    assert (large.batch_size, large.epochs, large.warmup) == (32, 1, 50) and not capsys.readouterr().out


def test_what_is_said_is_done(capsys: pytest.CaptureFixture) -> None:
    args = suited(TrainArgs(epochs=2, batch_size=4, warmup=3), 84, drawn=False)
    assert (args.epochs, args.batch_size, args.warmup) == (2, 4, 3) and not capsys.readouterr().out


def test_a_run_shorter_than_its_warm_up_says_so(capsys: pytest.CaptureFixture) -> None:
    assert suited(TrainArgs(epochs=1, batch_size=4), 84, drawn=False).warmup == 2
    assert "warm-up takes 2 steps, a tenth of the run's 21, not --warmup 50" in capsys.readouterr().out


def test_the_storybook_is_drawn_once() -> None:
    args = suited(TrainArgs(), 200, drawn=True)
    assert (args.epochs, args.batch_size) == (1, 32)


@pytest.mark.parametrize(("cores", "workers"), [(1, 1), (4, 3), (64, MOST_WORKERS)])
def test_a_gpu_is_fed_by_more_processes(monkeypatch: pytest.MonkeyPatch, cores: int, workers: int) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    assert suited(TrainArgs(device="cuda:0"), 5000, drawn=True).workers == workers
    assert suited(TrainArgs(device="cpu"), 5000, drawn=True).workers == 1
    assert suited(TrainArgs(device="cuda", workers=0), 5000, drawn=True).workers == 0
