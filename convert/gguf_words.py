"""The tokenizer of a GGUF file, rebuilt from its metadata: byte-level BPE, or SentencePiece's.

    tokenizer.ggml.{model, pre, tokens, token_type, merges or scores} -> Tokenizer

Text is cut as transformers cuts it when it reads the same file, but for two things that the models' own
tokenizers do: "smollm" takes digits one by one, and "llama-bpe" looks a whole word up before it merges.
"""

from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE

from convert.files import ConvertError
from dataset.chat.chat_format import SPECIALS

WORD, UNKNOWN, CONTROL, USER_DEFINED, BYTE = 1, 2, 3, 4, 6  # token types
SPLITS = {  # tokenizer.ggml.pre -> the pattern that words are cut by; None: GPT-2's own
    "default": None,
    "gpt-2": None,
    "smollm": None,
    "llama-bpe": r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+",
    "qwen2": r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+",
}
DIGIT_BY_DIGIT, WHOLE_WORDS_FIRST, BEGUN = {"smollm"}, {"llama-bpe"}, {"llama-bpe"}
SPACE = "\u2581"  # SentencePiece's mark for a blank
NAMED = ("bos", "eos", "unknown", "padding")


def tokenizer(values: dict[str, object], where: Path) -> Tokenizer:
    """Special are the tokens that the file calls control, or names. Raises ConvertError for a field."""
    kind = values.get("tokenizer.ggml.model")
    if not isinstance(kind, str) or kind not in MADE:
        raise ConvertError(
            f"{where}: tokenizer.ggml.model is {kind!r}; known: gpt2 (byte-level), llama (SentencePiece)"
        )
    words = words_of(values, where)
    try:
        made = MADE[kind](words, values, where)
    except ConvertError:
        raise
    except Exception as error:  # tokenizers raises nothing narrower
        raise ConvertError(f"{where}: its vocabulary makes no tokenizer ({error})") from None
    special = {named(which, words, values, where) for which in NAMED}
    types = _types(words, values, where)
    marked = dict(zip(words, types, strict=True))
    special |= {word for word, type in marked.items() if type == CONTROL}
    special |= {word for word in SPECIALS if marked.get(word) == USER_DEFINED}
    rest = [word for word, type in marked.items() if type == USER_DEFINED and word not in special]
    made.add_special_tokens([AddedToken(w, special=True, normalized=False) for w in words if w in special])
    made.add_tokens([AddedToken(word, special=False, normalized=False) for word in rest])
    return made


def words_of(values: dict[str, object], where: Path) -> list[str]:
    """The vocabulary, in the order of ids."""
    words = _list("tokens", str, values, where)
    if twice := len(words) - len(set(words)):
        raise ConvertError(f"{where}: {twice} of the {len(words)} tokens in its vocabulary stand there twice")
    return words


def named(which: str, words: list[str], values: dict[str, object], where: Path) -> str | None:
    """The token that the file says is its bos, eos, unknown or padding."""
    id = values.get(f"tokenizer.ggml.{which}_token_id")
    if id is None:
        return None
    if type(id) is not int or not 0 <= id < len(words):
        raise ConvertError(f"{where}: tokenizer.ggml.{which}_token_id is {id!r}; it has {len(words)} tokens")
    return words[id]


def begins(values: dict[str, object]) -> bool:
    """Does every text begin with bos? Where the file says nothing, as llama.cpp does."""
    alone = values.get("tokenizer.ggml.model") == "llama" or values.get("tokenizer.ggml.pre") in BEGUN
    return bool(values.get("tokenizer.ggml.add_bos_token", alone))


