"""The adapter against `peft` on the same weights, its folders both ways, and what is refused of them."""

import json
import shutil
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from torch.testing import assert_close
from transformers import LlamaConfig, LlamaForCausalLM

from convert.llama import llama_config, llama_tensors
from model.files import CheckpointError, load_adapter, merge
from model.hub import load
from model.lora import (
    CONFIG,
    MATRICES,
    PREFIX,
    WEIGHTS,
    LoRAConfig,
    adapt,
    adapter_of,
    adapter_tensors,
    halve,
)
from model.vlm import VLM
from tests.conftest import IMAGE_ID, TINY, scrambled
from tests.proof import same

pytestmark = pytest.mark.filterwarnings("ignore:.is_gradi.*:FutureWarning")  # peft imports what torch regrets
IDS = torch.randint(4, 50, (3, 11), generator=torch.Generator().manual_seed(3))
ROW = torch.tensor([[5, *[IMAGE_ID] * 4, 6, 7, 8]])
PIXELS = torch.randn(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
FOUR = LoRAConfig(4, 12)
CHOICES = {
    "all": {},
    "attention": {"target_modules": ["q_proj", "v_proj"]},
    "one, strong": {"target_modules": ["down_proj"], "lora_alpha": 64, "r": 1},
}


def plain_pair() -> tuple[VLM, LlamaForCausalLM]:
    torch.manual_seed(0)
    ours = scrambled(VLM(TINY)).eval()
    theirs = LlamaForCausalLM(LlamaConfig(**llama_config(TINY.text, "tiny")))
    state = {k: v.clone() for k, v in llama_tensors(ours.decoder.state_dict()).items()}
    theirs.load_state_dict(state | {"lm_head.weight": state["model.embed_tokens.weight"]}, strict=True)
    return ours, theirs.eval()


def theirs_with_adapter(theirs: LlamaForCausalLM, **choices: object) -> PeftModel:
    """An adapter of PEFT's that has learnt something."""
    how = {"r": 4, "lora_alpha": 12, "target_modules": list(MATRICES), "task_type": "CAUSAL_LM"} | choices
    wrapped = get_peft_model(theirs, LoraConfig(**how))
    generator = torch.Generator().manual_seed(1)
    for name, p in wrapped.named_parameters():
        if "lora_" in name:
            p.data = 0.2 * torch.randn(p.shape, generator=generator)
    return wrapped.eval()


def learnt(vlm: VLM, config: LoRAConfig = FOUR) -> VLM:
    """With an adapter of ours that has learnt something."""
    adapt(vlm.decoder, config)
    generator = torch.Generator().manual_seed(1)
    for p in adapter_tensors(vlm.decoder).values():
        p.data = 0.2 * torch.randn(p.shape, generator=generator)
    return vlm


@pytest.mark.parametrize("choices", CHOICES.values(), ids=list(CHOICES))
def test_equal_to_peft(choices: dict, tmp_path: Path) -> None:
    ours, theirs = plain_pair()
    before = ours(IDS).logits
    wrapped = theirs_with_adapter(theirs, **choices)
    wrapped.save_pretrained(tmp_path)
    load_adapter(ours, tmp_path)
    for p in adapter_tensors(ours.decoder).values():
        p.requires_grad_()
    mine, expected = ours(IDS, labels=IDS), wrapped(input_ids=IDS, labels=IDS)
    same("LoRA: logits", "peft", mine.logits, expected.logits)
    assert not torch.allclose(mine.logits, before, atol=0.1)
    mine.loss.backward(), expected.loss.backward()
    named = {name.replace(".default", ""): p for name, p in wrapped.named_parameters()}
    gradients = {name: p.grad for name, p in named.items() if "lora_" in name}
    held = adapter_tensors(ours.decoder)
    assert set(held) == set(gradients)
    for name, p in held.items():
        same(f"LoRA: gradients of {name[-8]}", "peft", p.grad, gradients[name])


def test_ours_works_in_peft(tmp_path: Path) -> None:
    ours, theirs = plain_pair()
    learnt(ours, LoRAConfig(3, 5.0, ("k_proj", "up_proj"))).save_pretrained(tmp_path)
    wrapped = PeftModel.from_pretrained(theirs, tmp_path)
    same("LoRA: logits of our folder", "peft", ours(IDS).logits, wrapped(input_ids=IDS).logits)
    assert {p.name for p in tmp_path.iterdir()} >= {CONFIG, WEIGHTS}


def edited(folder: Path, **changes: object) -> None:
    path = folder / CONFIG
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def renamed(folder: Path, rename: Callable[[str], str]) -> None:
    save_file({rename(k): t for k, t in load_file(folder / WEIGHTS).items()}, folder / WEIGHTS)


@pytest.mark.parametrize(
    "rename",
    [
        lambda k: k.replace(PREFIX, "base_model.model."),  # of a LlamaModel
        lambda k: k.replace(PREFIX, "base_model.model.model.language_model."),  # within a LLaVA
        lambda k: k.replace(".weight", ".default.weight"),  # of a state dict as it is
        lambda k: k.removeprefix(PREFIX),
    ],
)
def test_names_that_peft_writes(rename: Callable[[str], str], tmp_path: Path) -> None:
    ours, theirs = plain_pair()
    wrapped = theirs_with_adapter(theirs)
    wrapped.save_pretrained(tmp_path)
    renamed(tmp_path, rename)
    load_adapter(ours, tmp_path)
    assert_close(ours(IDS).logits, wrapped(input_ids=IDS).logits, rtol=1e-4, atol=1e-4)


PATTERNS = [r".*\.self_attn\.(q|v)_proj", "all-linear", ["self_attn.q_proj", "up_proj"]]


@pytest.mark.parametrize("targets", PATTERNS)
def test_patterns_that_peft_takes(targets: str | list, tmp_path: Path) -> None:
    ours, theirs = plain_pair()
    wrapped = theirs_with_adapter(theirs, target_modules=targets)
    wrapped.save_pretrained(tmp_path)
    load_adapter(ours, tmp_path)
    assert_close(ours(IDS).logits, wrapped(input_ids=IDS).logits, rtol=1e-4, atol=1e-4)


REFUSED = {  # what an adapter asks for that is not plain LoRA -> what is said of it
    "dora": ({"use_dora": True}, "use_dora is 'True'"),
    "rslora": ({"use_rslora": True}, "use_rslora is 'True'"),
    "other modules": ({"modules_to_save": ["lm_head"]}, r"modules_to_save is .*lm_head"),
    "biases": ({"bias": "all"}, "bias is 'all'"),
    "ranks": ({"rank_pattern": {"q_proj": 8}}, "rank_pattern is"),
    "layers": ({"layers_to_transform": [0]}, r"layers_to_transform is '\[0\]'"),
    "another kind": ({"peft_type": "IA3"}, "peft_type is 'IA3'"),
    "W changed": ({"init_lora_weights": "pissa"}, "init_lora_weights is 'pissa'"),
    "of tomorrow": ({"use_moonbeams": 3}, "use_moonbeams is '3'"),
    "rank": ({"r": 8}, "r is 8, the weights are of 4"),
    "no rank": ({"r": 0}, "r is 0, not a whole number from 1"),
    "rank of text": ({"r": "4"}, "r is '4', not a whole number"),
    "endless": ({"lora_alpha": float("inf")}, "lora_alpha is inf"),
    "nothing": ({"lora_alpha": 0}, "LoRA of rank 4 and alpha 0: both must be above 0"),
    "missing": (
        {"target_modules": ["q_proj", "lm_head"]},
        "target_modules names lm_head, of which there are no weights",
    ),
}


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of PEFT's."""
    folder = tmp_path_factory.mktemp("adapter")
    theirs_with_adapter(plain_pair()[1]).save_pretrained(folder)
    return folder


@pytest.fixture
def folder(adapter: Path, tmp_path: Path) -> Path:
    """A copy of it, to be spoilt."""
    return shutil.copytree(adapter, tmp_path / "adapter")


@pytest.mark.parametrize("changes, message", REFUSED.values(), ids=list(REFUSED))
def test_what_is_not_plain_is_refused_by_name(changes: dict, message: str, vlm: VLM, folder: Path) -> None:
    edited(folder, **changes)
    with pytest.raises(CheckpointError, match=rf"cannot use .*{CONFIG}: {message}"):
        load_adapter(vlm, folder)


NAME = f"{PREFIX}layers.1.mlp.up_proj.lora_B.weight"
SPOILT = {
    "no config": (lambda f: (f / CONFIG).unlink(), f"no {CONFIG} in .*: not the folder of an adapter"),
    "no weights": (lambda f: (f / WEIGHTS).unlink(), f"no {WEIGHTS} in"),
    "not JSON": (lambda f: (f / CONFIG).write_text("{"), f"cannot use .*{CONFIG}"),
    "a list": (lambda f: (f / CONFIG).write_text("[]"), f"cannot use .*{CONFIG}"),
    "cut off": (lambda f: (f / WEIGHTS).write_bytes((f / WEIGHTS).read_bytes()[:-9]), "it may be cut off"),
    "a tensor less": (lambda f: renamed(f, lambda k: k.replace(NAME, "x")), f"missing {NAME}; unexpected x"),
    "another layer": (
        lambda f: renamed(f, lambda k: k.replace("layers.1", "layers.2")),
        r"missing .*layers\.1\.",
    ),
    "not finite": (
        lambda f: save_file({k: t / 0 for k, t in load_file(f / WEIGHTS).items()}, f / WEIGHTS),
        "is not finite",
    ),
}


@pytest.mark.parametrize("spoil, message", SPOILT.values(), ids=list(SPOILT))
def test_a_spoilt_folder_is_one_line(spoil: Callable, message: str, vlm: VLM, folder: Path) -> None:
    spoil(folder)
    with pytest.raises(CheckpointError, match=message) as error:
        load_adapter(vlm, folder)
    assert "\n" not in str(error.value)


def test_of_a_decoder_of_another_size(folder: Path) -> None:
    wider = VLM(replace(TINY, text=replace(TINY.text, intermediate_size=64)))
    sizes = r"down_proj.lora_A.weight is \(4, 48\), not \(4, 64\)"
    with pytest.raises(CheckpointError, match=f"does not fit the model: .*{sizes}"):
        load_adapter(wider, folder)


def test_a_new_one_changes_nothing(vlm: VLM) -> None:
    before = vlm(ROW, PIXELS).logits
    adapt(vlm.decoder, LoRAConfig(4, 8))
    assert torch.equal(vlm(ROW, PIXELS).logits, before)


def test_another_takes_its_place(vlm: VLM, folder: Path) -> None:
    """Both were made for the matrices as they are without: they do not add up."""
    alone, instead = deepcopy(vlm), vlm
    load_adapter(alone, folder)
    adapt(instead.decoder, LoRAConfig(2, 4))
    for parameter in adapter_tensors(instead.decoder).values():
        parameter.data.add_(0.3)
    load_adapter(instead, folder)
    ids = torch.arange(5, 15)[None]
    assert_close(alone(ids).logits, instead(ids).logits)


def test_merged_is_unmerged(vlm: VLM) -> None:
    learnt(vlm)
    before, names = vlm(ROW, PIXELS).logits, set(VLM(TINY).state_dict())
    merge(vlm)
    assert_close(vlm(ROW, PIXELS).logits, before, rtol=1e-5, atol=1e-5)
    assert set(vlm.state_dict()) == names and adapter_of(vlm.decoder) is None


def test_the_frozen_matrices_may_be_half_as_long(vlm: VLM) -> None:
    learnt(vlm)
    with torch.autocast("cpu", torch.bfloat16):
        before = vlm(ROW, PIXELS).logits
        halve(vlm.decoder)
        assert torch.equal(vlm(ROW, PIXELS).logits, before)
    assert vlm.decoder.layers[0].mlp.up_proj.base.weight.dtype == torch.bfloat16


def test_a_checkpoint_with_an_adapter(vlm: VLM, tmp_path: Path) -> None:
    plain = {k: v.clone() for k, v in vlm.state_dict().items()}
    learnt(vlm).save_pretrained(tmp_path)
    held = load_file(tmp_path / "model.safetensors")
    assert all(torch.equal(held[k], plain[k]) for k in held) and len(held) == len(plain)
    again = load(tmp_path).eval()
    assert adapter_of(again.decoder) == FOUR
    assert torch.equal(again(ROW, PIXELS).logits, vlm(ROW, PIXELS).logits)
    merge(again)
    again.save_pretrained(tmp_path)
    assert not (tmp_path / CONFIG).exists(), "an adapter that is in the weights is not added once more"
    assert_close(load(tmp_path).eval()(ROW, PIXELS).logits, vlm(ROW, PIXELS).logits, rtol=1e-4, atol=1e-4)
