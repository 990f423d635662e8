"""Conversations as other tools' data has them, said in our words: an adapter of a few lines each.

{"messages": [{"role", "content"}], "images"}              TRL, LLaMA-Factory, ms-swift, OpenAI
content [{"type": "text", "text"}, {"type": "image"}]      TRL; with image_url: OpenAI
{"conversations": [{"from", "value"}], "images"}           ShareGPT, LLaVA (their roles: parse.py)
{"instruction", "input", "output", "system", "history"}    LLaMA-Factory's Alpaca
{"query", "response"}, {"prompt", "completion"}            ms-swift, TRL
{"images", "texts": [{"user", "assistant"}]}               the Cauldron, nanoVLM
    -> in_our_words -> {"image", "conversations", ...}
"""

from collections.abc import Sequence

from dataset.errors import DataError, from_json, shown
from dataset.record import IMAGE

PICTURE = f"{IMAGE}\n"
PICTURES = ("image", "image_bytes", "images", "file_name", "file_names")
CONVERSATIONS = ("conversations", "messages", "texts")
PAIRS = (("instruction", "output"), ("query", "response"), ("prompt", "completion"))
UNREAD = ("videos", "video", "audios", "audio")
BEFORE = ("system", "history")  # a conversation
READ = (*PICTURES, *CONVERSATIONS, *sum(PAIRS, ()), "input", *BEFORE, *UNREAD)
ROLES = ("user", "assistant")
Messages = list[object]


def in_our_words(row: dict, where: str) -> dict:
    """A row with its pictures under `image` and its turns, if it has any, under `conversations`; what stands
    in none of these shapes is as it was. Raises DataError where a row may be meant in two ways."""
    for name in UNREAD:
        if row.get(name):
            raise DataError(f"{where}: {name} is not read; give pictures, or remove the record")
    row = _one_name(row, "image", PICTURES[2:], where)
    turns = _turns(row, where)
    if isinstance(turns, str):
        turns = from_json(turns, f"{where}, conversations")
    if isinstance(turns, list):
        _expect_liked(row, turns, where)
        turns, named = _as_text(_with_system(turns, row.get("system"), where), where)
        if named and any(_given(row, name) for name in PICTURES[:2]):
            raise DataError(f"{where}: pictures both in the messages and in image; keep one of them")
        row = row | ({"image": named} if named else {})
    return row if turns is None else row | {"conversations": turns}


def _expect_liked(row: dict, turns: Messages, where: str) -> None:
    """Raises DataError for an answer that other tools would not learn from, or would unlearn."""
    answers = [turn for turn in turns if isinstance(turn, dict) and turn.get("role") == "assistant"]
    marks = [(name, one[name]) for one in answers for name in ("weight", "loss") if one.get(name) == 0]
    marks += [(name, False) for name in ("label", "kto_tag") if row.get(name) is False]  # 0 is a class
    if marks:
        told = "{}: {} is {}: an answer that is not to be learnt".format(where, *marks[0])
        raise DataError(f"{told}; remove the record, or the mark")


def _given(row: dict, name: str) -> bool:
    return row.get(name) is not None and row[name] != []


def _one_name(row: dict, ours: str, others: Sequence[str], where: str) -> dict:
    """The row with what it has by one of the other names under ours; beside that, file_name tells nothing."""
    named = {name: value for name, value in row.items() if name not in others}
    for name in filter(row.get, others):
        if not _given(named, ours):
            named[ours] = row[name]
        elif not name.startswith("file_name"):
            raise DataError(f"{where}: has both {ours} and {name}; keep one of them")
    return named


