"""What is wrong with the head of a request: too much of it, or more than one way to read it.

The parser (llhttp, strict) refuses most of what two servers could read differently: two lengths,
a length beside chunks, bare CR or LF, folded lines, a space before a colon. Here is what it lets
through. Must not know: connections, paths, who sends.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain

from receiver.locator import Headers

MAX_HEADERS = 100
MAX_HEADER_BYTES = 16 * 1024
"""Of one request: names, values, and four bytes each for what stands between them on the wire."""

Fields = Mapping[bytes, bytes]
"""The header fields by lower-case name; the last value of a name that comes more than once."""


def too_heavy(headers: Headers, line: int = 0) -> bool:
    """Whether a request's headers are more than Receiver looks at (answered 431).

    `line` is the bytes of what stands before them.
    """
    number = len(headers)
    if number > MAX_HEADERS:
        return True
    return line + 4 * number + sum(map(len, chain.from_iterable(headers))) > MAX_HEADER_BYTES


def ambiguous(method: bytes, version: str, headers: Headers, fields: Fields) -> bool:
    """Whether a proxy before us may have read this head differently (answered 400).

    RFC 9112: one Host in a request of HTTP/1.1 (3.2); a coding other than `chunked` is none of
    ours (6.1), in HTTP/1.0 every one is faulty (6.1). A tunnel (CONNECT) is no request to us.
    """
    if version == "1.1":
        if b"host" not in fields:
            return True
    elif version != "1.0" or b"transfer-encoding" in fields:
        return True
    if method == b"CONNECT":
        return True
    if len(fields) != len(headers):
        names = [name for name, _ in headers]
        if names.count(b"host") > 1 or names.count(b"transfer-encoding") > 1:
            return True
    coding = fields.get(b"transfer-encoding")
    return coding is not None and coding.strip(b" \t").lower() != b"chunked"


def declared(fields: Fields) -> int:
    """The bytes of body that a request announces; 0 when it announces none, or chunks."""
    return int(fields.get(b"content-length", b"0"))
