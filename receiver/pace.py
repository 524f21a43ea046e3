"""How many events may go on, where a rate is kept: a token bucket.

Must not know: what they are, what time it is.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta

BURST_SECONDS = 0.1
"""What was not used is made up for so long, at most: a pause is not followed by a flood."""


class Pace:
    """Lets `rate` events go in a second."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._most = max(1.0, rate * BURST_SECONDS)
        self._tokens = self._most
        self._at: datetime | None = None

    def room(self, now: datetime) -> int:
        """How many may go right now."""
        if self._at is not None:
            passed = max(0.0, (now - self._at).total_seconds())
            self._tokens = min(self._most, self._tokens + passed * self._rate)
        self._at = now
        return math.floor(self._tokens + 1e-9)

    def go(self, events: int) -> None:
        """So many go, after `room` was asked."""
        self._tokens -= events

    def more_at(self, now: datetime) -> datetime:
        """When one may go that may not go now."""
        missing = max(0.0, 1.0 - self._tokens)
        return now + timedelta(seconds=missing / self._rate)
