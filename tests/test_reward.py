"""Learning from a reward: CIDEr-D as the field has it, answers that are the model's own, and better ones."""

import json
import random
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
import torch
from PIL import Image
from pycocoevalcap.cider.cider import Cider
from torch.testing import assert_close

import train_reward_vlm
from dataset.batches.asked import OpenQuestion, apart
from dataset.batches.collate import Collate, Prepared
from dataset.batches.packing import Packs
from dataset.photo.consensus import Consensus
from dataset.record import Record
from dataset.storybook.records import StorybookRecords
from model.vlm import VLM
from scoring.assistant import Assistant
from tests.conftest import scrambled
from tests.proof import same
from tests.test_mistakes import mistake
from trainer.loop import Recipe, fit, make_optimizers, train_step
from trainer.reward import ANSWERS, RewardLoss, advantages
from trainer.stages import choose_trainable
from trainer.words import AnswerLoss

KINDS = ("cat", "dog", "house")
CAPTIONS = ("a {} on the left", "a big one", "the {} is here", "a {} on the left side")


def test_consensus_is_cider_d() -> None:
    rng, vocabulary = random.Random(0), "a dog cat runs sits on the grass and barks".split()
    sentence = lambda longest=12: [rng.choice(vocabulary) for _ in range(rng.randint(1, longest))]  # noqa: E731
    references = [[sentence() for _ in range(rng.randint(1, 5))] for _ in range(40)]
    said = [rng.choice(some) if i % 4 == 0 else sentence(20) for i, some in enumerate(references)]
    _, expected = Cider(n=4).compute_score(
        {i: [" ".join(one) for one in some] for i, some in enumerate(references)},
        {i: [" ".join(one)] for i, one in enumerate(said)},
    )
    found = Consensus(references)
    scores = [found.score(one, some) for one, some in zip(said, references, strict=True)]
    same(
        "CIDEr-D",
        "pycocoevalcap",
        torch.tensor(scores, dtype=torch.float64),
        torch.tensor(expected),
        close=1e-9,
    )
    assert max(scores) > 5
    assert found.score([], references[0]) == 0 == found.score(["unheard"], references[0])


def test_an_answer_is_held_against_the_others() -> None:
    assert_close(
        advantages(torch.tensor([[1.0, 0.0, 2.0], [3.0, 3.0, 3.0]])),
        torch.tensor([[0.0, -1.5, 1.5], [0.0] * 3]),
    )


def talk(question: str, answer: str) -> tuple[dict[str, str], ...]:
    return ({"role": "user", "content": question}, {"role": "assistant", "content": answer})


def test_questions_with_several_answers_are_open() -> None:
    told = [talk("What?", "A cat."), talk("Who?", "Tom."), talk("What?", "A big cat."), talk("Who?", "Tom.")]
    found, left = apart(told)
    assert found == [OpenQuestion(told[0][:1], ("A cat.", "A big cat."))]
    assert left == [told[0], told[1]], "one answer to each is learnt word by word"


def rows(number: int) -> Packs:
    """Scenes, each with four captions, which need not be true, and a question."""
    scenes = StorybookRecords("captions", number)
    records = [
        Record((f"{i}.png",), talk("<image>\nDescribe it.", caption.format(KINDS[i])), where=f"scene {i}")
        for i in range(number)
        for caption in CAPTIONS
    ] + [Record((f"{i}.png",), talk("<image>\nIs it day?", "yes"), where=f"scene {i}") for i in range(number)]
    packs = Packs(records, 9)
    packs.records = [replace(one, images=scenes[i % number].images) for i, one in enumerate(packs.records)]
    return packs


def batch_of(assistant: Assistant, number: int = 3) -> tuple[RewardLoss, dict]:
    module, packs = RewardLoss(assistant.vlm), rows(number)
    module.look_through(packs, assistant.chat)
    prepared = Prepared(packs, assistant.chat, assistant.preprocessor, asking=True)
    return module, Collate(assistant.chat)([prepared[0, i] for i in range(number)])


