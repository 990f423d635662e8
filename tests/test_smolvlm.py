"""SmolVLM and Idefics3: a picture is several frames, and all of it is what transformers makes of it."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    Idefics3Config,
    Idefics3ForConditionalGeneration,
    Idefics3ImageProcessorPil,
    Idefics3Processor,
    PreTrainedTokenizerFast,
    SmolVLMConfig,
    SmolVLMForConditionalGeneration,
    SmolVLMImageProcessorPil,
)

import train_pretrain_vlm
import train_sft_vlm
from convert.template import parts
from convert_vlm import main as convert_vlm
from dataset.check import main as check
from dataset.errors import DataError
from dataset.images.preprocess import Preprocessor
from dataset.images.tiles import Grid, Tiling
from dataset.records import open_records
from eval_vlm import main as eval_vlm
from scoring.assistant import Assistant
from scoring.heatmap import as_wholes, looked
from scoring.memory import Memory
from serve.answer import Usage, answers
from serve.ask import Asked
from tests.proof import same
from tests.test_convert import EYE, SIZES, saved
from trainer.features import compute_features

SIDE, LONGEST, N = 32, 96, 4  # N placeholders a frame
SHAPES = ((70, 40), (40, 70), (64, 64), (300, 20), (20, 301), (128, 97), (1, 1), (31, 63))
TEMPLATE = (  # as published
    "<|im_start|>{% for message in messages %}{{message['role'] | capitalize}}"
    "{% if message['content'][0]['type'] == 'image' %}{{':'}}{% else %}{{': '}}{% endif %}"
    "{% for line in message['content'] %}{% if line['type'] == 'text' %}{{line['text']}}"
    "{% elif line['type'] == 'image' %}{{ '<image>' }}{% endif %}{% endfor %}<end_of_utterance>\n{% endfor %}"
    "{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}"
)
MARKS = ["<fake_token_around_image>", "<image>", "<end_of_utterance>", "<global-img>"]
MARKS += [f"<row_{row}_col_{column}>" for row in range(1, 7) for column in range(1, 7)]


def noise(width: int, height: int) -> Image.Image:
    generator = torch.Generator().manual_seed(1000 * width + height)
    pixels = torch.randint(0, 256, (height, width, 3), generator=generator, dtype=torch.uint8)
    return Image.fromarray(pixels.numpy())


def said(content: str, role: str = "user") -> dict[str, str]:
    return {"role": role, "content": content}


def tokenizer() -> PreTrainedTokenizerFast:
    """As SmolLM2's: bytes, two line breaks are one token, special tokens behind."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    pieces = [*specials, *alphabet, "\u010a\u010a", "is", "\u0120is"]
    merges = [("\u010a", "\u010a"), ("i", "s"), ("\u0120", "is")]
    made = Tokenizer(models.BPE({piece: id for id, piece in enumerate(pieces)}, merges))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    names = dict(zip(("unk_token", "bos_token", "pad_token"), specials, strict=True))
    words = PreTrainedTokenizerFast(tokenizer_object=made, eos_token="<end_of_utterance>", **names)
    words.add_special_tokens({"additional_special_tokens": [*specials, *MARKS]})
    return words


def a_smolvlm(
    folder: Path, smol: bool = False, cut: bool = True, marks: Sequence[str] = MARKS
) -> torch.nn.Module:
    """A folder in the layout of SmolVLM-256M-Instruct."""
    words, eye = tokenizer(), {**EYE, "image_size": SIDE, "patch_size": 8}
    text = {**SIZES, "model_type": "llama", "vocab_size": len(words), "max_position_embeddings": 1024}
    shape = {
        "text_config": text | {"pad_token_id": 2},
        "vision_config": eye,
        "scale_factor": 2,
        "image_token_id": words.convert_tokens_to_ids("<image>"),
    }
    kind = SmolVLMForConditionalGeneration if smol else Idefics3ForConditionalGeneration
    made = saved(kind((SmolVLMConfig if smol else Idefics3Config)(**shape)), folder)
    pixels = {"size": {"longest_edge": LONGEST}, "max_image_size": {"longest_edge": SIDE}}
    processor = SmolVLMImageProcessorPil if smol else Idefics3ImageProcessorPil
    processor(**pixels, do_image_splitting=cut).save_pretrained(folder)
    words.save_pretrained(folder)
    name = "SmolVLMProcessor" if smol else "Idefics3Processor"
    written(folder, "processor_config.json", {"image_seq_len": N, "processor_class": name})
    written(folder, "chat_template.json", {"chat_template": TEMPLATE})
    return made


def written(folder: Path, name: str, values: dict) -> None:
    (folder / name).write_text(json.dumps(values))


