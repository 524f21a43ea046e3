"""A disk that is full, under load: no answer of 200 without a commit, and all well afterwards."""

from __future__ import annotations

import os
import resource
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from campaign import Outcome, campaign
from served import Served
from traffic import Traffic

SIZE = 48 * 2**20
FREE = 3 * 2**20
"""Bytes that are left when the disk begins to fill."""
RATE = 200.0
"""Events in a second before every route has begun: the traffic alone must not fill the disk."""
REFUSALS = 100
"""Answers of 503 to wait for, while the disk is full."""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root can mount a small disk; the other test limits the size of files")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def run(tmp_path: Path, store: Path | None, fill: Callable[[Served], Callable[[], None]]) -> None:
    """A campaign during which `fill` makes the disk full; what it returns makes it empty again."""
    workers: list[set[int]] = []

    def fill_and_empty(served: Served, traffic: Traffic) -> None:
        _until(lambda: traffic.done > 500 and _all_deliver(served), traffic)
        workers.append({found.pid for found in served.processes()})
        traffic.pace = 0.0
        empty = fill(served)
        _until(lambda: traffic.tally.statuses["503"] > REFUSALS, traffic)
        time.sleep(1.0)
        empty()
        taken = traffic.done
        _until(lambda: traffic.done > taken + 500, traffic)
        workers.append({found.pid for found in served.processes()})
        traffic.stopped = True

    outcome: Outcome = campaign(
        tmp_path / "run",
        events=10**6,
        rate=RATE,
        store=store,
        meanwhile=fill_and_empty,
        limit=120,
    )
    print("\n".join(outcome.lines()))

    assert outcome.faults == []
    assert outcome.tally.statuses["503"] > REFUSALS
    assert workers[0] <= workers[1], "a process ended"
    assert outcome.starts == 1


def _all_deliver(served: Served) -> bool:
    """Whether every route has begun: a sink's process starts once to be looked at, once for use."""
    notes = [served.notes(route) for route in served.routes]
    return all(note.exists() and note.stat().st_size for note in notes)


def _until(true: Callable[[], bool], traffic: Traffic) -> None:
    while not true():
        if traffic.over.wait(0.02):
            return


def test_a_full_disk_is_answered_503_and_costs_nothing(tmp_path: Path, small_disk: Path) -> None:
    ballast = small_disk / "ballast"

    def fill(_served: Served) -> Callable[[], None]:
        free = os.statvfs(small_disk)
        size = free.f_bavail * free.f_frsize - FREE
        with ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, size)
        return ballast.unlink

    run(tmp_path, small_disk / "store", fill)


def test_files_that_may_not_grow_are_answered_503_and_cost_nothing(tmp_path: Path) -> None:
    def fill(served: Served) -> Callable[[], None]:
        workers = [found.pid for found in served.of("worker")]
        before = resource.prlimit(workers[0], resource.RLIMIT_FSIZE)
        for pid in workers:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (1 << 16, before[1]))

        def empty() -> None:
            for pid in workers:
                resource.prlimit(pid, resource.RLIMIT_FSIZE, before)

        return empty

    run(tmp_path, None, fill)
