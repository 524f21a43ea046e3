"""What is sent and when: the schedule of one simulation, made of chance before anything is sent.

Must not know: what is answered, HTTP.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Literal

Kind = Literal["event", "duplicate", "forgery"]

REORDER_SECONDS = 1.0
"""How much later than its turn an event that is sent out of order comes, at most."""

DUPLICATE_SECONDS = 2.0
"""How long after an event its duplicate is sent, at most."""


@dataclass(frozen=True, slots=True, order=True)
class Sending:
    """One request: when, and of what."""

    at: float
    """Seconds after the start."""
    number: int
    """Which event; a forgery has the number of none."""
    kind: Kind = "event"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much of everything."""

    count: int
    rate: float
    """Events in a second."""
    duplicates: float = 0.0
    """Which part of the events is sent twice."""
    bad_signatures: float = 0.0
    """How many requests that prove nothing, as a part of the events."""
    reordered: float = 0.0
    """Which part is sent later than its turn."""
    burst: int = 1
    """Events that come at the same moment, with a pause of as many turns."""

    def sendings(self, random: Random) -> Iterator[Sending]:
        """Every request, in the order of time."""
        waiting: list[Sending] = []
        forged = 0
        for number in range(self.count):
            due = (number // self.burst) * self.burst / self.rate
            at = due
            if random.random() < self.reordered:
                at += random.uniform(0.0, REORDER_SECONDS)
            heapq.heappush(waiting, Sending(at, number))
            if random.random() < self.duplicates:
                again = at + random.uniform(0.0, DUPLICATE_SECONDS)
                heapq.heappush(waiting, Sending(again, number, "duplicate"))
            if random.random() < self.bad_signatures:
                forged += 1
                heapq.heappush(waiting, Sending(at, -forged, "forgery"))
            while waiting and waiting[0].at <= due:
                yield heapq.heappop(waiting)
        while waiting:
            yield heapq.heappop(waiting)
