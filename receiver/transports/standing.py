"""How one puller is doing, as `receiver status` and the admin listener tell it.

Must not know: what it pulls, who asks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class State(StrEnum):
    """What a puller is about."""

    STARTING = "starting"
    """It connects, for the first time or once more."""
    PULLING = "pulling"
    FAILING = "failing"
    """Its last call failed; it is tried again at `again_at`."""
    STUCK = "stuck"
    """It does not come back from a call, or has not ended when it was cancelled."""
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class PullStanding:
    """One puller at one moment; counts begin with the process. Holds no secrets."""

    source: str
    name: str
    transport: str
    state: State = State.STARTING
    since: datetime
    """When `state` began."""
    pulled_at: datetime | None = None
    """When a call of `pull` last came back, with or without messages: its sign of life."""
    received_at: datetime | None = None
    """When messages last came."""
    accepted: int = 0
    duplicates: int = 0
    quarantined: int = 0
    failures: int = 0
    """In a row."""
    error: str = ""
    """What the last failure said."""
    again_at: datetime | None = None
    """When it is tried again."""
