"""The convolutional eye against the package whose weights it reads, and what the decoder gets of it."""

from dataclasses import replace

import pytest
import torch
from efficientnet_lite_pytorch import EfficientNet as Theirs
from torch.testing import assert_close

from model.config import VisionConfig
from model.connector import build_connector
from model.efficientnet import HEAD, SCALES, EfficientNet, feature_size, folded, histogram
from model.eyes import build_eye, efficientnet_config
from model.vision import VisionTower
from model.vlm import VLM
from model.words import WordsConnector
from tests.conftest import IMAGE_ID, TINY, scrambled
from tests.proof import same

KIND = "efficientnet-lite0"


def reference(kind: str, size: int) -> Theirs:
    """Theirs, no weight and no statistic of a norm as it begins; activations stay near one."""
    generator = torch.Generator().manual_seed(0)
    theirs = Theirs.from_name(kind, image_size=size).eval()
    for name, tensor in theirs.state_dict().items():
        if name.endswith("running_var"):
            tensor.uniform_(0.5, 2, generator=generator)
        elif tensor.ndim > 1:
            tensor.normal_(std=(2 / tensor[0].numel()) ** 0.5, generator=generator)
        elif tensor.is_floating_point():
            tensor.add_(0.3 * torch.randn(tensor.shape, generator=generator))
    return theirs


