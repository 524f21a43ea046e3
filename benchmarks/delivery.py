"""What delivery keeps up with: order, one node, a sleeping sink, a backlog.

    python benchmarks/delivery.py order     100,000 events of 1,000 nodes, every tenth attempt fails
    python benchmarks/delivery.py nodes     the drain of one node, and of many
    python benchmarks/delivery.py sleeper   a route's rate while another route's sink sleeps
    python benchmarks/delivery.py backlog   appends with and without a backlog, memory, the drain

`--events N` makes each larger or smaller. Stores are SQLite in `TMPDIR`, strict.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import resource
import statistics
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from receiver import Event, Sink, catalogue, hookimpl
from receiver.backoff import listed
from receiver.dispatch import Dispatcher, Route
from receiver.inbox import Entry
from receiver.inbox.sqlite import SqliteInbox, open_store
from receiver.plugins import Plugin

PAGE = 1_000
PAYLOAD = json.dumps({"text": "x" * 550}).encode()
SERVED = catalogue.load("receiver.generated")
IDS = itertools.count()


def entries(amount: int, nodes: int) -> Iterator[list[Entry]]:
    """Events of `nodes` nodes in turn, in pages."""
    for start in range(0, amount, PAGE):
        now = datetime.now(UTC)
        yield [
            Entry(
                id=f"event-{next(IDS)}",
                source="gridx",
                type="appliance/online",
                key=None,
                dedup_key=None,
                dedup_window=None,
                time=now,
                received_at=now,
                node=f"node-{number % nodes}",
                user=None,
                raw=PAYLOAD,
                operation="benchmark",
                secret="benchmark",  # noqa: S106 (the name of one)
            )
            for number in range(start, min(start + PAGE, amount))
        ]


async def fill(inbox: SqliteInbox, amount: int, nodes: int) -> None:
    for page in entries(amount, nodes):
        await inbox.append(page)
    await inbox.upkeep()


def route(name: str, sink: type[Sink], **options: Any) -> Route:
    return Route(name=name, plugin=Plugin(name, "the benchmark", lambda: sink), **options)


async def passed(inbox: SqliteInbox, dispatcher: Dispatcher, name: str) -> None:
    """Until a route has nothing left to do."""
    while True:
        place = next(place for place in await inbox.places() if place.route == name)
        if not place.lag and await inbox.next_due(name) is None:
            status = next(s for s in dispatcher.statuses() if s.route == name)
            if not status.in_flight:
                return
        await asyncio.sleep(0.02)


async def delivered(dispatcher: Dispatcher, amount: int) -> None:
    """Until the first route has delivered so many."""
    while dispatcher.statuses()[0].delivered < amount:  # noqa: ASYNC110 (it rings no bell)
        await asyncio.sleep(0.005)


async def order(folder: Path, amount: int) -> None:
    """Nodes whose attempts fail: nothing is lost, nothing is out of order."""
    chance = random.Random(4)  # noqa: S311
    seen: dict[str, list[int]] = defaultdict(list)
    attempts = Counter[str]()

    class Failing(Sink):
        @hookimpl
        async def on_event(self, event: Event[Any]) -> bool:
            fails = chance.random() < 0.1
            attempts["failed" if fails else "delivered"] += 1
            if not fails:
                seen[str(event.node)].append(event.seq)
            return not fails

    inbox = open_store(folder / "inbox.db")
    failing = route("failing", Failing, start="beginning", schedule=listed([0.02] * 9))
    dispatcher = Dispatcher(inbox, SERVED, [failing])
    await dispatcher.register()
    await fill(inbox, amount, 1_000)
    began = time.perf_counter()
    running = asyncio.create_task(dispatcher.run())
    await passed(inbox, dispatcher, "failing")
    took = time.perf_counter() - began
    letters = len(await inbox.dead_letters(limit=amount))
    await dispatcher.stop()
    await running
    await inbox.close()
    inversions = sum(
        one >= other for seqs in seen.values() for one, other in itertools.pairwise(seqs)
    )
    told = {
        "events": amount,
        "nodes": len(seen),
        "failed_attempts": attempts["failed"],
        "delivered": attempts["delivered"],
        "dead": letters,
        "inversions": inversions,
        "seconds": round(took, 1),
        "per_second": round(amount / took),
    }
    print(json.dumps(told))
    assert inversions == 0
    assert attempts["delivered"] + letters == amount


async def drain(folder: Path, amount: int, nodes: int, sink: type[Sink]) -> float:
    """Events in a second that a route takes out of a full inbox."""
    inbox = open_store(folder / "inbox.db")
    noop = route("noop", sink, start="beginning")
    dispatcher = Dispatcher(inbox, SERVED, [noop])
    await dispatcher.register()
    await fill(inbox, amount, nodes)
    began = time.perf_counter()
    running = asyncio.create_task(dispatcher.run())
    await delivered(dispatcher, amount)
    took = time.perf_counter() - began
    await dispatcher.stop()
    await running
    await inbox.close()
    return amount / took


class Single(Sink):
    @hookimpl
    async def on_event(self, event: Event[Any]) -> None: ...


class Plain(Sink):
    @hookimpl
    def on_event(self, event: Event[Any]) -> None: ...


class Batch(Sink):
    @hookimpl
    async def on_batch(self, events: list[Event[Any]]) -> None: ...


def nodes(amount: int) -> None:
    for count, sink in itertools.product((1, 1_000), (Single, Plain, Batch)):
        with TemporaryDirectory() as folder:
            rate = asyncio.run(drain(Path(folder), amount, count, sink))
        print(json.dumps({"nodes": count, "sink": sink.__name__, "per_second": round(rate)}))


async def sleeper(folder: Path, amount: int) -> None:
    """A route's rate, alone and while the sink of another sleeps in all its threads."""

    class Sleeping(Sink):
        @hookimpl
        def on_event(self, event: Event[Any]) -> None:
            time.sleep(120)

    async def rate(name: str, others: list[Route]) -> float:
        inbox = open_store(folder / f"{name}.db")
        dispatcher = Dispatcher(
            inbox, SERVED, [route("noop", Single, start="beginning"), *others], grace=0.1
        )
        await dispatcher.register()
        await fill(inbox, amount, 1_000)
        running = asyncio.create_task(dispatcher.run())
        began = time.perf_counter()
        await delivered(dispatcher, amount)
        took = time.perf_counter() - began
        told = {"route": "noop", "beside": name, "per_second": round(amount / took)}
        print(json.dumps(told | {"others": [s.state for s in dispatcher.statuses()[1:]]}))
        await dispatcher.stop()
        await running
        await inbox.close()
        return amount / took

    asleep = route("asleep", Sleeping, start="beginning", deadline=2.0)
    alone, beside = [], []
    for number in range(3):
        alone.append(await rate(f"alone-{number}", []))
        beside.append(await rate(f"asleep-{number}", [asleep]))
    print(json.dumps({"ratio": round(statistics.median(beside) / statistics.median(alone), 2)}))


