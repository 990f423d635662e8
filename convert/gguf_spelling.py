"""A tokenizer of ours as GGUF's metadata: vocabulary, merges, and the name of the way that words are cut.

    Tokenizer, chat format -> tokenizer.ggml.{model, pre, tokens, token_type, merges, ..._token_id}

llama.cpp cuts words by patterns that it knows by name (`pre`), and by no other. Which of them gives the ids
of a tokenizer is tried on texts; ours, which keeps a word's last s apart, has no name there.
"""

import json
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from tokenizers import Tokenizer
from tokenizers.models import BPE

from convert.files import ConvertError
from convert.gguf_words import CONTROL, SPLITS, USER_DEFINED, WORD, tokenizer
from dataset.chat.render import Chat
from dataset.train_tokenizer import splitting

PIECES = (  # what tokenizers cut in different ways
    "the cat|Two red cats|kites, butterflies|It's John's|HE'LL they've|12345|3.14 and 1,000|\u00bd\u00b2 cup"
    "|  two  spaces|a\n\nb|tab\tend|trailing  |\r\n|\u56fe\u91cc\u6709\u4ec0\u4e48\uff1f|\u4e09\u53ea\u732b"
    "|\u30ab\u30bf\u30ab\u30ca|\ud55c\uad6d\uc5b4|na\u00efve fa\u00e7ade|\u041f\u0440\u0438\u0432\u0435\u0442"
    "|\U0001f600\U0001f468\u200d\U0001f469|if (a<b && c>=d) { x[0]->y; }|snake_case_3s|...!?|\u00abso\u00bb"
).split("|")
NEAREST = "gpt-2"  # to ours


def word_values(chat: Chat, rows: int, where: Path) -> dict[str, object]:
    """Of a vocabulary of `rows` tokens. Raises ConvertError for a tokenizer that llama.cpp cannot be."""
    found, how = json.loads(chat.tokenizer.to_str()), chat.format
    model, decoder = found["model"], (found["decoder"] or {}).get("type")
    if model["type"] != "BPE" or model.get("byte_fallback") or decoder != "ByteLevel":
        raise ConvertError(
            f"{where}: its tokenizer is not byte-level BPE, the only kind written as GGUF here"
        )
    added = chat.tokenizer.get_added_tokens_decoder()
    kinds = {id: CONTROL if token.special else USER_DEFINED for id, token in added.items()}
    if len(how.begin) > 1:
        raise ConvertError(
            f"{where}: texts begin with {' '.join(how.begin)}; llama.cpp allows one token there"
        )
    begin = chat.tokenizer.token_to_id(how.begin[0]) if how.begin else chat.pad_id
    values = {
        "model": "gpt2",
        "tokens": [chat.tokenizer.id_to_token(id) for id in range(rows)],
        "token_type": [kinds.get(id, WORD) for id in range(rows)],
        "merges": [one if isinstance(one, str) else " ".join(one) for one in model["merges"]],
        "bos_token_id": begin,
        "eos_token_id": chat.end_id,
        "padding_token_id": chat.pad_id,
        "add_bos_token": bool(how.begin),
        "add_eos_token": False,
        "add_space_prefix": False,
    }
    values = {f"tokenizer.ggml.{key}": value for key, value in values.items()}
    return values | {"tokenizer.ggml.pre": splitting_of(chat.tokenizer, values, where)}


def splitting_of(ours: Tokenizer, values: dict[str, object], where: Path) -> str:
    """The name of the first way to cut words that gives the same ids of every trial text.

    For the project's own way, which has none, it is the nearest, and what differs is said. Raises
    ConvertError for any other that has none.
    """
    if ours.normalizer is not None:
        print(f"{where}: its tokenizer normalizes texts, which llama.cpp does not", file=sys.stderr)
    texts = list(trial_texts())
    expected = [one.ids for one in ours.encode_batch(texts, add_special_tokens=False)]
    differing = {}
    for name in (name for name in SPLITS if name != "default"):
        theirs = tokenizer(values | {"tokenizer.ggml.pre": name}, where)
        found = [one.ids for one in theirs.encode_batch(texts, add_special_tokens=False)]
        odd = [text for text, a, b in zip(texts, expected, found, strict=True) if a != b]
        if not odd:
            return name
        text = min(odd, key=len)
        cut = [" ".join(one.encode(text, add_special_tokens=False).tokens) for one in (ours, theirs)]
        share = f"{len(odd)} of {len(texts)} trial texts"
        differing[name] = f"{share}, as {text!r}: {cut[0]} here, {cut[1]} there ({name})"
    if json.loads(ours.to_str())["pre_tokenizer"] == own_splitting():
        told = "llama.cpp does not keep a word's last s apart, as its tokenizer does; other ids for"
        print(f"{where}: {told} {differing[NEAREST]}", file=sys.stderr)
        return NEAREST
    raise ConvertError(
        f"{where}: llama.cpp has no way to split words that gives the same ids: {differing[NEAREST]}"
    )


def trial_texts() -> Iterator[str]:
    """Each piece, and each behind each, with and without a blank between."""
    yield from PIECES
    for first, second in product(PIECES, PIECES):
        yield from (first + second, f"{first} {second}")


def own_splitting() -> dict:
    made = Tokenizer(BPE())
    made.pre_tokenizer = splitting()
    return json.loads(made.to_str())["pre_tokenizer"]
