"""The store port: the durable, ordered log of accepted events, and each route's place in it.

What a store must do is said here and proved by `tests/contract/`. Times are aware UTC datetimes.
Must not know: verification, plugins, HTTP.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

import msgspec

from receiver.inbox.batch import Batch
from receiver.inbox.facts import UNKNOWN, Facts, Regime
from receiver.inbox.figures import Figures
from receiver.inbox.letters import Letters
from receiver.inbox.places import RoutePlace, Standing
from receiver.inbox.query import Query, State
from receiver.inbox.readmission import Readmission
from receiver.inbox.replays import Replays
from receiver.inbox.retention import Retention
from receiver.inbox.steering import Steering
from receiver.receipt import Declined, Receipt, Status

__all__ = [
    "Attempt",
    "Batch",
    "Claim",
    "DeadLetter",
    "Declined",
    "Entry",
    "Failure",
    "Figures",
    "Head",
    "Inbox",
    "Match",
    "Query",
    "Receipt",
    "RoutePlace",
    "RouteStart",
    "Standing",
    "State",
    "Status",
    "Stored",
    "Traits",
]


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One verified event on its way into the inbox."""

    id: str
    source: str
    type: str
    """The platform's name of the type; the empty string when the payload does not tell."""
    key: str | None
    dedup_key: bytes | None
    """Equal for two sendings of one event of one source; None: never a duplicate."""
    dedup_window: int | None
    """Seconds that the dedup key is remembered; None: the store's own window."""
    time: datetime
    received_at: datetime
    node: str | None
    user: str | None
    raw: bytes
    operation: str
    """The operation (or the pull transport) that took it."""
    secret: str
    """The name of the secret that proved it."""
    problems: tuple[str, ...] = ()
    """Why it is quarantined; empty for an event that is delivered."""
    trace: str | None = None
    """The `traceparent` that it came with."""
    dedup_body: bool = False
    """Whether the dedup key is made of the payload, too: then equal keys mean equal payloads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One event as kept. `seq` is None while it is quarantined, `place` unless it is."""

    seq: int | None
    id: str
    source: str
    type: str
    key: str | None
    time: datetime
    received_at: datetime
    node: str | None
    user: str | None
    raw: bytes
    operation: str
    secret: str
    released: bool = False
    problems: tuple[str, ...] = ()
    trace: str | None = None
    place: int | None = None
    """In the quarantine: the order of arrival."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a route may choose events by, without their payload."""

    seq: int
    source: str
    type: str
    node: str | None
    user: str | None


Match = Callable[[Head], bool]
"""Whether a route wants an event. What it does not want counts as passed."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One event handed to one route for one attempt."""

    route: str
    event: Stored
    attempt: int
    """1 for the first attempt, then 2, 3, …"""
    first_attempt_at: datetime | None = None
    """When attempt 1 failed; None on attempt 1."""
    replay: bool = False
    """Whether an operator asked for it; `route` is the replay's key then."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why one attempt failed; kept with the exception or the dead letter. Holds no secrets."""

    at: datetime
    kind: str
    """`retry`, `reject`, `error`, `deadline`, `expired`."""
    error: str
    """The exception's type, such as `TimeoutError`; empty for a plain `return False`."""
    message: str
    traceback: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """An event that one route has given up on."""

    route: str
    event: Stored
    attempts: int
    buried_at: datetime
    failure: Failure


