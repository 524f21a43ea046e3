"""Several processes on one store: nobody starves, nothing is delivered twice, nothing is lost."""

from __future__ import annotations

import asyncio
import os
import signal
import statistics
import subprocess
import sys
import time
from collections import Counter
from unittest.mock import patch

import pytest

from receiver.errors import StoreError
from receiver.inbox import Query
from receiver.inbox.sqlite.doorbell import STEPS, Doorbell, pause


def told(process):
    """(status, id) pairs of what the program printed, `ready` and a torn last line left out."""
    out, err = process.communicate(timeout=60)
    assert "Traceback" not in err, err
    lines = [line.split() for line in out.splitlines()]
    return [(line[0], line[1]) for line in lines if len(line) == 3]


@pytest.mark.parametrize("processes", [2, 4])
async def test_processes_append_side_by_side_and_duplicates_between_them_are_one(
    inbox, path, start, processes
):
    count = 400
    running = [start("append.py", path, f"p{number}", count) for number in range(processes)]
    answers = [await asyncio.to_thread(told, process) for process in running]

    assert [len(answer) for answer in answers] == [count] * processes
    statuses = Counter(status for answer in answers for status, _ in answer)
    shared = count // 20
    assert statuses == {
        "accepted": processes * count - (processes - 1) * shared,
        "duplicate": (processes - 1) * shared,
    }
    events = await inbox.read(Query(limit=10_000))
    assert len(events) == statuses["accepted"]
    assert len({event.raw for event in events}) == len(events)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))


@pytest.mark.alone
async def test_no_process_starves(inbox, path, start):
    """Both run for the same second; each gets its share of the commits."""
    running = [start("append.py", path, f"p{number}", 1_000_000) for number in range(2)]
    for process in running:
        assert await asyncio.to_thread(process.stdout.readline) == "ready\n"
    drained = [asyncio.create_task(asyncio.to_thread(process.communicate)) for process in running]
    await asyncio.sleep(1.0)
    for process in running:
        process.kill()
    counts = [out.count("\n") for out, _ in await asyncio.gather(*drained)]

    assert min(counts) > 50
    assert max(counts) < 4 * min(counts), counts


@pytest.mark.alone
async def test_what_was_answered_before_a_kill_is_there(store, path, start):
    answered = []
    for number in range(3):
        process = start("append.py", path, f"p{number}", 1_000_000)
        assert await asyncio.to_thread(process.stdout.readline) == "ready\n"
        reading = asyncio.create_task(asyncio.to_thread(told, process))
        await asyncio.sleep(0.15 + number / 20)
        process.send_signal(signal.SIGKILL)
        answered += await reading

    inbox = store()
    kept = {event.id for event in await inbox.read(Query(limit=10**6))}

    assert len(answered) > 100
    assert {event_id for _, event_id in answered} <= kept
    assert [event.seq for event in await inbox.read(Query(newest_first=True, limit=1))] == [
        len(kept)
    ]


@pytest.mark.alone
async def test_commits_of_another_process_are_noticed_within_milliseconds(store, path, entry):
    """Two stores on one file share nothing but the file, as two processes do."""
    here, there = store(), store()
    await there.open()
    delays = []
    for seq in range(40):
        waiting = asyncio.create_task(here.wait(seq, 5))
        await asyncio.sleep(0.005 + seq % 7 / 1000)
        await there.append([entry()])
        committed = time.perf_counter()
        assert await waiting == seq + 1
        delays.append(time.perf_counter() - committed)

    assert statistics.median(delays) < 0.005


async def test_many_who_wait_look_at_the_store_together_and_not_all_the_time(inbox):
    await inbox.open()

    with patch.object(Doorbell, "_changed", autospec=True, side_effect=Doorbell._changed) as look:
        await asyncio.gather(*(inbox.wait(0, 0.5) for _ in range(20)))

    assert 1 < look.call_count <= 0.5 / STEPS[0][1]


@pytest.mark.alone
async def test_waiting_costs_next_to_nothing(inbox):
    await inbox.open()
    spent = []

    for _ in range(3):
        began = time.process_time()
        await inbox.wait(0, 1.0)
        spent.append(time.process_time() - began)

    assert min(spent) < 0.08


def test_who_waits_for_long_looks_less_often():
    looks = [pause(quiet) for quiet in range(3000)]

    assert looks[0] <= 0.005
    assert looks == sorted(looks)
    assert looks[-1] == 0.05
    assert 10 < sum(looks[: looks.index(0.05)]) < 60


def test_a_store_opened_before_a_fork_is_refused_in_the_child(path, entry):
    code = """
import asyncio, os, sys
from receiver.errors import StoreError
from receiver.inbox.sqlite import open_store
unopened, opened = open_store(sys.argv[1]), open_store(sys.argv[1])
asyncio.run(opened.open())
child = os.fork()
if child == 0:
    try:
        asyncio.run(opened.open())
    except StoreError as error:
        assert "forked" in str(error)
    else:
        os._exit(3)
    async def use():
        await opened.close()
        await unopened.open()
        await unopened.close()
    asyncio.run(use())
    os._exit(0)
_, status = os.waitpid(child, 0)
asyncio.run(opened.open())
asyncio.run(opened.close())
sys.exit(os.waitstatus_to_exitcode(status))
"""
    done = subprocess.run([sys.executable, "-c", code, str(path)], timeout=60, check=False)

    assert done.returncode == 0


async def test_making_a_store_touches_nothing(store, path):
    store()

    assert list(path.parent.iterdir()) == []


async def test_only_the_owner_may_read_a_store(store, tmp_path, entry):
    (tmp_path / "open to all").mkdir(mode=0o755)
    before = os.umask(0o022)
    try:
        for name in ("open to all", "made here"):
            await store(tmp_path / name / "inbox.db").append([entry()])
    finally:
        os.umask(before)

    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert {file.name for file in files} == {
        *("inbox.db", "inbox.db-wal", "inbox.db-shm", "inbox.db.lock")
    }
    assert {oct(file.stat().st_mode & 0o777) for file in files} == {"0o600"}
    assert oct((tmp_path / "made here").stat().st_mode & 0o777) == "0o700"


async def test_two_processes_may_make_the_store_at_once(path, start):
    running = [start("append.py", path, f"p{number}", 40) for number in range(4)]

    answers = [await asyncio.to_thread(told, process) for process in running]

    assert [len(answer) for answer in answers] == [40] * 4


async def test_a_store_that_is_closed_elsewhere_goes_on(store, entry):
    one, two = store(), store()
    await one.append([entry()])
    await two.append([entry()])
    await one.close()

    await two.append([entry()])

    with pytest.raises(StoreError):
        await one.append([entry()])
    assert (await two.figures()).events == 3
