"""trainer.coloured: the same model, whose eye tells colours that it has yet to learn to use."""

from pathlib import Path

import pytest
import torch
from torch.testing import assert_close

from scoring.assistant import Assistant
from trainer.coloured import main
from trainer.features import fingerprint


@torch.no_grad()
def test_it_answers_as_before_and_has_colours_to_learn(convolutional: Assistant, tmp_path: Path) -> None:
    convolutional.save(tmp_path / "old")
    main(["--weights", str(tmp_path / "old"), "--out", str(tmp_path / "new"), "--store", "fp32"])
    new = Assistant.load(tmp_path / "new", "cpu")
    config, connector = new.vlm.config.vision, new.vlm.connector
    assert config.colours == 3 and config.hidden_size == convolutional.vlm.config.vision.hidden_size + 27
    assert fingerprint(new) != fingerprint(convolutional), "kept features would be taken for the other eye's"
    pixels = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    before = convolutional.vlm.connector(convolutional.vlm.vision(pixels))
    assert_close(connector(new.vlm.vision(pixels)), before)
    connector.colours.weight.fill_(1.0)
    assert not torch.allclose(connector(new.vlm.vision(pixels)), before)


def test_what_cannot_have_colours_is_told(
    convolutional: Assistant, assistant: Assistant, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    convolutional.save(tmp_path / "old")
    assistant.save(tmp_path / "clip")
    main(["--weights", str(tmp_path / "old"), "--out", str(tmp_path / "new"), "--levels", "2"])
    for flags, message in (
        (("clip", "other"), r"--weights .*clip: colours are for an EfficientNet-Lite and connector words"),
        (("new", "newer"), "its vision encoder tells 8 colours apart already; train it as it is"),
        (("old", "new"), "holds model.safetensors, which would be written over"),
        (("old", "other", "--levels", "1"), "--levels 1: give a number from 2 to 8"),
    ):
        weights, out, *more = flags
        with pytest.raises(SystemExit, match=message):
            main(["--weights", str(tmp_path / weights), "--out", str(tmp_path / out), *more])
