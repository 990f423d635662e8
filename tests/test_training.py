import json
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain, count, islice
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import nn
from torch.testing import assert_close

from dataset.batches.collate import Collate, Prepared, augmented
from dataset.batches.loader import MIXED, Order, make_loader
from dataset.chat.chat_format import ChatFormat
from dataset.chat.render import Chat
from dataset.images.preprocess import KINDS
from dataset.record import IMAGE, Record
from dataset.storybook.records import StorybookRecords
from scoring.assistant import Assistant
from tests.conftest import scrambled
from trainer.args import TrainArgs
from trainer.loop import Recipe, fit, make_optimizers, schedule, train_step
from trainer.models import as_blip, with_connector
from trainer.stages import STAGES, AnswerLoss, ContrastiveLoss, TextLoss, choose_trainable, contrastive_loss

EVERYTHING = ("vision", "connector", "decoder")


def batches(assistant: Assistant, view: str, size: int, number: int = 1) -> list[dict]:
    prepared = Prepared(StorybookRecords(view, size * number), assistant.chat, assistant.preprocessor)
    loader = make_loader(prepared, size, seed=0)
    return [next(loader) for _ in range(number)]


def again_and_again(some: list[dict]) -> Callable[[int], Iterator[dict]]:
    return lambda start: (some[i % len(some)] for i in count(start))


def test_eight_samples_are_learnt_by_heart(assistant: Assistant, tmp_path: Path) -> None:
    (batch,) = batches(assistant, "captions", 8)
    choose_trainable(assistant.vlm, EVERYTHING)
    module = AnswerLoss(assistant.vlm)
    before = module(batch)["loss"].item()
    assert abs(before - math.log(assistant.vlm.config.text.vocab_size)) < 0.3, (
        "an untrained model knows nothing"
    )
    recipe = Recipe(steps=200, batch_size=8, lr=5e-3, muon_lr=0.02, warmup=5)
    fit(module, module, again_and_again([batch]), recipe, tmp_path, "by heart")
    assistant.vlm.eval()
    assert module(batch)["loss"].item() < 0.05
    record = StorybookRecords("captions", 8)[3]
    messages, truth = record.messages[:-1], record.messages[-1]["content"]
    assert "".join(assistant.stream(messages, record.images, max_new_tokens=60)) == truth
    rows = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert rows[-1]["step"] == 200 and rows[-1]["loss"] < rows[0]["loss"] and rows[-1]["samples_per_s"] > 0
    assert (tmp_path / "loss.png").stat().st_size > 1000


def for_stage(assistant: Assistant, name: str) -> Assistant:
    """With the new part that a stage wants, narrower than the preset's."""
    narrow = (
        "hidden_size=32 intermediate_size=48 num_hidden_layers=2 num_attention_heads=4 num_query_tokens=4"
    )
    args = TrainArgs(set=tuple(f"bert.{one}" for one in narrow.split()))
    if name == "qformer":
        return with_connector(assistant, "qformer", args)
    return as_blip(assistant, args) if name == "caption" else assistant


def test_what_an_evaluation_draws_does_not_change_the_training(assistant: Assistant, tmp_path: Path) -> None:
    assistant = for_stage(assistant, "qformer")
    (batch,) = batches(assistant, "captions", 4)
    before = {k: v.clone() for k, v in assistant.vlm.state_dict().items()}
    learnt = []
    for every in (1, 3):  # of three steps, the last of which is judged anyway
        torch.manual_seed(0)
        assistant.vlm.load_state_dict(before)
        module = STAGES["qformer"].build(assistant.vlm)
        judge, recipe = lambda step, module=module: module.evaluate([batch]), Recipe(steps=3, batch_size=4)
        loader = again_and_again([batch])
        fit(module, module, loader, recipe, tmp_path / str(every), "q", evaluate=judge, eval_every=every)
        learnt.append({k: v.clone() for k, v in module.state_dict().items()})
    assert_close(*learnt, rtol=0, atol=0)


