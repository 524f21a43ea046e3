"""The header fields of a signature: each is there once, or the request is refused.

Must not know: what a field is for.
"""

from __future__ import annotations

from functools import lru_cache

from receiver.errors import SignatureError
from receiver.locator import Headers

MAX_VALUE = 8192
"""Bytes of one field value; a list of the longest digests in use is well below."""


@lru_cache(maxsize=256)
def field_name(header: str) -> bytes:
    """A header's name as ASGI gives it: lower-case bytes."""
    return header.lower().encode("latin-1", "replace")


def values(headers: Headers, name: bytes) -> list[bytes]:
    """Every value sent under a lower-case name."""
    return [value for field, value in headers if field == name]


def one(headers: Headers, name: bytes) -> bytes:
    """The only value sent under a name. Raises SignatureError: missing, doubled, malformed."""
    found: bytes | None = None
    for field, sent in headers:
        if field == name:
            if found is not None:
                raise SignatureError("doubled")
            found = sent
    if found is None:
        raise SignatureError("missing")
    value = found.strip(b" \t")
    if not value or len(value) > MAX_VALUE:
        raise SignatureError("malformed")
    return value