def pixels(size: int, images: int = 2) -> torch.Tensor:
    return torch.randn(images, 3, size, size, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("size", [64, 65])
@pytest.mark.parametrize("kind", [KIND, "efficientnet-lite2"])
def test_equal_to_the_package(kind: str, size: int) -> None:
    """At 65 pixels each of its paddings is an odd number somewhere."""
    theirs, ours = reference(kind, size), EfficientNet(kind).eval()
    ours.load_state_dict(folded(theirs.state_dict()), strict=True)
    with torch.no_grad():
        seen, _ = ours.see(pixels(size))
        same(f"{kind}: features", "efficientnet-lite-pytorch", seen, theirs.extract_features(pixels(size)))
        logits = ours.classify(pixels(size))
        same(f"{kind}: classes", "efficientnet-lite-pytorch", logits, theirs(pixels(size)))
    assert seen.std() > 0.1 and logits.std() > 0.1


@pytest.fixture(scope="module")
def eye() -> EfficientNet:
    eye = EfficientNet(KIND).eval()
    eye.load_state_dict(folded(reference(KIND, 64).state_dict()))
    return eye


@torch.no_grad()
def test_features_are_the_mean_and_then_cells_in_reading_order(eye: EfficientNet) -> None:
    picture = pixels(96, images=1)
    coarse, fine = eye.see(picture)  # (1, 1280, 3, 3), (1, C, 6, 6)
    features = eye(picture)
    assert features.shape == (1, 1 + 9, feature_size(KIND)) and fine.shape[2:] == (6, 6)
    for place, (row, column) in enumerate((r, c) for r in range(3) for c in range(3)):
        cell = features[0, 1 + place]
        assert_close(cell[:HEAD], coarse[0, :, row, column])
        four = fine[0, :, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2]  # (C, 2, 2)
        assert_close(cell[HEAD:-1000], four.flatten())
        assert_close(cell[-1000:], eye.classifier(coarse[0, :, row, column]), rtol=1e-4, atol=1e-4)
    assert_close(features[:, 0, :-1000], features[:, 1:, :-1000].mean(1))
    assert_close(features[:, 0, -1000:], eye.classify(picture), rtol=1e-4, atol=1e-4)


def test_a_histogram_says_how_much_of_a_cell_is_of_which_colour() -> None:
    picture = torch.tensor([1.0, -1.0, -1.0])[:, None, None].repeat(1, 64, 64)  # red
    picture[:, 32:, :32] = 0.0  # grey below it on the left
    picture[:, 32:, 48:] = 1 / 3  # half of the right: between grey and white, nearer to grey
    shares = histogram(picture[None], 3, (2, 2))[0].unflatten(0, (3, 3, 3))  # (red, green, blue, row, column)
    assert_close(shares.sum((0, 1, 2)), torch.ones(2, 2))
    assert shares[2, 0, 0].tolist() == [[1, 1], [0, 0.5]] and shares[1, 1, 1, 1, 0] == 1
    assert_close(shares[1, 1, 1, 1, 1], torch.tensor(0.5 * (2 / 3) ** 3))
    assert_close(shares[2, 2, 2, 1, 1], torch.tensor(0.5 * (1 / 3) ** 3))


@torch.no_grad()
def test_colours_stand_before_the_logits_and_change_nothing_else(eye: EfficientNet) -> None:
    coloured, picture = EfficientNet(KIND, levels=3).eval(), pixels(96, images=1)
    coloured.load_state_dict(eye.state_dict())
    plain, features = eye(picture), coloured(picture)
    assert features.shape[-1] == feature_size(KIND, 3) == plain.shape[-1] + 27
    told = histogram(picture, 3, (3, 3)).flatten(2).transpose(1, 2)
    assert_close(features[:, 1:, -1027:-1000], told)
    assert_close(features[:, 0, -1027:-1000], told.mean(1))
    assert_close(torch.cat([features[..., :-1027], features[..., -1000:]], dim=-1), plain)


def test_other_weights_are_named() -> None:
    good = reference(KIND, 64).state_dict()
    for change, message in (
        ({"_fc.bias": None}, "no _fc.bias"),
        ({"_blocks.3._bn1.running_var": None}, r"no _blocks.3._bn1.running_var"),
        ({"_conv_middle.weight": torch.ones(1)}, "_conv_middle has no place"),
    ):
        bad = {k: t for k, t in (good | change).items() if t is not None}
        with pytest.raises(ValueError, match=message):
            folded(bad)
    lacking = folded({k: t for k, t in good.items() if k != "_conv_head.weight"})
    with pytest.raises(RuntimeError, match=r"head\.weight"):
        EfficientNet(KIND).load_state_dict(lacking)


@pytest.mark.parametrize("keep_cls", [False, True])
def test_a_tower_of_this_kind_rests_and_learns(keep_cls: bool) -> None:
    tower = VisionTower(replace(efficientnet_config(KIND, 64), keep_cls=keep_cls))
    assert tower(pixels(64)).shape == (2, 4 + keep_cls, feature_size(KIND))
    tower.freeze()
    assert not tower(pixels(64)).requires_grad and not tower.train().clip.training
    tower.freeze(False)
    tower(pixels(64)).square().mean().backward()
    assert all(p.grad.abs().sum() > 0 for p in tower.parameters())


@pytest.mark.parametrize("kind", SCALES)
def test_every_kind_has_a_configuration(kind: str) -> None:
    with torch.device("meta"):
        assert isinstance(build_eye(efficientnet_config(kind)), EfficientNet)


@pytest.mark.parametrize(
    "config, message",
    [
        (
            replace(efficientnet_config(KIND), hidden_size=100),
            "lite0 has hidden_size, patch_size",
        ),
        (replace(efficientnet_config(KIND), classes=10), r"classes 2728, 32, 1000, not \(2728, 32, 10\)"),
        (replace(TINY.vision, classes=5), "classes is 5; clip knows none by name"),
        (replace(TINY.vision, colours=4), "colours is 4; clip tells none apart"),
        (replace(efficientnet_config(KIND), colours=4), r"classes 2792, 32, 1000, not \(2728, 32, 1000\)"),
        (replace(TINY.vision, kind="efficientnet-b9"), "kind 'efficientnet-b9' is unknown; known: clip"),
    ],
)
def test_what_is_no_such_eye_is_refused(config: VisionConfig, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build_eye(config)


def test_words_begin_as_the_names_weighted_by_their_chances() -> None:
    config = replace(TINY, vision=efficientnet_config(KIND, 64), connector="words")
    connector = build_connector(config)
    assert isinstance(connector, WordsConnector)
    words = torch.randn(50, 32)
    names = [[number % 50, (7 * number) % 50] for number in range(1000)]
    connector.begin(words, names)
    features = torch.randn(1, 5, feature_size(KIND))
    chances = (2 * features[..., -1000:]).softmax(-1)
    expected = chances @ torch.stack([words[ids].mean(0) for ids in names])
    connector.sharpness.data.fill_(2)
    connector.linear_2.weight.data.zero_(), connector.linear_2.bias.data.zero_()
    assert_close(connector(features), expected)
    with pytest.raises(ValueError, match="a vision encoder of kind clip knows no classes by name"):
        build_connector(replace(TINY, connector="words"))


def test_a_model_sees_with_it() -> None:
    config = replace(TINY, vision=efficientnet_config(KIND, 64), connector="words")
    vlm = VLM(config).eval()
    scrambled(vlm.decoder), scrambled(vlm.connector)
    row = torch.tensor([[5, *[IMAGE_ID] * config.image_tokens, 6]])
    one, other = (vlm(row, pixels(64)[i : i + 1]).logits[0, -1] for i in range(2))
    assert config.image_tokens == 5 and not torch.allclose(one, other)
