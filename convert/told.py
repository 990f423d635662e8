"""How conversations are written, told to other programs: our chat format as a chat template (Jinja).

chat format -> template,   template, conversation -> what `Chat` renders
"""

import json

from dataset.chat.chat_format import ChatFormat
from dataset.chat.render import Chat

ROLES, PARTS = ("system", "user", "assistant"), ("text", "image", "image_url")
MEDIA = "<__media"  # llama.cpp writes a picture into a text as <__media__>, or with a word before its last __


def refused(what: str, found: str, known: tuple[str, ...]) -> str:
    """Jinja that ends with what was `found`, an expression, and what is known."""
    return f"{{{{- raise_exception('unknown {what} ' ~ {found} ~ '; known: {', '.join(known)}') }}}}"


def literal(pieces: tuple[str, ...]) -> str:
    return f"{{{{- {json.dumps(''.join(pieces))} }}}}" if pieces else ""


def behind(how: ChatFormat) -> str:
    return "\n" if how.line_break else ""


def lead(text: str) -> str:
    """Jinja that writes the text in front of a message that begins with words."""
    wordy = "message['content'] is string or message['content'][0]['type'] == 'text'"
    wordy = f"message['role'] != 'assistant' and ({wordy})"
    return f"{{%- if {wordy} %}}{{{{- {json.dumps(text)} }}}}{{%- endif %}}" if text else ""


def content(how: ChatFormat, media: bool) -> str:
    """Jinja that writes a message's content, a string or a list of texts and images."""
    other = refused("part", "part['type']", PARTS)
    return (
        f"{lead(how.before_words)}{{%- if message['content'] is string %}}{said(how, media)}{{%- else %}}"
        "{%- for part in message['content'] %}{%- if part['type'] in ('image', 'image_url') %}"
        f"{{{{- {json.dumps(''.join(how.picture) + behind(how))} }}}}"
        "{%- elif part['type'] == 'text' %}{{- part['text'] }}"
        f"{{%- else %}}{other}{{%- endif %}}"
        "{%- endfor %}{%- endif %}"
    )


def said(how: ChatFormat, media: bool) -> str:
    """Jinja that writes a string; with `media` a picture is a mark in it, and gets what stands around one."""
    if not media:
        return "{{- message['content'] }}"
    at = how.picture.index(how.placeholder)
    return (
        f"{{%- set pieces = message['content'].split('{MEDIA}') %}}{{{{- pieces[0] }}}}"
        "{%- for piece in pieces[1:] %}{%- set parts = piece.split('__>') %}"
        f"{literal(how.picture[:at])}{{{{- '{MEDIA}' + parts[0] + '__>' }}}}{literal(how.picture[at + 1 :])}"
        "{%- set rest = parts[1:] | join('__>') %}"
        f"{{{{- {json.dumps(behind(how))} + (rest[1:] if rest[:1] == '\\n' else rest) }}}}"
        "{%- endfor %}"
    )


def chat_template(chat: Chat, media: bool = False) -> str:
    """Jinja that writes what `Chat` renders, for transformers; with `media`, for llama.cpp."""
    how = chat.format
    written = content(how, media)

    def turn(role: str, before: tuple[str, ...], after: tuple[str, ...]) -> str:
        inside = f"{literal(before)}{written}{literal(after)}"
        return f"{{%- if message['role'] == '{role}' %}}{inside}{{%- endif %}}"

    role = "message['role']"
    unknown = f"{{%- if {role} not in {list(ROLES)} %}}{refused('role', role, ROLES)}{{%- endif %}}"
    begun, ended = how.system
    unasked = literal((*begun, how.default_system, *ended)) if how.default_system else ""
    before, after = how.answer
    return "".join(
        [
            literal(how.begin),
            f"{{%- if messages[0]['role'] != 'system' %}}{unasked}{{%- endif %}}",
            "{%- for message in messages %}",
            unknown,
            turn("system", *how.system),
            turn("user", *how.user),
            turn("assistant", (*how.opening, *before), (*after, *how.after)),
            "{%- endfor %}",
            f"{{%- if add_generation_prompt %}}{literal(how.opening)}{{%- endif %}}",
        ]
    )
