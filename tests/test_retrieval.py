"""Recall at k by hand."""

import torch

from scoring.retrieval import recalls


def test_recalls_by_hand() -> None:
    scores = torch.tensor([[3.0, 1.0, 2.0], [0.0, 1.0, 5.0], [0.0, 4.0, 5.0]])
    found = recalls(scores, (1, 2))
    assert found["i2t_r1"] == torch.tensor(2 / 3).item() and found["i2t_r2"] == 1
    # of the texts the first finds its picture, the second ties with one and is behind another, the third ties
    assert found["t2i_r1"] == torch.tensor(1 / 3).item() and found["t2i_r2"] == torch.tensor(2 / 3).item()


def test_saying_the_same_of_all_finds_nothing() -> None:
    assert set(recalls(torch.ones(12, 12)).values()) == {0.0}