def open_of(module: RewardLoss, batch: dict) -> tuple[list, torch.Tensor]:
    features = module.vlm.vision(batch["pixel_values"])
    return [prompt for ((prompt, _),) in batch["asked"]], features


def test_what_is_drawn_is_what_the_model_says(assistant: Assistant) -> None:
    """Without chance all of a question's answers are the one that it gives alone."""
    scrambled(assistant.vlm)
    module, batch = batch_of(assistant)
    prompts, features = open_of(module, batch)
    prompts[1] = prompts[1][:-1]  # another length: padded
    said = module.draw(prompts, features, temperature=0)
    for i, (prompt, some) in enumerate(zip(prompts, said, strict=True)):
        alone = assistant.vlm.generate(
            torch.tensor([prompt]), batch["pixel_values"][i : i + 1], max_new_tokens=module.longest
        )
        assert len(some) == ANSWERS and all(one == alone[0].tolist() for one in some)
    drawn = [one for _ in range(9) for some in module.draw(prompts, features) for one in some]
    assert len({*map(tuple, drawn)}) > 100 and not any(assistant.chat.image_id in one for one in drawn)


def test_answers_side_by_side_are_as_surprising_as_one_by_one(assistant: Assistant) -> None:
    scrambled(assistant.vlm)
    module, batch = batch_of(assistant)
    prompts, features = open_of(module, batch)
    said = [[ids[: 3 + n] for n, ids in enumerate(some)] for some in module.draw(prompts, features)]
    weights = torch.randn(len(said), ANSWERS)
    together = module.surprise(prompts, said, features, weights)
    total, tokens = 0.0, 0
    for i, (prompt, some) in enumerate(zip(prompts, said, strict=True)):
        for weight, ids in zip(weights[i], some, strict=True):
            labels = torch.tensor([[-100] * len(prompt) + ids])
            out = assistant.vlm(
                torch.tensor([prompt + ids]), labels=labels, image_features=features[i : i + 1]
            )
            total, tokens = total + weight * out.loss * len(ids), tokens + len(ids)
    assert_close(together, total / tokens)
    grads = [
        torch.autograd.grad(loss, assistant.vlm.connector.parameters()) for loss in (together, total / tokens)
    ]
    assert_close(*grads)


