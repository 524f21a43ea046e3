"""A small platform, `acme`, and a stage on which sinks of a test deliver its events."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import ModuleType, SimpleNamespace
from typing import Any

import msgspec
import pytest

from receiver.contract import Contract, EventType, Source
from receiver.dispatch import Dispatcher, Route
from receiver.hookspecs import hookspec
from receiver.inbox import Entry, Inbox
from receiver.inbox.memory import MemoryInbox
from receiver.plugins import Plugin

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TYPES = ("thing/on", "thing/off", "thing/odd")


def event_type(name: str) -> EventType:
    return EventType(
        source="acme",
        name=name,
        hook=f"acme_{name.replace('/', '_')}",
        schema="Thing",
        summary=name,
        description="",
        filters=(),
        trigger="",
        topic=None,
        sample={},
    )


CONTRACT = Contract(
    title="Acme",
    version="1",
    sources={"acme": Source("acme", "Acme", "", ())},
    schemes={},
    operations=(),
    events=tuple(event_type(name) for name in TYPES),
    document={},
)


def hook_module() -> ModuleType:
    module = ModuleType("acme_hookspecs")
    for event in CONTRACT.events:

        def hook(event: Any) -> None: ...

        hook.__name__ = event.hook
        setattr(module, event.hook, hookspec(hook))
    return module


@dataclass(frozen=True)
class SmallCatalogue:
    contract: Contract = CONTRACT
    hookspecs: ModuleType = field(default_factory=hook_module)

    def decoder(self, source: str, type: str) -> Callable[[bytes], Any]:
        return msgspec.json.decode


class HandClock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.time = START
        self._bells: list[tuple[datetime, int, Callable[[], object]]] = []
        self._count = itertools.count()

    def now(self) -> datetime:
        return self.time

    def at(self, moment: datetime, ring: Callable[[], object]) -> Any:
        bell = (moment, next(self._count), ring)
        heapq.heappush(self._bells, bell)
        return SimpleNamespace(cancel=lambda: bell in self._bells and self._bells.remove(bell))

    def advance(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)
        self._bells.sort()
        while self._bells and self._bells[0][0] <= self.time:
            heapq.heappop(self._bells)[2]()


def entry(number: int, node: str | None = "n1", type: str = "thing/on") -> Entry:
    return Entry(
        id=f"id-{number}",
        source="acme",
        type=type,
        key=None,
        dedup_key=None,
        dedup_window=None,
        time=START,
        received_at=START,
        node=node,
        user=None,
        raw=msgspec.json.encode({"n": number}),
        operation="acme",
        secret="main",
    )


class Stage:
    """Routes over one inbox: `async with stage.playing(route, …)`."""

    def __init__(self, inbox: Inbox) -> None:
        self.inbox = inbox
        self.clock = HandClock()
        self.catalogue = SmallCatalogue()
        self.appended = 0
        self.dispatcher: Any = None

    def route(self, name: str, sink: Any, **options: Any) -> Route:
        plugin = Plugin(name, f"{name} of a test", lambda: sink)
        return Route(name=name, plugin=plugin, **{"deadline": 5.0, **options})

    async def append(
        self, count: int, node: Callable[[int], str | None] = lambda n: "n1", type: str = "thing/on"
    ) -> None:
        numbers = range(self.appended, self.appended + count)
        self.appended += count
        await self.inbox.append([entry(n, node(n), type) for n in numbers])

    @asynccontextmanager
    async def playing(self, *routes: Route, grace: float = 1.0) -> AsyncIterator[Dispatcher]:
        dispatcher = Dispatcher(
            self.inbox, self.catalogue, routes, clock=self.clock, random=lambda: 0.5
        )
        self.dispatcher = dispatcher
        running = asyncio.create_task(dispatcher.run())
        try:
            yield dispatcher
        finally:
            await dispatcher.stop(grace)
            await running

    async def place(self, route: str) -> Any:
        places = {place.route: place for place in await self.inbox.places()}
        return places.get(route)

    async def passed(self, route: str) -> bool:
        """Whether the route has nothing left to do now."""
        place = await self.place(route)
        if place is None or place.lag or await self.inbox.next_due(route) is not None:
            return False
        statuses = await self.dispatcher.status()
        return sum(status.in_flight for status in statuses if status.route == route) == 0


async def until(true: Callable[[], Any], seconds: float = 40.0) -> None:
    """Wait for a condition, plain or async; fail when it does not come true."""
    async with asyncio.timeout(seconds):
        while True:
            value = true()
            if asyncio.iscoroutine(value):
                value = await value
            if value:
                return
            await asyncio.sleep(0.005)


@pytest.fixture
def eventually() -> Callable[..., Any]:
    return until


@pytest.fixture
def new_stage() -> Callable[..., Stage]:
    return lambda inbox=None: Stage(inbox or MemoryInbox())


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    made = Stage(MemoryInbox())
    yield made
    await made.inbox.close()  # a test may have put another one there
