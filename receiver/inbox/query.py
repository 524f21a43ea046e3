"""Which kept events somebody wants to see.

Must not know: how a store finds them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

State = Literal["accepted", "quarantined", "released", "waiting", "dead"]
"""Of the accepted events: those that were released from quarantine, those that a route has as an
exception, those that a route has as a dead letter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which kept events to read; None and empty mean any."""

    state: State = "accepted"
    ids: tuple[str, ...] = ()
    begins: str | None = None
    """How their ids begin."""
    sources: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    """Patterns as in receiver.patterns, over the event type."""
    nodes: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    """Received at or after `since`, and before `until`."""
    after: int | None = None
    before: int | None = None
    """Only positions after and before these (quarantine: the order of arrival)."""
    text: str | None = None
    """Bytes that the payload contains, as UTF-8 text."""
    newest_first: bool = False
    limit: int = 100
