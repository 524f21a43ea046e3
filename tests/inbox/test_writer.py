"""The writer: one transaction for all that queued up, one wake-up for all who wait."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time

import pytest

from receiver.errors import StoreError
from receiver.inbox import Query, Status
from receiver.inbox.sqlite import engine, open_store
from receiver.inbox.sqlite.group import Group
from receiver.inbox.sqlite.logfile import log_bytes
from receiver.inbox.sqlite.migrate import PAGE_BYTES
from receiver.inbox.sqlite.writer import HUNG_SECONDS

FRAME = PAGE_BYTES + 24
"""Bytes of one page in the write-ahead log; a commit of one event writes four or more."""


async def test_all_appends_of_one_turn_of_the_loop_share_a_transaction(inbox, path, entry):
    await inbox.append([entry()])
    before = log_bytes(path)

    await asyncio.gather(*(inbox.append([entry()]) for _ in range(100)))

    assert log_bytes(path) - before < 50 * FRAME


async def test_receipts_go_to_those_who_asked(inbox, entry):
    answers = await asyncio.gather(
        *(inbox.append([entry(id=f"{n}-a"), entry(id=f"{n}-b")]) for n in range(50))
    )

    assert [[receipt.id for receipt in answer] for answer in answers] == [
        [f"{n}-a", f"{n}-b"] for n in range(50)
    ]


async def test_a_caller_that_gave_up_before_the_commit_is_left_out(inbox, path, entry):
    await inbox.append([entry(id="before")])
    foreign = sqlite3.connect(path, isolation_level=None)
    foreign.execute("BEGIN IMMEDIATE")  # the writer waits for it, what comes now waits behind
    first = asyncio.create_task(inbox.append([entry(id="first")]))
    await asyncio.sleep(0.05)
    second = asyncio.create_task(inbox.append([entry(id="second")]))
    await asyncio.sleep(0.05)
    second.cancel()
    foreign.execute("COMMIT")
    foreign.close()

    await first
    await inbox.append([entry(id="last")])

    assert [event.id for event in await inbox.read(Query())] == ["before", "first", "last"]


@pytest.mark.alone
async def test_beyond_the_bound_of_the_queue_callers_are_refused_at_once(
    inbox, path, entry, monkeypatch
):
    monkeypatch.setattr(engine, "QUEUE", 5)
    await inbox.append([entry()])
    foreign = sqlite3.connect(path, isolation_level=None)
    foreign.execute("BEGIN IMMEDIATE")
    waiting = []
    for _ in range(5):
        waiting.append(asyncio.create_task(inbox.append([entry()])))
        await asyncio.sleep(0.01)

    with pytest.raises(StoreError, match="keep up"):
        await asyncio.wait_for(inbox.append([entry()]), 0.2)

    foreign.execute("COMMIT")
    foreign.close()
    assert [r.status for [r] in await asyncio.gather(*waiting)] == [Status.ACCEPTED] * 5
    assert len(await inbox.append([entry()])) == 1


@pytest.mark.alone
async def test_the_loop_is_never_held_up(inbox, entry):
    """While thousands of events are appended and read, a 1 ms tick is late by little."""
    await inbox.open()
    late = []
    done = False

    async def tick():
        loop = asyncio.get_running_loop()
        while not done:
            began = loop.time()
            await asyncio.sleep(0.001)
            late.append(loop.time() - began)

    ticking = asyncio.create_task(tick())
    for _ in range(10):
        await inbox.append([entry(raw=b"x" * 1000) for _ in range(500)])
        await inbox.read(Query(limit=100))
    done = True
    await ticking

    # Each of the ten would hold it up; a hiccup of the machine or two is nobody's.
    assert sorted(late)[-3] < 0.1


@pytest.mark.alone
async def test_a_disk_that_hangs_holds_up_the_loop_once(inbox, entry, monkeypatch):
    """The first time cannot be known before; after it the loop goes on, and can answer 503."""
    await inbox.append([entry()])  # opened by the thread
    await asyncio.sleep(0.05)
    committed = Group.committed

    def hang(self, works):
        time.sleep(HUNG_SECONDS + 0.1)
        committed(self, works)

    monkeypatch.setattr(Group, "committed", hang)
    loop = asyncio.get_running_loop()
    held = []
    for _ in range(2):
        appending = asyncio.create_task(inbox.append([entry()]))
        longest, last = 0.0, loop.time()
        while not appending.done():
            await asyncio.sleep(0.01)
            longest, last = max(longest, loop.time() - last), loop.time()
        held.append(longest)
        await appending

    assert held[0] > HUNG_SECONDS, "a small commit is made on the loop"
    assert held[1] < HUNG_SECONDS


async def test_closing_ends_its_threads(store, entry):
    def ours():
        return [thread for thread in threading.enumerate() if thread.name.startswith("inbox-")]

    inbox = store()
    await inbox.append([entry()])
    await inbox.read(Query())
    assert ours()

    await inbox.close()

    assert ours() == []


async def test_a_store_may_be_used_from_one_loop_after_another(path, entry):
    def use(code):
        thread = threading.Thread(target=lambda: asyncio.run(code()))
        thread.start()
        return asyncio.to_thread(thread.join)

    inbox = open_store(path)
    seen = []

    async def append():
        await inbox.append([entry()])
        seen.append(await inbox.wait(0, 1))

    await use(append)
    await use(append)
    await use(inbox.close)

    assert seen == [1, 2]
