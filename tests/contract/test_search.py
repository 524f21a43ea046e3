"""The contract of stores: finding events by their state, by time, by pages."""

from __future__ import annotations

from datetime import timedelta

import pytest

from receiver.inbox import Query

MINUTE = timedelta(minutes=1)


@pytest.fixture
def found(inbox):
    """The ids of the events that a query finds."""

    async def read(**asked):
        return [event.id for event in await inbox.read(Query(**asked))]

    return read


async def test_dead_letters_and_exceptions_are_states_of_events(
    begin, inbox, take, found, now, failure, entry
):
    await begin([entry(node="A"), entry(node="A"), entry(node="B"), entry(node="C")])
    waiting, dead, delivered = await take()
    await inbox.defer(waiting, until=now + MINUTE, failure=failure)
    await inbox.bury(dead, failure=failure, at=now)
    await inbox.settle([delivered])

    assert await found(state="waiting") == ["incoming-1", "incoming-2"]
    assert await found(state="dead") == ["incoming-3"]
    assert await found(state="accepted") == ["incoming-1", "incoming-2", "incoming-3", "incoming-4"]
    assert await found(state="released") == []


async def test_pages_go_back_from_a_position(inbox, found, entry):
    await inbox.append([entry() for _ in range(7)])

    newest = await found(newest_first=True, limit=3)
    older = await found(newest_first=True, limit=3, before=5)

    assert (newest, older) == (
        ["incoming-7", "incoming-6", "incoming-5"],
        ["incoming-4", "incoming-3", "incoming-2"],
    )
    assert await found(after=2, before=5) == ["incoming-3", "incoming-4"]


async def test_a_time_finds_what_was_received_in_it_whatever_stands_between(inbox, found, entry):
    start = entry().received_at
    minutes = [*range(300), 270, *range(300, 600)]
    rows = [entry(id=f"at-{m}", received_at=start + m * MINUTE) for m in minutes]
    rows[300] = entry(id="late", received_at=start + 270 * MINUTE)
    await inbox.append(rows)

    assert await found(since=start + 269 * MINUTE, until=start + 272 * MINUTE) == [
        "at-269",
        "at-270",
        "at-271",
        "late",
    ]
    assert await found(since=start + 598 * MINUTE) == ["at-598", "at-599"]
    assert await found(until=start) == []
