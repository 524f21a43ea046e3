"""The contract of stores: what goes out to routes."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from receiver.errors import StoreError
from receiver.inbox import Failure, RouteStart


def everything(head):
    return True


@pytest.fixture
def now(entry):
    return entry().received_at + timedelta(hours=1)


@pytest.fixture
def failure(now):
    return Failure(now, "error", "TimeoutError", "took too long", "Traceback …")


@pytest.fixture
def take(inbox, now):
    """Claims for route `r`."""

    async def claim(n=100, *, match=everything, later=0.0, store=None):
        at = now + timedelta(seconds=later)
        return await (store or inbox).claim("r", n, now=at, match=match)

    return claim


def ids(claims):
    return [claim.event.id for claim in claims]


async def begin(inbox, entries=(), **shape):
    await inbox.register([RouteStart(route="r", **shape)])
    if entries:
        await inbox.append(list(entries))


async def test_events_are_claimed_in_order_and_once(inbox, take, entry):
    await begin(inbox, [entry(id=name) for name in "abc"])

    assert ids(await take(2)) == ["a", "b"]
    assert ids(await take(2)) == ["c"]
    assert await take() == []


async def test_a_claim_holds_the_event_as_kept(inbox, take, entry):
    told = entry(id="a", node="n", raw=b"{}")
    await begin(inbox, [told])

    [claim] = await take()

    assert (claim.route, claim.attempt, claim.first_attempt_at) == ("r", 1, None)
    assert (claim.event.seq, claim.event.id, claim.event.raw) == (1, "a", b"{}")


async def test_what_a_route_does_not_want_counts_as_passed(inbox, take, entry):
    await begin(inbox, [entry(id="a", type="x"), entry(id="b", type="y"), entry(id="c", type="x")])
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


async def test_many_unwanted_events_are_passed_in_one_claim(inbox, take, entry):
    batch = [entry(type="x") for _ in range(5_000)] + [entry(id="last")]
    await begin(inbox, batch)

    assert ids(await take(match=lambda head: head.type != "x")) == ["last"]


async def test_routes_do_not_know_of_each_other(inbox, now, entry):
    await inbox.register([RouteStart(route="one"), RouteStart(route="two")])
    await inbox.append([entry(id="a")])

    first = await inbox.claim("one", 9, now=now, match=everything)
    await inbox.settle(first)

    assert ids(await inbox.claim("two", 9, now=now, match=everything)) == ["a"]
    assert {p.route: p.position for p in await inbox.places()} == {"one": 1, "two": 0}


async def test_a_later_event_of_a_node_is_held_back_while_an_earlier_one_is_claimed(
    inbox, take, entry
):
    await begin(
        inbox, [entry(id="a1", node="A"), entry(id="a2", node="A"), entry(id="b1", node="B")]
    )

    first = await take()
    nothing = await take()
    await inbox.settle(first)

    assert ids(first) == ["a1", "b1"]
    assert nothing == []
    assert ids(await take()) == ["a2"]


async def test_nodes_of_one_name_at_two_sources_are_two_nodes(inbox, take, entry):
    await begin(inbox, [entry(id="a", node="N"), entry(id="b", node="N", source="other")])

    assert ids(await take()) == ["a", "b"]


async def test_a_failed_event_holds_back_its_node_and_no_other(inbox, take, now, failure, entry):
    await begin(
        inbox, [entry(id="a1", node="A"), entry(id="a2", node="A"), entry(id="b1", node="B")]
    )
    a1, b1 = await take()

    await inbox.defer(a1, until=now + timedelta(seconds=30), failure=failure)
    await inbox.settle([b1])
    await inbox.append([entry(id="b2", node="B")])

    assert ids(await take(later=29)) == ["b2"]
    [place] = await inbox.places()
    assert (place.waiting, place.held) == (1, 1)


async def test_a_failed_event_is_claimed_again_when_it_is_due(inbox, take, now, failure, entry):
    await begin(inbox, [entry(id="a1", node="A"), entry(id="a2", node="A")])
    [a1] = await take()
    until = now + timedelta(seconds=30)
    await inbox.defer(a1, until=until, failure=failure)

    assert await inbox.next_due("r") == until
    assert await take(later=29.9) == []
    [again] = await take(later=30)

    assert (again.event.id, again.attempt, again.first_attempt_at) == ("a1", 2, failure.at)
    await inbox.settle([again])
    assert ids(await take()) == ["a2"]
    assert await inbox.next_due("r") is None


async def test_due_exceptions_come_before_new_events(inbox, take, now, failure, entry):
    await begin(inbox, [entry(id="a")])
    [claim] = await take()
    await inbox.defer(claim, until=now + timedelta(seconds=5), failure=failure)
    await inbox.append([entry(id="b"), entry(id="c")])

    assert ids(await take(2, later=5)) == ["a", "b"]


async def test_an_unordered_route_holds_back_nothing(inbox, take, now, failure, entry):
    await begin(inbox, [entry(id="a1", node="A"), entry(id="a2", node="A")], ordered=False)

    claims = await take()

    assert ids(claims) == ["a1", "a2"]
    await inbox.defer(claims[0], until=now + timedelta(seconds=5), failure=failure)
    await inbox.append([entry(id="a3", node="A")])
    assert ids(await take()) == ["a3"]


async def test_a_buried_event_is_a_dead_letter_and_its_node_goes_on(
    inbox, take, now, failure, entry
):
    await begin(inbox, [entry(id="a1", node="A"), entry(id="a2", node="A")])
    [a1] = await take()

    await inbox.bury(a1, failure=failure, at=now)

    [letter] = await inbox.dead_letters()
    assert (letter.route, letter.event.id, letter.attempts) == ("r", "a1", 1)
    assert (letter.buried_at, letter.failure) == (now, failure)
    assert ids(await take()) == ["a2"]
    assert (await inbox.figures()).dead == 1


async def test_at_the_bound_nothing_new_is_claimed(inbox, take, now, failure, entry):
    await begin(inbox, [entry() for _ in range(6)], max_exceptions=3)

    claims = await take()
    for claim in claims:
        await inbox.defer(claim, until=now + timedelta(seconds=5), failure=failure)

    assert len(claims) == 3
    assert await take() == []
    [place] = await inbox.places()
    assert (place.position, place.lag, place.waiting) == (3, 3, 3)
    assert len(await take(later=5)) == 3


async def test_held_back_events_count_for_the_bound(inbox, take, entry):
    same_node = [entry(node="A") for _ in range(5)]
    await begin(inbox, [*same_node, entry(id="b", node="B")], max_exceptions=3)

    assert len(await take()) == 1


async def test_the_position_passes_what_is_delivered_out_of_order(inbox, take, entry):
    await begin(inbox, [entry(id=name) for name in "abc"])
    a, b, c = await take()

    await inbox.settle([c])
    await inbox.settle([a, b])

    [place] = await inbox.places()
    assert (place.position, place.lag, place.waiting, place.held) == (3, 0, 0, 0)


async def test_a_verdict_given_twice_counts_once(inbox, take, now, failure, entry):
    await begin(inbox, [entry()])
    [claim] = await take()

    for _ in range(2):
        await inbox.defer(claim, until=now + timedelta(seconds=5), failure=failure)
    await inbox.settle([claim])
    await inbox.bury(claim, failure=failure, at=now)

    [again] = await take(later=5)
    assert again.attempt == 2
    assert await inbox.dead_letters() == []
    assert len(await inbox.attempts(claim.event.id)) == 1


async def test_failed_attempts_are_kept_in_order(inbox, take, now, failure, entry):
    await begin(inbox, [entry(id="a")])
    for number in (1, 2, 3):
        [claim] = await take(later=number * 10)
        why = Failure(now + timedelta(seconds=number), "retry", "", f"no {number}")
        if number < 3:
            due = now + timedelta(seconds=number * 10 + 10)
            await inbox.defer(claim, until=due, failure=why)
        else:
            await inbox.bury(claim, failure=why, at=now)

    attempts = await inbox.attempts("a")

    assert [(a.route, a.seq, a.number, a.failure.message) for a in attempts] == [
        ("r", 1, 1, "no 1"),
        ("r", 1, 2, "no 2"),
        ("r", 1, 3, "no 3"),
    ]
    assert attempts[0].next_at == now + timedelta(seconds=20)
    assert attempts[2].next_at is None
    assert await inbox.attempts("unknown") == []


async def test_a_match_that_raises_loses_nothing(inbox, take, entry):
    await begin(inbox, [entry(id="a"), entry(id="b")])

    def broken(head):
        if head.seq == 2:
            raise RuntimeError("filter")
        return True

    with pytest.raises(RuntimeError):
        await take(match=broken)

    assert ids(await take()) == ["a", "b"]


async def test_a_cancelled_claim_loses_nothing(inbox, take, entry):
    await begin(inbox, [entry(id=f"e{number}") for number in range(50)])
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


async def test_claims_at_the_same_time_share_the_events(inbox, take, entry):
    await begin(inbox, [entry(id=f"e{number}") for number in range(60)])

    got = await asyncio.gather(*(take(7) for _ in range(10)))

    assert sorted(name for claims in got for name in ids(claims)) == sorted(
        f"e{number}" for number in range(60)
    )


async def test_an_unknown_route_is_an_error(inbox, take):
    with pytest.raises(StoreError, match="not registered"):
        await take()


async def test_every_route_of_a_new_store_begins_at_the_beginning(inbox, now, entry):
    await inbox.append([entry(id="early")])
    await inbox.register([RouteStart(route="one"), RouteStart(route="two", start=now)])

    for route in ("one", "two"):
        assert ids(await inbox.claim(route, 9, now=now, match=everything)) == ["early"]


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

    claims = await inbox.claim("later", 9, now=now, match=everything)
    assert ids(claims) == expected
    assert place.lag == len(expected)


async def test_a_known_route_keeps_its_place(inbox, take, entry):
    await begin(inbox, [entry(id="a"), entry(id="b")])
    await inbox.settle(await take(1))

    [place] = await inbox.register([RouteStart(route="r", start="beginning")])

    assert place.position == 1
    assert ids(await take()) == ["b"]


async def test_a_known_route_takes_up_its_new_shape(inbox, take, entry):
    await begin(inbox, [entry(node="A") for _ in range(4)], max_exceptions=2)
    assert len(await take()) == 1

    await inbox.register([RouteStart(route="r", ordered=False, max_exceptions=3)])

    assert len(await take()) == 2


async def test_dead_letters_come_in_pages_that_never_part_a_position(inbox, now, failure, entry):
    names = ["one", "two"]
    await inbox.register([RouteStart(route=name) for name in names])
    await inbox.append([entry() for _ in range(3)])
    for name in names:
        for claim in await inbox.claim(name, 9, now=now, match=everything):
            await inbox.bury(claim, failure=failure, at=now)

    first = await inbox.dead_letters(limit=3)
    rest = await inbox.dead_letters(after=first[-1].event.seq, limit=3)
    only = await inbox.dead_letters(route="two", limit=2)

    assert [(x.event.seq, x.route) for x in first + rest] == [
        (seq, name) for seq in (1, 2, 3) for name in names
    ]
    assert [(x.event.seq, x.route) for x in only] == [(1, "two"), (2, "two")]


async def test_after_a_restart_what_was_claimed_is_claimed_again(
    inbox, reopen, take, now, failure, entry
):
    await begin(inbox, [entry(id=name, node=name[0]) for name in ("a1", "a2", "b1", "c1", "d1")])
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


async def test_positions_survive_a_restart(inbox, reopen, take, entry):
    await begin(inbox, [entry(id="a"), entry(id="b"), entry(id="c", type="x")])
    await inbox.settle(await take(2))
    await take(match=lambda head: False)

    inbox = await reopen()

    [place] = await inbox.places()
    assert (place.position, place.lag) == (3, 0)
