"""A run that is not well says so, once, and one that is says nothing."""

import time
from pathlib import Path

import pytest
import torch

from scoring.assistant import Assistant
from tests.conftest import scrambled
from tests.test_training import again_and_again, batches
from trainer.health import Health
from trainer.loop import Recipe, fit
from trainer.run import picture_gain
from trainer.stages import AnswerLoss, choose_trainable


def told(chance: float | None, trained: bool, *looks: tuple[int, dict, float]) -> list[str]:
    said: list[str] = []
    health = Health(chance, trained, said.append)
    for look in looks:
        health.look(*look)
    return said


def test_a_healthy_run_is_quiet() -> None:
    assert (
        told(6.7, False, (20, {"loss": 6.6}, 0.1), (220, {"loss": 3.0, "val_picture_gain": 0.5}, 0.2)) == []
    )
    assert told(6.7, True, (20, {"loss": 2.0}, 0.0)) == []
    assert told(None, True, (20, {"loss": 9.0}, 0.0)) == []


SICK = {
    "weights that know nothing": (
        6.7,
        True,
        (20, {"loss": 6.5}, 0.0),
        "guessing gives 6.70: were these weights trained",
    ),
    "nothing is learnt": (6.7, False, (200, {"loss": 6.5}, 0.0), "raise --lr"),
    "data is slow": (6.7, False, (20, {"loss": 1.0}, 0.5), "50% of the time goes by waiting for data"),
    "blind": (6.7, False, (20, {"loss": 1.0, "val_picture_gain": 0.001}, 0.0), r"wrong pictures do as well"),
}


@pytest.mark.parametrize("chance, trained, look, message", SICK.values(), ids=list(SICK))
def test_each_sign_is_told_once(chance: float, trained: bool, look: tuple, message: str) -> None:
    said = told(chance, trained, look, look)
    assert len(said) == 1 and message in said[0]


def test_the_right_picture_is_worth_something_to_who_looks(assistant: Assistant) -> None:
    (batch,) = batches(assistant, "described", 4)
    scrambled(assistant.vlm)
    module = AnswerLoss(assistant.vlm).eval()
    assert abs(picture_gain(module, batch)) > 1e-3
    assistant.vlm.connector.linear_1.weight.data.zero_()
    assert picture_gain(module, batch) == 0
    assert picture_gain(module, batch | {"pixel_values": batch["pixel_values"][:1]}) is None


def test_waiting_is_measured(assistant: Assistant, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (batch,) = batches(assistant, "captions", 2)
    choose_trainable(assistant.vlm, ("connector",))
    module = AnswerLoss(assistant.vlm)

    def slow(start: int) -> object:
        for batch_again in again_and_again([batch])(start):
            time.sleep(0.3)
            yield batch_again

    fit(module, module, slow, Recipe(steps=2, batch_size=2), tmp_path, "slow")
    assert "waiting for data: raise --workers" in capsys.readouterr().out
    assert torch.isfinite(module(batch)["loss"])
