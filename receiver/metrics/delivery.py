"""What the process that delivers knows of its routes and the store, as metrics.

Nothing is counted here: the dispatcher's own figures are looked at every few seconds, on its loop,
and shown from any thread. They begin at 0 when the process does. Must not know: how events are
delivered.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

import receiver
from receiver.errors import StoreError
from receiver.inbox import Inbox, Query, RoutePlace
from receiver.inbox.retention import Limits, Purged
from receiver.metrics.definition import (
    BREAKER,
    BUILD,
    CALL_TIME,
    CONFINED,
    DEAD,
    DEAD_LETTERS,
    DELIVERIES,
    HELD,
    IN_FLIGHT,
    LAG_EVENTS,
    LAG_SECONDS,
    LOGINS,
    PAUSED,
    PULL_UP,
    PULLED,
    PURGED,
    RESTARTS,
    RETRIES,
    STORE,
    STORE_FREE,
    STORE_LIMIT,
    STORE_LOG,
    STORE_USED,
    UP,
    WAITING,
    Definition,
)

LOOK_SECONDS = 5.0


class Calls(Protocol):
    """How long the calls of a sink took (receiver.dispatch.durations)."""

    @property
    def bounds(self) -> Sequence[float]: ...
    @property
    def counts(self) -> Sequence[int]:
        """How many were within each bound and not within the one before; last, the longer ones."""

    @property
    def seconds(self) -> float: ...


class Status(Protocol):
    """What is shown of a route's status (receiver.dispatch.RouteStatus)."""

    @property
    def route(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def flow(self) -> str: ...
    @property
    def breaker(self) -> str: ...
    @property
    def in_flight(self) -> int: ...
    @property
    def delivered(self) -> int: ...
    @property
    def failed(self) -> int: ...
    @property
    def dead(self) -> int: ...
    @property
    def restarts(self) -> int: ...
    @property
    def confined(self) -> str | None: ...
    @property
    def calls(self) -> Calls: ...


class Pull(Protocol):
    """What is shown of a puller (receiver.transports.PullStanding)."""

    @property
    def source(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def accepted(self) -> int: ...
    @property
    def duplicates(self) -> int: ...
    @property
    def quarantined(self) -> int: ...


@dataclass(frozen=True, slots=True)
class _Place:
    place: RoutePlace
    oldest: datetime | None
    """When the first event after its position was received."""


def _now() -> datetime:
    return datetime.now(UTC)


LOGIN_REASONS = ("wrong", "hasty")


class Delivery(Collector):
    """The collector for the process that delivers from the inbox in the file `store`."""

    def __init__(self, store: Path, *, clock: Callable[[], datetime] = _now) -> None:
        self._store = store
        self._clock = clock
        self._purged: dict[str, int] = dict.fromkeys(("events", "dead", "quarantined", "forced"), 0)
        self._logins = dict.fromkeys(LOGIN_REASONS, 0)
        self._used: int | None = None
        self._limit: int | None = None
        self._looked: tuple[list[Status], list[_Place]] = ([], [])
        self._pulls: Callable[[], Sequence[Pull]] = tuple

    async def run(
        self,
        statuses: Callable[[], Sequence[Status]],
        inbox: Inbox,
        pulls: Callable[[], Sequence[Pull]] = tuple,
    ) -> None:
        """Look every few seconds, until it is cancelled; on the dispatcher's loop.

        `statuses` tells how the routes are doing, without asking the store; `pulls` how the pullers
        are, in any thread.
        """
        self._pulls = pulls
        while True:
            await self.look(statuses(), inbox)
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self, statuses: Sequence[Status], inbox: Inbox) -> None:
        """Look now. Where the store cannot be asked, there are no lags until it can."""
        shown = {status.route for status in statuses}
        try:
            places = [place for place in await inbox.places() if place.route in shown]
            found = [_Place(place, await _oldest(place, inbox)) for place in places]
        except StoreError:
            found = []
        self._looked = list(statuses), found

    def purged(self, step: Purged, limits: Limits) -> None:
        """Count what a step of retention has deleted."""
        for kind in self._purged:
            self._purged[kind] += getattr(step, kind)
        self._used, self._limit = step.used, limits.hard

    def login_refused(self, reason: str) -> None:
        """A login was refused, for one of LOGIN_REASONS; called in the thread of the API."""
        self._logins[reason] += 1

    def collect(self) -> Iterator[Metric]:
        """What was last seen; called in any thread."""
        statuses, places = self._looked
        yield _counter(DELIVERIES, {s.route: s.delivered for s in statuses})
        yield _counter(RETRIES, {s.route: s.failed - s.dead for s in statuses})
        yield _counter(DEAD, {s.route: s.dead for s in statuses})
        yield _gauge(UP, {s.route: float(s.state == "running") for s in statuses})
        yield _gauge(PAUSED, {s.route: float(s.flow != "running") for s in statuses})
        yield _gauge(BREAKER, {s.route: float(s.breaker != "closed") for s in statuses})
        yield _gauge(IN_FLIGHT, {s.route: s.in_flight for s in statuses})
        yield _counter(RESTARTS, {s.route: s.restarts for s in statuses})
        yield _gauge(CONFINED, {s.route: float(s.confined is not None) for s in statuses})
        yield _durations({s.route: s.calls for s in statuses})
        yield _gauge(LAG_EVENTS, {at.place.route: at.place.lag for at in places})
        yield _gauge(LAG_SECONDS, {at.place.route: self._age(at.oldest) for at in places})
        yield _gauge(WAITING, {at.place.route: at.place.waiting for at in places})
        yield _gauge(HELD, {at.place.route: at.place.held for at in places})
        yield _gauge(DEAD_LETTERS, {at.place.route: at.place.dead for at in places})
        yield from _pulled(self._pulls())
        yield from self._disk()
        yield _counter(PURGED, self._purged)
        yield _counter(LOGINS, self._logins)
        for definition, size in ((STORE_USED, self._used), (STORE_LIMIT, self._limit)):
            if size is not None:
                yield _gauge(definition, {None: size})
        yield _gauge(BUILD, {receiver.__version__: 1.0})

    def _age(self, oldest: datetime | None) -> float:
        return 0.0 if oldest is None else max(0.0, (self._clock() - oldest).total_seconds())

    def _disk(self) -> Iterator[Metric]:
        log = self._store.with_name(f"{self._store.name}-wal")
        for definition, path in ((STORE, self._store), (STORE_LOG, log)):
            if path.exists():
                yield _gauge(definition, {None: path.stat().st_size})
        if self._store.parent.exists():
            disk = os.statvfs(self._store.parent)
            yield _gauge(STORE_FREE, {None: disk.f_bavail * disk.f_frsize})


async def _oldest(place: RoutePlace, inbox: Inbox) -> datetime | None:
    if not place.lag:
        return None
    events = await inbox.read(Query(after=place.position, limit=1))
    return events[0].received_at if events else None


def _pulled(pulls: Sequence[Pull]) -> Iterator[Metric]:
    counts = CounterMetricFamily(PULLED.family, PULLED.help, labels=PULLED.labels)
    up = GaugeMetricFamily(PULL_UP.name, PULL_UP.help, labels=PULL_UP.labels)
    for pull in pulls:
        for status, count in (
            ("accepted", pull.accepted),
            ("duplicate", pull.duplicates),
            ("quarantined", pull.quarantined),
        ):
            counts.add_metric([pull.source, pull.name, status], count)
        up.add_metric([pull.source, pull.name], float(pull.state == "pulling"))
    yield counts
    yield up


def _counter(of: Definition, values: dict[str, int]) -> Metric:
    family = CounterMetricFamily(of.family, of.help, labels=of.labels)
    for label, value in values.items():
        family.add_metric([label], value)
    return family


def _gauge(of: Definition, values: dict[Any, float]) -> Metric:
    """`values` by the one label; by None where there is none."""
    family = GaugeMetricFamily(of.name, of.help, labels=of.labels)
    for label, value in values.items():
        family.add_metric([] if label is None else [label], value)
    return family


def _durations(calls: dict[str, Calls]) -> Metric:
    family = HistogramMetricFamily(CALL_TIME.name, CALL_TIME.help, labels=CALL_TIME.labels)
    for route, each in calls.items():
        total, buckets = 0, []
        for bound, count in zip((*each.bounds, float("inf")), each.counts, strict=True):
            total += count
            buckets.append((floatToGoString(bound), float(total)))
        family.add_metric([route], buckets, each.seconds)
    return family
