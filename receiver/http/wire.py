"""An answer as it goes over the wire.

Must not know: connections, what is answered to whom.
"""

from __future__ import annotations

from functools import lru_cache

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from receiver.locator import Headers

_CLOSE = b"connection"
"""The only header of this name that an answer ever has is `close`."""


def closes(headers: Headers) -> bool:
    """Whether an answer with these headers is the last on its connection."""
    return _own(tuple(headers))[1]


def written(status: int, common: Headers, own: Headers, body: bytes, *, last: bool) -> bytes:
    """A whole answer; `own` are well-formed headers that tell the length of the body.

    `common` are those of every answer of the server; it makes a new list of them each second.
    `last`: say that the connection ends with it, which `own` does not.
    """
    end = b"connection: close\r\n\r\n" if last else b"\r\n"
    return b"".join((STATUS_LINE[status], _common(common), _own(tuple(own))[0], end, body))


_known: tuple[Headers, bytes] = ((), b"")


def _common(headers: Headers) -> bytes:
    global _known
    if headers is not _known[0]:
        _known = headers, _lines(headers)
    return _known[1]


@lru_cache(maxsize=256)
def _own(headers: tuple[tuple[bytes, bytes], ...]) -> tuple[bytes, bool]:
    """The lines of an answer's own headers, and whether they end the connection."""
    return _lines(headers), _CLOSE in [name for name, _ in headers]


def _lines(headers: Headers) -> bytes:
    return b"".join([b"%b: %b\r\n" % field for field in headers])
