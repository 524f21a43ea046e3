"""Events as text that is safe on a terminal and in a line-based file.

Must not know: where the text goes.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

from receiver import Event

_LINE_BREAKS = re.compile(r"[\r\n]+")


def line(event: Event[Any]) -> str:
    """The event as one line of JSON: the envelope, and the sender's own JSON as `data`.

    The payload's numbers and strings are those that were sent, not what a decoder makes of them.
    """
    envelope = {
        "seq": event.seq,
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "key": event.key,
        "time": _utc(event.time),
        "received_at": _utc(event.received_at),
        "node": event.node,
        "user": event.user,
        "replay": event.replay,
        "released": event.released,
    }
    # In JSON a line break stands only between tokens; within strings it is written as an escape.
    payload = _LINE_BREAKS.sub(" ", event.raw.decode("utf-8")).strip()
    return printable(f'{json.dumps(envelope, ensure_ascii=False)[:-1]}, "data": {payload}}}')


def indented(event: Event[Any]) -> str:
    """The payload as indented JSON."""
    value = event.json()
    return "\n".join(
        printable(part) for part in json.dumps(value, indent=2, ensure_ascii=False).split("\n")
    )


def printable(text: str) -> str:
    r"""`text` with everything that a terminal might act on as `\uXXXX`: controls, bidi marks, ESC.

    JSON stays the same JSON by it: what is replaced can stand in its strings only.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def _utc(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _escaped(char: str) -> str:
    if char == "\t":
        return " "
    return "".join(f"\\u{unit:04x}" for unit in _utf16(char))


def _utf16(char: str) -> list[int]:
    data = char.encode("utf-16-be", "surrogatepass")
    return [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]
