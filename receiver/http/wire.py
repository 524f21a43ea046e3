"""An answer as it goes over the wire.

Must not know: connections, what is answered to whom.
"""

from __future__ import annotations

from functools import lru_cache

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from receiver.locator import Headers

_CLOSE = b"connection"
"""The only header of this name that an answer ever has is `close`."""


def head(
    status: int, headers: tuple[tuple[bytes, bytes], ...], common: Headers, *, last: bool
) -> tuple[bytes, bool]:
    """All of an answer but its body, and whether `headers` say that the connection ends with it.

    `headers` are well-formed, and tell the length of the body. `common` are the headers of every
    answer of the server; it makes a new list of them each second. `last`: say that the connection
    ends with it, if `headers` do not.
    """
    global _latest
    asked = status, headers, common, last
    if asked != _latest[0]:  # most are as the one before, and of the same objects
        start, closes = _start(status, headers)
        end = b"connection: close\r\n\r\n" if last and not closes else b"\r\n"
        _latest = asked, (b"".join((start, _common(common), end)), closes)
    return _latest[1]


_latest: tuple[tuple[object, ...], tuple[bytes, bool]] = ((), (b"", False))


@lru_cache(maxsize=256)
def _start(status: int, headers: tuple[tuple[bytes, bytes], ...]) -> tuple[bytes, bool]:
    """The first lines of an answer, and whether they say that it is the last on its connection."""
    return STATUS_LINE[status] + _lines(headers), _CLOSE in [name for name, _ in headers]


_known: tuple[Headers, bytes] = ((), b"")


def _common(headers: Headers) -> bytes:
    global _known
    if headers is not _known[0]:
        _known = headers, _lines(headers)
    return _known[1]


def _lines(headers: Headers) -> bytes:
    return b"".join([b"%b: %b\r\n" % field for field in headers])
