"""A clock that stands still until a test moves it.

Must not know: what is waited for.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@dataclass(slots=True, eq=False)
class Bell:
    """A call that is yet to come."""

    ring: Callable[[], object] | None

    def cancel(self) -> None:
        self.ring = None


class HandClock:
    """Tells the time that it was set to, and rings what is due when it is moved on."""

    def __init__(self, start: datetime = START) -> None:
        self._now = start
        self._bells: list[tuple[datetime, int, Bell]] = []
        self._count = itertools.count()

    def now(self) -> datetime:
        """The time, aware, in UTC."""
        return self._now

    def time(self) -> float:
        """The time in seconds since the epoch, as `time.time()` gives it."""
        return self._now.timestamp()

    def at(self, moment: datetime, ring: Callable[[], object]) -> Bell:
        """Call `ring` once the clock has come to `moment`."""
        bell = Bell(ring)
        heapq.heappush(self._bells, (moment, next(self._count), bell))
        return bell

    def advance(self, seconds: float) -> None:
        """Move on, and ring what has become due, the earliest first."""
        self._now += timedelta(seconds=seconds)
        while self._bells and self._bells[0][0] <= self._now:
            bell = heapq.heappop(self._bells)[2]
            if bell.ring is not None:
                bell.ring()
