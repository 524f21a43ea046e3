"""The contract of stores: claiming events."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from receiver.errors import StoreError
from receiver.inbox import RouteStart


def every_event(head):
    return True


def ids(claims):
    return [claim.event.id for claim in claims]


async def test_events_are_claimed_in_order_and_once(begin, take, entry):
    await begin([entry(id=name) for name in "abc"])

    assert ids(await take(2)) == ["a", "b"]
    assert ids(await take(2)) == ["c"]
    assert await take() == []


async def test_a_claim_holds_the_event_as_kept(begin, take, entry):
    told = entry(id="a", node="n", raw=b"{}")
    await begin([told])

    [claim] = await take()

    assert (claim.route, claim.attempt, claim.first_attempt_at) == ("r", 1, None)
    assert (claim.event.seq, claim.event.id, claim.event.raw) == (1, "a", b"{}")


async def test_what_a_route_does_not_want_counts_as_passed(begin, inbox, take, entry):
    await begin([entry(id="a", type="x"), entry(id="b", type="y"), entry(id="c", type="x")])
    seen = []

    claims = await take(match=lambda head: seen.append(head) or head.type == "y")
    await inbox.settle(claims)

    assert ids(claims) == ["b"]
    assert [(head.seq, head.source, head.type) for head in seen] == [
        (1, "acme", "x"),
        (2, "acme", "y"),
        (3, "acme", "x"),
    ]
    [place] = await inbox.places()
    assert (place.position, place.lag) == (3, 0)


async def test_many_unwanted_events_are_passed_in_one_claim(begin, take, entry):
    batch = [entry(type="x") for _ in range(5_000)] + [entry(id="last")]
    await begin(batch)

    assert ids(await take(match=lambda head: head.type != "x")) == ["last"]


async def test_routes_do_not_know_of_each_other(inbox, now, entry):
    await inbox.register([RouteStart(route="one"), RouteStart(route="two")])
    await inbox.append([entry(id="a")])

    first = await inbox.claim("one", 9, now=now, match=every_event)
    await inbox.settle(first)

    assert ids(await inbox.claim("two", 9, now=now, match=every_event)) == ["a"]
    assert {p.route: p.position for p in await inbox.places()} == {"one": 1, "two": 0}


async def test_at_the_bound_nothing_new_is_claimed(begin, inbox, take, now, failure, entry):
    await begin([entry() for _ in range(6)], max_exceptions=3)

    claims = await take()
    for claim in claims:
        await inbox.defer(claim, until=now + timedelta(seconds=5), failure=failure)

    assert len(claims) == 3
    assert await take() == []
    [place] = await inbox.places()
    assert (place.position, place.lag, place.waiting) == (3, 3, 3)
    assert len(await take(later=5)) == 3


async def test_held_back_events_count_for_the_bound(begin, take, entry):
    same_node = [entry(node="A") for _ in range(5)]
    await begin([*same_node, entry(id="b", node="B")], max_exceptions=3)

    assert len(await take()) == 1


async def test_a_match_that_raises_loses_nothing(begin, take, entry):
    await begin([entry(id="a"), entry(id="b")])

    def broken(head):
        if head.seq == 2:
            raise RuntimeError("filter")
        return True

    with pytest.raises(RuntimeError):
        await take(match=broken)

    assert ids(await take()) == ["a", "b"]


async def test_a_cancelled_claim_loses_nothing(begin, take, entry):
    await begin([entry(id=f"e{number}") for number in range(50)])
    claims = []

    for _ in range(20):
        claiming = asyncio.ensure_future(take(5))
        await asyncio.sleep(0)
        claiming.cancel()
        claims += [
            claim
            for got in await asyncio.gather(claiming, return_exceptions=True)
            if not isinstance(got, BaseException)
            for claim in got
        ]
    claims += await take()

    assert sorted(ids(claims)) == sorted(f"e{number}" for number in range(50))


async def test_claims_at_the_same_time_share_the_events(begin, take, entry):
    await begin([entry(id=f"e{number}") for number in range(60)])

    got = await asyncio.gather(*(take(7) for _ in range(10)))

    assert sorted(name for claims in got for name in ids(claims)) == sorted(
        f"e{number}" for number in range(60)
    )


async def test_an_unknown_route_is_an_error(inbox, take):
    with pytest.raises(StoreError, match="not registered"):
        await take()


async def test_after_a_restart_what_was_claimed_is_claimed_again(
    begin, inbox, reopen, take, now, failure, entry
):
    await begin([entry(id=name, node=name[0]) for name in ("a1", "a2", "b1", "c1", "d1")])
    a1, _, c1, _ = await take()
    await inbox.defer(a1, until=now + timedelta(seconds=60), failure=failure)
    await inbox.settle([c1])
    [place] = await inbox.places()
    assert place.position == 4

    inbox = await reopen()

    again = await take(store=inbox)
    assert [(c.event.id, c.attempt) for c in again] == [("b1", 1), ("d1", 1)]
    await inbox.settle(again)
    [retry] = await take(store=inbox, later=60)
    assert (retry.event.id, retry.attempt, retry.first_attempt_at) == ("a1", 2, failure.at)
    await inbox.settle([retry])
    assert ids(await take(store=inbox)) == ["a2"]


async def test_positions_survive_a_restart(begin, inbox, reopen, take, entry):
    await begin([entry(id="a"), entry(id="b"), entry(id="c", type="x")])
    await inbox.settle(await take(2))
    await take(match=lambda head: False)

    inbox = await reopen()

    [place] = await inbox.places()
    assert (place.position, place.lag) == (3, 0)
