"""When a target that fails is left alone, and when it is tried again: a circuit breaker.

Closed: everything is tried. After `threshold` calls in a row that failed it is open: nothing is
tried for a pause. Then it is half open: one event is tried; if that fails, the pause is twice as
long, if it is taken, the breaker is closed. Any success closes it.
Must not know: what is called, what time it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

BreakerState = Literal["closed", "open", "half-open"]

OF_THE_EVENT = frozenset(
    {
        "ArithmeticError",
        "AssertionError",
        "AttributeError",
        "IndexError",
        "KeyError",
        "NameError",
        "NotImplementedError",
        "OverflowError",
        "RecursionError",
        "TypeError",
        "UnicodeDecodeError",
        "UnicodeEncodeError",
        "UnicodeError",
        "ValidationError",
        "ValueError",
        "ZeroDivisionError",
    }
)
"""Exceptions that tell of an event or of the sink's code, and nothing of its target: they neither
open a breaker nor close it, or events that a sink cannot digest would hold up all others."""


@dataclass(frozen=True, slots=True)
class Limits:
    """When a breaker opens, and for how long."""

    threshold: int = 20
    """Calls in a row that failed; 0: it never opens."""
    pause: float = 30.0
    """Seconds until the first probe; twice as many after each that fails."""
    longest: float = 600.0
    """Seconds that no pause exceeds."""


class Breaker:
    """One route's breaker; time is an argument."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._failures = 0
        self._opened = 0
        self.until: datetime | None = None
        """When it was opened: the end of the pause."""

    def state(self, now: datetime) -> BreakerState:
        if self.until is None:
            return "closed"
        return "open" if now < self.until else "half-open"

    def succeeded(self) -> None:
        """A call was taken: the target is there."""
        self._failures = self._opened = 0
        self.until = None

    def failed(self, now: datetime) -> bool:
        """A call failed; whether that has opened it just now."""
        state = self.state(now)
        self._failures += 1
        if state == "open" or not self._limits.threshold:
            return False
        if state == "closed" and self._failures < self._limits.threshold:
            return False
        longest = max(self._limits.longest, self._limits.pause)
        seconds = min(longest, self._limits.pause * 2.0 ** min(self._opened, 32))
        self._opened += 1
        self.until = now + timedelta(seconds=seconds)
        return True
