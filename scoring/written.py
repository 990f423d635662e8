"""What a run is going to write, looked at before its work: it can be, and nothing of a user's is lost."""

from collections.abc import Collection
from pathlib import Path
from tempfile import TemporaryFile

from dataset.errors import DataError
from scoring import report


def expect_report_kept(path: Path, beside: str | None, read: Collection[Path]) -> None:
    """Raises DataError for a --report that could not be written, or over which something else would be: what
    goes `beside` it, by the end of its name, or a file that is `read`."""
    if path.is_dir():
        raise DataError(f"--report {path}: is a folder; name a file in it, such as {path / 'score.json'}")
    if path.suffix.lower() == beside:
        raise DataError(f"--report {path}: {beside} is what goes beside it; let its name end in .json")
    expect_not_read("--report", path, read)
    expect_not_read("--report", other := path.with_suffix(beside or path.suffix), read)
    if path.exists() and not report.is_one(path):
        raise DataError(f"--report {path}: is there already, and is no report; name another file")
    if other.exists() and not path.exists():  # it is beside no report
        raise DataError(f"--report {path}: {other} would be written over; name another file")
    expect_writable(path)


def expect_not_read(flag: str, written: Path, read: Collection[Path]) -> None:
    """Raises DataError where a file would be written over that is `read` (resolved paths)."""
    if written.resolve() in read:
        raise DataError(f"{flag} {written}: would be written over, and is read here; name another file")


def expect_writable(path: Path) -> None:
    """Raises DataError where no file can be written there."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror}; name another file") from None