def imported(theirs: Path, ours: Path, *more: str) -> Assistant:
    convert_vlm(["import", str(theirs), str(ours), "--from", "smolvlm", *more])
    return Assistant.load(ours, "cpu")


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[torch.nn.Module, Path, Assistant]:
    """Theirs, the folder of ours, ours."""
    home = tmp_path_factory.mktemp("smolvlm")
    theirs = a_smolvlm(home / "theirs")
    return theirs, home / "ours", imported(home / "theirs", home / "ours")


def their_inputs(folder: Path, messages: Sequence[dict], images: Sequence[Image.Image]) -> dict:
    eye = Idefics3ImageProcessorPil.from_pretrained(folder)
    words = PreTrainedTokenizerFast.from_pretrained(folder)
    made = Idefics3Processor(eye, words, image_seq_len=N, chat_template=TEMPLATE)
    talk = [{"role": m["role"], "content": parts(m["content"])} for m in messages]
    text = made.apply_chat_template(talk, add_generation_prompt=True)
    return made(text=text, images=[list(images)] if images else None, return_tensors="pt")


@pytest.mark.parametrize("cut", [True, False])
@pytest.mark.parametrize("kind", [Idefics3ImageProcessorPil, SmolVLMImageProcessorPil])
@pytest.mark.parametrize("longest", [128, 100, 20])
def test_pixels(kind: type, cut: bool, longest: int, tmp_path: Path) -> None:
    sizes = {"size": {"longest_edge": longest}, "max_image_size": {"longest_edge": SIDE}}
    theirs = kind(**sizes, do_image_splitting=cut)
    theirs.save_pretrained(tmp_path)
    ours = Preprocessor.beside(tmp_path)
    ours.to_json(tmp_path / "again.json")
    assert Preprocessor.from_json(tmp_path / "again.json") == ours
    again = kind.from_dict(json.loads((tmp_path / "again.json").read_text()))
    assert again.to_dict() == theirs.to_dict()
    for shape in SHAPES:
        image = noise(*shape)
        made = theirs(image, return_tensors="pt", return_row_col_info=True)
        expected, found = made["pixel_values"][0].float(), ours.frames(image)
        same("preprocessing: tiles", kind.__name__, found, expected, close=1e-5)
        [grid] = ours.grids([image])
        assert grid == Grid(made["rows"][0][0], made["cols"][0][0]) and grid.frames == len(found)
        assert ours.tiling.most(SIDE) >= max(grid) and torch.equal(ours(image), found[-1])


TALKS = {
    "no picture": [said("What is this?")],
    "one": [said("<image>\nWhat is this?")],
    "behind words": [said("Look: <image>\nWhat is this?")],
    "several": [said("Be brief.", "system"), said("<image>\n<image>\nWhat is <image>?")],
    "turns": [said("<image>\nWhat?"), said("This is this.", "assistant"), said("And <image>\nis it?")],
}


@pytest.mark.parametrize("name", TALKS)
def test_prompt_and_logits(name: str, both: tuple) -> None:
    theirs, folder, ours = both
    images = [noise(*shape) for shape in SHAPES[: sum(m["content"].count("<image>") for m in TALKS[name])]]
    inputs = their_inputs(folder.parent / "theirs", TALKS[name], images)
    ids = ours.prompt(TALKS[name], images)
    assert ids == inputs["input_ids"][0].tolist()
    with torch.no_grad():
        found = ours.vlm(torch.tensor([ids]), ours.pixels(images)).logits
        same("import smolvlm: logits", type(theirs).__name__, found, theirs(**inputs).logits, close=1e-3)
    new = theirs.generate(**inputs, max_new_tokens=6, do_sample=False, eos_token_id=ours.chat.end_id)
    assert [*ours.tokens(TALKS[name], images, max_new_tokens=6)] == new[0, len(ids) :].tolist()


@pytest.mark.parametrize("smol, cut", [(True, True), (False, False)])
def test_smolvlm2_and_pictures_that_are_not_cut(smol: bool, cut: bool, tmp_path: Path) -> None:
    theirs = a_smolvlm(tmp_path / "theirs", smol, cut)
    ours, image = imported(tmp_path / "theirs", tmp_path / "ours"), noise(70, 40)
    inputs = their_inputs(tmp_path / "theirs", TALKS["one"], [image])
    ids = ours.prompt(TALKS["one"], [image])
    assert ids == inputs["input_ids"][0].tolist() and ids.count(ours.chat.image_id) == N * (7 if cut else 1)
    with torch.no_grad():
        found = ours.vlm(torch.tensor([ids]), ours.pixels([image])).logits
        same("import smolvlm: logits", type(theirs).__name__, found, theirs(**inputs).logits, close=1e-3)


