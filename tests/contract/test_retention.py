"""The contract of stores: what may be deleted, and what never is. Each test could lose an event."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from receiver.errors import StoreError
from receiver.inbox import Failure, Inbox, Query, RouteStart, Status
from receiver.inbox.retention import Limits, Purged

HOUR = timedelta(hours=1)
AGED = Limits(events=HOUR)
"""Every event of these tests was received at noon."""

Purge = Callable[..., Awaitable[Purged]]


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


async def ids(inbox: Inbox) -> list[str]:
    return [event.id for event in await inbox.read(Query(limit=10_000))]


async def test_an_old_event_that_every_route_has_passed_goes(inbox, entry, begin, take, purge):
    await begin([entry(id="a"), entry(id="b")])
    await inbox.settle(await take())

    assert (await purge()).events == 2

    assert await ids(inbox) == []
    assert (await inbox.figures()).events == 0


async def test_what_is_younger_than_its_age_stays(inbox, entry, begin, take, purge, now):
    await begin([entry(id="old"), entry(id="young", received_at=now + HOUR / 2)])
    await inbox.settle(await take())

    await purge()

    assert await ids(inbox) == ["young"]


async def test_an_age_without_end_keeps_everything(inbox, entry, begin, take, purge):
    await begin([entry(id="a")])
    await inbox.settle(await take())

    assert await purge(Limits(), later=timedelta(days=100_000)) == Purged()
    assert await ids(inbox) == ["a"]


async def test_an_event_that_no_route_has_come_to_stays_however_old(inbox, entry, begin, purge):
    await begin([entry(id="a"), entry(id="b")])

    assert (await purge()).events == 0
    assert await ids(inbox) == ["a", "b"]


async def test_one_route_that_is_behind_is_enough_to_keep_an_event(
    inbox, entry, begin, take, purge
):
    await begin([entry(id="a"), entry(id="b")])
    await inbox.register([RouteStart(route="slow", start="beginning")])
    await inbox.settle(await take())

    assert (await purge()).events == 0
    assert await ids(inbox) == ["a", "b"]


async def test_an_event_in_flight_stays_and_can_be_settled(inbox, entry, begin, take, purge):
    await begin([entry(id="a"), entry(id="b")])
    claims = await take()
    await inbox.settle([claims[1]])

    await purge()
    assert "a" in await ids(inbox)

    await inbox.settle([claims[0]])
    await purge()
    assert await ids(inbox) == []


async def test_an_event_that_waits_for_another_attempt_stays_and_comes_again(
    inbox, entry, begin, take, purge, failure, now
):
    await begin([entry(id="fails"), entry(id="passes")])
    first, second = await take()
    await inbox.defer(first, until=now + 3 * HOUR, failure=failure)
    await inbox.settle([second])

    await purge()
    assert await ids(inbox) == ["fails"]

    [again] = await take(later=4 * 3_600)
    assert (again.event.id, again.attempt) == ("fails", 2)
    assert len(await inbox.attempts("fails")) == 1


async def test_an_event_that_is_held_back_behind_another_stays(
    inbox, entry, begin, take, purge, failure, now
):
    await begin([entry(id="1", node="n"), entry(id="2", node="n"), entry(id="3", node="m")])
    first, other = await take()
    await inbox.defer(first, until=now + 3 * HOUR, failure=failure)
    await inbox.settle([other])

    await purge()

    assert await ids(inbox) == ["1", "2"]


async def test_a_dead_letter_keeps_its_event_until_its_own_age(
    inbox, entry, begin, take, purge, failure, now
):
    await begin([entry(id="dies"), entry(id="passes")])
    first, second = await take()
    await inbox.bury(first, failure=failure, at=now)
    await inbox.settle([second])

    await purge(Limits(events=HOUR, dead=3 * HOUR))
    assert await ids(inbox) == ["dies"]
    assert [letter.event.id for letter in await inbox.dead_letters()] == ["dies"]

    purged = await purge(Limits(events=HOUR, dead=3 * HOUR), later=4 * HOUR)
    assert (purged.dead, purged.events) == (1, 1)
    assert await ids(inbox) == []
    assert await inbox.dead_letters() == []
    assert (await inbox.figures()).dead == 0


async def test_quarantine_has_an_age_of_its_own(inbox, entry, begin, purge):
    await begin([entry(id="odd", problems=("no",))])

    await purge(Limits(events=HOUR, quarantine=3 * HOUR))
    assert (await inbox.figures()).quarantined == 1

    assert (await purge(Limits(quarantine=3 * HOUR), later=4 * HOUR)).quarantined == 1
    assert await inbox.read(Query(state="quarantined")) == []


async def test_a_dedup_key_outlives_its_event(inbox, entry, begin, take, purge):
    await begin([entry(id="first", dedup_key=b"k", raw=b"{}")])
    await inbox.settle(await take())
    await purge()

    [receipt] = await inbox.append([entry(id="second", dedup_key=b"k", raw=b"{}")])

    assert (receipt.status, receipt.id) == (Status.DUPLICATE, "first")
    assert await take() == []


async def test_attempts_go_with_their_event(inbox, entry, begin, take, purge, failure, now):
    await begin([entry(id="a")])
    [claim] = await take()
    await inbox.defer(claim, until=now, failure=failure)
    await inbox.settle(await take(later=1))

    await purge()

    assert await inbox.attempts("a") == []


async def test_a_position_is_not_given_again_after_the_newest_events_went(
    inbox, entry, begin, take, purge
):
    await begin([entry(), entry()])
    await inbox.settle(await take())
    await purge()

    await inbox.append([entry(id="next")])

    [claim] = await take()
    assert (claim.event.id, claim.event.seq) == ("next", 3)


async def test_nothing_is_lost_when_the_store_is_opened_again_amid_a_purge(
    inbox, reopen, entry, begin, take, purge, now
):
    await begin([entry(id=f"{n}") for n in range(600)])
    claims = await take(500)
    await inbox.settle([claim for claim in claims if claim.event.id != "7"])
    await inbox.purge(AGED, now=now + HOUR)

    inbox = await reopen()
    await inbox.register([RouteStart(route="r")])

    again = await take(1_000, store=inbox)
    assert {claim.event.id for claim in again} == {"7", *(f"{n}" for n in range(500, 600))}


async def test_a_route_that_begins_at_the_beginning_gets_what_is_left(
    inbox, entry, begin, take, purge, now
):
    await begin([entry(id="old"), entry(id="young", received_at=now + HOUR)])
    await inbox.settle(await take())
    await purge()
    await inbox.register([RouteStart(route="late", start="beginning")])

    claims = await inbox.claim("late", 10, now=now, match=lambda head: True)

    assert [claim.event.id for claim in claims] == ["young"]


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
    async with asyncio.timeout(5):
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


async def test_a_time_that_is_before_all_times_deletes_nothing(inbox, entry, begin, take, purge):
    await begin([entry(id="a")])
    await inbox.settle(await take())

    await purge(Limits(events=timedelta(days=999_999_999)))

    assert await ids(inbox) == ["a"]


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
