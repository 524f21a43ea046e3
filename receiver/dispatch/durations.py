"""How long calls took, as plain numbers: a histogram that costs next to nothing to keep.

Must not know: what is called, who reads the numbers.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import ClassVar


class Durations:
    """Calls of one route, by how long they took; added to on the loop, read from any thread."""

    __slots__ = ("counts", "seconds")

    bounds: ClassVar[tuple[float, ...]] = (
        *(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
        *(1.0, 2.5, 5.0, 10.0, 30.0, 60.0),
    )
    """Seconds."""

    def __init__(self) -> None:
        self.counts = [0] * (len(self.bounds) + 1)
        """Calls that took no longer than each bound, and longer than the one before; then those
        that took longer than all."""
        self.seconds = 0.0
        """That all calls took together."""

    def add(self, seconds: float) -> None:
        self.counts[bisect_left(self.bounds, seconds)] += 1
        self.seconds += seconds
