"""One request and its answer on uvicorn's protocol, with a short way for who needs no messages.

ASGI hands a body over in messages and takes an answer in at least two, each a call of the system
to write. Here a body that is all there is handed over as it is, and an answer is written whole.
What is used of uvicorn's insides is guarded by tests/listeners/test_uvicorn.py. Must not know:
paths, what an event is.
"""

from __future__ import annotations

from collections.abc import Sequence

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from receiver.http import wire
from receiver.http.flow import Flow

CYCLE = "receiver.cycle"
"""The key of the ASGI scope for the request's cycle, if the server is ours; taken out at once, for
the cycle holds the scope."""


class Cycle(RequestResponseCycle):
    """uvicorn's; `whole` and `answer` take the place of `receive` and `send`."""

    flow: Flow

    def whole(self) -> bytes | None:
        """The body, if it is all there; else it is to be received in messages."""
        if self.more_body or self.disconnected:
            return None
        body, self.body = self.body, bytearray()
        return bytes(body)

    def answer(self, status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> bool:
        """Write a whole answer; `headers` are well-formed, and tell the length of the body.

        False, with nothing written, when the other side does not read: then `send` waits for it.
        """
        if self.disconnected:
            return True
        if self.flow.write_paused or self.access_log:
            return False
        self.response_started = self.response_complete = True
        self.waiting_for_100_continue = False
        last = not self.keep_alive or self.flow.ends
        head, closes = wire.head(status, tuple(headers), self.default_headers, last=last)
        if closes:
            self.keep_alive = False
        self.transport.write(head + body)
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()
        return True

    async def send(self, message: ASGISendEvent) -> None:
        """As uvicorn's; says that an answer is the last where it is."""
        if not self.response_started and self.flow.ends:
            self.keep_alive = False
        await super().send(message)
