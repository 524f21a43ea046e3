"""Transports that do as a test says, run for real against a store in memory."""

from __future__ import annotations

import asyncio
import importlib
import sys
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from receiver import Batch, Message, Transport, catalogue
from receiver.catalogue import Catalogue
from receiver.inbox import Query
from receiver.inbox.memory import MemoryInbox
from receiver.transports import Brought, Pull, Puller, PullStanding


@pytest.fixture
def datum() -> Callable[..., bytes]:
    """Make an event of SolarNetwork, which may come many times with equal content."""
    return _datum


def _datum(number: int, node: int = 1) -> bytes:
    return (
        b'{"topic":"datum/agg/update","userId":1,"hookId":2,"nodeId":%d,"sourceId":"/p",'
        b'"timestamp":%d,"aggregationKey":"h"}' % (node, 1767225600000 + number)
    )


class Upstream:
    """What the other side keeps, and what was said to it; shared by all instances."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.acknowledged: list[Message] = []
        self.opened = self.closed = 0
        self.cursors: list[str | None] = []
        self.before_pull: Callable[[], Any] = lambda: None
        self.answer: Any = None
        """Instead of a batch."""


class Told(Transport):
    """Hands out what its upstream has, three at a time."""

    upstream: Upstream

    async def open(self) -> None:
        self.upstream.opened += 1

    async def pull(self, cursor: str | None) -> Batch:
        self.upstream.cursors.append(cursor)
        found = self.upstream.before_pull()
        if asyncio.iscoroutine(found):
            await found
        if self.upstream.answer is not None:
            return self.upstream.answer  # type: ignore[no-any-return]
        after = int(cursor or 0)
        part = tuple(self.upstream.messages[after : after + 3])
        if not part:
            await asyncio.sleep(0.02)
            return Batch()
        return Batch(part, cursor=str(after + len(part)), receipt=part)

    async def acknowledge(self, batch: Batch) -> None:
        self.upstream.acknowledged += batch.receipt

    async def close(self) -> None:
        self.upstream.closed += 1


@pytest.fixture
def upstream(monkeypatch: pytest.MonkeyPatch) -> Upstream:
    told = Upstream()
    monkeypatch.setattr(Told, "upstream", told, raising=False)
    return told


@pytest.fixture
def brought(monkeypatch: pytest.MonkeyPatch) -> Brought:
    """The transport above, as an entry point would bring it."""
    module = importlib.util.module_from_spec(importlib.machinery.ModuleSpec("told_transport", None))
    module.Told = Told  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "told_transport", module)
    return Brought("told", "told 1", "told_transport:Told")


@pytest.fixture(scope="session")
def served() -> Catalogue:
    return catalogue.load("receiver.generated")


@pytest.fixture
def pull(brought: Brought) -> Pull:
    return Pull(source="solarnetwork", name="main", transport=brought, settings={}, deadline=5.0)


@pytest.fixture
async def inbox() -> AsyncIterator[MemoryInbox]:
    store = MemoryInbox()
    yield store
    await store.close()


async def _until(true: Callable[[], Any], look: Callable[[], Any] = lambda: "") -> None:
    end = time.monotonic() + 40.0
    while not true():
        assert time.monotonic() < end, f"it did not come true: {look()}"
        await asyncio.sleep(0.005)


@pytest.fixture
def until() -> Callable[..., Any]:
    """Wait until something is true."""
    return _until


class Run:
    """A puller that runs, without pauses between tries."""

    def __init__(self, puller: Puller) -> None:
        self.puller = puller
        self.pauses: list[float] = []
        self.task = asyncio.create_task(puller.run())

    @property
    def standing(self) -> PullStanding:
        return self.puller.standing

    async def until(self, true: Callable[[], Any]) -> None:
        await _until(true, lambda: self.standing)

    async def stop(self) -> None:
        self.task.cancel()
        await asyncio.wait([self.task])


@pytest.fixture
async def run(served: Catalogue) -> AsyncIterator[Callable[..., Run]]:
    """Run a pull into a store, until the test ends."""
    runs: list[Run] = []

    def begin(pull: Pull, store: Any) -> Run:
        pauses: list[float] = []

        async def pause(seconds: float) -> None:
            pauses.append(seconds)
            await asyncio.sleep(0.005)

        runs.append(Run(Puller(pull, served, store, sleep=pause)))
        runs[-1].pauses = pauses
        return runs[-1]

    yield begin
    for each in runs:
        await each.stop()


@pytest.fixture
def kept() -> Callable[..., Any]:
    """What a store has, as bytes, in order."""

    async def kept(store: MemoryInbox, **query: Any) -> list[bytes]:
        return [event.raw for event in await store.read(Query(limit=1000, **query))]

    return kept
