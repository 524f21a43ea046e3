"""ASGI middleware before connexion: an event request goes on whole and neutral, or not at all.

It finds the operation, reads the body once, and hands connexion a request that holds nothing of
the sender's: connexion answers bad UTF-8, long integers and deep nesting with 500, chunked bodies
with 400, unknown media types with 415, and redirects a trailing slash. What was sent travels
beside it, untouched. Must not know: signatures, payloads, how an event is kept.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from receiver.contract import Operation
from receiver.http import answer
from receiver.http.body import BODY_DROPPED, LENGTH, Bodies, was_dropped
from receiver.http.cycle import CYCLE, Cycle
from receiver.http.framing import declared, too_heavy
from receiver.http.table import Table, routed
from receiver.intake import Intake
from receiver.locator import Headers
from receiver.replies import HeadersTooLarge, Outcome, Refused, TooLarge

CAPTURED = "receiver.captured"
"""The key of the ASGI scope under which a captured request travels through connexion."""

Observe = Callable[[Operation, Outcome], None]
"""Is told of every request to an event path that is refused before `intake` sees it."""

Stranger = Callable[[int, str, str], None]
"""Is told the status (404, 405, 500) of every answer that is about no event, the request's method
and its path."""

_log = logging.getLogger("receiver.http")
_NEUTRAL_HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"0")]


@dataclass(frozen=True, slots=True)
class Captured:
    """One whole request to an event path."""

    intake: Intake
    operation: Operation
    headers: Headers
    body: bytes
    values: Mapping[str, str] | None
    """Of the path's parameters."""

    async def admit(self) -> answer.Reply:
        """Take it in and write the answer; raises nothing."""
        return await answer.admit(self.intake, self.operation, self.headers, self.body, self.values)


class Capture:
    """The middleware. What belongs to no operation goes on as it is, but for trailing slashes."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        table: Table,
        intake: Intake,
        bodies: Bodies,
        observe: Observe,
        stranger: Stranger,
    ) -> None:
        self._app = app
        self._intake = intake
        self._bodies = bodies
        self._observe = observe
        self._stranger = stranger
        self._find = table.find
        self._warned = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]
        if scope.get("root_path"):
            path = _below_root(scope)
        cycle: Cycle | None = scope.pop(CYCLE, None)
        found = self._find(path)
        if found is None:
            await self._app(
                {**scope, "path": path.rstrip("/") or "/", "root_path": ""}, receive, send
            )
            return
        operation, values = found
        if scope["method"] != "POST":
            await self.refuse_method(operation, scope, send)
            return
        client = scope.get("client")
        if not self._intake.admits(operation, client[0] if client else None):
            await self._refuse(operation, Refused("not-allowed"), send)
            return
        headers: Headers = scope["headers"]
        length: int | None = scope.get(LENGTH)
        if length is None:  # a server that is not ours
            if too_heavy(headers):
                await self._refuse(operation, HeadersTooLarge(), send)
                return
            length = declared(headers)
        if length > operation.limits.body:
            # Before anything is read: whoever expects 100 is spared the sending.
            await self._refuse(operation, TooLarge(operation.limits.body, read=True), send)
            return
        whole = None if cycle is None else cycle.whole()
        try:
            body = (
                await self._bodies.read(receive, operation.limits.body)
                if whole is None
                else self._bodies.take(whole, operation.limits.body)
            )
        except Exception:
            _log.exception("operation %s: a body could not be read", operation.id)
            body = answer.FAULT
        if body == b"" and was_dropped(headers):
            self._warn_of_dropping()
            body = BODY_DROPPED
        if isinstance(body, bytes):
            try:
                await self.take(operation, values, headers, body, scope, send, cycle)
            finally:
                self._bodies.release(body)
        elif body is not None:
            await self._refuse(operation, body, send)

    async def take(
        self,
        operation: Operation,
        values: Mapping[str, str] | None,
        headers: Headers,
        body: bytes,
        scope: Scope,
        send: Send,
        cycle: Cycle | None,
    ) -> None:
        """Hand a whole request on through connexion's routing."""
        captured = Captured(self._intake, operation, headers, body, values)
        await self._app(_neutral(scope, operation, captured), _nothing, send)

    async def refuse_method(self, operation: Operation, scope: Scope, send: Send) -> None:
        """Let connexion answer a request that is no POST."""
        await self._app(_neutral(scope, operation, None), _nothing, send)

    def _warn_of_dropping(self) -> None:
        """Say it once: anybody can cause it, as often as they like."""
        if not self._warned:
            self._warned = True
            _log.warning(
                "the HTTP server drops bodies of requests that offer to upgrade the connection; "
                "they are answered 503: put a proxy before it that removes the Upgrade header"
            )

    async def _refuse(self, operation: Operation, outcome: Outcome, send: Send) -> None:
        try:
            self._observe(operation, outcome)
        except Exception:
            _log.exception("operation %s: the observer failed", operation.id)
        await answer.send_reply(answer.reply(outcome), send)


def _below_root(scope: Scope) -> str:
    """The path below the prefix under which a server or proxy mounted us."""
    path: str = scope["path"]
    root: str = scope["root_path"].rstrip("/")
    if path == root or path.startswith(root + "/"):
        return path[len(root) :] or "/"
    return path


def _neutral(scope: Scope, operation: Operation, captured: Captured | None) -> Scope:
    path = routed(operation)
    return {
        **scope,
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": _NEUTRAL_HEADERS,
        CAPTURED: captured,
    }


async def _nothing() -> Message:
    """The body that connexion sees."""
    return {"type": "http.request", "body": b"", "more_body": False}