def test_several_conversations_at_once(both: tuple) -> None:
    *_, ours = both
    images = [noise(70, 40), noise(300, 20), noise(40, 70)]
    talks = [[said("<image>\nWhat?")], [said("is this?")], [said("<image>\n<image>\nWhat?")]]
    alone = [
        ours.answer_batch([talk], some, max_new_tokens=4)[0]
        for talk, some in zip(talks, (images[:1], [], images[1:]), strict=True)
    ]
    assert ours.answer_batch(talks, images, max_new_tokens=4) == alone


def test_a_conversation_that_remembers(both: tuple) -> None:
    *_, ours = both
    memory, messages, images = Memory(), [], [noise(70, 40)]
    for question in ("<image>\nWhat?", "is it?", "<image>\nAnd this?"):
        images = images if len(messages) != 4 else [*images, noise(20, 301)]
        messages = [*messages, said(question)]
        found = [*ours.tokens(messages, images, memory, max_new_tokens=3)]
        assert found == [*ours.tokens(messages, images, max_new_tokens=3)]
        messages = [*messages, said(ours.chat.answer(found), "assistant")]
    other = [noise(70, 41), images[1]]  # as many frames, another picture
    assert ours.preprocessor.grids(other) == ours.preprocessor.grids(images)
    known = [*ours.tokens(messages[:-1], other, memory, max_new_tokens=3)]
    assert known == [*ours.tokens(messages[:-1], other, max_new_tokens=3)] and memory.images == other


def test_an_answer_begins_behind_its_blank(both: tuple) -> None:
    *_, ours = both
    words = ours.chat.tokenizer.encode(" This is it.").ids
    assert ours.chat.answer([*words, ours.chat.end_id]) == "This is it."
    talk = [said("Well?"), said("This is it.", "assistant")]
    sample = ours.chat.render(talk)
    assert [id for id in sample.labels if id != -100] == [*words, ours.chat.end_id]


def test_what_is_forgotten_counts_all_frames(both: tuple) -> None:
    *_, ours = both
    images = [noise(64, 64)] * 14  # each 10 frames
    talk = [said("<image>\nWhat?"), said("is", "assistant")] * 13 + [said("<image>\nWhat?")]
    kept = ours.fitting(talk, 8, images)
    assert len(ours.prompt(talk, images)) + 8 > ours.context >= len(ours.prompt(kept, images)) + 8
    assert sum(message["content"].count("<image>") for message in kept) == 14
    assert ours.fitting(talk[:5], 8, images[:3]) == talk[:5]


def test_the_server_counts_all_frames(both: tuple, tmp_path: Path) -> None:
    *_, ours = both
    noise(70, 40).save(tmp_path / "a.png")
    file = (tmp_path / "a.png").read_bytes()
    part = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    content = [part, {"type": "text", "text": "What?"}]
    asked = Asked(model="m", messages=[{"role": "user", "content": content}], max_tokens=3)
    *_, usage = answers(ours, asked, [file])
    assert isinstance(usage, Usage)
    assert usage.prompt_tokens == len(ours.prompt(asked.conversation(), [noise(70, 40)])) > 7 * N


def test_a_look_at_tiles_is_one_at_the_picture(both: tuple) -> None:
    frames = torch.zeros(1, 7, 2, 2)
    frames[0, 2, 1, 1] = 6.0  # of the tile in row 1, column 3 of Grid(2, 3)
    frames[0, 6, 0, 0] = 1.0
    [[picture]] = as_wholes(frames, [Grid(2, 3)])
    assert picture.shape == (2, 2) and picture[0, 1] > 0 and picture[0, 0] == 1 and not picture[1].any()
    *_, ours = both
    images = [noise(70, 40), noise(20, 301)]
    found = looked(ours, [said("<image>\n<image>\nWhat?")], images, "This is")
    assert [look.word for look in found] == ["This"] and found[0].shares.shape == (2, 2, 2)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    rows = []
    for number, shape in enumerate(((70, 40), (40, 70), (64, 64), (300, 20))):
        noise(*shape).save(tmp_path / f"{number}.png")
        talk = [said("<image>\nWhat is this?"), said(f"This is {number}.", "assistant")]
        rows.append(json.dumps({"image": f"{number}.png", "conversations": talk}))
    (tmp_path / "data.jsonl").write_text("\n".join(rows))
    return tmp_path / "data.jsonl"