def test_captions_that_people_agree_with_become_likelier(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    module, batch = batch_of(assistant)
    every = Prepared(rows(3), assistant.chat, assistant.preprocessor)
    usual = Collate(assistant.chat)([every[0, i] for i in range(3)])
    choose_trainable(assistant.vlm, ("connector", "decoder"))
    recipe = Recipe(steps=100, batch_size=3, lr=5e-3, muon_lr=0.02)
    optimizers = make_optimizers(module, recipe)
    for _ in range(100):  # word by word: each caption in a third of the answers
        train_step(module, AnswerLoss(assistant.vlm), [usual], optimizers, recipe, 1.0)
    monkeypatch.setattr("trainer.reward.TAUGHT", 0.0)
    rewards = [train_step(module, module, [batch], optimizers, recipe, 0.1)["reward"] for _ in range(40)]
    before, after = sum(rewards[:8]) / 8, sum(rewards[-8:]) / 8
    assert 1 < before < 1.15 * before < after, rewards


def test_an_answer_that_does_not_end_is_worse(assistant: Assistant) -> None:
    module, batch = batch_of(assistant)
    (_, answers), chat = batch["asked"][0][0], assistant.chat
    whole = chat.encode(answers[0])
    ended, cut, broken = module.judge([[[*whole, chat.end_id], whole, whole[:-1]]], [answers])[0].tolist()
    assert ended > cut > broken > 0


def test_held_out_batches_are_judged_word_by_word(assistant: Assistant) -> None:
    module, batch = batch_of(assistant)
    assert module.eval()(batch).keys() == {"loss"}
    assert module(batch)["loss"] == AnswerLoss(assistant.vlm)(batch)["loss"]


def test_a_mixture_of_experts_learns_so_too(assistant: Assistant) -> None:
    config = assistant.vlm.config
    experts = replace(config.text, num_local_experts=3, num_experts_per_tok=2)
    assistant.vlm = scrambled(VLM(replace(config, text=experts)))
    module, batch = batch_of(assistant)
    assert module(batch)["loss"].isfinite()


def test_resumed_is_uninterrupted(assistant: Assistant, tmp_path: Path) -> None:
    scrambled(assistant.vlm)
    module, batch = batch_of(assistant)
    choose_trainable(assistant.vlm, ("connector", "decoder"))
    before = {k: v.clone() for k, v in module.state_dict().items()}
    learnt = []
    for parts in ((4,), (2, 4)):
        torch.manual_seed(0)
        module.load_state_dict(before)
        folder, recipe = tmp_path / str(len(parts)), Recipe(steps=4, batch_size=3)
        for end in parts:
            some = (batch for _ in range(end))  # no more of them: the run is cut off
            with suppress(RuntimeError):
                fit(
                    module,
                    module,
                    lambda start, some=some: given(some, start),
                    recipe,
                    folder,
                    "r",
                    "auto",
                    save_every=2,
                )
            torch.manual_seed(9)
        learnt.append({k: v.clone() for k, v in module.state_dict().items()})
    assert_close(*learnt, rtol=0, atol=0)
    assert not torch.equal(learnt[0]["vlm.decoder.norm.weight"], before["vlm.decoder.norm.weight"])


def given(some: Iterator[dict], start: int) -> Iterator[dict]:
    yield from islice(some, start, None)
    raise RuntimeError("no more batches")


def data_of(folder: Path, rows: list[str]) -> list[str]:
    """Flags for a table of captions, its two pictures beside it."""
    for name in "ab":
        Image.new("RGB", (32, 32), (name == "a" and "red") or "blue").save(folder / f"{name}.png")
    head = [] if rows and rows[0].startswith("image,") else ["image,caption"]
    (folder / "captions.csv").write_text("\n".join([*head, *rows]) + "\n", encoding="utf-8")
    return ["--data", str(folder / "captions.csv"), "--out", str(folder / "out"), "--features", "None"]


def test_a_table_of_captions_is_enough(tmp_path: Path, assistant: Assistant) -> None:
    assistant.save(tmp_path / "model")
    data = data_of(tmp_path, [f"{name}.png,a {said}" for name in "ab" for said in ("cat", "big cat", "fish")])
    train_reward_vlm.main([*data, "--init", str(tmp_path / "model"), "--epochs", "3", "--batch_size", "2"])
    rows = [json.loads(line) for line in (tmp_path / "out" / "metrics.jsonl").read_text().splitlines()]
    assert rows[-1]["step"] == 3 and {"reward", "taught_loss"} <= rows[-1].keys()
    assert (tmp_path / "out" / "model.safetensors").is_file()


BAD = {
    "no model": (("a.png,a cat", "a.png,a fish"), "", "name it with --init"),
    "the storybook": ((), "--init {model} --data storybook", "with --data a file of captions"),
    "one caption each": (("a.png,a cat", "b.png,a fish"), "--init {model}", "too few questions have several"),
    "one picture": (("a.png,a cat", "a.png,a fish"), "--init {model}", "too few questions have several"),
    "no room": (
        (
            "image,question,answer",
            *(f"a.png,{'where ' * 238}?,{said}" for said in ("here", "now")),
            *(f"b.png,what?,{said}" for said in ("cat", "there " * 60)),
        ),
        "--init {model}",
        "shorten the question",
    ),
    "shards": (("a.png,a cat",), "--init {model} --shard", "--shard: stage reward"),
}


@pytest.mark.parametrize("rows, flags, message", BAD.values(), ids=list(BAD))
def test_what_cannot_be_learnt_from_is_told(
    rows: tuple[str, ...], flags: str, message: str, tmp_path: Path, assistant: Assistant
) -> None:
    assistant.save(tmp_path / "model")
    data = data_of(tmp_path, [*rows])
    said = mistake(train_reward_vlm.main, [*data, *flags.format(model=tmp_path / "model").split()])
    assert message in said
