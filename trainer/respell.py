"""Weights with another tokenizer: each new token begins as the mean of the tokens that spelt it before.

    python -m trainer.respell --weights weights/tiny --tokenizer NEW --out OUT

What the decoder knows stays; some hundred steps of training make it fluent in the new tokens. (The average of
a word's pieces is a usual start, as in Sachidananda et al. 2021.)
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import torch
from tokenizers import Tokenizer
from torch import Tensor

from dataset.chat.chat_format import SPECIALS
from dataset.chat.render import Chat
from dataset.commands.console import script
from dataset.commands.flags import parse
from dataset.errors import DataError, expect_spared
from model import hub
from model.files import merge
from model.vlm import VLM
from scoring.assistant import FILES, Assistant
from trainer.run import STORED

ROWS = "decoder.embed_tokens.weight"  # input and output: they are tied


@dataclass
class Args:
    weights: Path
    """Checkpoint folder of a storybook model."""
    tokenizer: Path
    """Folder of the tokenizer that takes the place of its own."""
    out: Path
    """Folder for the model with that tokenizer."""
    store: Literal["fp32", "fp16", "bf16"] = "fp16"
    """Precision of the weights that are written."""


def respelt(rows: Tensor, old: Tokenizer, new: Tokenizer) -> Tensor:
    """Embeddings (old vocabulary, width) -> (new vocabulary, width)."""
    made = torch.empty(new.get_vocab_size(), rows.shape[1])
    for token, id in new.get_vocab().items():
        known = old.token_to_id(token)
        pieces = [piece.id for piece in old.model.tokenize(token)] if known is None else [known]
        made[id] = rows[pieces].mean(0)
    return made


def with_tokenizer(assistant: Assistant, chat: Chat) -> Assistant:
    """A copy that reads and writes `chat`'s tokens. Raises DataError unless decoder and both tokenizers are
    ours."""
    old, config = assistant.chat.tokenizer, assistant.vlm.config
    if not isinstance(assistant.vlm, VLM):
        raise DataError("only a model with our own decoder takes another tokenizer; give one to --weights")
    if not config.text.tie_word_embeddings:
        raise DataError("this model has word embeddings of its own for what it says; its tokenizer stays")
    for tokenizer in (old, chat.tokenizer):
        if [tokenizer.token_to_id(special) for special in SPECIALS] != list(range(len(SPECIALS))):
            raise DataError("only tokenizers of `python -m dataset.train_tokenizer` take each other's place")
    text = replace(config.text, vocab_size=chat.tokenizer.get_vocab_size())
    held = assistant.vlm.state_dict()
    held[ROWS] = respelt(held[ROWS], old, chat.tokenizer)
    vlm = hub.make(replace(config, text=text))
    vlm.load_state_dict(held)
    return Assistant(vlm, chat, assistant.preprocessor)


@script
def main(argv: list[str] | None = None) -> None:
    args = parse(Args, argv, __doc__)
    expect_spared(args.out, FILES)
    assistant = Assistant.load(args.weights, "cpu")
    merge(assistant.vlm, ["decoder"])  # the copy's decoder has no adapter
    chat = Chat.load(args.tokenizer, assistant.vlm.config.image_tokens)
    with_tokenizer(assistant, chat).save(args.out, STORED[args.store])
    print(f"saved {args.out}: {chat.tokenizer.get_vocab_size()} tokens")


if __name__ == "__main__":
    main()
