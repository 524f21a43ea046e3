"""Deleting in a file: short steps, room that is used again, and never an event that is needed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from receiver.inbox import Failure, Inbox, Query, RouteStart
from receiver.inbox.memory import MemoryInbox
from receiver.inbox.retention import Limits
from receiver.inbox.sqlite import open_store, purging
from receiver.inbox.sqlite.writer import Bare

AT_ONCE = Limits(events=timedelta())
EVERYTHING = 10_000


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 5, 1, 13, tzinfo=UTC)


async def emptied(inbox: Inbox, entry: Callable[..., Any], now: datetime, n: int) -> None:
    """Append and deliver `n` events of a kilobyte."""
    await inbox.append([entry(raw=b"x" * 1_000) for _ in range(n)])
    await inbox.settle(await inbox.claim("r", EVERYTHING, now=now, match=lambda head: True))


async def test_a_purge_is_many_steps_each_of_a_bounded_number_of_rows(tmp_path, entry, now):
    inbox = open_store(tmp_path / "inbox.db")
    await inbox.register([RouteStart(route="r", max_exceptions=EVERYTHING)])
    await emptied(inbox, entry, now, 4_000)

    steps = []
    while (step := await inbox.purge(AT_ONCE, now=now)).more:
        steps.append(step)

    assert sum(step.events for step in steps) == 4_000
    assert all(0 < step.events <= purging.MOST_ROWS for step in steps)
    assert all(step.held > 0 for step in steps)
    await inbox.close()


async def test_force_takes_as_many_a_step_where_each_event_stands_alone(
    tmp_path, entry, now, monkeypatch
):
    """They came one at a time, and the oldest are gone already."""
    monkeypatch.setattr(purging, "LONG_SECONDS", 60.0)  # a slow disk makes steps smaller
    inbox = open_store(tmp_path / "inbox.db", durability="relaxed")
    await inbox.register([RouteStart(route="r")])
    for _ in range(600):
        await inbox.append([entry(raw=b"x" * 1_000)])
    used = (await inbox.purge(Limits(), now=now)).used
    limits = Limits(hard=used // 2, force=True)

    steps = [(await inbox.purge(limits, now=now)).forced for _ in range(2)]

    assert min(steps) >= 100
    await inbox.close()


@pytest.mark.parametrize("more", [-1, 0, 1])
async def test_force_goes_on_where_exactly_as_much_is_used_as_it_leaves(tmp_path, entry, now, more):
    inbox = open_store(tmp_path / "inbox.db", durability="relaxed")
    await inbox.register([RouteStart(route="r")])
    await inbox.append([entry(raw=b"x" * 1_000) for _ in range(500)])
    used = (await inbox.purge(Limits(), now=now)).used
    forcing = Limits(hard=used - 1, force=True)
    assert (await inbox.purge(forcing, now=now)).forced > 0, (
        "it is above, and forces until a tenth is free"
    )
    used = (await inbox.purge(Limits(), now=now)).used

    exactly = Limits(hard=-(-(used + more) * 10 // 9), force=True)

    assert (await inbox.purge(exactly, now=now)).events >= 0
    await inbox.close()


async def test_a_step_of_large_events_takes_few_of_them(tmp_path, entry, now):
    inbox = open_store(tmp_path / "inbox.db")
    await inbox.register([RouteStart(route="r")])
    await inbox.append([entry(raw=b"x" * 1_000_000) for _ in range(12)])
    await inbox.settle(await inbox.claim("r", 100, now=now, match=lambda head: True))

    step = await inbox.purge(AT_ONCE, now=now)

    assert 4 <= step.events <= 5
    await inbox.close()


async def test_the_file_does_not_grow_while_what_is_purged_is_used_again(tmp_path, entry, now):
    inbox = open_store(tmp_path / "inbox.db")
    await inbox.register([RouteStart(route="r", max_exceptions=EVERYTHING)])
    sizes = []
    for _ in range(6):
        await emptied(inbox, entry, now, 1_000)
        while (await inbox.purge(AT_ONCE, now=now)).more:
            pass
        figures = await inbox.figures()
        await inbox.upkeep()
        sizes.append((tmp_path / "inbox.db").stat().st_size)

    assert sizes[-1] <= sizes[1]
    assert figures.events == 0
    assert figures.bytes_free > 0.8 * sizes[-1]
    assert figures.oldest_event is None
    await inbox.close()


async def test_the_writer_is_as_durable_as_before_after_a_step(tmp_path, entry, now):
    path = tmp_path / "inbox.db"
    inbox = open_store(path)
    await inbox.register([RouteStart(route="r")])
    await emptied(inbox, entry, now, 3)

    await inbox.purge(AT_ONCE, now=now)

    synchronous: list[int] = []

    def look(connection: sqlite3.Connection) -> None:
        synchronous.append(connection.execute("PRAGMA synchronous").fetchone()[0])

    await inbox._running().do(Bare(look))
    assert synchronous == [2], "FULL"
    await inbox.close()


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.sampled_from(["append", "append", "claim", "settle", "settle", "bury", "purge", "open"])
        | st.just("defer"),
        min_size=8,
        max_size=40,
    ),
    st.booleans(),
)
async def test_no_event_goes_before_every_route_has_it(tmp_path, entry, now, acts, on_disk):
    """Whatever happens in whatever order, an event is delivered, dead or still there."""
    path = Path(tmp_path, f"{entry().id}.db")

    def opened() -> Inbox:
        return open_store(path) if on_disk else MemoryInbox()

    inbox = opened()
    await inbox.register([RouteStart(route="r"), RouteStart(route="s")])
    owed: dict[str, set[str]] = {}
    claims: list[Any] = []
    for at, act in enumerate([*acts, "purge"]):
        time = now + timedelta(minutes=at)
        if act == "append":
            batch = [entry(node="n", received_at=time), entry(received_at=time)]
            owed |= {each.id: {"r", "s"} for each in batch}
            await inbox.append(batch)
        elif act == "claim":
            for route in "rs":
                claims += await inbox.claim(route, 3, now=time, match=lambda head: True)
        elif act == "open" and on_disk:
            await inbox.close()
            inbox, claims = opened(), []
        elif act == "purge":
            limits = Limits(events=timedelta(), dead=timedelta(days=1), soft=1)
            while (await inbox.purge(limits, now=time)).more:
                pass
        elif claims and act != "open":
            claim = claims.pop(0)
            failure = Failure(time, "error", "E", "no")
            if act == "settle":
                await inbox.settle([claim])
                owed[claim.event.id].discard(claim.route)
            elif act == "defer":
                await inbox.defer(claim, until=time, failure=failure)
            else:
                await inbox.bury(claim, failure=failure, at=time)
        kept = {event.id for event in await inbox.read(Query(limit=EVERYTHING))}
        assert {name for name, routes in owed.items() if routes} <= kept
    await inbox.close()