def test_the_three_losses_start_at_chance(assistant: Assistant) -> None:
    torch.manual_seed(0)
    assistant = for_stage(assistant, "qformer")
    module = STAGES["qformer"].build(assistant.vlm)
    module.stage1.temperature.data.fill_(0.5)  # at BLIP-2's own, sharpness alone exceeds chance
    (batch,) = batches(assistant, "captions", 16)
    found, expected = module(batch), module.chance(16)
    for name, close in (("itc", 0.3), ("itm", 0.1), ("itg", 0.2)):
        assert found[name].item() == pytest.approx(expected[name], abs=close), name


@pytest.mark.parametrize("name", [name for name, stage in STAGES.items() if stage.view])
def test_every_stage_lowers_its_loss_and_trains_its_parts_alone(name: str, assistant: Assistant) -> None:
    torch.manual_seed(0)
    stage = STAGES[name]
    assistant = for_stage(assistant, name)
    vlm = assistant.vlm
    choose_trainable(vlm, stage.parts)
    module = stage.build(vlm).train()
    (batch,) = batches(assistant, stage.view, 8)
    if name == "align":  # a connector can do nothing for a decoder whose weights are all near zero
        scrambled(vlm)
    steps = 90 if name == "align" else 30  # a connector alone does little in a step
    recipe = Recipe(steps=steps, batch_size=8, lr=3e-3, muon_lr=0.01)
    before = {k: v.clone() for k, v in vlm.state_dict().items()}
    optimizers = make_optimizers(module, recipe)
    losses = [train_step(module, module, [batch], optimizers, recipe, 1.0)["loss"] for _ in range(steps)]
    assert losses[-1] < 0.96 * losses[0]
    changed = {k.split(".")[0] for k, v in vlm.state_dict().items() if not torch.equal(v, before[k])}
    assert changed == set(stage.parts)


def test_only_the_last_layer(assistant: Assistant) -> None:
    choose_trainable(assistant.vlm, ("connector", "last_layer"))
    trained = {n.rpartition(".")[0] for n, p in assistant.vlm.named_parameters() if p.requires_grad}
    assert "connector.linear_1" in trained and "decoder.layers.1.mlp.up_proj" in trained
    assert not any(n.startswith(("vision", "decoder.layers.0", "decoder.embed")) for n in trained)


def test_the_contrastive_loss_starts_at_chance(assistant: Assistant) -> None:
    torch.manual_seed(0)
    module = ContrastiveLoss(assistant.vlm)
    module.log_scale.data.zero_()  # at CLIP's temperature chance is exceeded by the sharpness alone
    (batch,) = batches(assistant, "captions", 16)
    assert module(batch)["loss"].item() == pytest.approx(math.log(16), abs=0.15)


def test_contrastive_loss_by_hand() -> None:
    similarity = torch.tensor([[2.0, 0.0], [0.0, 1.0]])
    rows = [math.log(1 + math.exp(-2)), math.log(1 + math.exp(-1))]
    assert_close(
        contrastive_loss(similarity, similarity.T, torch.eye(2).bool())["loss"].item(), sum(rows) / 2
    )
    everything = torch.ones(2, 2).bool()
    assert contrastive_loss(similarity, similarity.T, everything)["found"].item() == 1


def test_equal_captions_are_no_mistake() -> None:
    same = torch.tensor([[1, 1, 0], [1, 1, 0], [0, 0, 1]]).bool()
    mixed_up = 20 * torch.tensor([[1.0, 1, 0], [1, 1, 0], [0, 0, 1]])
    assert contrastive_loss(mixed_up, mixed_up.T, same)["loss"].item() == pytest.approx(
        2 / 3 * math.log(2), abs=1e-3
    )


