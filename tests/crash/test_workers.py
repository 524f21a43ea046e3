"""Several workers share one store: each event is delivered once, and no worker starves."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest
from campaign import campaign, tailing
from prometheus_client.mmap_dict import MmapedDict
from served import Served
from traffic import Traffic

from receiver.metrics import definition


def taken(served: Served) -> dict[int, int]:
    """How many events each worker has answered 200, by its process number."""
    counts: dict[int, int] = defaultdict(int)
    for worker in served.of("worker"):
        book = served.store.parent / "metrics" / f"counter_{worker.pid}.db"
        if book.exists():
            for key, value, _, _ in MmapedDict.read_all_values_from_file(str(book)):
                counts[worker.pid] += int(value) if definition.EVENTS.name in key else 0
    return counts


@pytest.mark.parametrize("workers", [2, 4])
def test_several_workers_deliver_each_event_once_and_none_of_them_starves(
    tmp_path: Path, workers: int
) -> None:
    shares: dict[int, int] = {}

    def look_and_tail(served: Served, traffic: Traffic) -> None:
        while traffic.done < traffic.events * 0.95 and not traffic.over.wait(0.05):
            continue
        shares.update(taken(served))
        tailing(served, traffic)

    outcome = campaign(
        tmp_path / "run",
        events=20_000,
        workers=workers,
        lanes=16 * workers,
        meanwhile=look_and_tail,
    )
    print("\n".join(outcome.lines()), f"events by worker: {sorted(shares.values())}", sep="\n")

    assert outcome.faults == []
    assert all(found.deliveries == 20_000 for found in outcome.findings.values())
    assert len(shares) == workers
    assert min(shares.values()) > max(shares.values()) / 20
    assert outcome.tally.slowest < 4.0
