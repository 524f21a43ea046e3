"""The short way: an event request is taken in before connexion, with the same answers.

Must not know: signatures, payloads, how an event is kept.
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.types import Scope, Send

from receiver.contract import Operation
from receiver.http import answer
from receiver.http.capture import Capture
from receiver.http.cycle import Cycle
from receiver.locator import Headers


class Lane(Capture):
    """A capture that does not go on: what belongs to an operation is answered here."""

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
