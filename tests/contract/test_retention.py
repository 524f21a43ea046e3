"""The contract of stores: what may be deleted, and what never is. Each test could lose an event."""

from __future__ import annotations

from datetime import timedelta

from receiver.inbox import Inbox, Query, RouteStart, Status
from receiver.inbox.retention import Limits, Purged

HOUR = timedelta(hours=1)
AGED = Limits(events=HOUR)
"""Every event of these tests was received at noon."""


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


async def test_a_time_that_is_before_all_times_deletes_nothing(inbox, entry, begin, take, purge):
    await begin([entry(id="a")])
    await inbox.settle(await take())

    await purge(Limits(events=timedelta(days=999_999_999)))

    assert await ids(inbox) == ["a"]
