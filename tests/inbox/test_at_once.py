"""Appending before the call returns: durable as ever, or nothing is done."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import math
import os
import sqlite3
from contextlib import closing

import pytest

from receiver.errors import StoreError, UnkeepableError
from receiver.inbox import Declined, Query, Status
from receiver.inbox.sqlite import engine, storefile, writer
from receiver.inbox.sqlite.writer import AT_ONCE


@pytest.fixture
async def opened(inbox):
    """A store that was opened; one that was not is never opened on the event loop."""
    await inbox.open()
    return inbox


@pytest.fixture
def trusted(monkeypatch):
    """However slow the disk is, the event loop goes on asking it."""
    monkeypatch.setattr(writer, "SLOW_SECONDS", math.inf)


async def kept(inbox, entries):
    """The receipts, as soon as it is done at once: not while the disk was slow just now."""
    for _ in range(6000):
        receipts = inbox.append_at_once(entries)
        if not isinstance(receipts, Declined):
            return receipts
        await asyncio.sleep(0.01)
    pytest.fail("it was never quick")


def events_in(path):
    with closing(sqlite3.connect(path)) as file:
        return [id for (id,) in file.execute("SELECT id FROM events ORDER BY seq")]


async def test_it_is_in_the_store_when_the_call_returns(opened, path, entry):
    first = entry(id="first", dedup_key=b"k", raw=b"x")
    strange = entry(id="strange", problems=("of no type",))

    receipts = await kept(opened, [first, entry(dedup_key=b"k", raw=b"x"), strange])

    assert [receipt.status for receipt in receipts] == [
        Status.ACCEPTED,
        Status.DUPLICATE,
        Status.QUARANTINED,
    ]
    assert events_in(path) == ["first"]
    [again] = await opened.append([entry(dedup_key=b"k", raw=b"x")])
    assert (again.status, again.id) == (Status.DUPLICATE, "first")


async def test_who_waits_for_events_is_told(opened, entry):
    waiting = asyncio.create_task(opened.wait(0, 60))
    await asyncio.sleep(0)

    await kept(opened, [entry()])

    assert await asyncio.wait_for(waiting, 60) == 1


async def test_a_store_that_is_not_open_yet_is_opened_by_append(inbox, path, entry):
    assert isinstance(inbox.append_at_once([entry()]), Declined)
    assert not path.exists()


async def test_nothing_is_done_while_another_process_writes(opened, path, entry):
    lock = os.open(f"{path}.lock", os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)

    assert opened.append_at_once([entry()]) is Declined.BUSY

    os.close(lock)
    assert events_in(path) == []
    await kept(opened, [entry(id="after")])
    assert events_in(path) == ["after"]


async def test_nothing_is_done_before_what_was_asked_before(opened, path, entry):
    appending = asyncio.ensure_future(opened.append([entry(id="first")]))
    await asyncio.sleep(0)  # it waits for the end of a turn of the loop

    assert opened.append_at_once([entry()]) is Declined.UNFIT

    await appending
    assert events_in(path) == ["first"]


async def test_nothing_is_done_that_may_take_long(opened, path, entry):
    many = [entry() for _ in range(AT_ONCE + 1)]

    assert opened.append_at_once(many) is Declined.UNFIT
    assert events_in(path) == []
    assert len(await kept(opened, many[:AT_ONCE])) == AT_ONCE


async def test_a_store_that_was_moved_away_is_left_to_append(opened, path, tmp_path, entry):
    path.rename(tmp_path / "aside.db")

    assert opened.append_at_once([entry()]) is Declined.BUSY, "who asks again in vain appends"
    with pytest.raises(StoreError, match="gone"):
        await opened.append([entry()])


async def test_a_store_that_is_moved_away_while_the_lock_is_waited_for_is_left_to_append(
    opened, path, tmp_path, entry, trusted, monkeypatch
):
    await kept(opened, [entry(id="before")])
    taken_soon = storefile._taken_soon

    def moving(lock, wait):
        path.rename(tmp_path / "aside.db")
        return taken_soon(lock, wait)

    monkeypatch.setattr(storefile, "_taken_soon", moving)

    assert opened.append_at_once([entry()]) is Declined.BUSY

    (tmp_path / "aside.db").rename(path)
    assert events_in(path) == ["before"]


async def test_who_waited_for_the_lock_in_vain_does_not_wait_for_it_again(
    opened, path, entry, trusted, monkeypatch
):
    await kept(opened, [entry(id="before")])
    waits = []

    def in_vain(lock, wait):
        waits.append(wait)
        return False

    monkeypatch.setattr(storefile, "_taken_soon", in_vain)
    monkeypatch.setattr(writer, "SOON_SECONDS", 60.0)  # however slow the machine is

    assert opened.append_at_once([entry()]) is Declined.BUSY
    await opened.append([entry(id="after")])
    assert opened.append_at_once([entry()]) is Declined.UNFIT
    await opened.append([entry(id="then")])

    assert [bool(wait) for wait in waits] == [False, True], "asked once, and waited once"
    assert events_in(path) == ["before", "after", "then"]


async def test_what_is_committed_is_told_so_whatever_is_wrong_with_the_log(
    opened, entry, monkeypatch
):
    def broken(path):
        raise OSError(errno.EIO, "Input/output error")

    for module in (engine, storefile):
        monkeypatch.setattr(module, "log_bytes", broken)
        monkeypatch.setattr(module, "LOOK_SECONDS", 0.0)

    [receipt] = await kept(opened, [entry()])
    [appended] = await opened.append([entry()])

    assert receipt.status is appended.status is Status.ACCEPTED


async def test_all_or_nothing(opened, path, entry):
    await kept(opened, [entry(id="taken")])

    with pytest.raises(UnkeepableError):
        await kept(opened, [entry(id="new"), entry(id="taken")])

    assert events_in(path) == ["taken"]
    assert [event.id for event in await opened.read(Query())] == ["taken"]


async def test_beyond_its_hard_limit_nothing_is_kept(store, entry):
    limited = store(hard_limit=1)
    await limited.open()

    async def fill():
        while True:  # how full it is is asked in passing
            limited.append_at_once([entry()])
            await asyncio.sleep(0.01)

    with pytest.raises(StoreError, match="limit"):
        await asyncio.wait_for(fill(), 60)
