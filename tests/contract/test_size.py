"""The contract of stores: how large they become, and what that may cost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from receiver.errors import StoreError
from receiver.inbox import Failure, Inbox, Query, RouteStart
from receiver.inbox.retention import Limits, Purged

HOUR = timedelta(hours=1)


async def ids(inbox: Inbox) -> list[str]:
    return [event.id for event in await inbox.read(Query(limit=10_000))]


async def test_above_the_soft_limit_the_oldest_passed_events_go_however_young(
    inbox, entry, begin, take, purge
):
    big = b"x" * 10_000
    await begin([entry(id=f"{n}", raw=big) for n in range(300)])
    claims = await take(200)
    await inbox.settle(claims)
    limit = (await inbox.purge(Limits(), now=claims[0].event.received_at)).used - 1_000_000

    await purge(Limits(events=10 * HOUR, soft=limit))

    left = [int(each) for each in await ids(inbox)]
    assert left == list(range(left[0], 300)), "the oldest went, no other"
    assert 90 <= left[0] <= 200


async def test_the_soft_limit_takes_nothing_that_a_route_needs(
    inbox, entry, begin, take, purge, failure, now
):
    await begin([entry(id=f"{n}") for n in range(10)])
    claims = await take(5)
    await inbox.bury(claims[0], failure=failure, at=now)
    await inbox.defer(claims[1], until=now + HOUR, failure=failure)
    await inbox.settle(claims[2:])

    await purge(Limits(soft=1))

    assert await ids(inbox) == ["0", "1", *(f"{n}" for n in range(5, 10))]


async def refused(inbox: Inbox, entry: Callable[..., Any]) -> str:
    """Why an event is not taken in; empty when it is. The store looks a few times a second."""
    for _ in range(100):
        try:
            await inbox.append([entry()])
        except StoreError as error:
            return str(error)
        await asyncio.sleep(0.01)
    return ""


async def test_at_the_hard_limit_new_events_are_refused_and_nothing_is_deleted(
    open_inbox, entry, purge
):
    inbox = open_inbox(hard_limit=400_000)
    await inbox.register([RouteStart(route="r")])
    await inbox.append([entry(id=f"{n}", raw=b"x" * 10_000) for n in range(60)])

    why = await refused(inbox, entry)

    assert "400,000 bytes" in why
    assert "retention.hard_limit" in why
    await purge(Limits(events=timedelta(), soft=100_000, hard=400_000), store=inbox)
    assert len(await ids(inbox)) >= 60


async def test_events_are_taken_in_again_once_there_is_room(open_inbox, entry, purge, now):
    inbox = open_inbox(hard_limit=400_000)
    await inbox.register([RouteStart(route="r")])
    await inbox.append([entry(id=f"{n}", raw=b"x" * 10_000) for n in range(60)])
    assert await refused(inbox, entry)

    await inbox.settle(await inbox.claim("r", 1_000, now=now, match=lambda head: True))
    await purge(store=inbox)
    async with asyncio.timeout(40):
        while True:
            try:
                await inbox.append([entry(id="again")])
                break
            except StoreError:
                await asyncio.sleep(0.02)

    assert "again" in await ids(inbox)


async def test_force_deletes_the_oldest_that_routes_need_and_the_route_goes_on(
    inbox, entry, begin, take, purge, failure, now
):
    await begin([entry(id=f"{n}", raw=b"x" * 10_000) for n in range(300)])
    claims = await take(3)
    await inbox.bury(claims[0], failure=failure, at=now)
    await inbox.defer(claims[1], until=now, failure=failure)
    await inbox.settle([claims[2]])
    used = (await inbox.purge(Limits(), now=now)).used

    purged = await purge(Limits(hard=used, force=True))

    left = await ids(inbox)
    assert purged.forced == purged.events == 300 - len(left)
    assert 0.8 * 300 < len(left) < 300
    assert left[-1] == "299"
    assert await inbox.dead_letters() == []
    got: list[str] = []
    while claims := await take(1_000, later=10):
        got += [claim.event.id for claim in claims]
        await inbox.settle(claims)
    assert got == left


async def test_without_force_the_hard_limit_deletes_nothing(inbox, entry, begin, purge):
    await begin([entry(id=f"{n}") for n in range(20)])

    assert await purge(Limits(hard=1, soft=1)) == Purged()
    assert len(await ids(inbox)) == 20


async def test_a_failure_of_a_deleted_event_can_no_longer_be_told_but_harms_nothing(
    inbox, entry, begin, take, purge, now
):
    await begin([entry(id="a")])
    [claim] = await take()
    await purge(Limits(hard=1, force=True))

    await inbox.defer(claim, until=now, failure=Failure(now, "error", "", "too late"))

    assert await take(later=1) == []
    await inbox.append([entry(id="b")])
    assert [claim.event.id for claim in await take(later=1)] == ["b"]