def byte_level(words: list[str], values: dict[str, object], where: Path) -> Tokenizer:
    """GPT-2's kind: bytes written as letters, words cut by a pattern, merges in the file."""
    before = values.get("tokenizer.ggml.pre", "default")
    if before not in SPLITS:
        raise ConvertError(f"{where}: tokenizer.ggml.pre is {before!r}; known are {', '.join(SPLITS)}")
    merges = _merges(values, where)
    ids = {word: id for id, word in enumerate(words)}
    made = Tokenizer(BPE(ids, merges, ignore_merges=before in WHOLE_WORDS_FIRST))
    steps = [pre_tokenizers.Digits(individual_digits=True)] if before in DIGIT_BY_DIGIT else []
    if SPLITS[before]:
        steps.append(pre_tokenizers.Split(Regex(SPLITS[before]), "isolated"))
    steps.append(pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=SPLITS[before] is None))
    made.pre_tokenizer, made.decoder = pre_tokenizers.Sequence(steps), decoders.ByteLevel()
    return made


def sentencepiece(words: list[str], values: dict[str, object], where: Path) -> Tokenizer:
    """LLaMA's kind: blanks are marks, one more in front, what has no word is spelled in bytes (<0x0A>)."""
    given = "tokenizer.ggml.merges" in values
    merges = _merges(values, where) if given else merges_of_scores(words, values, where)
    unknown = named("unknown", words, values, where)
    ids = {word: id for id, word in enumerate(words)}
    made = Tokenizer(BPE(ids, merges, unk_token=unknown, fuse_unk=True, byte_fallback=True))
    space = values.get("tokenizer.ggml.add_space_prefix", True)
    scheme = "always" if space else "never"  # also behind a special token, as llama.cpp does
    made.pre_tokenizer = pre_tokenizers.Metaspace(replacement=SPACE, prepend_scheme=scheme, split=False)
    steps = [decoders.Replace(SPACE, " "), decoders.ByteFallback(), decoders.Fuse()]
    made.decoder = decoders.Sequence([*steps, *([decoders.Strip(" ", 1, 0)] if space else [])])
    return made


MADE = {"gpt2": byte_level, "llama": sentencepiece}


def merges_of_scores(words: list[str], values: dict[str, object], where: Path) -> list[tuple[str, str]]:
    """SentencePiece joins the neighbours whose joined word has the best score: pairs, the best first.

    Control tokens and bytes are no words: no text may come to be one by merging.
    """
    scores, types = _list("scores", float, values, where), _types(words, values, where)
    if len(scores) != len(words):
        raise ConvertError(f"{where}: {len(scores)} tokenizer.ggml.scores for {len(words)} tokens")
    no_words = (UNKNOWN, CONTROL, BYTE)
    known = {
        word: score for word, score, type in zip(words, scores, types, strict=True) if type not in no_words
    }
    found = [
        (score, word[:at], word[at:])
        for word, score in known.items()
        for at in range(1, len(word))
        if word[:at] in known and word[at:] in known
    ]
    found.sort(key=lambda merge: (merge[0], len(merge[1]), len(merge[2])), reverse=True)  # as transformers
    return [(left, right) for _, left, right in found]


def _merges(values: dict[str, object], where: Path) -> list[tuple[str, str]]:
    pairs = [tuple(merge.split(" ")) for merge in _list("merges", str, values, where)]
    if odd := next((pair for pair in pairs if len(pair) != 2), None):
        raise ConvertError(f"{where}: {' '.join(odd)!r:.80} in tokenizer.ggml.merges is not a pair")
    return pairs


def _types(words: list[str], values: dict[str, object], where: Path) -> list[int]:
    if "tokenizer.ggml.token_type" not in values:
        return [WORD] * len(words)
    types = _list("token_type", int, values, where)
    if len(types) != len(words):
        raise ConvertError(f"{where}: {len(types)} tokenizer.ggml.token_type for {len(words)} tokens")
    return types


def _list(name: str, kind: type, values: dict[str, object], where: Path) -> list:
    found = values.get(f"tokenizer.ggml.{name}")
    if not isinstance(found, list) or not found or not all(type(one) is kind for one in found):
        raise ConvertError(
            f"{where}: tokenizer.ggml.{name} is not a list of {kind.__name__}; get the file again"
        )
    return found
