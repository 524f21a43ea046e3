"""`GET /healthz`: this process runs and answers. It tells nobody anything else.

Must not know: the store, the dispatcher; whether they are well is for the admin listener to say.
"""

from __future__ import annotations

from starlette.types import Receive, Scope, Send

from receiver.http.answer import problem, send_reply
from receiver.replies import Reply

PATH = "/healthz"

_BODY = b'{"status":"ok"}'
_WELL = Reply(
    200,
    (
        (b"content-type", b"application/json"),
        (b"content-length", str(len(_BODY)).encode()),
        (b"cache-control", b"no-store"),
    ),
    _BODY,
)
_READ_ONLY = problem(405, allow="GET, HEAD")


class Health:
    """The ASGI application behind the path: 200 while the process serves."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        reply = _WELL if scope["method"] in ("GET", "HEAD") else _READ_ONLY
        await send_reply(reply, send)
