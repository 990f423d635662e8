"""nanoVLM's folders, equal to a model of its published formulas: pixels, prompts, logits, greedy answers.

transformers has no such class, so the reference stands here: it shares no code with ours, turns RoPE with
complex numbers and writes attention out.
"""

import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import load_file, save_file, save_model
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from torch import Tensor, nn
from transformers import PreTrainedTokenizerFast

from convert.trial import picture
from convert_vlm import main as convert_vlm
from dataset.chat.chat_format import END, END_OF_TEXT, START
from dataset.errors import DataError
from dataset.images.preprocess import Preprocessor
from dataset.images.tiles import Grid
from scoring.assistant import Assistant
from scoring.heatmap import as_wholes
from scoring.memory import Memory
from tests.conftest import scrambled
from tests.gguf_files import CHATML
from tests.proof import same
from tests.test_smolvlm import SHAPES, noise, said

SIZES = {
    "vit_hidden_dim": 24,
    "vit_inter_dim": 32,
    "vit_patch_size": 8,
    "vit_img_size": 32,
    "vit_n_heads": 2,
    "vit_dropout": 0.0,
    "vit_n_blocks": 2,
    "vit_ln_eps": 1e-6,
    "vit_cls_flag": False,
    "vit_model_type": "google/siglip-base-patch16-224",
    "lm_hidden_dim": 32,
    "lm_inter_dim": 48,
    "lm_rms_eps": 1e-5,
    "lm_re_base": 100000,
    "lm_max_position_embeddings": 128,
    "lm_n_heads": 4,
    "lm_n_kv_heads": 2,
    "lm_dropout": 0.0,
    "lm_n_blocks": 2,
    "lm_attn_scaling": 1.0,
    "lm_max_length": 79,
    "lm_use_tokens": False,
    "lm_tie_weights": True,
    "lm_model_type": "HuggingFaceTB/SmolLM2-135M",
    "lm_tokenizer": "HuggingFaceTB/cosmo2-tokenizer",
    "mp_pixel_shuffle_factor": 2,
    "vlm_load_backbone_weights": True,
    "vlm_checkpoint_path": "checkpoints",
}
LATER = {
    "lm_base_vocab_size": 261,
    "extra_token_amount": 1,
    "lm_chat_template": CHATML,
    "mp_image_token_length": 4,
    "vlm_extra_tokens": {"image_token": "<|image|>"},
    "hf_repo_name": "nanoVLM",
}
MARKS = {f"r{row}c{column}": f"<row_{row}_col_{column}>" for row in range(1, 9) for column in range(1, 9)}
TILED = LATER | {
    "vlm_extra_tokens": {"image_token": "<|image|>", "global_image_token": "<|global_image|>"} | MARKS,
    "extra_token_amount": 66,
    "lm_max_position_embeddings": 1024,
    "max_img_size": 96,
    "resize_to_max_side_len": True,
}
KINDS = {"222M": {}, "450M": LATER, "460M": TILED}


class Norm(nn.Module):
    def __init__(self, size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))

    def forward(self, x: Tensor) -> Tensor:
        return x / (x.pow(2).mean(-1, keepdim=True) + SIZES["lm_rms_eps"]).sqrt() * self.weight


