"""The contract of stores: order per node, exceptions, verdicts."""

from __future__ import annotations

from datetime import timedelta

from receiver.inbox import Failure, RouteStart


def every_event(head):
    return True


def ids(claims):
    return [claim.event.id for claim in claims]


async def test_a_later_event_of_a_node_is_held_back_while_an_earlier_one_is_claimed(
    begin, inbox, take, entry
):
    await begin([entry(id="a1", node="A"), entry(id="a2", node="A"), entry(id="b1", node="B")])

    first = await take()
    nothing = await take()
    await inbox.settle(first)

    assert ids(first) == ["a1", "b1"]
    assert nothing == []
    assert ids(await take()) == ["a2"]


async def test_nodes_of_one_name_at_two_sources_are_two_nodes(begin, take, entry):
    await begin([entry(id="a", node="N"), entry(id="b", node="N", source="other")])

    assert ids(await take()) == ["a", "b"]


async def test_a_failed_event_holds_back_its_node_and_no_other(
    begin, inbox, take, now, failure, entry
):
    await begin([entry(id="a1", node="A"), entry(id="a2", node="A"), entry(id="b1", node="B")])
    a1, b1 = await take()

    await inbox.defer(a1, until=now + timedelta(seconds=30), failure=failure)
    await inbox.settle([b1])
    await inbox.append([entry(id="b2", node="B")])

    assert ids(await take(later=29)) == ["b2"]
    [place] = await inbox.places()
    assert (place.waiting, place.held) == (1, 1)


async def test_a_failed_event_is_claimed_again_when_it_is_due(
    begin, inbox, take, now, failure, entry
):
    await begin([entry(id="a1", node="A"), entry(id="a2", node="A")])
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


async def test_due_exceptions_come_before_new_events(begin, inbox, take, now, failure, entry):
    await begin([entry(id="a")])
    [claim] = await take()
    await inbox.defer(claim, until=now + timedelta(seconds=5), failure=failure)
    await inbox.append([entry(id="b"), entry(id="c")])

    assert ids(await take(2, later=5)) == ["a", "b"]


async def test_an_unordered_route_holds_back_nothing(begin, inbox, take, now, failure, entry):
    await begin([entry(id="a1", node="A"), entry(id="a2", node="A")], ordered=False)

    claims = await take()

    assert ids(claims) == ["a1", "a2"]
    await inbox.defer(claims[0], until=now + timedelta(seconds=5), failure=failure)
    await inbox.append([entry(id="a3", node="A")])
    assert ids(await take()) == ["a3"]


async def test_a_buried_event_is_a_dead_letter_and_its_node_goes_on(
    begin, inbox, take, now, failure, entry
):
    await begin([entry(id="a1", node="A"), entry(id="a2", node="A")])
    [a1] = await take()

    await inbox.bury(a1, failure=failure, at=now)

    [letter] = await inbox.dead_letters()
    assert (letter.route, letter.event.id, letter.attempts) == ("r", "a1", 1)
    assert (letter.buried_at, letter.failure) == (now, failure)
    assert ids(await take()) == ["a2"]
    assert (await inbox.figures()).dead == 1


async def test_the_position_passes_what_is_delivered_out_of_order(begin, inbox, take, entry):
    await begin([entry(id=name) for name in "abc"])
    a, b, c = await take()

    await inbox.settle([c])
    await inbox.settle([a, b])

    [place] = await inbox.places()
    assert (place.position, place.lag, place.waiting, place.held) == (3, 0, 0, 0)


async def test_a_verdict_given_twice_counts_once(begin, inbox, take, now, failure, entry):
    await begin([entry()])
    [claim] = await take()

    for _ in range(2):
        await inbox.defer(claim, until=now + timedelta(seconds=5), failure=failure)
    await inbox.settle([claim])
    await inbox.bury(claim, failure=failure, at=now)

    [again] = await take(later=5)
    assert again.attempt == 2
    assert await inbox.dead_letters() == []
    assert len(await inbox.attempts(claim.event.id)) == 1


async def test_failed_attempts_are_kept_in_order(begin, inbox, take, now, failure, entry):
    await begin([entry(id="a")])
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


async def test_dead_letters_come_in_pages_that_never_part_a_position(inbox, now, failure, entry):
    names = ["one", "two"]
    await inbox.register([RouteStart(route=name) for name in names])
    await inbox.append([entry() for _ in range(3)])
    for name in names:
        for claim in await inbox.claim(name, 9, now=now, match=every_event):
            await inbox.bury(claim, failure=failure, at=now)

    first = await inbox.dead_letters(limit=3)
    rest = await inbox.dead_letters(after=first[-1].event.seq, limit=3)
    only = await inbox.dead_letters(route="two", limit=2)

    assert [(x.event.seq, x.route) for x in first + rest] == [
        (seq, name) for seq in (1, 2, 3) for name in names
    ]
    assert [(x.event.seq, x.route) for x in only] == [(1, "two"), (2, "two")]


async def test_a_run_hands_out_several_events_of_a_node_at_once(begin, inbox, entry, now):
    await begin([entry(id=f"a{n}", node="A") for n in range(4)] + [entry(id="b", node="B")])

    claims = await inbox.claim("r", 9, now=now, match=lambda head: True, run=3)

    assert [claim.event.id for claim in claims] == ["a0", "a1", "a2", "b"]


async def test_what_is_released_of_a_run_waits_for_what_failed_before_it(
    begin, inbox, entry, now, failure, take
):
    await begin([entry(id=f"a{n}", node="A") for n in range(3)])
    first, *later = await inbox.claim("r", 9, now=now, match=lambda head: True, run=3)

    await inbox.defer(first, until=now + timedelta(seconds=5), failure=failure)
    await inbox.release("r", later)

    assert await take() == []
    again = await inbox.claim(
        "r", 9, now=now + timedelta(seconds=5), match=lambda head: True, run=2
    )
    assert [(claim.event.id, claim.attempt) for claim in again] == [("a0", 2), ("a1", 1)]


async def test_after_a_restart_a_run_is_claimed_again_in_order(begin, inbox, entry, now, reopen):
    await begin([entry(id=f"a{n}", node="A") for n in range(3)])
    first, *_ = await inbox.claim("r", 9, now=now, match=lambda head: True, run=3)
    await inbox.settle([first])

    inbox = await reopen()

    again = await inbox.claim("r", 9, now=now, match=lambda head: True, run=3)
    assert [claim.event.id for claim in again] == ["a1", "a2"]


async def test_without_fresh_ones_only_exceptions_are_claimed(
    begin, inbox, entry, now, failure, take
):
    await begin([entry(id="a"), entry(id="b")])
    [first] = await take(1)
    await inbox.defer(first, until=now, failure=failure)

    claims = await inbox.claim("r", 9, now=now, match=lambda head: True, fresh=False)

    assert [claim.event.id for claim in claims] == ["a"]
    assert await inbox.claim("r", 9, now=now, match=lambda head: True, fresh=False) == []
