"""The write-ahead log stays small, whoever reads meanwhile."""

from __future__ import annotations

import asyncio
import errno
import gc
import math
import sqlite3
from contextlib import closing

import pytest

from receiver.errors import StoreError
from receiver.inbox import Query, RouteStart
from receiver.inbox.sqlite import engine, storefile
from receiver.inbox.sqlite.connection import connect
from receiver.inbox.sqlite.logfile import KEPT_BYTES, log_bytes, log_used, renew, truncate
from receiver.inbox.sqlite.migrate import PAGE_BYTES
from receiver.inbox.sqlite.tidying import turn

PAYLOAD = b"x" * 20_000
FRAME = PAGE_BYTES + 24
"""Bytes of one page in the log."""


@pytest.fixture
async def busy_readers(inbox, store):
    """Readers in two stores on the same file, so many that one always reads."""
    await inbox.open()
    stores = [inbox, store()]
    done = False

    async def read(which):
        while not done:
            await which.read(Query(limit=200, newest_first=True))

    reading = [asyncio.create_task(read(which)) for which in stores * 3]
    yield
    done = True
    await asyncio.gather(*reading)


async def fill(inbox, entry, megabytes):
    for _ in range(megabytes):
        await inbox.append([entry(raw=PAYLOAD) for _ in range(50)])


async def test_upkeep_empties_the_log_under_readers(inbox, path, busy_readers, entry):
    largest = 0
    for _ in range(6):
        await fill(inbox, entry, 8)
        largest = max(largest, log_bytes(path))
        await inbox.upkeep()

    assert largest < 40 * 1024 * 1024
    assert log_used(path) <= 16 * 1024 * 1024


async def test_without_upkeep_the_writer_bounds_it_itself(
    inbox, path, busy_readers, entry, monkeypatch
):
    monkeypatch.setattr(storefile, "LOG_BYTES", 8 * 1024 * 1024)
    monkeypatch.setattr(storefile, "LOOK_SECONDS", 0.0)
    largest = 0
    for _ in range(30):
        await fill(inbox, entry, 1)
        largest = max(largest, log_bytes(path))

    assert largest < 16 * 1024 * 1024


async def test_no_read_transaction_outlives_its_call(inbox, path, entry):
    await inbox.register([RouteStart(route="r")])
    await inbox.append([entry() for _ in range(300)])
    await inbox.claim("r", 10, now=entry().received_at, match=lambda head: True)
    await inbox.read(Query(limit=10))
    await inbox.figures()
    await inbox.wait(0, 1)
    await inbox.append([entry()])

    with sqlite3.connect(path) as connection:
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    connection.close()

    assert busy == 0
    assert log_bytes(path) == 0


async def test_a_reader_that_never_ends_delays_nobody(inbox, path, entry):
    await inbox.append([entry()])
    foreign = sqlite3.connect(path, isolation_level=None)
    foreign.execute("BEGIN")
    foreign.execute("SELECT * FROM events").fetchall()

    await asyncio.wait_for(fill(inbox, entry, 20), 20)
    await asyncio.wait_for(inbox.upkeep(), 5)

    assert log_used(path) > 16 * 1024 * 1024
    foreign.close()
    await inbox.upkeep()
    assert log_used(path) < 16 * FRAME


async def test_a_log_that_is_begun_anew_is_written_over_and_nothing_of_it_is_lost(
    inbox, path, entry, monkeypatch
):
    monkeypatch.setattr(engine, "LOOK_SECONDS", math.inf)  # only upkeep begins it anew
    events = [entry(raw=PAYLOAD) for _ in range(50)]
    await inbox.append(events)
    await fill(inbox, entry, 20)
    await inbox.upkeep()
    size = log_bytes(path)
    assert size > 16 * 1024 * 1024
    assert log_used(path) < 16 * FRAME

    await inbox.append([entry(raw=PAYLOAD)])
    assert 5 * FRAME < log_used(path) < 32 * FRAME
    assert log_bytes(path) == size
    assert len(await inbox.read(Query(limit=2_000))) == 1_051
    await inbox.close()
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT count(*) FROM events").fetchone() == (1_051,)
    connection.close()


async def test_a_log_that_has_grown_very_long_is_cut(inbox, path, entry):
    await inbox.append([entry()])
    foreign = sqlite3.connect(path, isolation_level=None)
    foreign.execute("BEGIN")
    foreign.execute("SELECT * FROM events").fetchall()
    await fill(inbox, entry, 40)
    assert log_bytes(path) > KEPT_BYTES
    foreign.close()

    await inbox.upkeep()

    assert log_bytes(path) < 16 * FRAME


async def test_what_counts_of_a_log_is_what_was_written_since_it_was_begun(inbox, path, entry):
    assert log_used(path) == 0
    await inbox.append([entry()])
    assert log_used(path) == log_bytes(path) > 0
    with path.with_name(f"{path.name}-wal").open("ab") as log:
        log.write(bytes(FRAME) + b"half a frame")
    assert log_used(path) == log_bytes(path) - FRAME - len(b"half a frame")


async def test_a_log_that_was_only_copied_is_not_taken_for_one_that_is_begun_anew(
    inbox, path, entry, monkeypatch
):
    """The next checkpoint is made under the writers' lock then (receiver.inbox.sqlite.tidying)."""
    monkeypatch.setattr(storefile, "LOG_BYTES", 1024 * 1024)
    monkeypatch.setattr(storefile, "LOOK_SECONDS", 0.0)
    await inbox.append([entry()])
    foreign = sqlite3.connect(path, isolation_level=None)
    foreign.execute("BEGIN")
    foreign.execute("SELECT * FROM events").fetchall()

    await fill(inbox, entry, 2)
    with turn(path) as mine:
        assert not mine.finished

    foreign.close()
    await fill(inbox, entry, 1)
    with turn(path) as mine:
        assert mine.finished


async def test_a_log_that_somebody_else_has_cut_counts_as_begun_anew(inbox, path, entry):
    await inbox.append([entry()])
    with closing(connect(path, synchronous="FULL", create=False)) as connection:
        assert truncate(connection)
        assert log_bytes(path) == 0
        assert renew(connection, path)
        assert 0 < log_used(path) < 4 * FRAME


async def test_no_file_to_open_ends_no_commit(inbox, path, entry, monkeypatch):
    await inbox.append([entry()])

    def none_left(*_):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(engine, "log_used", none_left)
    monkeypatch.setattr(engine, "TIDY_LOG_BYTES", 0)
    monkeypatch.setattr(engine, "LOOK_SECONDS", 0.0)
    failures = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context))

    for _ in range(3):
        assert await inbox.append([entry()])
    with pytest.raises(StoreError, match="Too many open files"):
        await inbox.upkeep()
    gc.collect()

    assert not failures
