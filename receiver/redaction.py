"""Makes texts fit for logs, errors and dead letters: known secrets out, nothing unwritable in.

Must not know: whose secrets they are, or where the text goes.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

HIDDEN = "**********"
"""What stands in place of a secret; the same as pydantic's."""

SHORTEST = 4
"""Characters; a shorter text is no secret, and taking it out would make any message unreadable."""

DEEPEST = 20


def plain(text: str, most: int) -> str:
    """The first `most` characters of a text, as one that every file and database takes.

    Lone surrogates become escapes (`\\ud800`); a subclass of `str` becomes a text like any other.
    """
    start = str.__getitem__(text, slice(most))  # not what a subclass makes of it
    return start.encode("utf-8", "backslashreplace").decode("utf-8")[:most]


class Redaction:
    """Some secrets, and the spellings in which they get into messages."""

    __slots__ = ("_pattern",)

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        found = {spelling for secret in secrets for spelling in _spellings(secret)}
        # The longest first: one secret may be the start of another.
        ordered = sorted((text for text in found if len(text) >= SHORTEST), key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def text(self, text: str) -> str:
        """`text` without the secrets."""
        return text if self._pattern is None else self._pattern.sub(HIDDEN, text)

    def value(self, value: Any, depth: int = 0) -> Any:
        """`value` with the secrets taken out of every text in it.

        Numbers and the like stay as they are; of any other object its `repr` is searched, and
        stands for it only where there was a secret in it.
        """
        if self._pattern is None or value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, str):
            return self.text(value)
        if depth >= DEEPEST:
            return self.text(repr(value))
        if isinstance(value, Mapping):
            return {
                self.value(key, depth + 1): self.value(item, depth + 1)
                for key, item in value.items()
            }
        if isinstance(value, list | tuple | set | frozenset):
            return [self.value(item, depth + 1) for item in value]
        shown = repr(value)
        return value if self._pattern.search(shown) is None else self.text(shown)

    def __repr__(self) -> str:
        return "<Redaction>"


class Redactions(Redaction):
    """Several as one."""

    __slots__ = ("_parts",)

    def __init__(self, parts: Iterable[Redaction]) -> None:
        super().__init__()
        self._parts = tuple(parts)

    def text(self, text: str) -> str:
        """`text` without the secrets of any of them."""
        for part in self._parts:
            text = part.text(text)
        return text

    def value(self, value: Any, depth: int = 0) -> Any:
        """See Redaction."""
        for part in self._parts:
            value = part.value(value, depth)
        return value


def _spellings(secret: str) -> Iterator[str]:
    """A secret as it is, in a URL, in JSON, in a Python literal, and in base64 (Basic auth)."""
    yield secret
    yield secret.strip()
    yield quote(secret, safe="", errors="replace")
    yield quote(secret, errors="replace")
    yield quote_plus(secret, errors="replace")
    yield json.dumps(secret)[1:-1]
    yield repr(secret)[1:-1]
    yield base64.b64encode(secret.encode("utf-8", "surrogatepass")).decode("ascii").rstrip("=")
