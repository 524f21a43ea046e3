"""How long a connection may be about one thing, and how it ends: never with an answer unread.

What is used of uvicorn's insides is guarded by tests/listeners/test_uvicorn.py. Must not know: the
parser's work, paths, what an event is.
"""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from receiver.http.door import Door, Room, last_words
from receiver.http.flow import Flow

_PARTING, _WAITING, _ANSWERING, _HEAD, _REST, _IDLE = range(6)
"""What a connection is about, for its deadline."""


class Ending(HttpToolsProtocol):
    """A connection's deadlines and its end."""

    door: ClassVar[Door] = Door()
    flow: Flow

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._room = Room.FREE
        self._deaf = False
        """Whether what still comes in is thrown away."""
        self._parting = False
        self._last_words: bytes | None = None
        """To be said, and the connection closed, once what was asked before is answered."""
        self._noted: tuple[int, object, int] | None = None
        """What the connection was about when it was looked at, and since when."""
        self._noted_at = 0.0

    @property
    def parting(self) -> bool:
        """Whether our side has ended."""
        return self._parting

    def look(self, now: float) -> bool:
        """Close the connection when what it is about takes too long; `door` calls this.

        Returns whether a request came in since the last look, and the connection is to stay.
        """
        about, seconds = self._about()
        note = (about, self.cycle, len(self.pipeline))
        if note != self._noted:
            self._noted, self._noted_at = note, now
            return self.cycle is not None and not (self.flow.leaving or self._parting)
        if now - self._noted_at >= seconds:
            self._noted = None
            self._end(about)
        return False

    def leave(self) -> None:
        """Make the next answer the last; until then the connection stays."""
        self.flow.leaving = True

    def finish(self) -> None:
        """End our side if nothing is being asked; what is, is answered and is the last."""
        self.flow.leaving = True
        if not self._parting and self._about()[0] in (_HEAD, _REST, _IDLE):
            self._part(b"")

    def shutdown(self) -> None:
        """As `finish`, for a server that does not wait for the other side."""
        self.finish()
        if self._parting:
            self.transport.close()

    def _about(self) -> tuple[int, float]:
        """What the connection is about, and how long it may be."""
        cycle, limits = self.cycle, self.door.limits
        if self._parting or self.transport.is_closing():
            return _PARTING, limits.parting
        if self._room is not Room.FREE:
            return _WAITING, limits.parting
        if self.pipeline or (cycle is not None and not cycle.response_complete):
            return _ANSWERING, limits.answer
        if cycle is None or cycle.scope is not self.scope:
            return _HEAD, limits.head
        if cycle.more_body:
            return _REST, limits.rest
        return _IDLE, limits.idle

    def _end(self, about: int) -> None:
        if about in (_PARTING, _ANSWERING):
            self.transport.abort()
        elif about == _WAITING:
            self._refuse(503)
        elif about == _HEAD and self.scope is not None:
            self._refuse(408)
        elif about == _IDLE:
            self._part(b"")
        else:
            self.transport.close()

    def _refuse(self, status: int) -> None:
        """Read no further, and answer so when everything asked before is answered."""
        self._deaf = True
        if self.transport.is_closing():
            return
        self.door.stranger(status)
        last = last_words(status, self.server_state.default_headers)
        cycle = self.cycle
        if cycle is not None and cycle.more_body and cycle.scope is self.scope:
            # It is the body of this request that cannot be read.
            if cycle.response_complete:
                last = b""
            elif self.pipeline:
                self.pipeline.popleft()
                self._last_words = last
                return
            elif cycle.response_started:
                cycle.keep_alive = False
                return
            else:
                cycle.disconnected = True
                cycle.message_event.set()
        elif self.pipeline or (cycle is not None and not cycle.response_complete):
            self._last_words = last
            return
        self._part(last)

    def _part(self, last: bytes) -> None:
        """Say the last words and close so that they can be read.

        A connection closed with bytes unread is reset, which may throw the answer away: so the
        other side is told that this is all, and what it still sends is read for a while.
        """
        self._deaf = self._parting = True
        self.flow.resume_reading()
        if last:
            self.transport.write(last)
        if self.transport.can_write_eof():
            self.transport.write_eof()
        else:
            self.transport.close()
