"""The doctor finds what is wrong, and says what to do."""

from pathlib import Path

import pytest

import eval_vlm
from scoring import doctor


def test_all_is_well_where_the_tests_run(capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit) as exit:
        eval_vlm.main(["doctor"])
    out = capsys.readouterr().out
    assert exit.value.code == 0, out
    for name in (
        "python",
        "torch",
        "transformers",
        "device",
        "memory",
        "disk",
        "weights",
        "hub cache",
        "self-test",
    ):
        assert f"ok  {name}" in out


def test_a_package_that_is_missing_or_another(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("tensorfliw==1.0\ntorch==1.13.0\n")
    python, missing, other = doctor.packages(tmp_path / "requirements.txt")
    assert (
        not python.advice and missing.found == "missing" and missing.advice == "pip install tensorfliw==1.0"
    )
    assert "tested with 1.13.0" in other.found


def test_weights_that_are_gone_or_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "SHIPPED", {tmp_path: ("example.png", "What is this?")})
    (found,) = doctor.weights([tmp_path])
    assert "is missing" in found.found and "git checkout" in found.advice
    broken = doctor.self_test(tmp_path)
    assert "no config.json" in broken.found and "make test" in broken.advice


def test_too_little_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "ROOM", 1e9)
    monkeypatch.setattr(doctor, "MEMORY", 1e9)
    assert (
        "make 1000000000.0 GB free" in doctor.room(tmp_path).advice
        and "lower --batch_size" in doctor.memory().advice
    )