class Table(nn.Module):
    """RoPE's frequencies, which are saved as a buffer."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.register_buffer("inv_freq", SIZES["lm_re_base"] ** -(torch.arange(0, size, 2) / size))

    def forward(self, x: Tensor) -> Tensor:
        """Number i and number i + size / 2 of a head, (heads, T, size), are one complex number that turns."""
        first, second = x.chunk(2, -1)
        angles = torch.arange(x.shape[1])[:, None] * self.inv_freq
        turned = torch.complex(first, second) * torch.polar(torch.ones_like(angles), angles)
        return torch.cat([turned.real, turned.imag], -1)


def attend(q: Tensor, k: Tensor, v: Tensor, causal: bool) -> Tensor:
    """(heads, T, d) -> (T, heads * d)"""
    scores = q @ k.mT / q.shape[-1] ** 0.5
    if causal:
        scores = scores.masked_fill(torch.ones(scores.shape[-2:]).triu(1).bool(), -torch.inf)
    return (scores.softmax(-1) @ v).transpose(0, 1).flatten(1)


def linears(**shapes: tuple) -> nn.ModuleDict:
    return nn.ModuleDict({name: nn.Linear(*shape[:2], bias=len(shape) < 3) for name, shape in shapes.items()})


class NanoVLM(nn.Module):
    """One picture and one conversation; the tensors' names are the published ones."""

    def __init__(self, rows: int) -> None:
        super().__init__()
        wide, inner, size, D, deep = 24, 32, 8, 32, 48
        see, say = nn.Module(), nn.Module()
        see.patch_embedding = nn.Module()
        see.patch_embedding.conv = nn.Conv2d(3, wide, size, size)
        see.patch_embedding.position_embedding = nn.Parameter(torch.rand(1, 16, wide))
        see.blocks = nn.ModuleList(
            nn.ModuleDict(
                {
                    "ln1": nn.LayerNorm(wide, 1e-6),
                    "ln2": nn.LayerNorm(wide, 1e-6),
                    "attn": linears(qkv_proj=(wide, 3 * wide), out_proj=(wide, wide)),
                    "mlp": linears(fc1=(wide, inner), fc2=(inner, wide)),
                }
            )
            for _ in range(2)
        )
        see.layer_norm = nn.LayerNorm(wide, 1e-6)
        say.token_embedding = nn.Embedding(rows, D)
        say.rotary_embd = Table(size)
        say.blocks = nn.ModuleList(
            nn.ModuleDict(
                {
                    "mlp": linears(gate_proj=(D, deep, 0), up_proj=(D, deep, 0), down_proj=(deep, D, 0)),
                    "attn": linears(
                        q_proj=(D, D, 0), k_proj=(D, 16, 0), v_proj=(D, 16, 0), out_proj=(D, D, 0)
                    ),
                    "norm1": Norm(D),
                    "norm2": Norm(D),
                }
            )
            for _ in range(2)
        )
        say.norm = Norm(D)
        say.head = nn.Linear(D, rows, bias=False)
        say.head.weight = say.token_embedding.weight
        self.vision_encoder, self.decoder, self.MP = see, say, linears(proj=(4 * wide, D, 0))

    def seen(self, pixels: Tensor) -> Tensor:
        """(3, 32, 32) -> (4, D): squares of 2 x 2 patches, row by row."""
        eye = self.vision_encoder
        x = eye.patch_embedding.conv(pixels).flatten(1).T + eye.patch_embedding.position_embedding[0]
        for block in eye.blocks:
            parts = block["attn"]["qkv_proj"](block["ln1"](x)).chunk(3, -1)
            q, k, v = (part.view(16, 2, 12).transpose(0, 1) for part in parts)
            x = x + block["attn"]["out_proj"](attend(q, k, v, causal=False))
            x = x + block["mlp"]["fc2"](F.gelu(block["mlp"]["fc1"](block["ln2"](x)), approximate="tanh"))
        x = eye.layer_norm(x)
        corners = torch.tensor([[at, at + 1, at + 4, at + 5] for at in (0, 2, 8, 10)])
        return self.MP["proj"](x[corners].flatten(1))

    def forward(self, x: Tensor) -> Tensor:
        """Embeddings (T, D) -> logits (T, rows)"""
        turn = self.decoder.rotary_embd
        for block in self.decoder.blocks:
            seen, made = block["norm1"](x), block["attn"]
            q, k, v = (made[f"{one}_proj"](seen).unflatten(-1, (-1, 8)).transpose(0, 1) for one in "qkv")
            k, v = turn(k)[[0, 0, 1, 1]], v[[0, 0, 1, 1]]  # four queries share two keys
            x = x + made["out_proj"](attend(turn(q), k, v, causal=True))
            seen, mlp = block["norm2"](x), block["mlp"]
            x = x + mlp["down_proj"](F.silu(mlp["gate_proj"](seen)) * mlp["up_proj"](seen))
        return self.decoder.head(self.decoder.norm(x))


