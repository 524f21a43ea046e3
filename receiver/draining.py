"""uvicorn's server with an end at which no client is reset: the last requests are still answered.

At the end of a worker its clients do not know of it yet: a request that is on its way into a
connection that is kept alive would meet a closed one, and its sender never hear whether it counted.
So who asks now is answered, and told that this was the last answer (`Connection: close`); a
connection over which nothing comes for a moment is ended on our side only, and what still comes is
read for another moment: whoever sent it sees an end without an answer, not a reset, and may send it
again. Must not know: what is served.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Sequence
from types import FrameType
from typing import cast

from uvicorn.config import Config
from uvicorn.server import Server

from receiver.http.ending import Ending
from receiver.http.share import Seat

QUIET = 0.3
"""Seconds without an answer after which nothing more is on its way."""
LONGEST = 2.0
"""Seconds for which connections are kept open for more, however much comes."""
LINGER = 0.5
"""Seconds after our end of an idle connection in which the other side may end it, too."""
LOOK = 0.02
MOST = 2048
"""Connections that may wait in a listener (its backlog)."""


class Draining(Server):
    """A worker's server; a second signal says no more than the first.

    On Ctrl-C a worker hears of the end from the terminal and from the arbiter.
    """

    def __init__(self, config: Config, seat: Seat | None) -> None:
        """`seat` is the worker's place among those that accept from the same socket."""
        super().__init__(config)
        self._seat = seat
        self._answered = -1
        self._answered_at = 0.0

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._seat is not None:
            self._seat.surplus(0)  # so that those who have too many know that somebody has none

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._seat is not None:
            self._seat.rise()
        await self._accept_the_rest(sockets or [])
        await self._until(self._quiet, LONGEST)
        for connection in self._connections():
            connection.finish()
        await self._until(lambda: not any(each.parting for each in self._connections()), LINGER)
        await super().shutdown(sockets)

    def _connections(self) -> list[Ending]:
        return cast("list[Ending]", list(self.server_state.connections))

    def _quiet(self) -> bool:
        """Whether nobody is connected any more, or nothing was answered for a while."""
        for connection in self._connections():  # also those that were just accepted
            connection.leave()
        answered, now = self.server_state.total_requests, time.monotonic()
        if answered != self._answered:
            self._answered, self._answered_at = answered, now
        return not self.server_state.connections or now - self._answered_at >= QUIET

    async def _accept_the_rest(self, sockets: Sequence[socket.socket]) -> None:
        """Take what waits in the sockets as they are closed: what they hold then would be reset.

        The last to be closed are copies, each by the call after the one that found nobody waiting:
        who connects while the servers are closed is taken, too.
        """
        copies = [each.dup() for each in sockets]
        for server in self.servers:
            server.close()
        for each in sockets:
            each.close()
        waiting = [accepted for each in copies for accepted in _last_of(each)]
        for accepted in waiting:
            await self._serve_one(accepted)

    async def _serve_one(self, accepted: socket.socket) -> None:
        def protocol() -> asyncio.Protocol:
            return self.config.http_protocol_class(  # type: ignore[call-arg]
                config=self.config, server_state=self.server_state, app_state=self.lifespan.state
            )

        try:
            await asyncio.get_running_loop().connect_accepted_socket(protocol, accepted)
        except OSError:
            accepted.close()  # its client has gone

    async def _until(self, true: Callable[[], bool], seconds: float) -> None:
        end = time.monotonic() + seconds
        while not true() and not self.force_exit and time.monotonic() < end:  # noqa: ASYNC110 (polls)
            await asyncio.sleep(LOOK)


def _last_of(listener: socket.socket) -> list[socket.socket]:
    """Close a listener; the connections that waited there. A flood of them is not waited for."""
    found: list[socket.socket] = []
    with listener:
        while len(found) < MOST:
            try:
                accepted, _ = listener.accept()
            except OSError:  # nobody waits
                break
            found.append(accepted)
    for accepted in found:
        accepted.setblocking(False)
    return found
