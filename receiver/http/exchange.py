"""One request that came whole, and its answer, for who needs neither messages nor a task.

ASGI's way costs a scope, a cycle, an event and a task for each request, which is as much as to
verify it. This stands in a cycle's place while the connection waits for the answer: it has what
uvicorn's protocol, and ours, look at. Must not know: paths, what an event is.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import msgspec

from receiver.http import wire
from receiver.http.framing import Head
from receiver.locator import Headers
from receiver.replies import Reply

if TYPE_CHECKING:
    from receiver.http.protocol import Protocol as Connection

_OK = 200
"""To look up a member of HTTPStatus would take as long as to put the answer together."""


class Desk(Protocol):
    """Takes in requests that came whole."""

    def find(self, path: str, length: int) -> Any:
        """Where a POST of so many bytes to a path belongs; None: nowhere here."""

    def is_fixed(self, place: Any) -> bool:
        """Whether requests that belong there have always the same path.

        Those with that path belong there, then: of one like one before, `find` is not asked.
        """

    def take_whole(self, exchange: Exchange, loop: asyncio.AbstractEventLoop) -> bool:
        """Take a request in; `Exchange.answer` is called in a later turn of the event loop.

        False: it is to go ASGI's way.
        """


class _Nobody:
    """Who waits for messages of an exchange."""

    def set(self) -> None:
        """Nobody is told."""


class Exchange(msgspec.Struct, eq=False):
    """One request."""

    connection: Connection
    scope: Any
    """The connection's, by which it knows which request it reads; empty."""
    place: Any
    """What the desk has found for it."""
    headers: Headers
    head: Head
    keep_alive: bool
    body: bytes = b""
    more_body: bool = True
    written: bytes = b""
    """Its head as it came, if the next request may be read by its likeness."""
    disconnected: bool = False
    response_complete: bool = False

    message_event: ClassVar[_Nobody] = _Nobody()
    response_started: ClassVar[bool] = False

    def __repr__(self) -> str:
        return object.__repr__(self)  # its headers are secret, its body may be

    @property
    def over(self) -> bool:
        """Whether it is answered, and another request may follow."""
        return self.response_complete and self.keep_alive and not self.more_body

    def answer(self, reply: Reply) -> None:
        """Write the answer, as soon as the other side reads; the body is let go."""
        connection = self.connection
        flow = connection.flow
        if self.disconnected:
            return
        if flow.write_paused:
            task = connection.loop.create_task(self._later(reply))
            connection.tasks.add(task)
            task.add_done_callback(connection.tasks.discard)
            return
        self.response_complete = True
        self.body = b""
        if reply.status != _OK:
            self.written = b""  # nothing is learned of strangers: it takes its time
        last = not self.keep_alive or flow.ends
        common = connection.server_state.default_headers
        head, closes = wire.head(reply.status, reply.headers, common, last=last)
        if closes:
            self.keep_alive = False
        transport = connection.transport
        transport.write(head + reply.body)
        if not self.keep_alive:
            transport.close()
        connection.on_response_complete()

    async def _later(self, reply: Reply) -> None:
        await self.connection.flow.drain()
        self.answer(reply)