def test_two_halves_give_what_the_whole_gives(assistant: Assistant) -> None:
    prepared = Prepared(StorybookRecords("train", 6), assistant.chat, assistant.preprocessor)
    items = [prepared[0, i] for i in range(6)]
    collate = Collate(assistant.chat)
    recipe = Recipe(steps=1, batch_size=6, clip=1e9)

    def gradient_step(parts: list[dict]) -> dict:
        choose_trainable(assistant.vlm, EVERYTHING)
        module = AnswerLoss(assistant.vlm)
        optimizer = torch.optim.SGD(module.parameters(), lr=1.0)
        optimizer.param_groups[0]["peak_lr"] = 1.0
        before = {k: v.clone() for k, v in module.state_dict().items()}
        values = train_step(module, module, parts, [optimizer], recipe, 1.0)
        step = {k: v - before[k] for k, v in module.state_dict().items()}
        module.load_state_dict(before)
        return values | step

    whole = gradient_step([collate(items)])
    halves = gradient_step([collate(items[:1]), collate(items[1:])])
    for key in whole:
        assert_close(whole[key], halves[key], rtol=1e-3, atol=1e-5)


def test_schedule() -> None:
    factors = [schedule(step, steps=100, warmup=10) for step in range(100)]
    assert factors[0] == 0.1 and factors[9] == factors[10] == max(factors) == 1
    assert factors[10:] == sorted(factors[10:], reverse=True) and 0.02 <= factors[-1] < 0.03


def test_muon_takes_hidden_matrices_and_adamw_the_rest(assistant: Assistant) -> None:
    adamw, muon = make_optimizers(AnswerLoss(assistant.vlm), Recipe(steps=1, batch_size=1, muon_lr=0.01))
    names = {id(p): n for n, p in assistant.vlm.named_parameters()}
    by_muon = {names[id(p)] for group in muon.param_groups for p in group["params"]}
    decayed, plain = (
        {
            names[id(p)]
            for group in adamw.param_groups
            if group["weight_decay"] == decay
            for p in group["params"]
        }
        for decay in (0.1, 0.0)
    )
    assert by_muon | decayed | plain == set(names.values())
    assert "decoder.layers.0.mlp.up_proj.weight" in by_muon and "decoder.embed_tokens.weight" in decayed
    assert "vision.clip.encoder.layers.0.self_attn.q_proj.weight" in by_muon
    assert all("norm" in n or n.endswith("bias") or "class_embedding" in n for n in plain)


def test_batches_start_anywhere_and_keep_groups_together() -> None:
    def take(order: Order, number: int) -> list:
        return [keys for (_, keys), _ in zip(order, range(number), strict=False)]

    whole = take(Order(10, 4, seed=0), 8)
    assert take(Order(10, 4, seed=0, start=3), 5) == whole[3:]
    assert sorted(i for e, i in chain(*whole) if e == 0) == list(range(10))
    assert [i for e, i in chain(*whole) if e == 0] != [i for e, i in chain(*whole) if e == 1]
    for batch in take(Order(12, 4, seed=0, group=4), 3):
        first = batch[0][1]
        assert [i for _, i in batch] == list(range(first, first + 4)) and first % 4 == 0


