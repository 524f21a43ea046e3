"""Bodies that were compressed on their way (Content-Encoding, RFC 9110, section 8.4.1).

Pure. Must not know: what the body says, or who answers for it.
"""

from __future__ import annotations

import zlib

_WINDOW_BITS = {b"gzip": 31, b"x-gzip": 31, b"deflate": 15}
_RAW_DEFLATE = -15
_MAX_MEMBERS = 64
"""A gzip file may be several in a row (RFC 1952, section 2.2); nobody sends many."""


def expand(body: bytes, coding: bytes, limit: int) -> bytes | None:
    """The body before it was compressed, or None when that has more than `limit` bytes.

    Never holds more than `limit` bytes and one. Takes `gzip`, `deflate` (with the zlib header that
    the standard asks for, or without) and `identity`. Raises ValueError, with a reason, for other
    codings, and for bytes that are not in the coding they claim.
    """
    if not coding and len(body) <= limit:
        return body
    name = coding.strip().lower()
    if name in (b"", b"identity"):
        return body if len(body) <= limit else None
    bits = _WINDOW_BITS.get(name)
    if bits is None:
        raise ValueError("its Content-Encoding is none of gzip, deflate and identity")
    if name == b"deflate" and not _has_zlib_header(body):
        bits = _RAW_DEFLATE
    try:
        return _members(body, bits, limit)
    except zlib.error:
        raise ValueError(f"is not {name.decode()}, as its Content-Encoding says") from None


def _members(body: bytes, bits: int, limit: int) -> bytes | None:
    pieces: list[bytes] = []
    size = 0
    for _ in range(_MAX_MEMBERS):
        stream = zlib.decompressobj(bits)
        piece = stream.decompress(body, limit - size + 1)
        size += len(piece)
        if size > limit:
            return None
        if not stream.eof:
            raise zlib.error("ends too early")
        pieces.append(piece)
        body = stream.unused_data
        if not body:
            return b"".join(pieces)
    raise zlib.error("too many members")


def _has_zlib_header(body: bytes) -> bool:
    """Whether the first two bytes are a zlib header (RFC 1950, section 2.2)."""
    return len(body) >= 2 and body[0] & 0x0F == 8 and int.from_bytes(body[:2], "big") % 31 == 0
