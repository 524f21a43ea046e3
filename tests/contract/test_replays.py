"""The contract of stores: replays of old events, each with a place of its own."""

from __future__ import annotations

from datetime import timedelta

import pytest

from receiver.inbox import Query
from receiver.inbox.retention import Limits


@pytest.fixture
def done(begin, inbox, take, entry):
    """Appends events of two nodes, all of them delivered."""

    async def run(amount):
        await begin([entry(node=f"n{number % 2}") for number in range(amount)])
        while claims := await take():
            await inbox.settle(claims)

    return run


@pytest.fixture
def again(inbox, now):
    """Asks for a replay of a range and attends to it."""

    async def ask(low, high, store=None, bound=100):
        kept = store or inbox
        number = await kept.ask_replay("r", Query(types=("door/*",)), low=low, high=high, at=now)
        [replay] = [each for each in await kept.replays() if each.number == number]
        await kept.attend(replay, ordered=True, max_exceptions=bound)
        return replay

    return ask


@pytest.fixture
def retake(inbox, now):
    async def claim(replay, n=100, store=None, later=0.0):
        at = now + timedelta(seconds=later)
        kept = store or inbox
        return await kept.claim(replay.key, n, now=at, match=lambda head: True)

    return claim


async def test_a_replay_claims_its_range_and_moves_no_route(inbox, done, again, retake, entry):
    await done(6)
    [before] = await inbox.places()
    replay = await again(1, 4)
    await inbox.append([entry()])

    first = await retake(replay, 1)
    assert not await inbox.replayed(replay)
    await inbox.settle(first)
    rest = await retake(replay)
    await inbox.settle(rest)
    assert await retake(replay) == []

    assert [claim.event.seq for claim in (*first, *rest)] == [2, 3, 4]
    assert all(claim.replay and claim.attempt == 1 for claim in (*first, *rest))
    assert await inbox.replayed(replay)
    [after] = await inbox.places()
    assert (after.position, after.route) == (before.position, "r")


async def test_a_replay_keeps_the_order_of_a_node_and_tries_again(
    inbox, done, again, retake, now, failure
):
    await done(4)
    replay = await again(0, 4)
    first, second = await retake(replay)
    await inbox.defer(first, until=now + timedelta(seconds=5), failure=failure)
    await inbox.settle([second])

    [fourth] = await retake(replay)
    await inbox.settle([fourth])
    [again_first] = await retake(replay, later=6)
    await inbox.settle([again_first])
    [third] = await retake(replay, later=6)

    assert [fourth.event.seq, again_first.event.seq, third.event.seq] == [4, 1, 3]
    assert again_first.attempt == 2
    attempts = await inbox.attempts("incoming-1")
    assert [(attempt.route, attempt.number) for attempt in attempts] == [(replay.key, 1)]


async def test_a_dead_letter_of_a_replay_is_its_routes(inbox, done, again, retake, now, failure):
    await done(1)
    replay = await again(0, 1)
    for claim in await retake(replay):
        await inbox.bury(claim, failure=failure, at=now)

    [letter] = await inbox.dead_letters()

    assert (letter.route, letter.event.seq) == ("r", 1)


async def test_its_figures_and_its_state_are_kept(inbox, done, again, retake, now):
    await done(4)
    replay = await again(0, 4)
    while claims := await retake(replay):
        await inbox.settle(claims)
    await inbox.tell_replay(replay.number, delivered=3, failed=1, dead=1)

    assert await inbox.turn_replay(replay.number, "halted", at=now)
    assert [each.state for each in await inbox.replays(unfinished=True)] == ["halted"]
    assert await inbox.turn_replay(replay.number, "running", at=now)
    assert await inbox.turn_replay(replay.number, "done", at=now)
    assert not await inbox.turn_replay(replay.number, "running", at=now)
    await inbox.part(replay)

    [shown] = await inbox.replays()
    assert (shown.state, shown.ended_at, shown.position) == ("done", now, 4)
    assert (shown.delivered, shown.failed, shown.dead) == (3, 1, 1)
    assert shown.query == Query(types=("door/*",))
    assert await inbox.replays(unfinished=True) == []


async def test_a_replay_goes_on_where_it_was_after_a_restart(
    inbox, done, again, retake, reopen, now, failure
):
    await done(6)
    replay = await again(0, 6)
    claims = await retake(replay)
    await inbox.defer(claims[0], until=now + timedelta(seconds=5), failure=failure)
    await inbox.settle(claims[1:])

    store = await reopen()
    [found] = await store.replays(unfinished=True)
    await store.attend(found, ordered=True, max_exceptions=100)
    later = [claim.event.seq for claim in await retake(found, store=store, later=6)]

    assert (found.number, found.position, found.waiting) == (replay.number, 2, 1)
    assert later == [1, 4]


async def test_attending_anew_claims_again_what_was_claimed(inbox, done, again, retake):
    await done(2)
    replay = await again(0, 2)
    await retake(replay)
    assert await retake(replay) == []

    await inbox.attend(replay, ordered=True, max_exceptions=100)

    assert [claim.event.seq for claim in await retake(replay)] == [1, 2]


async def test_retention_leaves_a_running_replay_its_events_and_a_halted_one_goes_on_without(
    inbox, done, again, retake, now
):
    await done(3)
    replay = await again(0, 3)

    async def purge():
        for _ in range(10):
            await inbox.purge(Limits(events=timedelta(0)), now=now + timedelta(days=400))
        return len(await inbox.read(Query()))

    assert await purge() == 3
    await inbox.turn_replay(replay.number, "halted", at=now)
    assert await purge() == 0
    await inbox.turn_replay(replay.number, "running", at=now)

    assert await retake(replay) == []
    assert await inbox.replayed(replay)


async def test_retention_leaves_an_event_that_a_replay_tries_again(
    inbox, done, again, retake, now, failure
):
    await done(3)
    replay = await again(0, 3)
    first, second = await retake(replay)
    await inbox.defer(first, until=now + timedelta(seconds=5), failure=failure)
    await inbox.settle([second])
    while (await inbox.purge(Limits(events=timedelta(0)), now=now + timedelta(days=400))).more:
        pass

    [tried] = await retake(replay, later=6)

    assert (tried.event.seq, tried.attempt) == (first.event.seq, 2)
