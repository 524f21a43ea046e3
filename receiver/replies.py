"""The reply contract: what became of a request, as a value, and the one answer for each.

A wrong code loses events for good: some senders drop an event on any 4xx, some delete their
subscription on 410, some send again for ever until they see exactly 200. So there is no other
place that chooses a status for an event operation. Must not know: HTTP servers, or how an outcome
came about.

| outcome       | answer                                                                         |
|---------------|--------------------------------------------------------------------------------|
| `Taken`       | 200, JSON (below)                                                              |
| `Refused`     | 401, empty                                                                     |
| the others    | 431, 408, 413 or 503, `application/problem+json` (RFC 9457); 503: `Retry-After` |

One event: `{"status": "accepted" | "duplicate" | "quarantined", "id": "…", "problems": ["…"]}`,
`problems` only where there are any. A batch: `{"status": …, "accepted": 2, "duplicate": 1,
"quarantined": 0, "ids": ["…", …]}`; `ids` in the order of the events, `status` the worst of theirs
(quarantined, then accepted, then duplicate; an empty batch is accepted).

Where the body was not read to its end the answer closes the connection: what is left of the body
must not be taken for the next request.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec

from receiver.receipt import Receipt, Status


class Taken(msgspec.Struct, frozen=True):
    """Every event of the request is kept, or was kept before."""

    receipts: Sequence[Receipt]
    batch: bool = False
    """Whether the request was an array of events."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Nobody proved the request; `reason` is a word of SignatureError, and is not answered."""

    reason: str
    challenge: bool = False
    """Whether its sender only shows a password when it is asked for one (RFC 7617)."""


@dataclass(frozen=True, slots=True)
class TooLarge:
    """The body, as sent or decompressed, has more than `limit` bytes."""

    limit: int
    read: bool = False
    """Whether the body was read to its end."""


@dataclass(frozen=True, slots=True)
class TooSlow:
    """The body was not complete in time."""


@dataclass(frozen=True, slots=True)
class HeadersTooLarge:
    """The header fields are too long or too many."""


@dataclass(frozen=True, slots=True)
class Unavailable:
    """We cannot take events now; the sender should come again after `retry_after` seconds."""

    retry_after: int
    why: str
    """What is wrong on our side, for the log; not answered, for it may name files."""
    read: bool = True
    """Whether the body was read to its end."""


Outcome = Taken | Refused | TooLarge | TooSlow | HeadersTooLarge | Unavailable
"""What may become of a request to an event operation; nothing else is ever answered there."""


class Reply(msgspec.Struct, frozen=True):
    """An answer as ASGI sends it; `content-length` is among the headers."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


def taken(receipt: Receipt) -> Reply:
    """The one answer to a request of one event that is `Taken`."""
    body = _encode(receipt)
    return Reply(200, _json_of(len(body)), body)


def reply(outcome: Outcome) -> Reply:
    """The one answer to an outcome."""
    match outcome:
        case Taken(receipts, batch):
            if not batch:
                return taken(receipts[0])
            body = _encode(_batch(receipts))
            return Reply(200, _json_of(len(body)), body)
        case Refused(_, challenge):
            return _CHALLENGED if challenge else _REFUSED
        case TooLarge(limit, read):
            return _problem(413, f"The body may have at most {limit} bytes.", read)
        case TooSlow():
            return _problem(408, "The body was not complete in time.", False)
        case HeadersTooLarge():
            return _problem(431, "The header fields are too long or too many.", False)
        case Unavailable(retry_after, _, read):
            after = (b"retry-after", str(max(1, retry_after)).encode())
            return _problem(503, "No events can be taken now; send it again later.", read, after)


_encode = msgspec.json.Encoder().encode

_JSON = (b"content-type", b"application/json")
_PROBLEM = (b"content-type", b"application/problem+json")
_CLOSE = (b"connection", b"close")
_REFUSED = Reply(401, ((b"content-length", b"0"),), b"")
_CHALLENGED = Reply(401, (*_REFUSED.headers, (b"www-authenticate", b'Basic realm="receiver"')), b"")
_TITLES = {
    408: "Request Timeout",
    413: "Content Too Large",
    431: "Request Header Fields Too Large",
    503: "Service Unavailable",
}
_WORST_FIRST = (Status.QUARANTINED, Status.ACCEPTED, Status.DUPLICATE)


def _batch(receipts: Sequence[Receipt]) -> dict[str, Any]:
    statuses = [receipt.status for receipt in receipts]
    counts: dict[str, int] = {status: statuses.count(status) for status in Status}
    worst = next((status for status in _WORST_FIRST if counts[status]), Status.ACCEPTED)
    return {
        "status": worst,
        **counts,
        "ids": [receipt.id for receipt in receipts],
    }


def _problem(status: int, detail: str, read: bool, *more: tuple[bytes, bytes]) -> Reply:
    body = _encode(
        {"type": "about:blank", "title": _TITLES[status], "status": status, "detail": detail}
    )
    headers = (_PROBLEM, _length(body), *more)
    return Reply(status, headers if read else (*headers, _CLOSE), body)


@lru_cache(maxsize=256)
def _json_of(length: int) -> tuple[tuple[bytes, bytes], ...]:
    """The headers of a JSON body, made once for each length: most answers are of one."""
    return (_JSON, (b"content-length", b"%d" % length))


def _length(body: bytes) -> tuple[bytes, bytes]:
    return (b"content-length", b"%d" % len(body))
