"""Opens the sink of a route, as often as it takes, and closes it.

Must not know: claims, the inbox.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from receiver.backoff import pause
from receiver.dispatch.binding import AnySink
from receiver.dispatch.clock import rest
from receiver.dispatch.complaints import Complaints
from receiver.dispatch.isolated import IsolatedSink
from receiver.dispatch.outcome import Raised, called, spoken
from receiver.dispatch.threads import once, unless
from receiver.errors import PluginError

CLOSING = 5.0
"""Seconds that a sink's `close` may take."""


class Opening:
    """The doors of one route's sink."""

    def __init__(
        self, complaints: Complaints, stopping: asyncio.Event, random: Callable[[], float]
    ) -> None:
        self._complaints = complaints
        self._stopping = stopping
        self._random = random

    async def open_all(self, sinks: Sequence[AnySink], deadline: float) -> bool:
        """Open what the route calls, in order; False when it was stopped before.

        Raises PluginError when a process of its own finds that the sink cannot be used. Then, and
        after False, none of them is open.
        """
        number = 0
        try:
            while number < len(sinks) and await self._open(sinks[number], deadline):
                number += 1
        finally:
            if number < len(sinks):
                await self.close_all(sinks[:number])
                for other in sinks[number:]:
                    await other.release()
        return number == len(sinks)

    async def close_all(self, sinks: Sequence[AnySink]) -> None:
        """Close them, and let go of what they have."""
        for sink in sinks:
            await self._close(sink)

    async def _open(self, sink: AnySink, deadline: float) -> bool:
        """Open the sink; False when the route was stopped before.

        Raises PluginError when a process of its own finds that the sink cannot be used.
        """
        failures = 0
        while sink.open is not None and not self._stopping.is_set():
            limit = deadline + sink.starting
            result = await unless(self._stopping, once(sink.open, limit), CLOSING)
            if not isinstance(result, Raised):
                return True
            if self._stopping.is_set():
                return False
            if isinstance(sink, IsolatedSink) and isinstance(result.error, PluginError):
                raise result.error
            failures += 1
            said = f"open failed: {called(result.error)}: {spoken(result.error)}"
            self._complaints.note(sink.redaction.text(said), "starting")
            if failures == 1:
                self._complaints.log.error("the sink does not open; trying on", error=said)
            await rest(pause(failures, self._random(), first=1.0, cap=60.0), self._stopping)
        return sink.open is None

    async def _close(self, sink: AnySink) -> None:
        result = await once(sink.close, CLOSING) if sink.close else None
        if isinstance(result, Raised):
            said = f"close failed: {called(result.error)}: {spoken(result.error)}"
            self._complaints.note(sink.redaction.text(said))
            self._complaints.log.warning("the sink does not close", error=said)
        await sink.release()
