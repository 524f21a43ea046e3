"""The store at a glance: how much of everything it holds, and how large it is.

Must not know: how a store counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from receiver.inbox.places import RoutePlace


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The store at a glance."""

    events: int
    last_seq: int
    quarantined: int
    dead: int
    dedup_keys: int
    dedup_since: datetime | None
    """The oldest dedup key still remembered: the effective window."""
    bytes_used: int
    """On the disk, the log included."""
    bytes_free: int
    """Of these, what deletions have left behind: it is used again before the store grows."""
    schema_version: int
    places: tuple[RoutePlace, ...] = ()
    oldest_event: datetime | None = None
    """When the first event that is still there was received."""
