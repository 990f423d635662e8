"""Conversations that share a picture in one row learn and say what each learns and says alone."""

import json
from itertools import islice
from pathlib import Path
from unittest import mock

import pytest
import torch
from PIL import Image
from torch.testing import assert_close

import train_pretrain_vlm
import train_sft_vlm
from dataset.batches.collate import Collate, Prepared
from dataset.batches.loader import make_loader
from dataset.batches.packing import Packs, in_common, shared_start
from dataset.chat.render import IGNORED
from dataset.open import open_data
from dataset.record import IMAGE, Record
from dataset.storybook.records import MANY, StorybookRecords
from model.decoder import shared_mask
from scoring.assistant import Assistant
from tests.test_scripts import SMALL
from trainer.stages import AnswerLoss


def picture(seed: int) -> Image.Image:
    noise = torch.randint(0, 255, (40, 40, 3), generator=torch.Generator().manual_seed(seed))
    return Image.fromarray(noise.byte().numpy())


PICTURES = [picture(seed) for seed in range(3)]


def record(turns: list[str], pictures: tuple[int, ...] = (0,), system: str = "") -> Record:
    """Questions and answers by turns, the pictures in front of the first."""
    first, *others = turns
    said = [f"{IMAGE}\n" * len(pictures) + first, *others]
    messages = [{"role": ("user", "assistant")[i % 2], "content": text} for i, text in enumerate(said)]
    if system:
        messages.insert(0, {"role": "system", "content": system})
    return Record(tuple(PICTURES[i] for i in pictures), tuple(messages), where=turns[0])


QUESTIONS = [
    record(["What is this?", "A red circle."]),
    record(["How many things are there in the picture?", "Two."]),
    record(["Is it big?", "No, it is small, and it stands left of the tree."]),
]
FOLLOW_UPS = [
    record(["What is this?", "A red circle.", "And where?", "On the left."]),
    record(["Is it big?", "No.", "Is it red?", "Yes.", "What is it, then?", "A circle of red paint."]),
    record(["Why?", "I cannot know."]),
]
CAPTIONS = [record(["Describe it.", f"{text}."]) for text in ("A cat", "A cat sits", "Cat", "It sits", "A c")]
TWO = [
    record(["Which is red?", "The first."], (0, 1)),
    record(["Compare them.", "One is red, one is blue."], (0, 1)),
    record(["Which is blue?", "The second.", "And big?", "The first."], (0, 1)),
]
SPOKEN_TO = [record(["What is this?", text], system="Be short.") for text in ("A circle.", "A red one.")]
TEXT = [record(["Hello!", "Hello, what can I do?"], ())]
GROUPS = {
    "questions": [QUESTIONS],
    "follow-ups": [FOLLOW_UPS],
    "captions": [CAPTIONS],
    "several pictures": [TWO],
    "a system's words": [SPOKEN_TO],
    "rows of all lengths": [QUESTIONS, [QUESTIONS[0]], TWO, TEXT, FOLLOW_UPS, CAPTIONS],
}


@pytest.fixture
def model(assistant: Assistant) -> Assistant:
    """Weights far enough from zero for what is seen to matter, and not so far that rounding does."""
    generator = torch.Generator().manual_seed(0)
    for p in assistant.vlm.parameters():
        p.data.add_(0.1 * torch.randn(p.shape, generator=generator))
    return assistant


def batch_of(model: Assistant, rows: list[list[Record]]) -> dict:
    """Each list of records as one row."""
    records = [r for row in rows for r in Packs(row, len(row))]
    assert len(records) == len(rows)
    return Collate(model.chat)(
        [Prepared(records, model.chat, model.preprocessor)[0, i] for i in range(len(rows))]
    )


def learnt(model: Assistant, batch: dict) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """The loss and all gradients."""
    model.vlm.zero_grad()
    loss = AnswerLoss(model.vlm)(batch)["loss"]
    loss.backward()
    named = model.vlm.named_parameters()
    return loss.detach(), {name: p.grad.clone() for name, p in named if p.grad is not None}