def tokenizer(folder: Path) -> PreTrainedTokenizerFast:
    """Bytes, and the special tokens that SmolLM2's has."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    made = Tokenizer(models.BPE({letter: id for id, letter in enumerate(alphabet)}, []))
    made.pre_tokenizer, made.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    made.add_special_tokens([END_OF_TEXT, START, END, "<empty_output>", "<file_sep>"])
    fast = PreTrainedTokenizerFast(tokenizer_object=made, eos_token=END_OF_TEXT)
    fast.save_pretrained(folder)
    return fast


def published(tmp_path: Path, kind: str = "222M", **changes: object) -> NanoVLM:
    """A folder as the model's own save_pretrained writes it, and the tokenizer beside it."""
    torch.manual_seed(0)
    rows = len(tokenizer(tmp_path / "words")) + len(KINDS[kind].get("vlm_extra_tokens", ()))
    theirs = scrambled(NanoVLM(rows)).eval()
    (tmp_path / "theirs").mkdir()
    save_model(theirs, tmp_path / "theirs/model.safetensors")
    values = SIZES | {"lm_vocab_size": rows} | KINDS[kind] | changes
    (tmp_path / "theirs/config.json").write_text(json.dumps(values))
    return theirs


def imported(tmp_path: Path, *more: str, words: str = "words") -> Assistant:
    flags = ["--from", "nanovlm", "--tokenizer", str(tmp_path / words)] if words else ["--from", "nanovlm"]
    convert_vlm(["import", str(tmp_path / "theirs"), str(tmp_path / "ours"), *flags, *more])
    return Assistant.load(tmp_path / "ours", "cpu")


def asked(kind: str, folder: Path, question: str) -> list[int]:
    """Its generate.py's ids: the first kind's without places for the picture, the later's with four."""
    if kind == "222M":
        return PreTrainedTokenizerFast.from_pretrained(folder)(f"Question: {question} Answer:")["input_ids"]
    named = {"extra_special_tokens": LATER["vlm_extra_tokens"], "chat_template": CHATML}
    words = PreTrainedTokenizerFast.from_pretrained(folder, **named)
    said = [{"role": "user", "content": words.image_token * 4 + question}]
    return words.apply_chat_template(said, add_generation_prompt=True)["input_ids"]


@pytest.mark.parametrize("kind", ["222M", "450M"])
@torch.no_grad()
def test_nanovlm(kind: str, tmp_path: Path) -> None:
    theirs = published(tmp_path, kind)
    assert "decoder.token_embedding.weight" not in load_file(tmp_path / "theirs/model.safetensors")  # tied
    ours = imported(tmp_path)
    squashed = picture().resize((32, 32), Image.Resampling.BILINEAR)
    pixels = torch.from_numpy(np.array(squashed)).permute(2, 0, 1) / 255
    same("import nanovlm: pixels", "published formulas", ours.preprocessor(picture()), pixels, close=1e-6)

    words, seen = asked(kind, tmp_path / "words", "What is this?"), theirs.seen(pixels)
    talk = [{"role": "user", "content": "<image>\nWhat is this?"}]
    ids = ours.chat.prompt(talk)
    embeds = theirs.decoder.token_embedding(torch.tensor(words))
    if kind == "222M":
        assert ids == [ours.chat.image_id] * 4 + words
        embeds = torch.cat([seen, embeds])
    else:
        assert ids == words
        embeds[torch.tensor(ids) == ours.chat.image_id] = seen
    found = ours.vlm(torch.tensor([ids]), pixels[None]).logits[0]
    same(f"import nanovlm {kind}: logits", "published formulas", found, theirs(embeds))

    assert list(ours.tokens(talk, [picture()], max_new_tokens=6)) == greedy(theirs, embeds)


def greedy(theirs: NanoVLM, embeds: Tensor) -> list[int]:
    answer = []
    for _ in range(6):
        answer.append(theirs(embeds)[-1].argmax().item())
        embeds = torch.cat([embeds, theirs.decoder.token_embedding(torch.tensor(answer[-1:]))])
    return answer