def test_training_goes_on_from_it(
    both: tuple, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    _, folder, ours = both
    shared = ["--init", str(folder), "--data", str(data), "--batch_size", "2", "--workers", "0"]
    sft = [*shared, "--out", str(tmp_path / "out"), "--epochs", "1", "--dtype", "fp32", "--augment"]
    train_sft_vlm.main(sft)
    trained = Assistant.load(tmp_path / "out", "cpu")
    assert trained.chat.format == ours.chat.format and trained.preprocessor == ours.preprocessor
    assert not torch.equal(trained.vlm.connector.linear_1.weight, ours.vlm.connector.linear_1.weight)
    assert compute_features(ours, open_records(data), tmp_path / "features") is None
    assert "pictures are cut into different numbers of tiles" in capsys.readouterr().out
    for stage in ("vision", "qformer", "caption"):
        with pytest.raises(SystemExit, match=f"stage {stage} reads one frame of each; set do_"):
            train_pretrain_vlm.main([*shared, "--stage", stage, "--out", str(tmp_path / stage)])


def test_check_counts_all_frames(both: tuple, data: Path, capsys: pytest.CaptureFixture) -> None:
    _, folder, ours = both
    flags = [str(data), "--weights", str(folder), "--image_tokens", str(N)]
    with pytest.raises(SystemExit) as ended:
        check([*flags])
    assert ended.value.code == 0
    longest = len(ours.prompt([said("<image>\nWhat is this?")], [noise(64, 64)]))
    with pytest.raises(SystemExit) as ended:
        check([*flags, "--max_length", str(longest)])
    out = capsys.readouterr().out
    assert ended.value.code == 1 and "1 of them bad" in out and "line 3" in out


def test_the_terminal_asks_it(both: tuple, data: Path, capsys: pytest.CaptureFixture) -> None:
    _, folder, ours = both
    image = data.parent / "0.png"
    eval_vlm(["--weights", str(folder), "--image", str(image), "--prompt", "What?", "--max_new_tokens", "4"])
    expected = ours.answer_batch([[said("<image>\nWhat?")]], [noise(70, 40)], max_new_tokens=4)[0]
    assert capsys.readouterr().out == f"{expected}\n"


def test_exported_words_are_written_alike(both: tuple, tmp_path: Path) -> None:
    _, folder, ours = both
    convert_vlm(["export", str(folder), str(tmp_path / "llama"), "--format", "llama"])
    words = PreTrainedTokenizerFast.from_pretrained(tmp_path / "llama")
    talk = [said("Be brief.", "system"), said("Well?"), said("This is it.", "assistant"), said("And?")]
    ids = words.apply_chat_template(talk, add_generation_prompt=True, return_dict=False)
    assert ids == ours.chat.prompt(talk)
    with pytest.raises(SystemExit, match="connector shuffle and a vision encoder of kind siglip"):
        convert_vlm(["export", str(folder), str(tmp_path / "llava"), "--format", "llava"])


def values(name: str, **changes: object) -> object:
    def change(folder: Path) -> None:
        written(folder, name, json.loads((folder / name).read_text()) | changes)

    return change


WRONG = {  # what is changed in the folder -> what is said of it
    "no pixels": (lambda f: (f / "preprocessor_config.json").unlink(), "which says how pictures are cut"),
    "too long": (values("preprocessor_config.json", size={"longest_edge": 5000}), "up to 4096"),
    "other side": (
        values("preprocessor_config.json", max_image_size={"longest_edge": 16}),
        "the vision encoder takes 32",
    ),
    "more tiles": (values("preprocessor_config.json", size={"longest_edge": 224}), "lack <row_1_col_7>"),
    "other count": (values("processor_config.json", image_seq_len=9), "a conversation goes on"),
    "other prompt": (
        values("chat_template.json", chat_template=TEMPLATE.replace("Assistant:", "Bot:")),
        "where SmolVLM's has",
    ),
    "other shuffle": (values("config.json", scale_factor=3), "scale_factor 3 does not divide 4 rows"),
    "a LLaVA": (values("config.json", model_type="llava"), "known are idefics3, smolvlm"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_fit_is_refused(case: str, both: tuple, tmp_path: Path) -> None:
    shutil.copytree(both[1].parent / "theirs", tmp_path / "theirs")
    change, message = WRONG[case]
    change(tmp_path / "theirs")
    with pytest.raises(SystemExit, match=message) as caught:
        imported(tmp_path / "theirs", tmp_path / "ours")
    assert "\n" not in str(caught.value) and [p.name for p in tmp_path.iterdir()] == ["theirs"]


def test_tiles_want_marks(both: tuple, assistant: Assistant) -> None:
    assistant.preprocessor = replace(assistant.preprocessor, crop=False, tiling=Tiling(64))
    with pytest.raises(DataError, match="2 x 2 tiles, and its words lack a chat format that has tiles"):
        assistant.expect_tiles("there")
    assistant.preprocessor = replace(assistant.preprocessor, tiling=Tiling(64, cut=False))
    assistant.expect_tiles("there")