@pytest.mark.parametrize("rows", GROUPS.values(), ids=list(GROUPS))
def test_losses_and_gradients_are_those_of_one_by_one(rows: list, model: Assistant) -> None:
    together = batch_of(model, rows)
    apart = batch_of(model, [[r] for row in rows for r in row])
    assert "ends" in together and "ends" not in apart
    scored = [(batch["labels"] != IGNORED).sum().item() for batch in (together, apart)]
    assert scored[0] == scored[1] and together["input_ids"].numel() < apart["input_ids"].numel()
    (loss, gradients), (expected, theirs) = learnt(model, together), learnt(model, apart)
    assert_close(loss, expected, rtol=1e-5, atol=1e-5)
    for name in theirs:
        assert_close(
            gradients[name], theirs[name], rtol=1e-4, atol=1e-5, msg=lambda m, name=name: f"{name}: {m}"
        )
    assert theirs["vision.clip.embeddings.patch_embedding.weight"].abs().sum() > 0


@torch.no_grad()
@pytest.mark.parametrize("rows", GROUPS.values(), ids=list(GROUPS))
def test_each_reads_what_it_would_read_alone(rows: list, model: Assistant) -> None:
    batch = batch_of(model, rows)
    shared = {"ends": batch["ends"]} if "ends" in batch else {}
    hidden = model.vlm(batch["input_ids"], batch["pixel_values"], **shared).hidden
    for row, records in enumerate(rows):
        left = leaves(batch["ends"][row].tolist()) if len(records) > 1 else []
        assert len(left) == (len(records) if len(records) > 1 else 0)
        for one in records if left else ():
            alone = batch_of(model, [[one]])
            expected, whole = (
                model.vlm(alone["input_ids"], alone["pixel_values"]).hidden[0],
                alone["input_ids"][0],
            )
            said = [
                mine for mine in left if batch["input_ids"][row, mine].tolist() == whole[: len(mine)].tolist()
            ]
            assert said and len(whole) - len(said[0]) <= 2
            assert_close(hidden[row, said[0]], expected[: len(said[0])], rtol=1e-5, atol=1e-5)


def leaves(ends: list[int]) -> list[list[int]]:
    """Of each conversation of a row the places of its tokens: a leaf, and all that it sees."""
    length = sum(1 for end in ends if end)
    last = [i for i in range(length) if ends[i] == i + 1]
    return [[j for j in range(i + 1) if i < ends[j]] for i in last]


@torch.no_grad()
def test_a_changed_word_is_heard_in_its_own_branch_alone(model: Assistant) -> None:
    batch = batch_of(model, [FOLLOW_UPS])
    ends, ids = batch["ends"], batch["input_ids"].clone()
    place = int((ends[0] < ends[0].max()).nonzero()[2, 0])  # within the first branch
    ids[0, place] = (ids[0, place] + 7) % 500 + 20
    before, after = (model.vlm(i, batch["pixel_values"], ends=ends).hidden for i in (batch["input_ids"], ids))
    changed = (before != after).any(-1)[0]
    hears = torch.arange(ends.shape[1]) >= place
    hears &= torch.arange(ends.shape[1]) < ends[0, place]
    assert changed[hears].all() and 3 < hears.sum() < ends.shape[1] / 2
    assert_close(before[0, ~hears], after[0, ~hears], rtol=0, atol=1e-6)


def test_a_question_stands_once_for_all_its_answers(model: Assistant) -> None:
    batch, alone = batch_of(model, [CAPTIONS]), batch_of(model, [[one] for one in CAPTIONS])
    answers = (alone["labels"] != IGNORED).sum().item()
    question = int((alone["labels"][0] != IGNORED).nonzero()[0, 0])
    assert batch["input_ids"].shape[1] == question - 1 + answers + len(
        CAPTIONS
    )  # the token that is read again


