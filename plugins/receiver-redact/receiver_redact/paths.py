"""Paths into JSON: `a.b`, `a.*.b`, `**.b`, and what is changed at their ends.

Must not know: events, why anything is changed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

REMOVED = object()
"""What a change returns for a value that is to go."""

Change = Callable[[Any], Any]

_PART = re.compile(r"(?:[^.\\]|\\.)+")
DEEPEST = 200


class Path:
    """One path. `*` is any one key or list item, `**` any number of them, `\\.` a dot in a key."""

    def __init__(self, text: str) -> None:
        """Raises ValueError for a text that is no path."""
        parts = _PART.findall(text)
        if not parts or ".".join(parts) != text:
            raise ValueError(f"{text!r} is no path; write it as `a.b`, `a.*.b` or `**.b`")
        if parts[-1] == "**":
            raise ValueError(f"{text!r} ends in `**`, which names nothing; did you mean `*`?")
        self.text = text
        self._parts = tuple(
            part if part in ("*", "**") else re.sub(r"\\(.)", r"\1", part) for part in parts
        )

    def change(self, value: Any, change: Change) -> bool:
        """Change within `value` what the path leads to; whether there was anything."""
        return self._walk(value, self._parts, change, 0)

    def _walk(self, value: Any, parts: tuple[str, ...], change: Change, depth: int) -> bool:
        if not isinstance(value, dict | list):
            return False
        if depth > DEEPEST:
            raise ValueError(f"the payload is nested deeper than {DEEPEST}")
        first, rest = parts[0], parts[1:]
        if first == "**":
            found = self._walk(value, rest, change, depth + 1)
            for item in list(value.values() if isinstance(value, dict) else value):
                found = self._walk(item, parts, change, depth + 1) or found
            return found
        if rest:
            below = [self._walk(value[at], rest, change, depth + 1) for at in _keys(value, first)]
            return any(below)
        keys = _keys(value, first)
        for at in reversed(keys):
            changed = change(value[at])
            if changed is REMOVED:
                del value[at]
            else:
                value[at] = changed
        return bool(keys)

    def __repr__(self) -> str:
        return f"Path({self.text!r})"


def _keys(value: Any, part: str) -> list[Any]:
    """The keys or indices that a part of a path names."""
    if isinstance(value, dict):
        return list(value) if part == "*" else [part] if part in value else []
    if part == "*":
        return list(range(len(value)))
    return [int(part)] if part.isascii() and part.isdigit() and int(part) < len(value) else []