def _turns(row: dict, where: str) -> object:
    """Whatever the row has for a conversation; None where it has none."""
    found = [name for name in CONVERSATIONS if _given(row, name)]
    pairs = [pair for pair in PAIRS if all(_given(row, name) for name in pair)]
    rivals = found or [name for name in ("question", "qa") if pairs and _given(row, name)]
    rivals += [pair[0] for pair in pairs if not found]
    if len(rivals) > 1:
        raise DataError(f"{where}: has both {' and '.join(rivals)}; keep one of them")
    if found:
        return _in_turns(row["texts"], where) if found == ["texts"] else row[found[0]]
    before = next((name for name in BEFORE if row.get(name)), None)
    if before and not pairs and row.get("question"):
        raise DataError(f"{where}: {before} goes with query and response, not with question; call them so")
    return _of_pair(row, *pairs[0], where) if pairs else row.get("conversations")


def _of_pair(row: dict, asked: str, said: str, where: str) -> Messages:
    """A question and its answer, each a text or (TRL's) messages; `input` is more of the question."""
    question, answer, more = row[asked], row[said], row.get("input")
    if isinstance(more, str) and more.strip() and isinstance(question, str):
        question = f"{question}\n{more}"
    turns = _of_history(row.get("history"), where)
    turns += question if isinstance(question, list) else [_message("user", question)]
    return turns + (answer if isinstance(answer, list) else [_message("assistant", answer)])


def _of_history(history: object, where: str) -> Messages:
    """[[question, answer], ...] that came before."""
    if isinstance(history, str) and history.strip():
        history = from_json(history, f"{where}, history")
    pairs = history or []
    if not isinstance(pairs, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
        raise DataError(f"{where}: history is {shown(history)}; write [[question, answer], ...]")
    return [_message(role, text) for pair in pairs for role, text in zip(ROLES, pair, strict=True)]


def _in_turns(texts: object, where: str) -> Messages:
    if not isinstance(texts, list) or not all(isinstance(one, dict) for one in texts):
        raise DataError(
            f'{where}: texts is not a list of objects; write [{{"user": ..., "assistant": ...}}, ...]'
        )
    return [_message(role, one.get(role)) for one in texts for role in ROLES]


def _message(role: str, content: object) -> dict[str, object]:
    return {"role": role, "content": content}


def _with_system(turns: Messages, system: object, where: str) -> Messages:
    if not isinstance(system, str) or not system.strip():
        return turns
    first = turns[0] if turns and isinstance(turns[0], dict) else {}
    if "system" in (first.get("role"), first.get("from")):
        raise DataError(f"{where}: has system and a system's message; keep one of them")
    return [_message("system", system), *turns]


def _as_text(turns: Messages, where: str) -> tuple[Messages, list[object]]:
    """Contents that are lists of parts as text, `<image>` for each picture; and the pictures they name."""
    texts, pictures = [], []
    for number, turn in enumerate(turns, start=1):
        content = turn.get("content", turn.get("value")) if isinstance(turn, dict) else None
        if isinstance(content, list):
            pieces = [_part(part, pictures, f"{where}, message {number}") for part in content]
            text = "".join(pieces).removesuffix("\n" if pieces[-1:] == [PICTURE] else "")
            turn = _message(turn.get("role", turn.get("from")), text)
        texts.append(turn)
    if any(isinstance(one, int) and one != place for place, one in enumerate(pictures)):
        raise DataError(
            f"{where}: pictures are not in the order of their index; put image in that of the text"
        )
    return texts, [one for one in pictures if one is not None and not isinstance(one, int)]


def _part(part: object, pictures: list[object], where: str) -> str:
    """One part of a content as text; of a picture, where it is, or its index, goes to `pictures`."""
    kind = part.get("type") if isinstance(part, dict) else None
    if kind == "text" and isinstance(part.get("text"), str):
        return part["text"]
    if kind not in ("image", "image_url"):
        found = shown(part)
        raise DataError(f'{where}: {found} is not read; write {{"type": "text", "text": ...}} or "image"')
    source = next((part[key] for key in ("image", "image_url", "url", "path") if part.get(key)), None)
    source = source.get("url") if kind == "image_url" and isinstance(source, dict) else source
    if source is None and kind == "image_url":
        raise DataError(f'{where}: an image_url lacks its url; write {{"image_url": {{"url": ...}}}}')
    pictures.append(part.get("index") if source is None else source)
    return PICTURE
