"""The contract of stores: waiting, looking, closing."""

from __future__ import annotations

import asyncio

import pytest

from receiver.errors import StoreError
from receiver.inbox import Query, RouteStart


async def test_wait_tells_of_a_new_event_at_once(inbox, entry):
    waiting = asyncio.create_task(inbox.wait(0, 300))
    await asyncio.sleep(0.01)

    await inbox.append([entry()])

    assert await asyncio.wait_for(waiting, 30) == 1


async def test_wait_does_not_wait_for_what_is_there(inbox, entry):
    await inbox.append([entry(), entry()])

    assert await asyncio.wait_for(inbox.wait(1, 300), 30) == 2


async def test_wait_ends_after_its_time(inbox, entry):
    await inbox.append([entry()])

    assert await asyncio.wait_for(inbox.wait(1, 0.02), 30) == 1
    assert await asyncio.wait_for(inbox.wait(1, 0), 30) == 1


async def test_nothing_is_done_after_closing_and_closing_twice_is_well(inbox, entry):
    await inbox.append([entry()])
    await inbox.close()
    await inbox.close()

    with pytest.raises(StoreError, match="closed"):
        await inbox.append([entry()])
    with pytest.raises(StoreError, match="closed"):
        await inbox.read(Query())


async def test_closing_finishes_what_was_begun(inbox, reopen, entry):
    appending = asyncio.create_task(inbox.append([entry(id="begun")]))
    await asyncio.sleep(0)

    inbox = await reopen()

    assert (await appending)[0].id == "begun"
    assert [event.id for event in await inbox.read(Query())] == ["begun"]


async def test_an_unused_store_closes(inbox):
    await inbox.close()


async def test_figures_count(inbox, entry):
    await inbox.register([RouteStart(route="r")])
    await inbox.append([entry(dedup_key=b"k"), entry(), entry(problems=("no",))])

    figures = await inbox.figures()

    assert (figures.events, figures.last_seq, figures.quarantined) == (2, 2, 1)
    assert (figures.dead, figures.dedup_keys) == (0, 1)
    assert figures.bytes_used > 0
    assert [place.route for place in figures.places] == ["r"]


async def test_upkeep_changes_nothing_that_can_be_seen(inbox, entry):
    await inbox.append([entry(id="a")])

    await inbox.upkeep()

    assert [event.id for event in await inbox.read(Query())] == ["a"]
