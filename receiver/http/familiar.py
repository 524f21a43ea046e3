"""Heads of requests that are as one before, but for a few values: read without the parser.

What one sender posts differs in a length, a signature, an id. Of a head that the parser has taken a
pattern is made, which takes what differs from it in such values and in nothing else: names, their
order, and whatever says how a request is framed are compared byte for byte. A pattern is made only
of a text that says what the parser has read and nothing else, so that all that it takes the parser
would take, too, and understand in the same way. Must not know: connections, what is answered.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, NamedTuple

from receiver.http.framing import MAX_HEADER_BYTES, Head, Target
from receiver.locator import Headers

LESSONS = 24
"""Heads of one connection that are tried to be learned: of one that never repeats itself, no more.
A platform may send each type of event to a path of its own."""

LONGEST = 1024
MOST = 16
"""Bytes and header fields of a head that is learned: a pattern takes fifty times as long to make as
a head to read, and forty times its memory."""

Read = tuple[Head, list[tuple[bytes, bytes]], bytes]
"""A request: its head, its headers, and its body."""

_LENGTH = b"content-length"
_FRAMING = frozenset(
    {
        b"connection",
        b"expect",
        b"host",
        b"keep-alive",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
"""Headers whose values say how a request is read; Content-Length is the other one."""

_TEXT = rb"([!-~]++(?: [!-~]++)*+)"
"""A value that may be another one the next time: of ASCII, which every reader reads alike."""

_NUMBER = rb"([1-9][0-9]{0,8}+)"
_is_text = re.compile(_TEXT).fullmatch
_is_number = re.compile(_NUMBER).fullmatch


class _Line(NamedTuple):
    """A header as it is written."""

    spelt: bytes
    name: bytes
    value: bytes | None
    """None: another one each time."""


class Familiar:
    """What heads of one shape have in common."""

    __slots__ = ("_length", "_match", "_names", "_target")

    def __init__(self, first: bytes, lines: tuple[_Line, ...], target: Target) -> None:
        """`first` is the line of the request, in which the parser has read `target`."""
        self._target = target
        self._names = [line.name for line in lines]
        self._length = self._names.index(_LENGTH)
        pattern = re.escape(first + b"\r\n")
        for spelt, name, value in lines:
            if value is None:
                said = _NUMBER if name == _LENGTH else _TEXT
            else:
                said = b"(%b)" % re.escape(value)
            pattern += re.escape(spelt + b": ") + said + rb"\r\n"
        self._match = re.compile(pattern + rb"\r\n").match

    def read(self, data: bytes) -> Read | None:
        """One whole request with such a head; None of all else."""
        found = self._match(data)
        if found is None:
            return None
        values, end = found.groups(), found.end()
        length = int(values[self._length])
        if len(data) - end != length or end > MAX_HEADER_BYTES:
            return None
        headers = list(zip(self._names, values))  # noqa: B905 (to say strict takes half as long)
        return (_VERSION, length, self._target), headers, data[end:]


_VERSION = "1.1"
"""Of the only connections that take more than one request here."""


def familiar(written: bytes, url: bytes, headers: Headers, target: Target) -> Familiar | None:
    """What is common to heads of POSTs that are written like this one, as the parser has read it.

    None where the text is not just what was read, written as most write it; where the body comes
    without a length; and where a value could be a secret and would have to be remembered.
    """
    if len(written) > LONGEST or len(headers) > MOST or b"?" in url:
        return None
    first, *fields = written.split(b"\r\n")
    if first != b"POST %b HTTP/1.1" % url:
        return None
    if len(fields) != len(headers) + 2 or fields[-2:] != [b"", b""]:
        return None
    lines = []
    for line, (name, value) in zip(fields[:-2], headers, strict=True):
        spelt, framing = line[: len(name)], name in _FRAMING
        if spelt.lower() != name or line != b"%b: %b" % (spelt, value):
            return None
        if not framing and (_is_number if name == _LENGTH else _is_text)(value) is None:
            return None
        lines.append(_Line(spelt, name, value if framing else None))
    if [name for name, _ in headers].count(_LENGTH) != 1:
        return None
    return _made(first, tuple(lines), target)


_made = lru_cache(maxsize=256)(Familiar)
"""One pattern for all connections whose requests are alike."""


class Acquaintance:
    """What is known of the heads of one connection: of each line of request, the last."""

    __slots__ = ("_known", "_latest", "_lessons")

    def __init__(self) -> None:
        self._known: dict[bytes, _Known] = {}
        self._latest: _Known | None = None
        """The one that the last request was like: the next one mostly is, too."""
        self._lessons = LESSONS

    def learn(
        self, written: bytes, url: bytes, headers: Headers, target: Target, place: Any
    ) -> None:
        """Read the next requests by one that may be like them, as the parser has read it.

        `place`: where all requests with such a line belong.
        """
        if not self._lessons:
            return
        self._lessons -= 1
        known = familiar(written, url, headers, target)
        if known is not None:
            self._latest = self._known[_first_line(written)] = known, place

    def read(self, data: bytes) -> tuple[Read, Any] | None:
        """One whole request with such a head, and its place; None of all else."""
        latest = self._latest
        if latest is None:
            return None
        if (read := latest[0].read(data)) is not None:
            return read, latest[1]
        other = self._known.get(_first_line(data))
        if other is None or other is latest or (read := other[0].read(data)) is None:
            return None
        self._latest = other
        return read, other[1]


_Known = tuple[Familiar, Any]
"""A head, and where requests with its line belong."""


def _first_line(data: bytes) -> bytes:
    return data[: max(data.find(b"\r", 0, LONGEST), 0)]
