"""The stores that the contract suite runs on, and events to put into them."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from receiver.inbox import Claim, Entry, Failure, Inbox, Match, RouteStart
from receiver.inbox.memory import MemoryInbox
from receiver.inbox.retention import Limits, Purged
from receiver.inbox.sqlite import open_store

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
AGED = Limits(events=HOUR)
Purge = Callable[..., Awaitable[Purged]]
Open = Callable[..., Inbox]


@pytest.fixture
def entry() -> Callable[..., Entry]:
    """Makes entries, each with an id of its own unless told otherwise."""
    ids = itertools.count(1)

    def make(**given: Any) -> Entry:
        number = next(ids)
        usual: dict[str, Any] = {
            "id": f"incoming-{number}",
            "source": "acme",
            "type": "door/open",
            "key": None,
            "dedup_key": None,
            "dedup_window": None,
            "time": NOON,
            "received_at": NOON,
            "node": None,
            "user": None,
            "raw": b'{"n": %d}' % number,
            "operation": "acme_events",
            "secret": "main",
        }
        return Entry(**usual | given)

    return make


DURABLE = ["sqlite", "sqlite-relaxed"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every store takes every test; one that forgets with its process takes no restart."""
    if "open_inbox" in metafunc.fixturenames:
        stores = DURABLE if "reopen" in metafunc.fixturenames else [*DURABLE, "memory"]
        metafunc.parametrize("open_inbox", stores, indirect=True)


@pytest.fixture
async def open_inbox(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[Callable[..., Inbox]]:
    """Opens stores of one kind; on disk the second call opens the same store again."""
    opened: list[Inbox] = []

    def make(**settings: Any) -> Inbox:
        inbox: Inbox
        if request.param == "memory":
            inbox = MemoryInbox(**settings)
        else:
            durability = "relaxed" if request.param == "sqlite-relaxed" else "strict"
            inbox = open_store(tmp_path / "inbox.db", durability=durability, **settings)
        opened.append(inbox)
        return inbox

    yield make
    for inbox in opened:
        await inbox.close()


@pytest.fixture
def inbox(open_inbox: Open) -> Inbox:
    return open_inbox()


@pytest.fixture
def reopen(inbox: Inbox, open_inbox: Open) -> Callable[[], Awaitable[Inbox]]:
    """Closes the store and opens it again, as a restart does."""

    async def again() -> Inbox:
        await inbox.close()
        return open_inbox()

    return again


@pytest.fixture
def now() -> datetime:
    return NOON + timedelta(hours=1)


@pytest.fixture
def failure(now: datetime) -> Failure:
    return Failure(now, "error", "TimeoutError", "took too long", "Traceback …")


@pytest.fixture
def begin(inbox: Inbox) -> Callable[..., Awaitable[None]]:
    """Registers route `r` and appends what it is to deliver."""

    async def run(entries: Sequence[Entry] = (), **shape: Any) -> None:
        await inbox.register([RouteStart(route="r", **shape)])
        await inbox.append(list(entries))

    return run


@pytest.fixture
def take(inbox: Inbox, now: datetime) -> Callable[..., Awaitable[list[Claim]]]:
    """Claims for route `r`, of every event unless told otherwise."""

    async def claim(
        n: int = 100,
        *,
        match: Match = lambda head: True,
        later: float = 0.0,
        store: Inbox | None = None,
    ) -> list[Claim]:
        at = now + timedelta(seconds=later)
        return await (store or inbox).claim("r", n, now=at, match=match)

    return claim


@pytest.fixture
def purge(inbox: Inbox, now: datetime) -> Purge:
    """Steps until there is nothing more to do, two hours after noon; what they did together."""

    async def run(
        limits: Limits = AGED, *, later: timedelta = HOUR, store: Inbox | None = None
    ) -> Purged:
        total = Purged()
        for _ in range(10_000):
            step = await (store or inbox).purge(limits, now=now + later)
            total = Purged(
                events=total.events + step.events,
                forced=total.forced + step.forced,
                dead=total.dead + step.dead,
                quarantined=total.quarantined + step.quarantined,
            )
            if not step.more:
                return total
        raise AssertionError("it never ends")

    return run
