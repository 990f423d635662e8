"""Attention maps add up, cost nothing when nobody asks, and are where the things are."""

import math
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest
import torch
from PIL import Image

from dataset.chat.render import Chat
from dataset.storybook.questions import describe
from dataset.storybook.words import LANGUAGES
from dataset.storybook.world import CANVAS, make_scene
from model import decoder
from model.look import looks, watching
from model.vlm import VLM
from scoring.assistant import Assistant
from scoring.heatmap import Look, draw, lit, looked, words
from tests.conftest import IMAGE_ID, TINY, scrambled
from tests.test_training import for_stage

PIXELS = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
IDS = torch.tensor([[5, *[IMAGE_ID] * 4, 6, *[IMAGE_ID] * 4, 7, 8]])


def test_weights_are_shares_and_nothing_changes(vlm: VLM) -> None:
    before = vlm(IDS, PIXELS).logits
    with watching(vlm) as seen:
        during = vlm(IDS, PIXELS).logits
    assert set(seen) == {f"decoder.layers.{i}.self_attn" for i in range(2)} and not decoder.WATCHERS
    torch.testing.assert_close(before, during)
    for weights in seen.values():
        assert weights.shape == (1, 4, 12, 12)
        torch.testing.assert_close(weights.sum(-1), torch.ones(1, 4, 12))
        assert not weights.triu(1).any()


def test_a_look_is_at_the_pictures_before(vlm: VLM) -> None:
    found = looks(vlm, IDS, PIXELS)
    assert found.shape == (12, 2, 2, 2)
    with watching(vlm) as seen:
        vlm(IDS, PIXELS)
    by_hand = seen["decoder.layers.1.self_attn"].mean(1)[0]  # (T, S), the later half of two layers
    torch.testing.assert_close(found[11, 0].flatten(), by_hand[11, 1:5])
    torch.testing.assert_close(found[11, 1].flatten(), by_hand[11, 6:10])
    assert not found[5, 1].any() and found[11].sum() < 1


def test_who_answers_meanwhile_is_not_watched(vlm: VLM) -> None:
    with watching(vlm) as seen:
        vlm(IDS, PIXELS)
        own = dict(seen)
        other = Thread(target=vlm, args=(IDS[:, 10:],))  # two words
        other.start()
        other.join()
    assert all(seen[name] is own[name] for name in own) and seen.keys() == own.keys()


def test_watching_ends_with_an_error(vlm: VLM) -> None:
    with pytest.raises(ValueError, match="places for"), watching(vlm):
        vlm(IDS, PIXELS[:1])
    assert not decoder.WATCHERS and not vlm.decoder.layers[0].self_attn._forward_pre_hooks


@pytest.mark.parametrize("stage", ["qformer", "caption"])
def test_through_queries_and_beside_the_text(stage: str, assistant: Assistant) -> None:
    model = scrambled(for_stage(assistant, stage).vlm).eval()
    image = [model.config.image_token_id] * model.config.image_tokens
    found = looks(model, torch.tensor([[7, *image, 8, 9]]), PIXELS[:1])
    assert found.shape[1:] == (1, 2, 2)
    if stage == "caption":  # every word looks at the picture, in every layer
        torch.testing.assert_close(found.sum((1, 2, 3)), torch.ones(len(found)))
    else:
        assert 0 < found[-1].sum() < 1


def test_two_by_two_is_a_grid_of_patches() -> None:
    eye = replace(TINY.vision, keep_cls=True)
    torch.manual_seed(0)
    vlm = scrambled(VLM(replace(TINY, vision=eye))).eval()
    ids = torch.tensor([[5, *[IMAGE_ID] * 5, 6]])
    assert looks(vlm, ids, PIXELS[:1]).shape == (7, 1, 2, 2) and math.isqrt(4) == 2


def test_words_of_an_answer(chat: Chat) -> None:
    said = "A red cat, on the left: butterflies."
    found = words(chat, chat.encode(said))
    assert [w for w, _ in found] == ["A", "red", "cat", ",", "on", "the", "left", ":", "butterflies", "."]
    assert chat.decode(chat.encode(said)[found[2][1] :]).startswith(" cat")


def test_chinese_words_are_words(chat: Chat) -> None:
    said = "左上角有一把红色的大雨伞，街上有三个人。"
    found = words(chat, chat.encode(said))
    assert "/".join(word for word, _ in found) == "左上角/有/一/把/红色/的/大/雨伞/，/街/上/有/三/个/人/。"
    assert chat.decode(chat.encode(said)[found[7][1] :]).startswith("雨伞")
    assert [w for w, _ in words(chat, chat.encode("马路"))] == ["马路"]


def test_a_heatmap_is_lit_where_the_word_looks(tmp_path: Path) -> None:
    white, shares = Image.new("RGB", (64, 64), "white"), torch.zeros(4, 4)
    shares[0, 3] = 1
    seen = lit(white, shares)
    assert min(seen.getpixel((58, 5))) > 230 and max(seen.getpixel((5, 58))) < 80
    draw([Look("cat", shares[None]), Look("红", shares[None])], [white], tmp_path / "a" / "heat.png")
    with Image.open(tmp_path / "a" / "heat.png") as drawn:
        assert drawn.width > 200


def test_the_shipped_model_looks_at_what_it_names() -> None:
    """A thing alone somewhere: the word that names it looks at its patches, far above chance."""
    assistant = Assistant.load("weights/tiny")
    gains = []
    for index in range(12):
        scene = make_scene("val", index, max_things=1)
        (thing,) = scene.things
        messages = [{"role": "user", "content": "<image>\nDescribe the picture."}]
        found = looked(assistant, messages, [scene.draw()], describe(scene, LANGUAGES["en"]))
        (shares,) = (look.shares[0] for look in found if look.word == thing.kind)
        side = shares.shape[0]
        centres = (torch.arange(side) + 0.5) * CANVAS / side
        left, top, right, bottom = thing.box
        inside = ((centres > top) & (centres < bottom))[:, None] & ((centres > left) & (centres < right))
        gains.append((shares[inside].mean() / shares.mean()).item())
    assert sum(gains) / len(gains) > 5, gains
