"""How a route is steered beyond its settings: paused, drained, renamed, removed.

Must not know: who asks, how a route is run.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

Flow = Literal["running", "paused", "draining"]
"""`paused`: nothing is claimed; `draining`: what is an exception is delivered, nothing new is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteFlow:
    """What holds of a known route, whether it is configured or not."""

    route: str
    flow: Flow = "running"
    since: datetime | None = None
    """From when on that flow holds; None: from the beginning."""
    removed_at: datetime | None = None
    """When it was found not to be configured any more; None: it is live."""


class Steering(Protocol):
    """The part of the store port that steers. Every method may raise StoreError.

    A flow holds until another is asked for, over restarts; whoever delivers takes it up within a
    second. A removed route keeps its place, exceptions and dead letters for a time, and is not
    waited for by retention: only a live route keeps an event.
    """

    async def steer(self, route: str, flow: Flow, *, at: datetime) -> bool:
        """Have a flow hold for a route from now on; False when there is no such route."""

    async def flows(self) -> list[RouteFlow]:
        """What holds of each known route, by name."""

    async def rename(self, old: str, new: str) -> bool:
        """Call a route `new`, with all that is kept of it; nobody may be delivering for it.

        False, and nothing is changed, when `old` is not known or `new` is.
        """

    async def retire(
        self, live: Collection[str], *, at: datetime, keep: timedelta | None
    ) -> list[str]:
        """Only these routes are live: every other is removed, from now on if it was not before.

        Forgets, and returns, those that were removed more than `keep` ago (None: never), with
        their exceptions and dead letters. Nobody may be delivering for them.
        """
