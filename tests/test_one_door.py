"""Every format behind the same door: `check` and training find the same, and workers read it alike."""

import pickle
from pathlib import Path

import pytest
import torch

import train_sft_vlm
from dataset.chat.render import Chat
from dataset.check import examine
from dataset.open import open_data
from tests.test_formats import CAPTIONS, PAIRS, picture, saved, table, with_pictures
from tests.test_joined import COCO, NOTES, vqa
from tests.test_scripts import SMALL


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return with_pictures(tmp_path)


@pytest.fixture(params=["table", "pairs", "coco", "vqa", "classes"])
def source(request: pytest.FixtureRequest, folder: Path) -> tuple[str, Path | None, int]:
    """A good set of each kind but for one record whose picture is missing or no picture: which."""
    images = folder / "Images"
    picture(images / "7.png")
    if request.param == "table":
        return str(table(folder / "my.csv", f"{CAPTIONS}gone.png,x\n")), None, 2
    if request.param == "pairs":
        rows = {"image": "a.png", "qa": PAIRS}, {"image": "gone.png", "qa": PAIRS[:1]}
        return str(saved(folder / "d.jsonl", *rows)), images, 2
    if request.param == "coco":
        notes = [*NOTES, {"image_id": 9, "caption": "x"}]
        return str(saved(folder / "coco.json", COCO | {"annotations": notes})), images, 2
    if request.param == "vqa":
        return str(vqa(folder, data_subtype=None)[1]), images, 1
    for name in ("cat/a.png", "dog/b.png", "dog/c.png"):
        picture(folder / "set" / name)
    (folder / "set/dog/c.png").write_text("x")
    return str(folder / "set"), None, 2


def test_check_and_training_agree(source: tuple, chat: Chat, tokenizer_folder: Path, tmp_path: Path) -> None:
    data, image_dir, bad = source
    found = examine(open_data(data, image_dir), chat, 120)
    assert list(found.bad) == [bad] and "\n" not in found.bad[bad]
    flags = ["--data", data, "--tokenizer", str(tokenizer_folder), *SMALL, "--workers", "0"]
    flags += ["--image_dir", str(image_dir)] if image_dir else []
    with pytest.raises(SystemExit) as exit:
        train_sft_vlm.main([*flags, "--out", str(tmp_path / "out")])
    assert found.bad[bad] in str(exit.value.code) and "--skip_bad" in str(exit.value.code)


def test_workers_read_the_same(source: tuple) -> None:
    data, image_dir, bad = source
    records = open_data(data, image_dir)
    copy = pickle.loads(pickle.dumps(records))
    good = [i for i in range(len(records)) if i != bad]
    loader = torch.utils.data.DataLoader(records, 2, sampler=good, num_workers=2, collate_fn=list)
    expected = [records[i] for i in good]
    assert [r for batch in loader for r in batch] == expected == [copy[i] for i in good]
    assert records[-1].where == records[len(records) - 1].where if bad != len(records) - 1 else True
    with pytest.raises(IndexError):
        records[len(records)]


@pytest.mark.parametrize("kind", ["table", "pairs", "coco", "classes"])
def test_what_workers_copy_is_small(kind: str, folder: Path) -> None:
    """A few numbers for each record, whatever its words are."""

    def size(count: int) -> int:
        if kind == "table":
            data = table(folder / "my.csv", "image,caption\n" + f"a.png,{'word ' * 100}\n" * count)
        elif kind == "pairs":
            data = saved(folder / "d.jsonl", {"image": "a.png", "qa": PAIRS * (count // 2)})
        elif kind == "coco":
            data = saved(folder / "coco.json", COCO | {"annotations": NOTES * (count // 2)})
        else:
            for number in range(count):
                (folder / f"set{count}/cat").mkdir(parents=True, exist_ok=True)
                (folder / f"set{count}/cat/{number:03}.png").touch()
            data = folder / f"set{count}"
        records = open_data(str(data))
        assert len(records) == count
        return len(pickle.dumps(records))

    assert size(202) - size(2) <= 200 * 34
