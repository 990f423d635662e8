"""Train the bilingual byte-level BPE tokenizer on the project's own text.

    python -m dataset.train_tokenizer --out out/tokenizer

Every byte has a token, so any text round-trips. Chinese characters are never merged with their neighbours:
one character, one token (three bytes merged), and a phrase is made of the same tokens wherever it stands.
A word's last s is a token of its own: "cats" is made of "cat", and what is learnt of a cat is known of cats.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from tokenizers.pre_tokenizers import PreTokenizer

from dataset.chat.chat_format import FORMAT_FILE, SPECIALS
from dataset.chat.render import TOKENIZER, TOKENIZER_CONFIG, Chat
from dataset.commands.console import script
from dataset.commands.flags import Count, Within, parse
from dataset.errors import expect_spared
from dataset.storybook.records import StorybookRecords


@dataclass
class Args:
    out: Path = Path("out/tokenizer")
    """Folder for tokenizer.json and tokenizer_config.json."""
    vocab_size: Annotated[int, Within(256 + len(SPECIALS))] = 1536
    """Most tokens; fewer if the text has nothing more to merge."""
    samples: Count = 20_000
    """Storybook conversations to learn from in its own words, and as many again in people's words."""


def storybook_text(samples: int) -> Iterator[str]:
    yield "system\n"
    for view in ("train", "asked"):
        for record in StorybookRecords(view, samples, pictures=False):
            for message in record.messages:
                yield f"{message['role']}\n"
                yield message["content"]


def splitting() -> PreTokenizer:
    """What is cut apart before anything is merged."""
    return pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"\p{Han}"), "isolated"),
            pre_tokenizers.Split(Regex(r"(?<=[a-z]{2})s\b"), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )


def train_tokenizer(texts: Iterator[str], vocab_size: int) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = splitting()
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=list(SPECIALS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


@script
def main(argv: list[str] | None = None) -> None:
    args = parse(Args, argv, __doc__)
    expect_spared(args.out, (FORMAT_FILE, TOKENIZER_CONFIG, TOKENIZER))
    tokenizer = train_tokenizer(storybook_text(args.samples), args.vocab_size)
    Chat(tokenizer, image_tokens=1).save(args.out)
    print(f"{tokenizer.get_vocab_size()} tokens -> {args.out}")


if __name__ == "__main__":
    main()