def test_the_mask_by_hand() -> None:
    mask = shared_mask(torch.tensor([[6, 6, 5, 4, 5, 6, 0]]))[0].int().tolist()
    assert mask == [
        [1, 0, 0, 0, 0, 0, 0],
        [1, 1, 0, 0, 0, 0, 0],
        [1, 1, 1, 0, 0, 0, 0],
        [1, 1, 1, 1, 0, 0, 0],
        [1, 1, 1, 0, 1, 0, 0],
        [1, 1, 0, 0, 0, 1, 0],
        [0, 0, 0, 0, 0, 0, 1],
    ]


def test_a_row_may_be_longer_than_the_context_its_conversations_may_not(model: Assistant) -> None:
    many = [record([f"What is at place {i}?", f"Nothing at place {i}."]) for i in range(40)]
    batch = batch_of(model, [many, TEXT])
    context = model.vlm.config.text.max_position_embeddings
    assert batch["input_ids"].shape[1] > context
    assert torch.isfinite(AnswerLoss(model.vlm)(batch)["loss"])
    long = [*QUESTIONS, record(["Tell me all.", "one " * context])]
    with pytest.raises(ValueError, match=f"tokens do not fit the context of {context}"):
        AnswerLoss(model.vlm)(batch_of(model, [long]))


def test_packs_hold_every_record_once_with_those_of_its_picture() -> None:
    pictures = {f"{i}.png": [f"{i} {j}" for j in range(3 + i)] for i in range(3)}
    records = [
        Record(
            (Path(name),),
            ({"role": "user", "content": f"{IMAGE}\n{text}"}, {"role": "assistant", "content": "a"}),
        )
        for name, texts in pictures.items()
        for text in texts
    ]
    packs = Packs(records, 4, seed=1)
    assert sorted(i for row in packs.rows for i in row) == list(range(12)) and len(packs) == 1 + 1 + 2
    assert all(len({records[i].images for i in row}) == 1 and len(row) <= 4 for row in packs.rows)
    assert Packs(records, 4, seed=1).rows == packs.rows != Packs(records, 4, seed=2).rows
    pack = packs[0]
    assert [pack.messages, *pack.more] == [records[i].messages for i in packs.rows[0]]
    assert "and 2 more" in pack.where and Packs(records, 1)[0].more == ()


def test_nothing_stands_with_what_it_has_not_in_common() -> None:
    same, drawn_again = Record((picture(0),), QUESTIONS[0].messages), QUESTIONS[1]
    assert len(Packs([same, drawn_again], 2)) == 1, "a picture without a name is known by what it shows"
    assert len(Packs([QUESTIONS[0], record(["What is this?", "A dog."], (1,))], 2)) == 2
    assert len(Packs([record(["Hello!", "Hello."], ()), record(["Bye!", "Bye."], ())], 2)) == 2
    asked = [
        Record(
            (PICTURES[0],),
            ({"role": "user", "content": f"{text} {IMAGE}"}, {"role": "assistant", "content": "a"}),
        )
        for text in ("Look:", "Look:", "What is this?")
    ]
    assert sorted(map(len, Packs(asked, 3).rows)) == [1, 2], (
        "words before a picture are part of what is shared"
    )
    later = [*TEXT[0].messages, {"role": "user", "content": IMAGE}, {"role": "assistant", "content": "a"}]
    late = Record((PICTURES[0],), tuple(later))
    assert len(Packs([late, late], 2)) == 2, "an answer before the picture is scored, and shared by nobody"


def test_drawn_conversations_are_in_rows_without_a_look_at_their_pictures() -> None:
    records = open_data("storybook:many", samples=3)
    with mock.patch.object(StorybookRecords, "__getitem__", side_effect=AssertionError("drawn for nothing")):
        packs = Packs(records, 10)
    assert [i for row in packs.rows for i in row] == list(range(3 * MANY))
    assert set(map(len, packs.rows)) == {10, MANY - 20}
    for pack, row in zip(packs, packs.rows, strict=True):
        assert {in_common(records[i], i) for i in row} == {in_common(pack, row[0])}
        assert [pack.messages, *pack.more] == [records[i].messages for i in row]


