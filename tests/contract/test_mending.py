"""The contract of stores: dead letters that are tried again, quarantined events that get out."""

from __future__ import annotations

import asyncio

import pytest

from receiver.inbox import Query, Standing
from receiver.inbox.readmission import Rejudged


@pytest.fixture
def bury(inbox, take, failure, now):
    """Claims what there is and gives it up."""

    async def all_of_it():
        claims = await take()
        for claim in claims:
            await inbox.bury(claim, failure=failure, at=now)
        return claims

    return all_of_it


async def test_a_requeued_letter_is_claimed_again_as_a_first_attempt(
    begin, inbox, take, bury, entry
):
    await begin([entry(node="A"), entry(node="B")])
    await bury()

    assert await inbox.requeue([("r", 1), ("r", 7), ("other", 1)]) == 1
    assert await inbox.requeue([("r", 1)]) == 0
    assert [letter.event.id for letter in await inbox.dead_letters()] == ["incoming-2"]
    assert (await inbox.figures()).dead == 1
    assert await inbox.standings(1) == [Standing("r", "requeued")]

    assert await inbox.take_up() == ["r"]
    [claim] = await take()
    assert (claim.event.id, claim.attempt) == ("incoming-1", 1)
    await inbox.settle([claim])
    assert await inbox.standings(1) == [Standing("r", "passed")]
    assert await inbox.take_up() == []


async def test_its_earlier_attempts_are_not_forgotten(begin, inbox, take, bury, entry):
    await begin([entry()])
    await bury()
    await inbox.requeue([("r", 1)])
    await inbox.take_up()
    [claim] = await take()
    await inbox.settle([claim])

    assert [attempt.number for attempt in await inbox.attempts("incoming-1")] == [1]


async def test_requeued_letters_go_in_order_and_before_what_is_open_of_their_node(
    begin, inbox, take, bury, entry
):
    await begin([entry(node="A"), entry(node="A")])
    await bury()
    await bury()
    await inbox.append([entry(node="A"), entry(node="B")])
    in_flight = await take()
    assert [claim.event.seq for claim in in_flight] == [3, 4]

    await inbox.requeue([("r", 2), ("r", 1)])
    await inbox.take_up()
    assert await take() == []

    order = []
    await inbox.settle(in_flight)
    while claims := await take():
        order += [claim.event.seq for claim in claims]
        await inbox.settle(claims)
    assert order == [1, 2]


async def test_a_route_takes_up_no_more_than_it_has_room_for(begin, inbox, take, bury, entry):
    await begin([entry() for _ in range(3)], max_exceptions=2)
    while await bury():
        pass
    await inbox.requeue([("r", seq) for seq in (1, 2, 3)])

    await inbox.take_up()
    first = await take()
    await inbox.settle(first)
    await inbox.take_up()
    rest = await take()

    assert [claim.event.seq for claim in first] == [1, 2]
    assert [claim.event.seq for claim in rest] == [3]


async def test_what_is_requeued_outlives_a_restart(begin, inbox, take, bury, entry, reopen):
    await begin([entry(), entry()])
    await bury()
    await inbox.requeue([("r", 1)])
    await inbox.take_up()  # 1 is an exception now, 2 is asked for and not taken up
    await inbox.requeue([("r", 2)])

    again = await reopen()
    first = await take(store=again)
    await again.take_up()
    second = await take(store=again)

    assert [claim.event.seq for claim in (*first, *second)] == [1, 2]


async def test_a_discarded_letter_is_gone_and_its_event_stays(begin, inbox, bury, entry):
    await begin([entry(), entry()])
    await bury()

    assert await inbox.discard([("r", 1)]) == 1
    assert await inbox.discard([("r", 1)]) == 0
    assert [letter.event.seq for letter in await inbox.dead_letters()] == [2]
    assert len(await inbox.read(Query())) == 2


def rejudged(kept, **changed):
    usual = {
        "id": kept.id,
        "type": kept.type,
        "key": kept.key,
        "time": kept.time,
        "node": kept.node,
        "user": kept.user,
    }
    return Rejudged(**{**usual, **changed})


@pytest.fixture
def quarantined(inbox):
    async def read():
        return await inbox.read(Query(state="quarantined"))

    return read


async def test_a_released_event_is_the_same_event_at_the_end_of_the_inbox(
    begin, inbox, take, quarantined, entry
):
    await begin([entry(problems=("odd",), raw=b"[1]", node="A"), entry(node="A")])
    [kept] = await quarantined()

    seqs = await inbox.readmit([rejudged(kept, type="door/close", user="u", node="B")])

    assert seqs == [2]
    assert await quarantined() == []
    _, released = await inbox.read(Query())
    assert (released.id, released.seq, released.released) == (kept.id, 2, True)
    assert (released.type, released.node, released.user) == ("door/close", "B", "u")
    assert (released.raw, released.received_at) == (kept.raw, kept.received_at)
    assert [claim.event.id for claim in await take()] == ["incoming-2", "incoming-1"]
    figures = await inbox.figures()
    assert (figures.events, figures.quarantined) == (2, 0)
    assert await inbox.read(Query(state="released")) == [released]


async def test_what_is_still_wrong_stays_with_its_new_problems(inbox, quarantined, entry):
    await inbox.append([entry(problems=("odd",)), entry(problems=("odd",))])
    first, second = await quarantined()

    seqs = await inbox.readmit([rejudged(first, problems=("worse",)), rejudged(second)])

    assert seqs == [None, 1]
    assert [(kept.id, kept.problems) for kept in await quarantined()] == [(first.id, ("worse",))]


async def test_many_who_release_the_same_append_it_once(inbox, quarantined, entry):
    await inbox.append([entry(problems=("odd",)) for _ in range(20)])
    asked = [rejudged(kept) for kept in await quarantined()]

    answers = await asyncio.gather(*(inbox.readmit(asked) for _ in range(3)))

    given = [seq for seqs in answers for seq in seqs if seq is not None]
    assert sorted(given) == list(range(1, 21))
    assert len(await inbox.read(Query())) == 20
    assert await inbox.readmit(asked) == [None] * 20


async def test_who_waits_for_events_hears_of_a_release(inbox, quarantined, entry):
    await inbox.append([entry(problems=("odd",))])
    waiting = asyncio.create_task(inbox.wait(0, 5.0))
    await asyncio.sleep(0)

    await inbox.readmit([rejudged(kept) for kept in await quarantined()])

    assert await waiting == 1
