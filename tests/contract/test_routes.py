"""The contract of stores: where routes begin, and what they keep."""

from __future__ import annotations

from datetime import timedelta

import pytest

from receiver.inbox import RouteStart


def every_event(head):
    return True


def ids(claims):
    return [claim.event.id for claim in claims]


async def test_every_route_of_a_new_store_begins_at_the_beginning(inbox, now, entry):
    await inbox.append([entry(id="early")])
    await inbox.register([RouteStart(route="one"), RouteStart(route="two", start=now)])

    for route in ("one", "two"):
        assert ids(await inbox.claim(route, 9, now=now, match=every_event)) == ["early"]


@pytest.mark.parametrize(
    ("start", "expected"),
    [("end", []), ("beginning", ["e0", "e10", "e20"]), (10, ["e10", "e20"]), (99, [])],
)
async def test_a_later_route_begins_where_it_says(inbox, now, entry, start, expected):
    await inbox.register([RouteStart(route="first")])
    noon = entry().received_at
    for second in (0, 10, 20):
        await inbox.append([entry(id=f"e{second}", received_at=noon + timedelta(seconds=second))])
    if isinstance(start, int):
        start = noon + timedelta(seconds=start)

    [place] = await inbox.register([RouteStart(route="later", start=start)])

    claims = await inbox.claim("later", 9, now=now, match=every_event)
    assert ids(claims) == expected
    assert place.lag == len(expected)


async def test_a_known_route_keeps_its_place(begin, inbox, take, entry):
    await begin([entry(id="a"), entry(id="b")])
    await inbox.settle(await take(1))

    [place] = await inbox.register([RouteStart(route="r", start="beginning")])

    assert place.position == 1
    assert ids(await take()) == ["b"]


async def test_a_known_route_takes_up_its_new_shape(begin, inbox, take, entry):
    await begin([entry(node="A") for _ in range(4)], max_exceptions=2)
    assert len(await take()) == 1

    await inbox.register([RouteStart(route="r", ordered=False, max_exceptions=3)])

    assert len(await take()) == 2