def test_blocks_are_shuffled_a_few_at_a_time() -> None:
    def take(number: int, start: int = 0) -> list:
        blocks = [range(i, i + 5) for i in range(0, 50, 5)]
        order = islice(Order(50, 10, seed=0, start=start, blocks=blocks), number)
        return [key for _, keys in order for key in keys]

    epoch = [index for _, index in take(5)]
    assert sorted(epoch) == list(range(50)) and epoch != list(range(50))
    for first in range(0, 50, 5 * MIXED):
        assert len({index // 5 for index in epoch[first : first + 5 * MIXED]}) <= MIXED
    assert take(4, start=3) == take(7)[30:]


def test_batches_of_a_pool_are_about_as_long_and_start_anywhere(assistant: Assistant) -> None:
    prepared = Prepared(StorybookRecords("train", 48), assistant.chat, assistant.preprocessor)

    def take(number: int, **how: int) -> list[dict]:
        return list(islice(make_loader(prepared, 4, seed=0, **how), number))

    mixed, alike = take(12), take(24, pool=6)
    assert sorted(chain(*(b["where"] for b in alike[:12]))) == sorted(chain(*(b["where"] for b in mixed)))
    padding = [
        sum((b["input_ids"] == assistant.chat.pad_id).sum().item() for b in some)
        for some in (mixed, alike[:12])
    ]
    assert padding[1] < padding[0] / 2
    for start in (5, 6, 13):
        assert [b["where"] for b in take(5, pool=6, start=start)] == [
            b["where"] for b in alike[start : start + 5]
        ]


def test_processes_share_each_batch(assistant: Assistant) -> None:
    prepared = Prepared(StorybookRecords("train", 24), assistant.chat, assistant.preprocessor)
    whole = islice(make_loader(prepared, 4, seed=0, pool=3), 6)
    shares = [islice(make_loader(prepared, 4, seed=0, pool=3, rank=r, world=2), 6) for r in (0, 1)]
    for batch, *parts in zip(whole, *shares, strict=True):
        assert [part["where"] for part in parts] == [batch["where"][::2], batch["where"][1::2]]


def test_an_augmented_picture_has_as_many_tiles(chat: Chat, tmp_path: Path) -> None:
    """What was checked before training is as long as what is trained on."""
    Image.new("RGB", (640, 480)).save(tmp_path / "a.png")
    turns = ({"role": "user", "content": f"{IMAGE}x"}, {"role": "assistant", "content": "y"})
    record = Record((tmp_path / "a.png",), turns, None, "a")
    tiled = Chat(chat.tokenizer, 4, replace(ChatFormat(), tile=("[{row},{column}]",)))
    prepared = Prepared([record], tiled, KINDS["SmolVLM"], augment=True)
    lengths = {len(prepared.told(epoch, 0)["sample"].input_ids) for epoch in range(30)}
    plain = len(replace(prepared, augment=False).told(0, 0)["sample"].input_ids)
    assert lengths == {plain}


def test_augmentation_is_seeded() -> None:
    image = StorybookRecords("train", 1)[0].images[0]
    one, same, other = (augmented(image, torch.Generator().manual_seed(s)).tobytes() for s in (1, 1, 2))
    assert one == same != other


def test_a_module_is_learnt_with_frozen_features_as_with_pixels(assistant: Assistant, tmp_path: Path) -> None:
    from trainer.features import compute_features

    records = StorybookRecords("train", 4)
    prepared = Prepared(records, assistant.chat, assistant.preprocessor)
    prepared.features = compute_features(assistant, records, tmp_path)
    collate, module = Collate(assistant.chat), AnswerLoss(assistant.vlm)
    with_features = module(collate([prepared[0, i] for i in range(4)]))["loss"]
    prepared.features = None
    assert_close(
        with_features, module(collate([prepared[0, i] for i in range(4)]))["loss"], rtol=1e-3, atol=1e-3
    )
    assert isinstance(module, nn.Module)


def test_the_eye_may_learn_slower(assistant: Assistant) -> None:
    choose_trainable(assistant.vlm, EVERYTHING, eye_lr=0.1)
    names = {id(p): n for n, p in assistant.vlm.named_parameters()}
    recipe = Recipe(steps=1, batch_size=1, lr=1e-3, muon_lr=0.01)
    for optimizer, rate in zip(make_optimizers(AnswerLoss(assistant.vlm), recipe), (1e-3, 0.01), strict=True):
        for group in optimizer.param_groups:
            for p in group["params"]:
                expected = 0.1 * rate if names[id(p)].startswith("vision") else rate
                assert group["peak_lr"] == pytest.approx(expected)


def test_text_scores_every_word_and_no_padding(assistant: Assistant) -> None:
    """A batch of unequal rows is worth what its rows are worth alone."""
    prepared = Prepared(StorybookRecords("train", 4, pictures=False), assistant.chat, assistant.preprocessor)
    collate, module = Collate(assistant.chat), TextLoss(scrambled(assistant.vlm))
    rows = [collate([prepared[0, i]]) for i in range(4)]
    weights = [module.weigh(row) for row in rows]
    assert len(set(weights)) > 1 and weights == [row["input_ids"].shape[1] - 1 for row in rows]
    whole = collate([prepared[0, i] for i in range(4)])
    assert module.weigh(whole) == sum(weights)
    alone = sum(n * module(row)["loss"] for n, row in zip(weights, rows, strict=True)) / sum(weights)
    assert_close(module(whole)["loss"], alone)
