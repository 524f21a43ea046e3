"""What may be deleted from the inbox, and when.

An event may go once every known route has passed it and none has it as an exception or a dead
letter; dead letters and quarantined events have ages of their own, after which nobody is asked.
Dedup keys are none of it: they have their own window and bound, and outlive their events or not.
Must not know: who calls it, how a store deletes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long what is kept, and how large the store may become; None: without end.

    Bytes are those in use: what deletions have left free is used again. The log comes on top.
    """

    events: timedelta | None = None
    """From when an event was received; it stays as long as a route needs it, whatever its age."""
    dead: timedelta | None = None
    """From when a route gave up; its event may go afterwards."""
    quarantine: timedelta | None = None
    """From when it was received."""
    soft: int | None = None
    """Bytes above which events go that may, the oldest first, whatever their age."""
    hard: int | None = None
    """Bytes above which no event is taken in."""
    force: bool = False
    """Above `hard`, delete the oldest events though routes need them, then the oldest of the
    quarantine, until a tenth is free."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Purged:
    """What one step has deleted."""

    events: int = 0
    forced: int = 0
    """Of these, and of `quarantined`, what was deleted by `force`."""
    dead: int = 0
    quarantined: int = 0
    more: bool = False
    """Whether another step may delete more right now."""
    pressing: bool = False
    """Whether the store is above a limit of size and another step may help."""
    used: int = 0
    """Bytes in use before it."""
    held: float = 0.0
    """Seconds that other writers had to wait for this step."""


class Retention(Protocol):
    """The part of the store port that deletes."""

    async def purge(self, limits: Limits, *, now: datetime) -> Purged:
        """One short step of deleting what `limits` let go; call it again while there is `more`.

        A step is as short for other writers as a commit, whatever there is to delete, so leave
        them time between two. Deleting is not hurried to the disk: what a power cut takes back is
        deleted again. Raises StoreError.
        """
