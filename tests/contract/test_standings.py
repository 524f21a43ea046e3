"""The contract of stores: what each route has made of one event."""

from __future__ import annotations

from datetime import timedelta

import pytest

from receiver.inbox import RouteStart, Standing


@pytest.fixture
def standings(inbox):
    """What route `r` has made of the event at each position, in order."""

    async def read(last, store=None):
        found = [await (store or inbox).standings(seq) for seq in range(1, last + 1)]
        return [standing for [standing] in found]

    return read


def states(standings):
    return [standing.state for standing in standings]


async def test_what_no_route_has_come_to_is_beyond(begin, standings, entry):
    await begin([entry()])

    assert await standings(1) == [Standing("r", "beyond")]


async def test_what_is_delivered_or_not_wanted_is_passed(begin, inbox, take, standings, entry):
    await begin([entry(type="x"), entry(type="y"), entry(type="y")])
    claims = await take(1, match=lambda head: head.type == "y")
    await inbox.settle(claims)

    assert states(await standings(3)) == ["passed", "passed", "beyond"]


async def test_in_flight_is_beyond_until_a_later_event_is_done(
    begin, inbox, take, standings, entry
):
    await begin([entry(node="A"), entry(node="B")])
    _, later = await take()
    assert states(await standings(2)) == ["beyond", "beyond"]

    await inbox.settle([later])

    assert states(await standings(2)) == ["open", "passed"]


async def test_what_failed_waits_until_its_time_and_holds_back_its_node(
    begin, inbox, take, standings, now, failure, entry
):
    await begin([entry(node="A"), entry(node="A"), entry(node="B")])
    first, other = await take()
    due = now + timedelta(seconds=30)
    await inbox.defer(first, until=due, failure=failure)
    await inbox.settle([other])

    waiting, held, passed = await standings(3)

    assert waiting == Standing("r", "waiting", due)
    assert (held, passed.state) == (Standing("r", "held"), "passed")


async def test_nothing_is_held_back_on_a_route_without_order(
    begin, inbox, take, standings, now, failure, entry
):
    await begin([entry(node="A"), entry(node="A"), entry(node="A")], ordered=False)
    first, _, last = await take()
    await inbox.defer(first, until=now, failure=failure)
    await inbox.settle([last])

    assert states(await standings(3)) == ["waiting", "open", "passed"]


async def test_what_was_tried_again_and_delivered_is_passed(
    begin, inbox, take, standings, now, failure, entry
):
    await begin([entry(node="A"), entry(node="A"), entry(node="A")])
    await inbox.defer(*await take(1), until=now, failure=failure)
    await inbox.settle(await take(1))

    assert states(await standings(2)) == ["passed", "beyond"]


async def test_what_was_given_up_is_dead(begin, inbox, take, standings, now, failure, entry):
    await begin([entry(node="A"), entry(node="B")])
    first, second = await take()
    await inbox.bury(second, failure=failure, at=now)
    await inbox.settle([first])

    assert await standings(2) == [Standing("r", "passed"), Standing("r", "dead")]


async def test_each_route_stands_for_itself(begin, inbox, take, entry):
    await begin([entry()])
    await inbox.settle(await take())
    await inbox.register(
        [RouteStart(route="behind", start="beginning"), RouteStart(route="after", start="end")]
    )

    assert await inbox.standings(1) == [
        Standing("after", "passed"),
        Standing("behind", "beyond"),
        Standing("r", "passed"),
    ]


async def test_a_standing_outlives_a_restart(
    begin, inbox, take, standings, now, failure, entry, reopen
):
    await begin([entry(node="A"), entry(node="A"), entry(node="B")])
    first, other = await take()
    await inbox.defer(first, until=now, failure=failure)
    await inbox.settle([other])

    assert states(await standings(3, await reopen())) == ["waiting", "held", "passed"]
