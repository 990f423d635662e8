"""Bugs that `make planted` plants stand where they can be planted; whether tests find them takes minutes."""

from dataset.project import ROOT
from tests.planted import BUGS


def test_every_bug_has_its_line() -> None:
    held = {bug.file: (ROOT / bug.file).read_text(encoding="utf-8") for bug in BUGS.values()}
    assert not [name for name, bug in BUGS.items() if held[bug.file].count(bug.right) != 1]
