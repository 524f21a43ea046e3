"""Which secret proved the last events of a source, and since when another one has proved none.

It reads back through the inbox, the newest first, and no further than it must.
Must not know: secrets, how they are configured.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from receiver.inbox import Inbox, Query

PAGE = 1000
MOST = 50_000
"""Events of one source that are looked at, at most."""


@dataclass(slots=True)
class Use:
    """What the events of one source tell of its secrets."""

    last: dict[str, datetime] = field(default_factory=dict)
    """When each secret proved an event last."""
    counts: dict[str, int] = field(default_factory=dict)
    """How many of the events that were looked at each has proved."""
    events: int = 0
    """How many were looked at."""
    back_to: datetime | None = None
    """When the oldest of them came in."""
    all: bool = False
    """Whether there are no older ones."""

    @property
    def latest(self) -> str | None:
        """The secret that proved the last event of all."""
        return next(iter(self.last), None)


async def use(inbox: Inbox, source: str, names: Iterable[str]) -> Use:
    """Look back until each of `names` has been found, or at MOST events."""
    found, missing = Use(), set(names)
    before: int | None = None
    while found.events < MOST and not found.all and (missing or not found.events):
        query = Query(sources=(source,), before=before, newest_first=True, limit=PAGE)
        page = await inbox.read(query)
        found.all = len(page) < PAGE
        for event in page:
            found.events += 1
            found.back_to = event.received_at
            for name in event.secret.split("+"):
                found.last.setdefault(name, event.received_at)
                found.counts[name] = found.counts.get(name, 0) + 1
                missing.discard(name)
        if page:
            before = page[-1].seq
    return found
