"""The time that routes live by: retries are due by it. Tests drive one of their own.

Must not know: anything of Receiver.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Protocol

LONGEST_TIMER = 60.0
"""Seconds; a timer rings early rather than trust that the wall clock is never set."""


class Timer(Protocol):
    """A call that is yet to come."""

    def cancel(self) -> None: ...


class Clock(Protocol):
    """Tells the time and rings at one."""

    def now(self) -> datetime:
        """The time, aware, in UTC."""

    def at(self, moment: datetime, ring: Callable[[], object]) -> Timer:
        """Call `ring` on the running loop at `moment`, or somewhat earlier."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def at(self, moment: datetime, ring: Callable[[], object]) -> Timer:
        seconds = (moment - self.now()).total_seconds()
        delay = min(max(seconds, 0.0), LONGEST_TIMER)
        return asyncio.get_running_loop().call_later(delay, ring)


async def rest(seconds: float, stopping: asyncio.Event) -> None:
    """Wait, but not longer than until the event is set; when it is, for a moment."""
    if stopping.is_set():
        await asyncio.sleep(min(seconds, 0.1))
        return
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stopping.wait()
