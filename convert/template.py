"""The chat template (Jinja) that comes with another project's weights decides how conversations are written.

template, conversation -> text     must be what     our format, conversation -> text
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from convert.files import ConvertError
from dataset.chat.chat_format import END, FORMATS, START
from dataset.chat.render import Chat
from dataset.errors import read_object
from dataset.record import IMAGE, Message

TALK = [
    {"role": "user", "content": "One?"},
    {"role": "assistant", "content": "Two."},
    {"role": "user", "content": "Three?"},
]
SHOWN = [{"role": "user", "content": f"{IMAGE}\nOne?"}]
SYSTEM = {"role": "system", "content": "Be brief."}
NAMES = dict(zip(FORMATS, ("ChatML", "LLaVA-1.5's", "MiniMind-V's"), strict=True))
OTHERS = {  # what stands in a template -> whose it is
    "<|start_header_id|>": "Llama 3's",
    "[INST]": "Llama 2's or Mistral's",
    "<|user|>": "Zephyr's",
    "<start_of_turn>": "Gemma's",
    "### Instruction": "Alpaca's",
    "USER:": "Vicuna's",
}


@dataclass(frozen=True)
class Template:
    """`bos` and `eos` are what it may write by these names; `parts`: content is a list, as with pictures."""

    text: str
    where: Path
    bos: str = ""
    eos: str = ""
    parts: bool = False

    def write(self, messages: Sequence[Message]) -> str:
        """The text of a conversation, opened for the answer."""
        from jinja2 import TemplateError
        from transformers.utils.chat_template_utils import render_jinja_template  # seconds

        said = [m | {"content": parts(m["content"])} if self.parts else m for m in messages]
        known = {"bos_token": self.bos, "eos_token": self.eos}
        try:
            texts, _ = render_jinja_template(
                [said], None, None, self.text, add_generation_prompt=True, **known
            )
            return texts[0]
        except (TemplateError, ValueError, TypeError, ArithmeticError, LookupError, RecursionError) as error:
            reason = " ".join(str(error).split())[:200]
            raise ConvertError(f"{self.where}: its chat template cannot be used ({reason})") from None

    @property
    def writes_bos(self) -> bool:
        mark = "[here]"
        return Template(self.text, self.where, mark, "", self.parts).write(TALK[:1]).startswith(mark)

    def expect_chatml(self, known: set[str]) -> None:
        """Raises ConvertError that says whose it is instead."""
        if START not in self.text:
            whose = next(
                (f"{name} ({mark})" for mark, name in OTHERS.items() if mark in self.text), "another"
            )
            raise ConvertError(
                f"{self.where}: its chat template is {whose}; only ChatML ({START}) is known here"
            )
        if lacking := sorted({START, END} - known):
            raise ConvertError(
                f"{self.where}: its chat template writes {lacking[0]}, no special token of its vocabulary"
            )

    def fitted(self, chat: Chat) -> Chat:
        """The chat with the system message that the template gives where there is none.

        Raises ConvertError where the template writes a conversation in another way than our format does. Of
        LLaVA's it is one question: its own templates leave out what it learnt to end an answer with.
        """
        talk = [*(SHOWN if self.parts else TALK[:1]), *TALK[1:]]
        if self.parts and not chat.format.tile:
            talk = SHOWN
        else:
            self._expect_same([SYSTEM, *talk], chat)
        begin, (before, after) = "".join(chat.format.begin), map("".join, chat.format.system)
        wanted, ours = self._whole(talk, chat), _spelled(chat, talk)
        said = wanted.removeprefix(begin).removesuffix(ours.removeprefix(begin))
        told = chat.with_system(said.removeprefix(before).removesuffix(after))
        if _spelled(told, talk) != wanted:
            self._expect_same(talk, chat)
        return told

    def _whole(self, messages: list[Message], chat: Chat) -> str:
        """With bos in front, which a tokenizer puts there where the template does not."""
        bos, text = "".join(chat.format.begin), self.write(messages)
        return text if text.startswith(bos) else bos + text

    def _expect_same(self, messages: list[Message], chat: Chat) -> None:
        theirs, ours = self._whole(messages, chat), _spelled(chat, messages)
        if theirs != ours:
            shorter = min(len(theirs), len(ours))
            at = next((i for i in range(shorter) if theirs[i] != ours[i]), shorter)
            theirs, ours = theirs[max(0, at - 20) :][:60], ours[max(0, at - 20) :][:60]
            name = NAMES.get(chat.format, "SmolVLM's" if self.parts and chat.format.tile else "ChatML")
            raise ConvertError(f"{self.where}: its chat template writes {theirs!r} where {name} has {ours!r}")


def open_template(folder: Path, pictures: bool) -> Template | None:
    """The one that transformers would take from a folder."""
    settings = {
        name: read_object(folder / name) if (folder / name).is_file() else {}
        for name in ("tokenizer_config.json", "processor_config.json", "chat_template.json")
    }
    alone = folder / "chat_template.jinja"
    found = {name: values.get("chat_template") for name, values in settings.items()}
    if alone.is_file():
        found["chat_template.jinja"] = alone.read_text(encoding="utf-8")
    name = next((name for name in reversed(found) if found[name]), None)
    if name is None:
        return None
    text = found[name]
    if isinstance(text, list):  # several, by name
        named = (one for one in text if isinstance(one, dict) and one.get("name") == "default")
        text = next(named, {}).get("template")
    if not isinstance(text, str):
        raise ConvertError(
            f"{folder / name}: its chat_template is not text; remove it, or get the file again"
        )
    bos, eos = (_token(settings["tokenizer_config.json"].get(f"{one}_token")) for one in ("bos", "eos"))
    return Template(text, folder / name, bos, eos, pictures)


def _token(value: object) -> str:
    return str(value.get("content", "") if isinstance(value, dict) else value or "")


def _spelled(chat: Chat, messages: Sequence[Message]) -> str:
    """Each picture one placeholder long, as templates write it; what stands around it where pictures are
    cut is their processor's to write."""
    how = chat.format
    bare = replace(how, picture=(how.placeholder,)) if how.tile else how
    return Chat(chat.tokenizer, 1, bare).spelled(messages)


def parts(content: str) -> list[dict[str, str]]:
    """ "<image>\\nWhat?" -> a picture and a text; a template writes the line break after a picture itself."""
    first, *rest = content.split(IMAGE)
    found = [{"type": "text", "text": first}] if first else []
    for text in rest:
        found.append({"type": "image"})
        if text.removeprefix("\n"):
            found.append({"type": "text", "text": text.removeprefix("\n")})
    return found
