"""How long an append takes while a million events are deleted beside it.

One process appends at a steady rate and measures each append from the moment it was due; this one
deletes, as backstage does. `python benchmarks/purge.py [--events 1000000] [--rate 1000]`; the store
is in TMPDIR: let that be on the disk that matters.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from multiprocessing.synchronize import Event
from pathlib import Path
from tempfile import TemporaryDirectory

import uuid_utils

from receiver.backstage.retention import Deleting
from receiver.inbox import Entry, RouteStart
from receiver.inbox.retention import Limits, Purged
from receiver.inbox.sqlite import open_store
from receiver.settings import RetentionSettings

RAW = b'{"filler":"' + b"x" * 600 + b'"}'
OLD = datetime.now(UTC) - timedelta(days=40)
BATCH = 2_000


def entry(at: datetime) -> Entry:
    return Entry(
        id=str(uuid_utils.uuid7()),
        source="bench",
        type="bench/event",
        key=None,
        dedup_key=None,
        dedup_window=None,
        time=at,
        received_at=at,
        node="n",
        user=None,
        raw=RAW,
        operation="bench",
        secret="main",  # noqa: S106 (the name of one)
    )


async def fill(path: Path, events: int) -> None:
    """Old events that the one route has passed."""
    inbox = open_store(path, durability="relaxed")
    for _ in range(0, events, BATCH):
        await inbox.append([entry(OLD) for _ in range(BATCH)])
    await inbox.register([RouteStart(route="first")])
    await inbox.close()


async def pass_all(path: Path) -> None:
    """Have the route pass everything: it wants nothing."""
    inbox = open_store(path, durability="relaxed")
    await inbox.register([RouteStart(route="first")])
    await inbox.claim("first", 1, now=datetime.now(UTC), match=lambda head: False)
    await inbox.close()


def write(path: Path, rate: int, stop: Event, out: Path) -> None:
    """Append at a rate until told to stop; the delays of all appends, in milliseconds."""
    out.write_text(json.dumps(asyncio.run(_write(path, rate, stop))))


async def _write(path: Path, rate: int, stop: Event) -> list[float]:
    inbox = open_store(path)
    await inbox.open()
    delays: list[float] = []
    due = time.perf_counter()
    tasks: set[asyncio.Task[None]] = set()

    async def one(at: float) -> None:
        await inbox.append([entry(datetime.now(UTC))])
        delays.append((time.perf_counter() - at) * 1000)

    while not stop.is_set():
        due += 1 / rate
        if (pause := due - time.perf_counter()) > 0:
            await asyncio.sleep(pause)
        task = asyncio.create_task(one(due))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    await asyncio.gather(*tasks)
    await inbox.close()
    return delays


async def purge(path: Path, told: list[Purged]) -> float:
    """Delete what is old, as backstage does; the seconds that it took."""
    inbox = open_store(path)
    done = asyncio.Event()

    def tell(step: Purged, _: Limits) -> None:
        told.append(step)
        if not step.more:
            done.set()

    began = time.perf_counter()
    endless = float("inf")
    settings = RetentionSettings(soft_limit=endless, hard_limit=endless)
    deleting = asyncio.create_task(Deleting(inbox, settings, told=tell).run())
    tending = asyncio.create_task(_tend(inbox.upkeep))
    await done.wait()
    for task in (deleting, tending):
        task.cancel()
    await inbox.close()
    return time.perf_counter() - began


async def _tend(upkeep: Callable[[], Awaitable[None]]) -> None:
    while True:
        await asyncio.sleep(1)
        await upkeep()


def beside(
    path: Path, rate: int, folder: Path, work: Callable[[], float | None]
) -> tuple[list[float], float]:
    """The delays of a writer while `work` is done."""
    stop, out = multiprocessing.Event(), folder / "delays.json"
    writer = multiprocessing.Process(target=write, args=(path, rate, stop, out))
    writer.start()
    result = work() or 0.0
    stop.set()
    writer.join()
    return sorted(json.loads(out.read_text())), result


def figures(delays: list[float]) -> dict[str, float]:
    parts = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999}
    found = {name: round(delays[int(len(delays) * part)], 1) for name, part in parts.items()}
    return {"appends": len(delays), **found, "longest": round(delays[-1], 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--rate", type=int, default=1_000, help="appends in a second")
    parser.add_argument("--alone", type=float, default=10, help="seconds without deleting")
    asked = parser.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "inbox.db"
        asyncio.run(fill(path, asked.events))
        asyncio.run(pass_all(path))
        told: list[Purged] = []
        seconds = 0.0
        for what in ("alone", "deleting", "alone"):
            if what == "alone":
                delays, _ = beside(path, asked.rate, folder, lambda: time.sleep(asked.alone))
            else:
                work = beside(path, asked.rate, folder, lambda: asyncio.run(purge(path, told)))
                delays, seconds = work
            print(
                f"{what:<9}load {os.getloadavg()[0]:.1f}", json.dumps(figures(delays)), flush=True
            )
        held = sorted(step.held * 1000 for step in told if step.held)
        gone = sum(step.events for step in told)
        print(f"{gone} events in {seconds:.1f} s, {len(held)} steps, "
              f"each {held[len(held) // 2]:.1f} ms, longest {held[-1]:.1f} ms")  # fmt: skip


if __name__ == "__main__":
    main()
