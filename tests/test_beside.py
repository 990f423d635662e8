"""The benchmark beside llama.cpp: who takes turns, and what is said of who cannot."""

import time
from pathlib import Path

import pytest

from benchmarks import beside, llama_cpp
from scoring.assistant import Assistant


class Counting:
    """Says the numbers from 0."""

    def __init__(self, way: str, ids: list[int], context: int) -> None:
        assert len(ids) == 10 and context == 15

    def say(self, new: int) -> None:
        time.sleep(new / 1000)
        self.said = list(range(new))

    def end(self) -> int:
        return 2 * 10**9


@pytest.mark.parametrize("there", [True, False])
def test_llama_cpp_where_it_is_installed(
    there: bool, assistant: Assistant, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    parts = assistant.vlm, assistant.chat, assistant.preprocessor
    monkeypatch.setattr(beside.incoming, "read", lambda kind, package: parts)
    monkeypatch.setattr(beside, "base_file", lambda base: Path("SmolLM2.gguf"))
    monkeypatch.setattr(beside, "written", lambda assistant, folder: folder / "model.gguf")
    monkeypatch.setattr(beside, "Worker", Counting)
    monkeypatch.setattr(llama_cpp, "installed", lambda: there)
    found = beside.rows(read=10, new=5, rounds=1, layouts=["fp32", "int8"])
    names = ["ours, fp32", "ours, int8"] + ["llama.cpp, Q8_0", "llama.cpp, Q4_1"] * there
    assert [row.name for row in found] == names
    assert {row.values["memory, GB"] for row in found} == {2.0}
    assert (llama_cpp.ABSENT in capsys.readouterr().err) == (not there)
