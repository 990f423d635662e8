"""Who may import whom, and how long the core is: what CONTRIBUTING.md draws and promises, kept by tests."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
OURS = {"model", "dataset", "trainer", "scoring", "talk", "convert", "serve", "web"}
CORE = "config decoder moe vision connector vlm generation".split()
ALLOWED = {  # module of the core -> modules of model/ it may import
    "fields": set(),
    "rope_scaling": set(),
    "config": {"fields", "rope_scaling"},
    "moe": {"config"},
    "decoder": {"config", "moe", "rope_scaling"},
    "efficientnet": set(),
    "eyes": {"config", "efficientnet"},
    "vision": {"config", "eyes"},
    "words": {"config"},
    "shuffle": {"config"},
    "connector": {"config", "qformer", "shuffle", "words"},
    "bert": {"decoder", "fields"},
    "qformer": {"bert", "config", "fields"},
    "blip": {"bert", "config", "decoder", "fields", "speaker", "vision"},
    "blip2": {"bert", "config", "fields", "qformer", "speaker", "vision"},
    "quick": {"decoder", "device", "moe"},
    "lora": {"decoder", "fields"},
    "gguf_file": set(),
    "bases": {"efficientnet", "gguf_file"},
    "loss": {"decoder"},
    "generation": set(),
    "beam": {"generation"},
    "speaker": {"beam", "generation"},
    "look": {"bert", "blip", "decoder", "vlm"},
    "vlm": {
        "config",
        "connector",
        "decoder",
        "files",
        "loss",
        "quick",
        "speaker",
        "vision",
    },
    "files": {"bases", "config", "lora", "partial", "speaker"},
}


def drawn() -> dict[str, set[str]]:
    """Packages, and rooms of dataset/, and what each calls: `dataset/chat/ -> errors images record`."""
    arrows = {}
    for path, called in re.findall(r"^([a-z]\S*) +->(.*)$", CONTRIBUTING, re.MULTILINE):
        name = path.removesuffix(".py").strip("/").replace("/", ".")
        above = name.rpartition(".")[0]
        arrows[name] = {f"{above}.{one}".strip(".") for one in called.split()}
    return arrows


DRAWN = drawn()


def imports(path: Path) -> set[str]:
    return imported(ast.parse(path.read_text()))


def imported(tree: ast.Module) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def ours() -> dict[str, Path]:
    """Every module of a package of ours, by its full name."""
    paths = [path.relative_to(ROOT) for package in OURS for path in files(package)]
    return {".".join(p.with_suffix("").parts).removesuffix(".__init__"): ROOT / p for p in paths}


def when_imported(path: Path) -> ast.Module:
    """What a module is but for what it does when it is run."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    tree.body = [node for node in tree.body if not ast.unparse(node).startswith("if __name__ ==")]
    return tree


def files(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


@pytest.mark.parametrize("name", ALLOWED)
def test_the_core_imports_downwards(name: str) -> None:
    ours = {i.split(".")[1] for i in imports(ROOT / "model" / f"{name}.py") if i.startswith("model.")}
    assert ours <= ALLOWED[name]


@pytest.mark.parametrize("name", DRAWN)
def test_who_calls_whom_is_as_drawn(name: str) -> None:
    """The rule stands in CONTRIBUTING.md alone; an arrow that is drawn and not there fails, too."""
    depth, modules, called = len(name.split(".")), ours(), set()
    for module, path in modules.items():
        if room(module, depth) == name:
            called |= {room(other, depth) for other in imported(when_imported(path)) & modules.keys()}
    assert called - {name, name.rpartition(".")[0]} == DRAWN[name]


def test_every_package_and_every_room_is_drawn() -> None:
    rooms = {f"dataset.{path.parent.name}" for path in ROOT.glob("dataset/*/__init__.py")}
    assert OURS | rooms <= DRAWN.keys()


def room(module: str, depth: int) -> str:
    """A module's package, or for a depth of 2 its room: dataset.images.load -> dataset.images"""
    return ".".join(module.split(".")[:depth])


def test_the_loop_knows_torch_only() -> None:
    for name in ("loop", "checkpoint", "report"):
        ours = {i for i in imports(ROOT / "trainer" / f"{name}.py") if i.split(".")[0] in OURS}
        assert all(i.startswith("trainer.") for i in ours), ours


def test_nothing_imports_a_script() -> None:
    scripts = {p.stem for p in ROOT.glob("*.py")}
    for package in OURS:
        for path in files(package):
            assert not imports(path) & scripts, path


def test_transformers_stays_where_it_belongs() -> None:
    using = {
        str(p.relative_to(ROOT)) for package in OURS for p in files(package) if "transformers" in imports(p)
    }
    converting = {f"convert/{name}.py" for name in ("families", "outgoing", "peer", "template", "trial")}
    assert using <= {"model/eyes.py", "model/blip2.py"} | converting


def test_the_core_fits_in_one_sitting() -> None:
    assert sum(len((ROOT / "model" / f"{name}.py").read_text().splitlines()) for name in CORE) < 800


def test_no_module_imports_itself_by_way_of_others() -> None:
    """Not even within a function."""
    modules = ours()
    waiting = {
        name: imported(when_imported(path)) & modules.keys() - {name} for name, path in modules.items()
    }
    while ready := {name for name, needs in waiting.items() if not needs & waiting.keys()}:
        waiting = {name: needs for name, needs in waiting.items() if name not in ready}
    assert not waiting, waiting
