"""Where a route stands in the inbox, and what it has made of one event.

Must not know: how a store keeps either.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutePlace:
    """Where a route stands."""

    route: str
    position: int
    """Every event up to here is delivered, not wanted, dead, or one of the exceptions."""
    lag: int
    """Events after the position."""
    waiting: int
    """Exceptions that wait for their next attempt."""
    held: int
    """Exceptions held back behind an earlier event of their node."""
    dead: int
    exceptions: int = 0
    """All of them: in flight, waiting, held back, and dead letters that are to be tried again."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What one route has made of one event so far, by what is saved.

    `beyond`: its position has not come to the event, which may be in flight. The exceptions:
    `open` (in flight or about to be, and never failed), `waiting` (it failed and is claimed again
    from `due` on) and `held` (back, behind an earlier event of its node). `dead`: given up.
    `requeued`: given up, and to be tried again once its route takes it up. `passed`: delivered, not
    wanted, or there before the route began.
    """

    route: str
    state: Literal["beyond", "open", "waiting", "held", "dead", "requeued", "passed"]
    due: datetime | None = None
    """When it may be claimed again; None unless it waits."""
