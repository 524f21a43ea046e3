"""Several workers share one store: each event is delivered once, and no worker starves."""

from __future__ import annotations

import threading
from collections import defaultdict
from pathlib import Path

import pytest
from campaign import campaign, tailing
from prometheus_client.mmap_dict import MmapedDict
from served import Served
from traffic import Traffic

from receiver.metrics import definition

LOG = 64 * 2**20
"""Bytes of the write-ahead log; 20,000 events make more of it when it never begins anew."""


def taken(served: Served) -> dict[int, int]:
    """How many events each worker has answered 200, by its process number."""
    counts: dict[int, int] = defaultdict(int)
    for worker in served.of("worker"):
        book = served.counted(worker.pid)
        if book.exists():
            for key, value, _, _ in MmapedDict.read_all_values_from_file(str(book)):
                counts[worker.pid] += int(value) if definition.EVENTS.name in key else 0
    return counts


@pytest.mark.alone
@pytest.mark.parametrize("workers", [2, 4])
def test_several_workers_deliver_each_event_once_and_none_of_them_starves(
    tmp_path: Path, workers: int
) -> None:
    shares: list[dict[int, int]] = []

    def look_twice(served: Served, traffic: Traffic) -> None:
        reader = threading.Thread(target=tailing, args=(served, traffic))
        reader.start()
        for part in (0.5, 0.95):
            while traffic.done < traffic.events * part and not traffic.over.wait(0.05):
                continue
            shares.append(taken(served))
        reader.join()

    outcome = campaign(
        tmp_path / "run",
        events=20_000,
        workers=workers,
        lanes=16 * workers,
        meanwhile=look_twice,
    )
    first, both = shares
    second = {worker: count - first.get(worker, 0) for worker, count in both.items()}
    print(*outcome.lines(), f"events by worker: {first}, then {second}", sep="\n")

    assert outcome.faults == []
    assert all(found.deliveries == 20_000 for found in outcome.findings.values())
    # The first worker that is up takes all connections, and none is ever given up by its client.
    assert len(second) == workers
    assert min(second.values()) > max(second.values()) / 3
    assert outcome.tally.slowest < 4.0
    assert outcome.wal < LOG, "a reader that goes on and on keeps the log from its end"
