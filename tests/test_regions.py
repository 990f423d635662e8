"""Regions: from the file to the loss, what is said of a box reaches the patches inside it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch.testing import assert_close

from dataset.batches.collate import Collate, Prepared
from dataset.errors import DataError
from dataset.images.preprocess import Preprocessor
from dataset.record import Record
from dataset.records import open_records
from dataset.storybook.__main__ import main as storybook
from dataset.storybook.records import StorybookRecords
from scoring.assistant import Assistant
from trainer.regions import RegionLoss, SharpenLoss, in_boxes, pooled, region_weights, word_loss

SAID = [{"role": "user", "content": "What is it?"}, {"role": "assistant", "content": "A red square."}]


def test_the_patches_of_a_box() -> None:
    boxes = torch.tensor([[0.0, 0.0, 0.5, 0.25], [0.7, 0.8, 0.72, 0.82], [0.0, 0.0, 1.0, 1.0]])
    left_top, speck, everything = region_weights(boxes, side=4)
    assert_close(left_top.nonzero()[:, 0], torch.tensor([0, 1]))
    assert speck.nonzero().tolist() == [[3 * 4 + 2]] and speck.sum() == 1
    assert_close(everything, torch.full((16,), 1 / 16))


def test_a_region_is_the_mean_of_patches_of_its_own_picture() -> None:
    seen = torch.randn(2, 4, 3, generator=torch.Generator().manual_seed(0))  # (I, P, D_vision)
    weights = torch.tensor([[0.5, 0.5, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0], [0.0, 1.0, 0.0, 0.0]])
    found = pooled(seen, {"region_images": torch.tensor([1, 0, 1])}, weights)
    assert_close(found, torch.stack([(seen[1, 0] + seen[1, 1]) / 2, seen[0, 3], seen[1, 1]]))


def test_word_loss_by_hand() -> None:
    logits = torch.tensor([[3.0, 1.0, 2.0, 0.0], [0.0, 5.0, 0.0, 9.0]])
    ids = torch.tensor([[1, 2], [3, 0]])  # 0 is padding
    parts = word_loss(logits, ids, pad_id=0)
    log_p = logits.log_softmax(-1)
    assert_close(parts["loss"], -((log_p[0, 1] + log_p[0, 2]) / 2 + log_p[1, 3]) / 2)
    assert parts["found"].item() == pytest.approx(2 / 3)  # 2 and 3; 1 is not among the first region's top two


@pytest.mark.parametrize("crop", [True, False])
@pytest.mark.parametrize("size", [(64, 32), (32, 64), (48, 48)])
def test_a_box_moves_with_its_picture(crop: bool, size: tuple[int, int]) -> None:
    width, height = size
    box = (0.4, 0.35, 0.7, 0.6)
    picture = Image.new("RGB", size)
    picture.paste("white", tuple(round(x * s) for x, s in zip(box, (width, height) * 2, strict=True)))
    preprocessor = Preprocessor(64, crop=crop)
    rows, columns = (preprocessor(picture)[0] > 0).nonzero().T
    seen = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    moved = preprocessor.moved(box, size)
    assert_close(torch.tensor(moved) * 64, torch.stack(seen).float(), atol=2.0, rtol=0)


@pytest.mark.parametrize("gone", [(0.9, 0.1, 1.0, 0.9), (0.0, 0.1, 0.1, 0.9)], ids=["right", "left"])
def test_a_region_that_is_cropped_away_teaches_nothing(gone: tuple, assistant: Assistant) -> None:
    side = assistant.preprocessor.image_size
    asked = ({"role": "user", "content": "<image>What?"}, SAID[1])
    marked = ((gone, "a tree"), ((0.4, 0.1, 0.6, 0.9), "a red thing"))
    wide = Record((Image.new("RGB", (3 * side, side)),), asked, regions=marked)
    assert assistant.preprocessor.crop
    prepared = Prepared([wide, replace(wide, regions=marked[:1])], assistant.chat, assistant.preprocessor)
    module, collate = RegionLoss(assistant.vlm), Collate(assistant.chat)
    batch = collate([prepared[0, 0], prepared[0, 1]])
    assert len(batch["region_boxes"]) == 1 and module(batch)["loss"].isfinite()
    assert module.weigh(collate([prepared[0, 1]])) == 0


def test_each_region_finds_its_picture(assistant: Assistant) -> None:
    picture = Image.new("RGB", (32, 32))
    two = [{"role": "user", "content": "<image><image>Which?"}, SAID[1]]
    one = [{"role": "user", "content": "<image>What?"}, SAID[1]]
    marked = (((0.0, 0.0, 0.5, 0.5), "a red thing"), ((0.5, 0.5, 1.0, 1.0), "thing"))
    records = [
        Record((picture, picture), tuple(two)),
        Record((), tuple(SAID)),
        Record((picture,), tuple(one), regions=marked),
    ]
    prepared = Prepared(records, assistant.chat, assistant.preprocessor)
    batch = Collate(assistant.chat)([prepared[0, i] for i in range(3)])
    assert batch["region_images"].tolist() == [0, 2, 2] and len(batch["pixel_values"]) == 3
    assert_close(batch["region_boxes"][0], torch.tensor([0.0, 0.0, 1.0, 1.0]))  # nobody drew one: all of it
    words = [{assistant.chat.tokenizer.decode([i]) for i in row if i} for row in batch["region_ids"].tolist()]
    assert words[1] == {" a", " red", " thing"} and words[2] == {" thing"}


def test_the_loss_reads_the_boxes_patches_alone(assistant: Assistant) -> None:
    module = RegionLoss(assistant.vlm)
    prepared = Prepared(StorybookRecords("regions", 2), assistant.chat, assistant.preprocessor)
    batch = Collate(assistant.chat)([prepared[0, 0], prepared[0, 1]])
    batch["region_boxes"] = torch.tensor([[0.0, 0.0, 0.5, 0.5]] * len(batch["region_boxes"]))
    features = torch.randn(2, 4, assistant.vlm.config.vision.hidden_size, requires_grad=True)
    assistant.vlm.vision.forward = lambda pixels: features
    module(batch)["loss"].backward()
    assert (features.grad[:, 0] != 0).any() and (features.grad[:, 1:] == 0).all()


def sharpening(assistant: Assistant) -> tuple[SharpenLoss, dict]:
    """Eyes that are tables of features (2, 4, D), as it was and as it is, and a batch of two pictures."""
    torch.manual_seed(0)
    module = SharpenLoss(assistant.vlm)
    prepared = Prepared(StorybookRecords("things", 2), assistant.chat, assistant.preprocessor)
    batch = Collate(assistant.chat)([prepared[0, 0], prepared[0, 1]])
    batch["region_boxes"] = torch.tensor([[0.0, 0.0, 0.5, 0.5]] * len(batch["region_boxes"]))
    batch["region_boxes"][-1] = torch.tensor([0.0, 0.0, 1.0, 1.0])
    was = torch.randn(2, 4, assistant.vlm.config.vision.hidden_size)
    now = was.clone().requires_grad_(True)
    module.before.forward, module.vlm.vision.forward = (lambda pixels: was), (lambda pixels: now)
    module.now, module.was = now, was
    return module, batch


def test_in_a_box() -> None:
    boxes = torch.tensor([[0.0, 0.0, 0.5, 0.5], [0.5, 0.5, 1.0, 1.0], [0.0, 0.0, 1.0, 1.0]])
    batch = {"region_images": torch.tensor([0, 0, 1])}
    assert in_boxes(region_weights(boxes, 2), batch, torch.zeros(2, 4)).tolist() == [
        [True, False, False, True],
        [False] * 4,
    ]


def test_sharpening_begins_with_an_eye_that_has_not_moved(assistant: Assistant) -> None:
    module, batch = sharpening(assistant)
    parts = module(batch)
    assert parts["stay"].item() == 0 and parts["found"] == parts["found_before"]
    parts["loss"].backward()
    assert (module.now.grad[:, 0] != 0).any() and module.probe.weight.grad.abs().sum() > 0


def test_the_probe_learns_from_the_eye_as_it_was(assistant: Assistant) -> None:
    module, batch = sharpening(assistant)
    module(batch)["loss"].backward()
    expected = module.probe.weight.grad.clone()
    module.probe.zero_grad()
    with torch.no_grad():
        module.now.add_(torch.randn_like(module.now))
    module(batch)["loss"].backward()
    assert_close(module.probe.weight.grad, expected)


def test_to_move_outside_of_boxes_counts_more(assistant: Assistant) -> None:
    module, batch = sharpening(assistant)
    counted = []
    for patch in range(4):
        with torch.no_grad():
            module.now.copy_(module.was)[:, patch] = -module.was[:, patch]
        counted.append(module(batch)["stay"].item())
    share = module.stay_inside / module.stay
    assert_close(torch.tensor(counted), counted[1] * torch.tensor([share, 1.0, 1.0, 1.0]))


def test_exported_regions_come_back(tmp_path: Path) -> None:
    storybook(["export", "--view", "regions", "--samples", "2", "--out", str(tmp_path)])
    exported, drawn = open_records(tmp_path / "data.jsonl"), StorybookRecords("regions", 2)
    assert [r.regions for r in exported] == [r.regions for r in drawn] and len(drawn[0].regions) > 3


WRONG = {
    "no list": ("box", "region 1: box is None"),
    "upside down": ([{"box": [0, 0.5, 1, 0.2], "text": "x"}], r"box is \[0, 0.5, 1, 0.2\]"),
    "pixels": ([{"box": [0, 0, 40, 50], "text": "x"}], "0 to 1"),
    "words": ([{"box": [0, 0, 1, "b"], "text": "x"}], "region 1: box is"),
    "no text": ([{"box": [0, 0, 1, 1]}], "region 1: text is None"),
}


@pytest.mark.parametrize("case", WRONG)
def test_mistakes_in_regions(case: str, tmp_path: Path) -> None:
    regions, message = WRONG[case]
    row = {"image": "a.png", "conversations": SAID, "regions": regions}
    (tmp_path / "data.jsonl").write_text(json.dumps(row))
    with pytest.raises(DataError, match=message) as caught:
        open_records(tmp_path / "data.jsonl")[0]
    assert str(caught.value).startswith(f"{tmp_path / 'data.jsonl'} line 1")


def test_regions_want_a_picture_that_stays_as_it_is(assistant: Assistant, tmp_path: Path) -> None:
    marked = [{"box": [0, 0, 1, 1], "text": "x"}]
    (tmp_path / "data.jsonl").write_text(json.dumps({"conversations": SAID, "regions": marked}))
    with pytest.raises(DataError, match="has regions but no picture"):
        open_records(tmp_path / "data.jsonl")[0]
    moving = Prepared(StorybookRecords("regions", 1), assistant.chat, assistant.preprocessor, augment=True)
    with pytest.raises(DataError, match="which --augment would move"):
        moving[0, 0]
    blind = Collate(assistant.chat)([Prepared([Record((), tuple(SAID))], assistant.chat, None)[0, 0]])
    with pytest.raises(DataError, match="stage regions needs pictures"):
        RegionLoss(assistant.vlm)(blind)
    with pytest.raises(DataError, match="stage sharpen needs pictures"):
        SharpenLoss(assistant.vlm)(blind)
