"""What a ledger gives and keeps: turns, open events, what must be written.

Must not know: how a ledger comes to them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum


@dataclass(frozen=True, slots=True)
class Exceptional:
    """An open event that the saved position has passed: what must be kept of it."""

    seq: int
    lane: str | None
    """Whose order it is part of (its node); None: of nobody's."""
    failures: int = 0
    """Attempts that failed."""
    due: datetime | None = None
    """When it may be claimed again; None: as soon as it is its turn."""
    first_failed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """One event that may be attempted now."""

    seq: int
    attempt: int
    first_failed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Delta:
    """What must be written, all or nothing, for the saved state to catch up."""

    position: int
    keep: tuple[Exceptional, ...]
    """Exceptions to write, or to write over."""
    forget: tuple[int, ...]
    """Exceptions to delete."""
    closed: tuple[int, ...] = field(repr=False, default=())
    """Every event that is done with, whether it was an exception or not."""


class State(Enum):
    HELD = "behind an earlier event of its lane"
    READY = "may be claimed"
    CLAIMED = "in flight"
    WAITING = "for its next attempt"
    DEFERRED = "to be waiting once that is saved"
    CLOSED = "to be forgotten once that is saved"


IN_FLIGHT = (State.CLAIMED, State.DEFERRED, State.CLOSED)


@dataclass(slots=True)
class Open:
    """One event between the moment it was taken in and the moment its end was saved."""

    seq: int
    lane: str | None
    state: State
    failures: int = 0
    due: datetime | None = None
    first_failed_at: datetime | None = None

    def row(self) -> Exceptional:
        """What must be kept of it."""
        return Exceptional(self.seq, self.lane, self.failures, self.due, self.first_failed_at)

    def turn(self) -> Turn:
        """Its turn, which is taken herewith."""
        self.state = State.CLAIMED
        return Turn(self.seq, self.failures + 1, self.first_failed_at)
