"""Where the project lies: what belongs to it is found from there, whatever folder a script is started in."""

from pathlib import Path

ROOT = Path(__file__).parent.parent
PHOTO, TINY = ROOT / "weights/photo", ROOT / "weights/tiny"  # the models that ship


def named(path: Path) -> str:
    """As it is called within the project; what lies elsewhere, as it was given."""
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(path)
