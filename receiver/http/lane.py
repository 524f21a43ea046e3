"""The short way: an event request is taken in before connexion, with the same answers.

Must not know: signatures, payloads, how an event is kept.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from starlette.types import Scope, Send

from receiver.contract import Operation
from receiver.crowd import Crowd
from receiver.http import answer
from receiver.http.capture import Capture
from receiver.http.cycle import Cycle
from receiver.http.exchange import Exchange
from receiver.http.table import Found
from receiver.locator import Headers
from receiver.receipt import Receipt
from receiver.replies import Outcome, taken

_log = logging.getLogger("receiver.http")


class Lane(Capture):
    """A capture that does not go on: what belongs to an operation is answered here.

    It is a `Desk`, too: where the server lets it, it takes whole requests straight from there.
    """

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._crowd: Crowd[Exchange] = Crowd(self._intake, self._tell)

    def find(self, path: str, length: int) -> Found | None:
        found = self._find(path)
        if found is None or length > found[0].limits.body or not self._intake.direct(found[0]):
            return None
        return found

    def is_fixed(self, place: Found) -> bool:
        return place[1] is None

    def take_whole(self, exchange: Exchange, loop: asyncio.AbstractEventLoop) -> bool:
        operation, values = exchange.place
        if not self._intake.direct(operation):  # its keys have changed since its head was read
            return False
        body = self._bodies.take(exchange.body, operation.limits.body)
        if not isinstance(body, bytes):
            return False
        self._crowd.join((operation, exchange.headers, body, values), exchange, loop)
        return True

    def _tell(self, exchange: Exchange, found: Outcome | Receipt) -> None:
        self._bodies.release(exchange.body)
        try:
            exchange.answer(taken(found) if isinstance(found, Receipt) else answer.reply(found))
        except Exception:
            _log.exception("an answer could not be written")

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
        reply = await answer.admit(self._intake, operation, headers, body, values)
        if cycle is None or not cycle.answer(reply.status, reply.headers, reply.body):
            await answer.send_reply(reply, send)

    async def refuse_method(self, operation: Operation, scope: Scope, send: Send) -> None:
        self._stranger(405, scope["method"], scope["path"])
        await answer.send_reply(answer.POST_ONLY, send)