def cut(image: Image.Image, most: int, enlarged: bool) -> tuple[Tensor, tuple[int, int]]:
    """Its frames and its grid, of squares of 32: the whole picture, made from a tensor, then the tiles."""
    width, height = image.size
    longest = most if enlarged else min(most, math.ceil(max(width, height) / 32) * 32)
    shortest = math.ceil(min(width, height) * (longest / max(width, height)) / 32) * 32
    size = (longest, shortest) if width >= height else (shortest, longest)
    pixels = torch.from_numpy(np.array(image.resize(size, Image.Resampling.BICUBIC))).permute(2, 0, 1) / 255
    tiles = pixels.unfold(1, 32, 32).unfold(2, 32, 32).permute(1, 2, 0, 3, 4)  # (rows, columns, 3, 32, 32)
    if tiles.shape[:2] == (1, 1):
        return tiles.flatten(0, 1), (1, 1)
    whole = F.interpolate(pixels[None], size=(32, 32), mode="bilinear", antialias=True)
    return torch.cat([whole, tiles.flatten(0, 1)]), tuple(tiles.shape[:2])


@pytest.mark.parametrize("enlarged", [True, False])
@pytest.mark.parametrize("most", [128, 96, 32])
def test_tiles(most: int, enlarged: bool, tmp_path: Path) -> None:
    pixels = {"size": {"longest_edge": most}, "max_image_size": {"longest_edge": 32}}
    pixels |= {"image_processor_type": "NanoVLMImageProcessor", "resize_to_max_side_len": enlarged}
    ours = Preprocessor.from_fields(pixels, "there")
    ours.to_json(tmp_path / "again.json")
    assert Preprocessor.from_json(tmp_path / "again.json") == ours
    for shape in (*SHAPES, (187, 187), (33, 1), (96, 95)):
        image = noise(*shape)
        (expected, shares), [grid] = cut(image, most, enlarged), ours.grids([image])
        same("preprocessing: tiles", "nanoVLM's formulas", ours.frames(image), expected, close=1e-6)
        assert grid == (Grid() if shares == (1, 1) else (*shares, True)) and grid.frames == len(expected)
        assert ours.tiling.most(32) >= max(shares) and torch.equal(ours(image), ours.frames(image)[0])
    whole = Preprocessor.from_fields(pixels | {"do_image_splitting": False}, "there")
    assert not whole.cuts and whole.frames(noise(70, 40)).shape == (1, 3, 32, 32)
    with pytest.raises(DataError, match="there: size is 100, expected a multiple of max_image_size, 32"):
        Preprocessor.from_fields(pixels | {"size": {"longest_edge": 100}}, "there")


TALKS = {  # what is said, and the pictures
    "no picture": ([said("What is this?")], []),
    "wide": ([said("<image>\nWhat is this?")], [(70, 40)]),
    "one tile": ([said("<image>\nWhat is this?")], [(30, 32)]),
    "a row too many": ([said("<image>\nWhat?")], [(187, 187)]),
    "several": ([said("Be brief.", "system"), said("<image>\n<image>\nWhich?")], [(20, 301), (64, 64)]),
    "turns": (
        [said("<image>\n<image>\nWhat?"), said("<image> 1.", "assistant"), said("And?")],
        [(70, 40), (9, 9)],
    ),
}


def written(words: PreTrainedTokenizerFast, grids: Sequence[tuple[int, int]]) -> str:
    """What stands for pictures."""
    text = ""
    for number, (rows, columns) in enumerate(grids):
        text += f"<image: {number}>" if len(grids) > 1 else ""
        text += words.global_image_token + words.image_token * 4
        places = [(row, column) for row in range(1, rows + 1) for column in range(1, columns + 1)]
        for row, column in places if len(places) > 1 else []:
            text += getattr(words, f"r{row}c{column}") + words.image_token * 4
    return text


@pytest.fixture(scope="module")
def tiled(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, tuple[NanoVLM, Path, Assistant]]:
    """Theirs, their words, ours, by whether small pictures are enlarged."""
    both = {}
    for enlarged in (True, False):
        home = tmp_path_factory.mktemp("tiled")
        theirs = published(home, "460M", resize_to_max_side_len=enlarged)
        both[enlarged] = theirs, home / "words", imported(home)
    return both


