"""What a connection does not take in: more while requests wait or at its end, and late fields.

Must not know: the parser, what a request is about.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sized

from uvicorn.protocols.http.flow_control import FlowControl


class Flow(FlowControl):
    """uvicorn's, but nothing more is read while requests of the connection wait for their turn."""

    def __init__(self, transport: asyncio.Transport, waiting: Sized) -> None:
        super().__init__(transport)
        self._waiting = waiting
        self.leaving = False
        """Whether the connection ends with the first answer behind which no request waits."""

    @property
    def ends(self) -> bool:
        """Whether an answer that is given now is the last."""
        return self.leaving and not self._waiting

    def resume_reading(self) -> None:
        if self.read_paused and not self._waiting:
            super().resume_reading()


class _Trailers(list[tuple[bytes, bytes]]):
    """Where header fields after a body go: nowhere. Nothing that we read is ever one."""

    def append(self, field: tuple[bytes, bytes]) -> None:
        """Forget it."""


TRAILERS = _Trailers()
