"""Another project's tokenizer with the format that its conversations are written in.

tokenizer.json, chat template (where there is one), rows of the embedding -> Chat
"""

import sys
from dataclasses import replace
from pathlib import Path

from tokenizers import AddedToken, Tokenizer

from convert.files import ConvertError
from convert.template import NAMES, TALK, Template, open_template
from dataset.chat.chat_format import FORMATS, LLAVA, SPECIALS, START, ChatFormat
from dataset.chat.render import TOKENIZER, Chat
from dataset.chat.tokenizer import going_on, open_tokenizer


def open_chat(
    folder: Path, image_tokens: int, how: ChatFormat | None, pictures: bool = False, rows: int = 0
) -> Chat | None:
    """The folder's tokenizer with the format `how`, or else that which its template writes, or whose special
    tokens it has, or ChatML, whose tokens are added. Raises ConvertError where the template writes another.
    """
    if not (folder / TOKENIZER).is_file():
        return None
    tokenizer, template = open_tokenizer(folder / TOKENIZER), open_template(folder, pictures)
    known = set(special_tokens(tokenizer))
    chosen = how or _likely(template, known, folder)
    if template and template.bos in known and template.writes_bos:
        chosen = replace(chosen, begin=(template.bos,))
    if chosen.tile and (lacking := sorted({*chosen.begin, *chosen.specials()} - known)):
        raise ConvertError(f"{folder / TOKENIZER}: lacks {lacking[0]}, of which SmolVLM's prompt is made")
    add_specials(tokenizer, [*chosen.begin, *(SPECIALS if chosen.placeholder in SPECIALS else ())])
    name_spare_rows(tokenizer, rows)
    bos = "".join(chosen.begin)
    spelled = template and bos and template.write(TALK[:1]).startswith(bos)  # no text stands first then
    chat = Chat(going_on(tokenizer) if spelled else tokenizer, image_tokens, chosen)
    return template.fitted(chat) if template else chat


def _likely(template: Template | None, known: set[str], where: Path) -> ChatFormat:
    fitting = [one for one in FORMATS[:2] if one.specials() <= known]
    if template is None:
        chosen = next(iter(fitting), FORMATS[0])
        print(f"{where}: has no chat template; conversations are written as {NAMES[chosen]}", file=sys.stderr)
        return chosen
    if LLAVA in fitting and START not in template.text:
        return LLAVA
    template.expect_chatml(known)
    return FORMATS[0]


def special_tokens(tokenizer: Tokenizer) -> list[str]:
    """In the order of their ids."""
    return [token.content for _, token in sorted(tokenizer.get_added_tokens_decoder().items())]


def add_specials(tokenizer: Tokenizer, tokens: list[str]) -> None:
    """Those that it lacks, behind its own."""
    known = set(special_tokens(tokenizer))
    tokenizer.add_special_tokens([AddedToken(one, special=True) for one in tokens if one not in known])


def name_spare_rows(tokenizer: Tokenizer, rows: int) -> None:
    """Embeddings are often padded to a round number: a row that no token has gets one that no text has."""
    spare = range(max(tokenizer.get_vocab().values()) + 1, rows)
    add_specials(tokenizer, [f"<|unused_{id}|>" for id in spare])