@pytest.mark.parametrize("enlarged", [True, False])
@pytest.mark.parametrize("name", TALKS)
@torch.no_grad()
def test_nanovlm_of_tiles(name: str, enlarged: bool, tiled: dict) -> None:
    (theirs, folder, ours), (talk, shapes) = tiled[enlarged], TALKS[name]
    images = [noise(*shape) for shape in shapes]
    frames, grids = zip(*(cut(image, 96, enlarged) for image in images), strict=True) if images else ((), ())
    named = {"extra_special_tokens": TILED["vlm_extra_tokens"], "chat_template": CHATML}
    words = PreTrainedTokenizerFast.from_pretrained(folder, **named)
    places, shown = "<image>\n" * len(images), written(words, grids)
    their_talk = [m | {"content": m["content"].replace(places or "no", shown)} for m in talk]
    expected = words.apply_chat_template(their_talk, add_generation_prompt=True)["input_ids"]
    ids = ours.prompt(talk, images)
    same("import nanovlm 460M: ids", "published formulas", torch.tensor(ids), torch.tensor(expected))

    embeds = theirs.decoder.token_embedding(torch.tensor(expected))
    if images:
        seen = torch.cat([theirs.seen(frame) for frame in torch.cat(frames)])
        embeds[torch.tensor(expected) == words.image_token_id] = seen
    found = ours.vlm(torch.tensor([ids]), ours.pixels(images)).logits[0]
    same("import nanovlm 460M: logits", "published formulas", found, theirs(embeds))
    assert list(ours.tokens(talk, images, max_new_tokens=6)) == greedy(theirs, embeds)


def test_a_second_picture_gives_the_first_a_number(tiled: dict) -> None:
    *_, ours = tiled[True]
    memory, images = Memory(), [noise(70, 40), noise(20, 301)]
    talk = [said("<image>\nWhat?"), said("This.", "assistant"), said("<image>\nAnd this?")]
    for messages, shown in ((talk[:1], images[:1]), (talk, images)):
        found = [*ours.tokens(messages, shown, memory, max_new_tokens=3)]
        assert found == [*ours.tokens(messages, shown, max_new_tokens=3)]


def test_a_look_at_the_whole_is_the_first() -> None:
    frames = torch.zeros(1, 7, 2, 2)
    frames[0, 3, 1, 1] = 6.0  # of the tile in row 1, column 3
    frames[0, 0, 0, 0] = 1.0
    [[picture]] = as_wholes(frames, [Grid(2, 3, whole_first=True)])
    assert picture[0, 1] > 0 and picture[0, 0] == 1 and not picture[1].any()


def test_untied_weights(tmp_path: Path) -> None:
    theirs = published(tmp_path, lm_tie_weights=False)
    path, head = tmp_path / "theirs/model.safetensors", torch.randn_like(theirs.decoder.head.weight)
    save_file({**theirs.state_dict(), "decoder.head.weight": head}, path)
    assert torch.equal(imported(tmp_path).vlm.decoder.lm_head.weight, head)


def test_pictures_in_a_question(tmp_path: Path) -> None:
    published(tmp_path, "450M")
    two = [{"role": "user", "content": "<image>\n<image>\nWhich?"}]
    picture = "<|image|>" * 4
    assert (
        imported(tmp_path).chat.spelled(two)
        == f"{START}user\n{picture}{picture}Which?{END}\n{START}assistant\n"
    )


def test_pictures_come_first_and_an_answer_ends(tmp_path: Path) -> None:
    published(tmp_path)
    chat = imported(tmp_path).chat
    talk = [
        {"role": "user", "content": "<image>\nOne?"},
        {"role": "assistant", "content": "Two."},
        {"role": "user", "content": "Three?"},
    ]
    mark = "<empty_output>"
    assert chat.spelled(talk) == f"{mark * 4}Question: One? Answer:Two.{END_OF_TEXT}Question: Three? Answer:"
    scored = [id for id in chat.render(talk[:2]).labels if id != -100]
    assert chat.tokenizer.decode(scored, skip_special_tokens=False) == f"Two.{END_OF_TEXT}"


