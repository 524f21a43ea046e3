"""The contract of stores: what they know of deliveries that are over."""

from __future__ import annotations

from datetime import timedelta

import pytest

from receiver.inbox import Query, RouteStart
from receiver.inbox.facts import Regime
from receiver.inbox.retention import Limits

FIRST, SECOND = Regime(version=1), Regime(version=2, filters=7)


def every_event(head):
    return True


async def passed(inbox, now, regime, n=100, route="r", match=every_event):
    claims = await inbox.claim(route, n, now=now, match=match, regime=regime)
    await inbox.settle(claims)
    await inbox.claim(route, 0, now=now, match=match, regime=regime)
    return claims


async def ranges(inbox, seqs):
    found = {}
    for seq in seqs:
        for passage in await inbox.passages(seq):
            found.setdefault((passage.first, passage.last), passage)
    return found


async def test_a_hundred_deliveries_in_a_second_leave_one_row(begin, inbox, now, entry):
    await begin([entry(node=f"n{n}") for n in range(100)])

    for _ in range(10):
        await passed(inbox, now, FIRST, n=10)

    found = await ranges(inbox, (1, 50, 100))
    assert list(found) == [(1, 100)]
    assert found[1, 100].regime == FIRST


async def test_a_passage_ends_where_what_decided_changed(begin, inbox, now, entry):
    await begin([entry(), entry(), entry()])

    await passed(inbox, now, FIRST, n=2)
    await passed(inbox, now, SECOND)

    found = await ranges(inbox, (1, 2, 3))
    assert [(at, passage.regime) for at, passage in found.items()] == [
        ((1, 2), FIRST),
        ((3, 3), SECOND),
    ]


async def test_an_event_belongs_to_what_decided_on_it_not_to_what_holds_at_its_end(
    begin, inbox, now, entry
):
    """Claimed before a route was changed, delivered after it."""
    await begin([entry(), entry()])
    [claim] = await inbox.claim("r", 1, now=now, match=every_event, regime=FIRST)

    await passed(inbox, now, SECOND)
    await inbox.settle([claim])

    found = await ranges(inbox, (1, 2))
    assert {at: passage.regime for at, passage in found.items()} == {
        (1, 1): FIRST,
        (2, 2): SECOND,
    }


async def test_what_a_route_does_not_want_it_passes_too(begin, inbox, now, entry):
    await begin([entry(), entry()])

    await passed(inbox, now, FIRST, match=lambda head: False)

    assert list(await ranges(inbox, (1, 2))) == [(1, 2)]


async def test_what_a_route_has_not_come_to_is_in_no_passage(begin, inbox, now, entry):
    await begin([entry(), entry()])

    await passed(inbox, now, FIRST, n=1)

    assert await inbox.passages(2) == []


async def test_a_route_that_began_later_has_no_passage_of_what_was_before(begin, inbox, now, entry):
    await begin([entry()])
    await inbox.register([RouteStart(route="later", start="end")])
    await inbox.append([entry()])

    await passed(inbox, now, FIRST, route="later")

    assert await inbox.passages(1) == []
    assert [passage.route for passage in await inbox.passages(2)] == ["later"]


async def test_an_exception_that_ended_long_after_its_passage_has_its_own_end(
    begin, inbox, now, entry, failure, reopen
):
    await begin([entry(node="A"), entry(node="B")])
    late, other = await inbox.claim("r", 2, now=now, match=every_event, regime=FIRST)
    await inbox.settle([other])
    await inbox.defer(late, until=now, failure=failure)
    inbox = await reopen()  # what goes on later is another passage

    [again] = await inbox.claim("r", 1, now=now, match=every_event, regime=SECOND)
    await inbox.settle([again])

    [closing] = await inbox.closings(1)
    assert (closing.route, closing.kind) == ("r", "delivered")
    assert await inbox.closings(2) == []
    [passage] = await inbox.passages(1)
    assert passage.regime == FIRST


async def test_a_dropped_event_says_by_what(begin, inbox, take, now, entry):
    await begin([entry(node="A"), entry(node="A")])
    [claim] = await take(1)

    await inbox.drop(claim, why="transform redact", at=now)

    [closing] = await inbox.closings(1)
    assert (closing.kind, closing.why, closing.at) == ("dropped", "transform redact", now)
    [follower] = await take(1)
    assert follower.event.seq == 2


async def test_dropping_what_is_not_claimed_keeps_nothing(begin, inbox, take, now, entry):
    await begin([entry()])
    [claim] = await take(1)
    await inbox.settle([claim])

    await inbox.drop(claim, why="too late", at=now)

    assert await inbox.closings(1) == []


async def test_the_same_definition_keeps_its_version(inbox, now):
    first = await inbox.define("route", "r", '{"events":["*"]}', at=now)
    same = await inbox.define("route", "r", '{"events":["*"]}', at=now + timedelta(hours=1))

    assert first == same
    [kept] = await inbox.definitions(kind="route", name="r")
    assert (kept.version, kept.since, kept.text) == (first, now, '{"events":["*"]}')


async def test_a_definition_that_comes_back_is_a_version_of_its_own(inbox, now):
    texts = ['["a"]', '["b"]', '["a"]']

    versions = [await inbox.define("route", "r", text, at=now) for text in texts]
    filters = await inbox.define("filters", "", "[]", at=now)

    assert versions == sorted(set(versions))
    assert filters > versions[-1]
    assert [kept.text for kept in await inbox.definitions(kind="route")] == texts
    assert [kept.version for kept in await inbox.definitions(kind="filters")] == [filters]


@pytest.mark.parametrize("route", ["r", "other"])
async def test_passages_outlive_a_restart(begin, inbox, now, entry, reopen, route):
    await begin([entry(), entry()])
    await inbox.register([RouteStart(route="other", start="beginning")])
    await passed(inbox, now, FIRST, n=1, route=route)

    inbox = await reopen()
    await passed(inbox, now, FIRST, route=route)

    found = await ranges(inbox, (1, 2))
    assert list(found) == [(1, 1), (2, 2)]


async def test_what_is_known_of_events_that_are_gone_goes_with_them(
    begin, inbox, now, entry, failure, take
):
    await begin([entry(node="A"), entry(node="B")])
    first, second = await take()
    await inbox.drop(first, why="transform redact", at=now)
    await inbox.settle([second])
    await passed(inbox, now, FIRST)

    old = Limits(events=timedelta(seconds=1))
    later = now + timedelta(days=1)
    await inbox.append([entry(received_at=later)])
    while (await inbox.purge(old, now=later)).more:
        pass
    await passed(inbox, later, SECOND)

    assert await inbox.closings(1) == []
    assert await inbox.read(Query()) != []
    assert [passage.last for passage in await inbox.passages(3)] == [3]