def test_many_drawn_conversations_learn_what_each_learns_alone(model: Assistant) -> None:
    records = open_data("storybook:many", samples=3)  # no scene, two pictures, a scene
    rows = [[records[i] for i in range(MANY * n, MANY * n + 4)] for n in range(3)]
    assert [len(row[0].images) for row in rows] == [1, 2, 1]
    together, apart = batch_of(model, rows), batch_of(model, [[r] for row in rows for r in row])
    (loss, gradients), (expected, theirs) = learnt(model, together), learnt(model, apart)
    assert_close(loss, expected, rtol=1e-5, atol=1e-5)
    for name in theirs:
        assert_close(gradients[name], theirs[name], rtol=1e-4, atol=1e-5)


def test_rows_go_on_where_a_run_stopped(model: Assistant) -> None:
    packs = Packs(open_data("storybook:many", samples=6), 8)
    prepared = Prepared(packs, model.chat, model.preprocessor)
    whole = list(islice(make_loader(prepared, 2, 0, pool=2), 5))
    rest = list(islice(make_loader(prepared, 2, 0, pool=2, start=3), 2))
    for a, b in zip(whole[3:], rest, strict=True):
        assert torch.equal(a["input_ids"], b["input_ids"]) and torch.equal(
            a["pixel_values"], b["pixel_values"]
        )


def test_workers_prepare_the_same_rows(model: Assistant) -> None:
    prepared = Prepared(Packs([*QUESTIONS, *FOLLOW_UPS, *CAPTIONS, *TWO], 3), model.chat, model.preprocessor)
    one, other = (list(islice(make_loader(prepared, 2, 0, workers, pool=2), 4)) for workers in (0, 1))
    for a, b in zip(one, other, strict=True):
        assert a["where"] == b["where"] and torch.equal(a["ends"], b["ends"])
        assert torch.equal(a["input_ids"], b["input_ids"])


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packed")
    rows = []
    for i in range(2):
        picture(i).save(folder / f"{i}.png")
        for one in (*QUESTIONS, *FOLLOW_UPS):
            rows.append({"image": f"{i}.png", "conversations": list(one.messages)})
    (folder / "data.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    return folder / "data.jsonl"


def trained(data: Path, tokenizer: Path, out: Path, *flags: str) -> list[dict]:
    """metrics.jsonl of a run."""
    shared = ["--data", str(data), "--tokenizer", str(tokenizer), *SMALL, "--workers", "0", "--dtype", "fp32"]
    train_sft_vlm.main([*shared, "--out", str(out), "--features", str(out / "seen"), *flags])
    return [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]


def test_training_sees_the_same_words(
    data: Path, tokenizer_folder: Path, model: Assistant, tmp_path: Path
) -> None:
    flags = ["--batch_size", "2", "--pack", "4", "--epochs", "20", "--lr", "5e-3", "--warmup", "2"]
    first, *_, last = trained(data, tokenizer_folder, tmp_path / "out", *flags)
    assert first["step"] == 20 and last["step"] == 40 and last["loss"] < 0.8 * first["loss"]
    records, scored = open_data(str(data)), []
    for rows, number in ((records, 12), (Packs(records, 4), 4)):
        assert len(rows) == number
        prepared = Prepared(rows, model.chat, model.preprocessor)
        labels = [label for i in range(number) for label in prepared[0, i]["sample"].labels]
        scored.append(sorted(label for label in labels if label != IGNORED))
    assert scored[0] == scored[1]


def test_other_stages_do_not_pack(data: Path, tokenizer_folder: Path, tmp_path: Path) -> None:
    flags = [
        "--data",
        str(data),
        "--tokenizer",
        str(tokenizer_folder),
        *SMALL,
        "--out",
        str(tmp_path / "out"),
    ]
    with pytest.raises(SystemExit, match="--pack is for the stages align, sft and reward"):
        train_pretrain_vlm.main(["--stage", "text", *flags, "--pack", "4"])


def test_a_row_may_be_the_start_of_another() -> None:
    """The trial of an import says so: "after 2 tokens", not after 3, when the source ends there."""
    assert shared_start([[1, 2, 3], [1, 2]]) == 2 and shared_start([[1, 2], [1, 4]]) == 1
