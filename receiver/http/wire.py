"""An answer as it goes over the wire.

Must not know: connections, what is answered to whom.
"""

from __future__ import annotations

from functools import lru_cache

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from receiver.locator import Headers

_CLOSE = b"connection"
"""The only header of this name that an answer ever has is `close`."""


@lru_cache(maxsize=256)
def start(status: int, headers: tuple[tuple[bytes, bytes], ...]) -> tuple[bytes, bool]:
    """The first lines of an answer, and whether they say that it is the last on its connection.

    `headers` are well-formed, and tell the length of the body.
    """
    return STATUS_LINE[status] + _lines(headers), _CLOSE in [name for name, _ in headers]


def written(start: bytes, common: Headers, body: bytes, *, last: bool) -> bytes:
    """A whole answer.

    `common` are the headers of every answer of the server; it makes a new list of them each second.
    `last`: say that the connection ends with it, which `start` does not.
    """
    end = b"connection: close\r\n\r\n" if last else b"\r\n"
    return b"".join((start, _common(common), end, body))


_known: tuple[Headers, bytes] = ((), b"")


def _common(headers: Headers) -> bytes:
    global _known
    if headers is not _known[0]:
        _known = headers, _lines(headers)
    return _known[1]


def _lines(headers: Headers) -> bytes:
    return b"".join([b"%b: %b\r\n" % field for field in headers])
