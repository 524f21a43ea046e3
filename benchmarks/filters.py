"""What 100,000 filters cost the dispatch: the drain of an idle sink with and without, in pairs.

    python benchmarks/filters.py [--events N] [--filters N] [--pairs N]

The stores are SQLite in `TMPDIR`, relaxed, so that the disk hides nothing. Of the times of a pair
the processor's is told beside the clock's: the one that other programs do not lengthen.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from receiver import Event, Sink, catalogue, hookimpl
from receiver.dispatch import Dispatcher, Route
from receiver.filters import Filter, Filters, levels_of
from receiver.inbox import Entry
from receiver.inbox.sqlite import open_store
from receiver.plugins import Plugin

SERVED = catalogue.load("receiver.generated")
TYPE = "rmaker.event.node_connected"
PAGE = 1_000


class Counting(Sink):
    """Do nothing but count."""

    wanted = 0
    done: asyncio.Event

    @hookimpl
    async def on_batch(self, events: list[Event[Any]]) -> None:
        Counting.wanted -= len(events)
        if Counting.wanted <= 0:
            Counting.done.set()


def entry(number: int, now: datetime) -> Entry:
    return Entry(
        id=f"event-{number}",
        source="rainmaker",
        type=TYPE,
        key=None,
        dedup_key=None,
        dedup_window=None,
        time=now,
        received_at=now,
        node=f"node-{number % 50_000}",
        user=f"user-{number % 50_000}",
        raw=b'{"EventType": "rmaker.event.node_connected"}',
        operation="benchmark",
        secret="main",  # noqa: S106 (a name)
    )


def snapshot(amount: int) -> Filters:
    """A System filter, and as many User and Node filters: all let the route through."""
    routes = frozenset({"all"})
    filters = [Filter("system", TYPE, "", True, routes)] if amount else []
    for number in range(amount // 2):
        filters.append(Filter("user", TYPE, f"user-{number}", True, routes))
        filters.append(Filter("node", TYPE, f"node-{number}", True, routes))
    return Filters(filters, levels_of(SERVED.contract.events))


async def drain(events: int, filters: Filters) -> tuple[float, float]:
    """Seconds to deliver so many events, by the clock and of the processor."""
    with TemporaryDirectory() as folder:
        inbox = open_store(Path(folder) / "inbox.db", durability="relaxed")
        route = Route(name="all", plugin=Plugin("counting", "benchmark", lambda: Counting))
        dispatcher = Dispatcher(inbox, SERVED, [route])
        await dispatcher.register()
        await dispatcher.filter(filters, "{}")
        Counting.wanted, Counting.done = events, asyncio.Event()
        now = datetime.now(UTC)
        for start in range(0, events, PAGE):
            await inbox.append([entry(number, now) for number in range(start, start + PAGE)])
        began, busy = time.perf_counter(), time.process_time()
        running = asyncio.create_task(dispatcher.run())
        await Counting.done.wait()
        spent = time.perf_counter() - began, time.process_time() - busy
        await dispatcher.stop()
        await running
        await inbox.close()
        return spent


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--filters", type=int, default=100_000)
    parser.add_argument("--pairs", type=int, default=7)
    asked = parser.parse_args()
    none, many = snapshot(0), snapshot(asked.filters)
    asyncio.run(drain(PAGE, none))  # what is made once is made
    clocks, busies = [], []
    for _ in range(asked.pairs):
        without, with_them = (
            asyncio.run(drain(asked.events, none)),
            asyncio.run(drain(asked.events, many)),
        )
        clocks.append(with_them[0] / without[0])
        busies.append(with_them[1] / without[1])
        rate = asked.events / with_them[0]
        print(f"{rate:,.0f} events/s with, {asked.events / without[0]:,.0f} without")
    print(
        f"{len(many):,} filters: {statistics.median(clocks):.3f} of the time, "
        f"{statistics.median(busies):.3f} of the processor's (medians of {asked.pairs} pairs)"
    )


if __name__ == "__main__":
    main()