REFUSED = {  # what config.json says -> what is said of it
    "no token": ({"vlm_extra_tokens": {}}, "vlm_extra_tokens is {}; it names an image_token"),
    "CLS": ({"vit_cls_flag": True}, "vit_cls_flag is True; this model has False only"),
    "ids": ({"lm_use_tokens": True}, "lm_use_tokens is True"),
    "scaled": ({"lm_attn_scaling": 2.0}, r"lm_attn_scaling is 2\.0"),
    "another eye": ({"vit_ln_eps": 1e-5}, "vit_ln_eps is 1e-05"),
    "unknown": ({"mp_use_mlp": True}, "mp_use_mlp is not known here"),
    "tokens": ({"mp_image_token_length": 16}, "mp_image_token_length is 16; this model has 4 only"),
    "shuffle": (
        {"mp_pixel_shuffle_factor": 3, "mp_image_token_length": 1},
        "4 rows of patches, not to be cut by 3",
    ),
    "a size": ({"vit_img_size": "32"}, "vision.image_size is '32', not a whole number"),
    "words": ({"lm_vocab_size": 300}, "tokenizer.json: 262 tokens with <|image|>, .*lm_vocab_size 300"),
    "prompt": ({"lm_chat_template": "[INST] {{ messages }}"}, "its chat template writes"),
    "layers": ({"lm_n_blocks": 3}, "missing decoder.layers.2"),
}


NAMES = TILED["vlm_extra_tokens"]
UNCUT = {  # the same of a model whose pictures are cut
    "unlike sides": (
        {"max_img_size": 100},
        "max_img_size is 100, expected a multiple of vit_img_size 32, up",
    ),
    "too many tiles": ({"max_img_size": 288}, "max_img_size is 288, expected .* 32, up to 256"),
    "no sides": ({"max_img_size": None}, "max_img_size is None, expected"),
    "no way to them": ({"resize_to_max_side_len": "no"}, "resize_to_max_side_len is 'no', expected true or"),
    "no words for tiles": (
        {"vlm_extra_tokens": LATER["vlm_extra_tokens"]},
        "lacks global_image_token, without",
    ),
    "no row for a square": (
        {"vlm_extra_tokens": {key: token for key, token in NAMES.items() if not key.startswith("r4")}},
        "lacks r4c1, without which no picture is cut here",
    ),
    "other words": (
        {"vlm_extra_tokens": NAMES | {"r1c2": "<1:2>"}},
        "vlm_extra_tokens has r1c2, '<1:2>', which is not known here",
    ),
    "more words": ({"vlm_extra_tokens": NAMES | {"end": "<|x|>"}}, r"has end, '<\|x\|>', which is not known"),
    "words": ({"lm_vocab_size": 300}, r"tokenizer.json: 327 tokens with <\|image\|>, .*lm_vocab_size 300"),
    "prompt": (
        {"lm_chat_template": CHATML.replace("assistant", "bot")},
        "its chat template writes .* where ChatML has",
    ),
}


@pytest.mark.parametrize("kind, case", [("450M", one) for one in REFUSED] + [("460M", one) for one in UNCUT])
def test_what_differs_is_refused_by_name(kind: str, case: str, tmp_path: Path) -> None:
    changes, message = (REFUSED if kind == "450M" else UNCUT)[case]
    published(tmp_path, kind, **changes)
    refused(tmp_path, message)


def refused(tmp_path: Path, message: str, **choices: str) -> None:
    """In one line, and nothing is left of it."""
    with pytest.raises(SystemExit, match=message) as caught:
        imported(tmp_path, **choices)
    assert "\n" not in str(caught.value)
    assert {path.name for path in tmp_path.iterdir()} <= {"theirs", "words"}


def test_words_that_are_not_there(tmp_path: Path) -> None:
    published(tmp_path)
    named = "its words are those of HuggingFaceTB/cosmo2-tokenizer; name the folder of that with --tokenizer"
    refused(tmp_path, named, words="")
    refused(tmp_path, "nowhere: no such folder or file, nor in the hub's cache", words="nowhere")
    refused(tmp_path, r"theirs: has no tokenizer\.json; take the folder of HuggingFaceTB", words="theirs")
    (tmp_path / "words/tokenizer.json").write_text("{")
    refused(tmp_path, r"tokenizer\.json: not a tokenizer")


def test_another_models_folder(tmp_path: Path) -> None:
    published(tmp_path)
    (tmp_path / "theirs/config.json").write_text('{"model_type": "llava"}')
    refused(tmp_path, "has no vit_img_size; not the config.json of a nanoVLM")
    with pytest.raises(SystemExit, match="nanovlm has a vision encoder of its own"):
        imported(tmp_path, "--vision", "somewhere")
