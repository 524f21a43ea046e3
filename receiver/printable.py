"""Text that a terminal shows and does not obey: what is not printable as an escape.

Must not know: where the text comes from or goes.
"""

from __future__ import annotations

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def printable(text: str, keep: str = "") -> str:
    r"""`text` with everything that a terminal might act on as JSON writes it: `\n`, `\u001b`.

    That is every control (ESC, DEL, CSI), bidi mark, line separator and lone surrogate. JSON stays
    the same JSON by it: what is replaced can stand in its strings only. The characters of `keep`
    stay.
    """
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or char in keep else _SHORT.get(char) or _escaped(char)
        for char in text
    )


def _escaped(char: str) -> str:
    data = char.encode("utf-16-be", "surrogatepass")
    return "".join(
        f"\\u{int.from_bytes(data[at : at + 2], 'big'):04x}" for at in range(0, len(data), 2)
    )
