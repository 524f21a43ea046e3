"""Text for generated files, written as `ruff format` would write it (line length 100).

Must not know: contracts and models.
"""

from __future__ import annotations

import json
import re
from typing import Any
from unicodedata import east_asian_width

LINE = 100
_END_QUOTES = re.compile(r'^"+|"+$')
_LIST_ITEM = re.compile(r"([-*]|\d+\.) ")
_CODE_SPAN = re.compile(r"(?<!`)(`[^`]+`)(?!`)")


def docstring(text: str, indent: int) -> str:
    """A docstring with its quotes, on one line where it fits; its first line is not indented."""
    clean = _printable(text).strip().replace("\\", "\\\\")
    # A quote at either end would touch the docstring's own.
    clean = _END_QUOTES.sub(lambda found: r"\"" * len(found[0]), clean)
    clean = clean.replace('"""', r"\"\"\"")
    quotes = 6
    if "\n" not in clean and _width(clean) + indent + quotes <= LINE:
        return f'"""{clean}"""'
    pad = " " * indent
    lines = wrap(clean, LINE - indent, first=LINE - indent - quotes)
    body = [f"{pad}{line}" if line else "" for line in lines[1:]]
    return "\n".join([f'"""{lines[0]}', *body, f'{pad}"""'])


def _paragraphs(text: str) -> list[str]:
    return [part.strip("\n") for part in re.split(r"\n[ \t]*\n", text) if part.strip()]


def wrap(text: str, width: int, *, first: int) -> list[str]:
    """Lines of at most `width` columns, the first of `first`; list items stay apart."""
    lines: list[str] = []
    for paragraph in _paragraphs(text):
        if lines:
            lines.append("")
        items: list[list[str]] = []
        for line in paragraph.split("\n"):
            if not items or _LIST_ITEM.match(line.strip()):
                items.append([])
            items[-1] += line.split()
        for words in items:
            lines += _fill(words, width, width if lines else first)
    return lines


def _fill(words: list[str], width: int, first: int) -> list[str]:
    lines: list[str] = []
    for word in words:
        room = width if len(lines) > 1 else first
        if lines and _width(lines[-1]) + 1 + _width(word) <= room:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _width(text: str) -> int:
    """Columns of a text; wide characters (CJK, emoji) take two."""
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)


def _printable(text: str) -> str:
    """A text without what no editor shows: control, format and private characters become spaces."""
    return "".join(char if char == "\n" or char.isprintable() else " " for char in text)


def string(text: str) -> str:
    """A Python string literal, in the quotes that a formatter would choose."""
    if '"' in text and "'" not in text:
        return repr(text)
    # repr with a ' inside chooses double quotes, as wanted; without any quote it is turned around.
    literal = repr(text)
    return literal if literal.startswith('"') or '"' in text else f'"{literal[1:-1]}"'


def pretty(value: Any) -> str:
    """JSON for people, with a newline at the end; the order of the keys is kept."""
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def cell(text: str) -> str:
    """A text as one cell of a Markdown table; a code span of it is shown as it is."""
    flat = " ".join(_printable(text).split()).replace("\\", "\\\\").replace("|", r"\|")
    # Markdown reads no entity inside of a code span, and no tag either.
    parts = _CODE_SPAN.split(flat)
    return "".join(part if at % 2 else part.replace("<", "&lt;") for at, part in enumerate(parts))
