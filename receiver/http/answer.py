"""From a whole request to the bytes of its answer, and those on the wire.

Which status an outcome has is said in `receiver.replies`; this adds the answers that are about no
event (404, 405) and the one to our own fault. Must not know: connexion, paths.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus

from starlette.types import Send

from receiver.contract import Operation
from receiver.intake import Intake
from receiver.locator import Headers
from receiver.replies import Outcome, Reply, Unavailable, reply

__all__ = [
    "FAULT",
    "POST_ONLY",
    "Outcome",
    "Reply",
    "admit",
    "closing",
    "problem",
    "reply",
    "send_reply",
]

_log = logging.getLogger("receiver.http")

FAULT = Unavailable(30, "internal error")
"""The outcome when something of ours broke: the sender should try again."""


async def admit(
    intake: Intake,
    operation: Operation,
    headers: Headers,
    body: bytes,
    values: Mapping[str, str] | None,
) -> Reply:
    """Take in one request and write its answer; our own fault is logged and answered 503."""
    try:
        return reply(await intake.ingest(operation, headers, body, values))
    except Exception:
        _log.exception("operation %s: a request could not be taken in", operation.id)
        return reply(FAULT)


def problem(status: int, allow: str | None = None) -> Reply:
    """An answer without an event as `application/problem+json` (RFC 9457)."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    content = json.dumps(body).encode()
    headers = (
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(content)).encode()),
    )
    more = () if allow is None else ((b"allow", allow.encode("latin-1")),)
    return Reply(status, headers + more, content)


def closing(status: int) -> Reply:
    """As `problem`, and the last answer on its connection."""
    told = problem(status)
    return Reply(status, (*told.headers, (b"connection", b"close")), told.body)


POST_ONLY = problem(405, allow="POST")
"""The answer to anything but a POST on an event path."""


async def send_reply(reply: Reply, send: Send) -> None:
    """Write an answer to the wire."""
    await send({"type": "http.response.start", "status": reply.status, "headers": reply.headers})
    await send({"type": "http.response.body", "body": reply.body})
