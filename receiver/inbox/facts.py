"""What is kept of deliveries that are over, so that what became of an event can be told later.

A route that delivers leaves one row for about a second of it, not one for each event: it passed
these positions, under this definition of itself and these filters. Whether it wanted an event is
recomputed from them: find the event's `Passage` on the route, ask its definition whether it matches
(`definitions`), and add the failed `attempts`, the `Closing` and the present `standings`. An event
that a passage holds, that matched, is no exception, no dead letter and was not dropped, was
delivered.
Must not know: patterns, filters, how a store keeps anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from receiver.inbox import Claim


@dataclass(frozen=True, slots=True)
class Regime:
    """What decided whether a route wants an event."""

    version: int = 0
    """The definition of the route (`Definition.version`); 0: it is not known."""
    filters: int = 0
    """The same of the filters; 0: there were none."""


UNKNOWN = Regime()


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One version of what a route or the filters are."""

    version: int
    """Grows over all kinds and names; given once."""
    kind: str
    """`route` or `filters`."""
    name: str
    since: datetime
    """From when on it was in force, until the next version of the same name."""
    text: str
    """JSON without secrets; of a route: see receiver.dispatch.definition."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A range of positions that one route has passed, as one regime had it.

    Every event in it was not wanted, is delivered, or was an exception then.
    """

    route: str
    first: int
    last: int
    at: datetime
    """When its end was passed; its beginning, about a second before at most."""
    regime: Regime


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """How one event ended on one route, where its passage does not tell.

    It was an exception for longer than its passage took, or was dropped.
    """

    route: str
    seq: int
    at: datetime
    kind: Literal["delivered", "dead", "dropped"]
    why: str = ""
    """Of a dropped event: by what."""


class Facts(Protocol):
    """The part of the store port that remembers."""

    async def define(self, kind: str, name: str, text: str, *, at: datetime) -> int:
        """The version of a definition: that of the newest one of its name when that is the same,
        else a new one, kept with its time."""

    async def definitions(
        self, *, kind: str | None = None, name: str | None = None
    ) -> list[Definition]:
        """The versions that are kept, oldest first."""

    async def passages(self, seq: int) -> list[Passage]:
        """The passage of each route, by name, that holds a position.

        A route that is not there has not come to the position, or began after it.
        """

    async def closings(self, seq: int) -> list[Closing]:
        """What is kept of the end of the event at a position, by route."""

    async def drop(self, claim: Claim, *, why: str, at: datetime) -> None:
        """Not to be delivered after all, and that is kept; a verdict like `settle`."""