BACKSTAGE = """
import asyncio, json, resource, sys, time
sys.path.insert(0, sys.argv[1])
from delivery import *

async def main():
    inbox = open_store(Path(sys.argv[2]))
    dispatcher = Dispatcher(inbox, SERVED, [route("noop", Single, start="beginning")])
    began = time.perf_counter()
    running = asyncio.create_task(dispatcher.run())
    await asyncio.sleep(1)
    memory = []
    while (await inbox.places())[0].lag:
        memory.append(resident())
        await asyncio.sleep(0.5)
    took = time.perf_counter() - began
    await dispatcher.stop()
    await running
    await inbox.close()
    print(json.dumps({"drained_in_seconds": round(took, 1),
        "per_second": round(int(sys.argv[3]) / took), "memory_mib": [min(memory), max(memory)]}))

asyncio.run(main())
"""


def resident() -> int:
    """MiB of memory that this process has now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() // (1 << 20)


async def ingest(inbox: SqliteInbox, seconds: float) -> float:
    """Events appended in a second by 64 senders, each waiting for its answer."""
    done = 0
    end = time.perf_counter() + seconds

    async def send() -> None:
        nonlocal done
        while time.perf_counter() < end:
            [[entry]] = entries(1, 1)
            await inbox.append([entry])
            done += 1

    await asyncio.gather(*(send() for _ in range(64)))
    return done / seconds


async def backlog(folder: Path, amount: int) -> None:
    """Ingest over an empty inbox and over a full one, in turns; then what draining takes."""
    path = folder / "full.db"
    full, empty = open_store(path), open_store(folder / "empty.db")
    for inbox in (full, empty):
        await Dispatcher(inbox, SERVED, [route("noop", Single, start="beginning")]).register()
    began = time.perf_counter()
    await fill(full, amount, 1_000)
    print(json.dumps({"events": amount, "filled_in_seconds": round(time.perf_counter() - began)}))
    rates: dict[str, list[float]] = {"empty": [], "full": []}
    for _ in range(5):
        rates["empty"].append(await ingest(empty, 3.0))
        rates["full"].append(await ingest(full, 3.0))
    found = {name: round(statistics.median(of)) for name, of in rates.items()}
    print(json.dumps({"ingest": found, "ratio": round(found["full"] / found["empty"], 2)}))
    total = (await full.figures()).events
    await full.close()
    await empty.close()
    here = str(Path(__file__).parent)
    command = [sys.executable, "-c", BACKSTAGE, here, str(path), str(total)]
    await asyncio.to_thread(subprocess.run, command, check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", choices=("order", "nodes", "sleeper", "backlog"))
    parser.add_argument("--events", type=int)
    given = parser.parse_args()
    usual = {"order": 100_000, "nodes": 20_000, "sleeper": 100_000, "backlog": 1_000_000}
    amount = given.events or usual[given.what]
    if given.what == "nodes":
        nodes(amount)
        return
    races = {"order": order, "sleeper": sleeper, "backlog": backlog}
    with TemporaryDirectory() as folder:
        asyncio.run(races[given.what](Path(folder), amount))


if __name__ == "__main__":
    main()
