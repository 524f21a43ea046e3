"""Events in memory by position, of which any may be deleted, and the rules of deleting them.

Must not know: who appends, who claims.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from receiver.inbox import Attempt, DeadLetter, Stored
from receiver.inbox.annals import Annal
from receiver.inbox.retention import Limits, Purged
from receiver.inbox.steering import Flow
from receiver.ledger import Ledger


class Shelf:
    """What was kept, in order; a position is never given twice."""

    def __init__(self) -> None:
        self.last = 0
        """The newest position, whether its event is still there or not."""
        self.bytes = 0
        """Of all payloads."""
        self._rows: dict[int, Stored] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, event: Stored) -> None:
        """Keep an event at the next position."""
        self.last += 1
        self._rows[self.last] = event
        self.bytes += len(event.raw)

    def put(self, place: int, event: Stored) -> None:
        """Write over one that is there, with the same payload."""
        self._rows[place] = event

    def get(self, place: int) -> Stored | None:
        """The event at a position; None when it was deleted."""
        return self._rows.get(place)

    def after(self, place: int) -> Iterator[tuple[int, Stored]]:
        """The events after a position, oldest first, each with its own."""
        first = max(place + 1, next(iter(self._rows), self.last + 1))
        for at in range(first, self.last + 1):
            event = self._rows.get(at)
            if event is not None:
                yield at, event

    def remove(self, place: int) -> None:
        """Delete one that is there."""
        self.bytes -= len(self._rows.pop(place).raw)


@dataclass(slots=True)
class Records:
    """What is kept of one route."""

    ledger: Ledger
    annal: Annal
    dead: dict[int, DeadLetter] = field(default_factory=dict)
    again: dict[int, DeadLetter] = field(default_factory=dict)
    """Dead letters that are to be tried again as soon as the route has room."""
    attempts: list[Attempt] = field(default_factory=list)
    flow: Flow = "running"
    flow_at: datetime | None = None
    removed_at: datetime | None = None


def purge(
    limits: Limits, now: datetime, events: Shelf, quarantine: Shelf, routes: list[Records]
) -> Purged:
    """Delete what `limits` let go, all of it: memory takes no time worth a second step."""
    used = events.bytes + quarantine.bytes
    dead = _dead_letters(limits.dead, now, routes)
    gone = _aged(quarantine, limits.quarantine, now, frozenset(), quarantine.last)
    live = [each for each in routes if each.removed_at is None]
    needed = frozenset(seq for each in live for seq, _, _ in each.ledger.kept())
    needed |= frozenset(seq for each in routes for seq in (*each.dead, *each.again))
    passed = min((each.ledger.position for each in live), default=events.last)
    left = _aged(events, limits.events, now, needed, passed)
    if limits.soft is not None:
        for seq in [seq for seq, _ in events.after(0) if seq <= passed and seq not in needed]:
            if events.bytes + quarantine.bytes < limits.soft:
                break
            events.remove(seq)
            left += 1
    forced = _forced(limits, events, quarantine)
    for each in routes:
        each.attempts[:] = [kept for kept in each.attempts if events.get(kept.seq)]
        for seq in [seq for seq in each.dead if not events.get(seq)]:
            del each.dead[seq]
        each.annal.forget(next((seq for seq, _ in events.after(0)), 0))
    return Purged(
        events=left + forced[0],
        forced=sum(forced),
        dead=dead,
        quarantined=gone + forced[1],
        used=used,
    )


def _dead_letters(age: timedelta | None, now: datetime, routes: list[Records]) -> int:
    old = [
        (each, seq)
        for each in routes
        for seq, letter in each.dead.items()
        if age is not None and now - letter.buried_at > age
    ]
    for each, seq in old:
        del each.dead[seq]
    return len(old)


def _aged(
    shelf: Shelf, age: timedelta | None, now: datetime, needed: frozenset[int], passed: int
) -> int:
    """Delete what is too old and not needed; how many that were."""
    if age is None:
        return 0
    old = [
        place
        for place, event in shelf.after(0)
        if place <= passed and place not in needed and now - event.received_at > age
    ]
    for place in old:
        shelf.remove(place)
    return len(old)


def _forced(limits: Limits, events: Shelf, quarantine: Shelf) -> tuple[int, int]:
    """Delete the oldest of both, if that is asked for; how many that were."""
    if not limits.force or limits.hard is None or events.bytes + quarantine.bytes < limits.hard:
        return 0, 0
    counts = [0, 0]
    for kind, shelf in enumerate((events, quarantine)):
        for place, _ in list(shelf.after(0)):
            if events.bytes + quarantine.bytes < limits.hard * 0.9:
                break
            shelf.remove(place)
            counts[kind] += 1
    return counts[0], counts[1]