@dataclass(frozen=True, slots=True)
class Attempt:
    """One failed attempt, as kept for `events show`."""

    route: str
    seq: int
    number: int
    failure: Failure
    next_at: datetime | None
    """When the next attempt was due; None when the event became a dead letter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What a store promises; the contract suite tests what is declared."""

    durability: Literal["strict", "relaxed", "memory"]
    ordered: bool = True
    dedup_window: float
    dedup_keys: int
    """A dedup key is remembered for so many seconds, and so many of them are, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteStart:
    """A route as the store must know it."""

    route: str
    start: Literal["beginning", "end"] | datetime = "end"
    """Where it begins if it is new; in a new store every route begins at the beginning."""
    ordered: bool = True
    """Whether an exception holds back later events of its node."""
    max_exceptions: int = 10_000
    """In flight, waiting and held back together; at the bound nothing new is claimed."""


class Inbox(Steering, Facts, Letters, Readmission, Replays, Retention, Protocol):
    """The store port. Every method may raise StoreError; none blocks the event loop.

    `append` and the three verdicts (`settle`, `defer`, `bury`) return when what they did is as
    durable as `traits` says. A verdict that raised StoreError is not forgotten: it becomes durable
    before the route claims anything new. A verdict on an event that is not claimed does nothing.
    Of a failure every text is kept, unwritable characters as escapes; a verdict that raised
    UnkeepableError (a time without a zone) was not given, and another may be.
    """

    @property
    def traits(self) -> Traits: ...

    async def append(
        self, batch: Sequence[Entry], cursor: tuple[str, str] | None = None
    ) -> list[Receipt]:
        """Keep a batch, all or nothing, in order; one receipt per entry.

        An entry whose dedup key is remembered with the same bytes is a duplicate; with other bytes
        it is quarantined. `cursor` is a puller's (name, place), kept in the same transaction.
        """

    def batch(self) -> Batch:
        """For a batch of which some events are known before others: it takes less to append."""

    def append_at_once(self, batch: Sequence[Entry]) -> list[Receipt] | Declined:
        """As `append`, before this returns, where that can be; else nothing was done.

        To be called on the event loop, which it may hold up for a few milliseconds: a store does
        only so what it expects to be done by then.
        """

    async def cursor(self, name: str) -> str | None:
        """The place that a puller's last `append` kept."""

    async def register(self, routes: Sequence[RouteStart]) -> list[RoutePlace]:
        """Make routes known and commit where each of them begins. A known route keeps its place,
        and is live again if it was removed.

        A new store is one that has never known a route.
        """

    async def claim(
        self,
        route: str,
        n: int,
        *,
        now: datetime,
        match: Match,
        regime: Regime = UNKNOWN,
        run: int = 1,
        fresh: bool = True,
    ) -> list[Claim]:
        """Up to `n` events for one attempt each: due exceptions first, then new events in order.

        No event of a node is handed out while an earlier one of it is claimed or waiting on this
        route (unless the route is not ordered). A claim lives as long as its holder: after a
        restart, what was claimed and not settled is claimed again, with the same attempt number.
        A `claim` that raises or is cancelled has claimed nothing. `regime` is what `match` stands
        for, to be kept (receiver.inbox.facts). Up to `run` events of a node are handed out at once,
        to be attempted in order, and released after one that failed. Without `fresh`, exceptions
        only.
        """

    async def release(self, route: str, claims: Sequence[Claim] | None = None) -> None:
        """Nobody acts on these claims (None: on any of this route) any more: each may be claimed
        again, as it was."""

    async def settle(self, claims: Sequence[Claim]) -> None:
        """Delivered."""

    async def defer(self, claim: Claim, *, until: datetime, failure: Failure) -> None:
        """Not delivered; claim it again from `until` on."""

    async def bury(self, claim: Claim, *, failure: Failure, at: datetime) -> None:
        """Given up: a dead letter of this route. Later events of its node go on."""

    async def next_due(self, route: str) -> datetime | None:
        """When the route's earliest exception may be claimed; long ago if one may be right now."""

    async def wait(self, after: int, seconds: float) -> int:
        """The newest position, as soon as it is above `after`, at the latest after `seconds`."""

    async def read(self, query: Query) -> list[Stored]:
        """Kept events, a page at a time; no transaction outlives the call."""

    async def dead_letters(
        self, *, route: str | None = None, after: int | None = None, limit: int = 100
    ) -> list[DeadLetter]:
        """Dead letters by position, a page at a time that never parts those of one position."""

    async def attempts(self, event_id: str) -> list[Attempt]:
        """The failed attempts on one event, oldest first."""

    async def places(self) -> list[RoutePlace]:
        """Where each known route stands."""

    async def standings(self, seq: int) -> list[Standing]:
        """What each known route, by name, has made of the event at a position."""

    async def figures(self) -> Figures:
        """The store at a glance."""

    async def upkeep(self) -> None:
        """Keep the store small and quick; whoever dispatches calls it every second or so."""

    async def close(self) -> None:
        """Finish what was begun and let go; calling it again does nothing."""
