"""--help of every command, made readable: tyro's list of flags, with the module's docstring in front of it.

docstring      paragraphs are filled to the terminal's width, indented lines (examples) stay as they are
list of flags  each flag's text is filled, too; `None` and frames are left out
"""

import contextlib
import io
import re
import shutil
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

ABOUT = "(about this command)"  # takes the docstring's place until tyro has written the rest
VERBOSE = "--verbose"  # every command has it (flags.py)
HELP = f"  -h, --help  Show this help and end.\n  {VERBOSE}  Also tell what is loaded, and from where."
COLUMN, WIDEST = 22, 100  # where the text of a flag begins; letters in a line at most
BULLET = re.compile(" +•")  # before the name of a command


def called(argv: list[str] | None) -> str:
    """How the command was begun, up to its flags: python eval_vlm.py, python -m dataset.records check."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    if spec is None:
        return f"python {Path(sys.argv[0]).name}"
    words, rest = sys.argv[1:], sys.argv[1:] if argv is None else argv
    before = words[: len(words) - len(rest)]
    before = before if before + rest == words else []
    return " ".join(["python -m", spec.name.removesuffix(".__main__"), *before])


@contextlib.contextmanager
def help_of(about: str | None) -> Iterator[None]:
    """Within it what tyro prints is made readable, and gets `about` for ABOUT."""
    shown = io.StringIO()
    try:
        with contextlib.redirect_stdout(shown):
            yield
    finally:
        columns = min(WIDEST, shutil.get_terminal_size().columns)
        sys.stdout.write(readable(shown.getvalue(), columns).replace(ABOUT, laid_out(about or "", columns)))


def readable(shown: str, columns: int) -> str:
    """What tyro shows where there are no colours, as each line of it should look.

    options
    ---------------------------------------------------------------------------
     --weights {None}|PATH
                        Checkpoint folder. (default: None)
    """
    lines: list[str] = []
    for line in shown.replace("{None}|", "").replace("{None,", "{").split("\n"):
        if line.startswith("  -h, --help"):
            lines += HELP.split("\n")
        elif line.startswith(" " * 3) and not BULLET.match(line):
            lines[-1] += f"  {line.strip()}"
        elif line.startswith("  "):
            lines.append(line.rstrip())
        elif line.startswith(" ") and line.strip(" -"):
            lines += ["", f"{line.strip()}:"]
        elif not line.startswith(" "):
            lines.append(line)
    return re.sub("\n{3,}", "\n\n", "\n".join(entry(line, columns) for line in lines))


def entry(line: str, columns: int) -> str:
    """A flag, two blanks, and what it does: beside each other, or below each other where the flag is long."""
    if not line.startswith("  "):
        return filled(line, columns)
    indent = len(line) - len(line.lstrip())
    name, *text = re.split(" {2,}", line.strip())
    told = " ".join(" ".join(text).replace("(default: None)", "").replace("(default: )", "").split())
    begin = f"{'':{indent}}{name}"
    begin = f"{begin:{COLUMN}}" if len(begin) < COLUMN - 1 else f"{begin}\n{'':{COLUMN}}"
    return begin.rstrip() if not told else begin + filled(told, columns - COLUMN, f"\n{'':{COLUMN}}")


def filled(text: str, columns: int, newline: str = "\n") -> str:
    """Lines without a break in a word."""
    return newline.join(textwrap.wrap(text, columns, break_long_words=False, break_on_hyphens=False))


def laid_out(about: str, columns: int) -> str:
    """A docstring: paragraphs filled; commands, and what is indented, as they are."""
    blocks = []
    for paragraph in about.strip("\n").split("\n\n"):
        if paragraph.startswith(("python ", " ")):
            blocks.append(textwrap.indent(textwrap.dedent(paragraph), "  "))
        else:
            blocks.append(filled(" ".join(paragraph.split()), columns))
    return "\n\n".join(blocks)
