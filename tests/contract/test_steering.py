"""The contract of stores: routes that are paused, renamed and removed, and what they keep."""

from __future__ import annotations

from datetime import timedelta

from receiver.inbox import Query, RouteStart
from receiver.inbox.retention import Limits

WEEK = timedelta(days=7)


def every_event(head):
    return True


def ids(claims):
    return [claim.event.id for claim in claims]


async def held(inbox, route):
    return next(flow for flow in await inbox.flows() if flow.route == route)


async def test_a_route_runs_until_another_flow_is_asked_for(begin, inbox, now):
    await begin()

    assert (await held(inbox, "r")).flow == "running"
    assert await inbox.steer("r", "paused", at=now)
    found = await held(inbox, "r")
    assert (found.flow, found.since) == ("paused", now)


async def test_a_flow_outlives_a_restart_and_a_registration(begin, inbox, now, reopen):
    await begin()
    await inbox.steer("r", "draining", at=now)

    inbox = await reopen()
    await inbox.register([RouteStart(route="r")])

    assert (await held(inbox, "r")).flow == "draining"


async def test_nobody_steers_a_route_that_is_not_there(inbox, now):
    assert not await inbox.steer("nowhere", "paused", at=now)


async def test_a_renamed_route_goes_on_where_it_was(begin, inbox, now, entry, take, failure):
    """Its place, what waits, what is dead: under the new name nothing is lost or repeated."""
    await begin([entry(id=name, node=name) for name in ("sent", "waits", "dead", "new")])
    sent, waits, dead = await take(3)
    await inbox.settle([sent])
    later = now + timedelta(minutes=5)
    await inbox.defer(waits, until=later, failure=failure)
    await inbox.bury(dead, failure=failure, at=now)

    assert await inbox.rename("r", "s")
    await inbox.register([RouteStart(route="s")])

    assert [place.route for place in await inbox.places()] == ["s"]
    assert ids(await inbox.claim("s", 9, now=now, match=every_event)) == ["new"]
    [again] = await inbox.claim("s", 9, now=later, match=every_event)
    assert (again.event.id, again.attempt) == ("waits", 2)
    [letter] = await inbox.dead_letters(route="s")
    assert (letter.route, letter.event.id) == ("s", "dead")
    assert [attempt.route for attempt in await inbox.attempts("waits")] == ["s"]
    [passage] = await inbox.passages(1)
    assert passage.route == "s"


async def test_a_rename_outlives_a_restart(begin, inbox, entry, take, reopen, now):
    await begin([entry(id="a"), entry(id="b")])
    await inbox.settle(await take(1))
    await inbox.rename("r", "s")

    inbox = await reopen()

    assert ids(await inbox.claim("s", 9, now=now, match=every_event)) == ["b"]


async def test_a_rename_never_takes_a_name_that_is_in_use(begin, inbox, entry, take):
    await begin([entry(id="a")])
    await inbox.register([RouteStart(route="s", start="end")])

    assert not await inbox.rename("r", "s")
    assert not await inbox.rename("nowhere", "t")

    assert ids(await take()) == ["a"]
    assert [place.route for place in await inbox.places()] == ["r", "s"]


async def test_a_removed_route_that_comes_back_in_time_goes_on_where_it_was(
    begin, inbox, now, entry, take
):
    await begin([entry(id="a"), entry(id="b")])
    await inbox.settle(await take(1))

    assert await inbox.retire([], at=now, keep=WEEK) == []
    assert (await held(inbox, "r")).removed_at == now
    await inbox.append([entry(id="while it was away")])
    assert await inbox.retire([], at=now + timedelta(days=6), keep=WEEK) == []
    await inbox.register([RouteStart(route="r", start="end")])  # from here on it keeps its events
    assert (await held(inbox, "r")).removed_at is None
    await inbox.retire(["r"], at=now + timedelta(days=6), keep=WEEK)

    assert (await held(inbox, "r")).removed_at is None
    assert ids(await take()) == ["b", "while it was away"]


async def test_a_route_that_was_removed_for_long_is_forgotten_with_all_it_had(
    begin, inbox, now, entry, take, failure
):
    await begin([entry(node="A"), entry(node="B"), entry(node="C")])
    sent, waits, dead = await take()
    await inbox.settle([sent])
    await inbox.defer(waits, until=now, failure=failure)
    await inbox.bury(dead, failure=failure, at=now)
    await inbox.register([RouteStart(route="other")])

    await inbox.retire(["other"], at=now, keep=WEEK)
    gone = await inbox.retire(["other"], at=now + WEEK, keep=WEEK)

    assert gone == ["r"]
    assert [place.route for place in await inbox.places()] == ["other"]
    assert await inbox.dead_letters() == []
    assert await inbox.attempts(waits.event.id) == []
    [place] = await inbox.register([RouteStart(route="r", start="end")])
    assert (place.position, place.dead, place.waiting) == (3, 0, 0)
    assert await take() == []


async def test_a_route_is_never_forgotten_where_that_is_not_asked_for(begin, inbox, now, entry):
    await begin([entry()])

    await inbox.retire([], at=now, keep=None)

    assert await inbox.retire([], at=now + timedelta(days=9999), keep=None) == []
    assert len(await inbox.places()) == 1


async def purged(inbox, at):
    limits = Limits(events=timedelta(hours=1))
    while (await inbox.purge(limits, now=at)).more:
        pass
    return [event.id for event in await inbox.read(Query())]


async def test_only_live_routes_keep_events(begin, inbox, now, entry):
    await begin([entry(id="old")])
    await inbox.register([RouteStart(route="live", start="beginning")])
    later = now + timedelta(days=1)

    assert await purged(inbox, later) == ["old"]
    await inbox.retire(["live"], at=now, keep=WEEK)
    assert await purged(inbox, later) == ["old"]

    await inbox.settle(await inbox.claim("live", 9, now=now, match=every_event))
    assert await purged(inbox, later) == []


async def test_an_exception_of_a_removed_route_keeps_no_event(
    begin, inbox, now, entry, take, failure
):
    await begin([entry(node="A"), entry(node="B")])
    first, second = await take()
    await inbox.settle([second])
    await inbox.defer(first, until=now, failure=failure)
    later = now + timedelta(days=1)
    assert await purged(inbox, later) == [first.event.id]

    await inbox.retire([], at=now, keep=WEEK)

    assert await purged(inbox, later) == []


async def test_what_is_given_back_is_claimed_again_as_it_was(begin, inbox, entry, take):
    await begin([entry(id=name, node=name) for name in "abc"])
    kept, *others = await take()

    await inbox.release("r", others)

    assert [(claim.event.id, claim.attempt) for claim in await take()] == [("b", 1), ("c", 1)]
    await inbox.settle([kept])
