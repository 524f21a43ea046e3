"""What is wrong with the head of a request: too much of it, or more than one way to read it.

The parser (llhttp, strict) refuses most of what two servers could read differently: two lengths,
a length beside chunks, bare CR or LF, folded lines, a space before a colon. Here is what it lets
through. Must not know: connections, paths, who sends.
"""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import unquote

import httptools

from receiver.locator import Headers

MAX_HEADERS = 100
MAX_HEADER_BYTES = 16 * 1024
"""Of one request: names, values, and four bytes each for what stands between them on the wire."""

_FRAMING = frozenset({b"content-length", b"expect", b"host", b"transfer-encoding"})


def too_heavy(headers: Headers) -> bool:
    """Whether a request's headers are more than Receiver looks at (answered 431)."""
    if len(headers) > MAX_HEADERS:
        return True
    size = 4 * len(headers)
    for name, value in headers:
        size += len(name) + len(value)
    return size > MAX_HEADER_BYTES


def declared(headers: Headers) -> int:
    """The bytes of body that a request announces; 0 when it announces no number."""
    for name, value in headers:
        if name == b"content-length" and value.isdigit():
            return int(value[:20])
    return 0


class Unreadable(Exception):
    """A head that is not taken."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status
        """400, 431, or 503 for what is nobody's fault."""


Target = tuple[bytes, str, bytes]
"""Path as it was sent, path decoded, and query."""

Head = tuple[str, int, Target]
"""HTTP version, bytes of body, and target."""


def target(url: bytes) -> Target:
    """The parts of a request's target.

    Raises Unreadable for what is neither a path nor a URL, and for a fragment: that is no part of
    a request, and some servers cut it off.
    """
    return _known_target(url) if len(url) <= _SHORT else _target(url)


def _target(url: bytes) -> Target:
    if b"#" in url:
        raise Unreadable(400)
    if not url.startswith(b"/"):
        return _long_target(url)
    raw, _, query = url.partition(b"?")
    try:
        path = raw.decode("ascii")
    except UnicodeDecodeError:
        raise Unreadable(400) from None
    return raw, unquote(path) if "%" in path else path, query


_SHORT = 256
_known_target = lru_cache(maxsize=256)(_target)


def _long_target(url: bytes) -> Target:
    """Of a target that names its server, too (RFC 9112, 3.2.2)."""
    try:
        parsed = httptools.parse_url(url)
    except httptools.HttpParserInvalidURLError:
        raise Unreadable(400) from None
    if parsed.path is None:
        raise Unreadable(400)
    path = parsed.path.decode("ascii")
    return parsed.path, unquote(path) if "%" in path else path, parsed.query or b""


def examine(version: str, line: int, headers: Headers) -> tuple[int, bool]:
    """The bytes of body that a head announces, and whether its sender waits for 100 (Continue).

    `line` is the bytes before the headers. Raises Unreadable when there is too much, and when a
    proxy before us may have read it differently. RFC 9112: one Host in a request of HTTP/1.1
    (3.2); a coding other than `chunked` is none of ours, in HTTP/1.0 each is faulty (6.1).
    RFC 9110, 10.1.1: nobody waits in HTTP/1.0. One pass: this runs for every request.
    """
    if len(headers) > MAX_HEADERS:
        raise Unreadable(431)
    size = line + 4 * len(headers)
    hosts = codings = length = 0
    waits = False
    for name, value in headers:
        size += len(name) + len(value)
        if name in _FRAMING:
            if name == b"host":
                hosts += 1
            elif name == b"content-length":
                length = int(value)
            elif name == b"expect":
                waits = value.lower() == b"100-continue"
            else:
                codings += 1
                if value.strip(b" \t").lower() != b"chunked":
                    raise Unreadable(400)
    if size > MAX_HEADER_BYTES:
        raise Unreadable(431)
    if version == "1.1":
        if hosts != 1 or codings > 1:
            raise Unreadable(400)
    elif version != "1.0" or codings or hosts > 1:
        raise Unreadable(400)
    return length, waits and version == "1.1"


def without_offer(method: bytes, url: bytes, version: str, headers: Headers) -> bytes:
    """A head that offers another protocol, as if it did not (RFC 9110, 7.8)."""
    lines = [method, b" ", url, b" HTTP/", version.encode(), b"\r\n"]
    for name, value in headers:
        if name != b"upgrade":
            lines += (name, b": ", value, b"\r\n")
    return b"".join((*lines, b"\r\n"))
