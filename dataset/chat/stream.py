"""Token ids back to text, while they come."""

from collections.abc import Iterable, Iterator

from dataset.chat.render import Chat


def stream_text(chat: Chat, ids: Iterable[int]) -> Iterator[str]:
    """Text as it comes, piece by piece; bytes of a character that is not whole yet are held back."""
    return filter(None, token_texts(chat, ids))


def token_texts(chat: Chat, ids: Iterable[int]) -> Iterator[str]:
    """What each id adds to the text, perhaps nothing yet; and what is left at the end."""
    so_far: list[int] = []
    shown = text = ""
    for id in ids:
        so_far.append(id)
        text = chat.answer(so_far)
        whole = len(text) > len(shown) and not text.endswith("\N{REPLACEMENT CHARACTER}")
        yield text[len(shown) :] if whole else ""
        shown = text if whole else shown
    yield text[len(shown) :] if text != shown else ""
