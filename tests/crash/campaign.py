"""Runs a receiver under load, kills its processes, and judges what came of it.

    python tests/crash/campaign.py --kills 200 --events 200000 --fail 0.05 --workers 4

Must not know: how anything is done.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import verdict
import witnesses
from killer import Kill, Killer
from served import Served
from traffic import SECRET, Tally, Traffic
from witnesses import ROUTES, Route

SETTLING = 30.0
"""Seconds without a delivery after which what is missing counts as lost."""
WAL_LIMIT = 256 * 1024 * 1024


@dataclass
class Outcome:
    """What came of one run."""

    seed: int
    tally: Tally
    kills: list[Kill] = field(default_factory=list)
    findings: dict[str, verdict.Findings] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    starts: int = 0
    wal: int = 0
    """Bytes of the longest write-ahead log."""
    draining: float = 0.0
    """Seconds from the last answer to the last delivery."""
    seconds: float = 0.0

    def lines(self) -> list[str]:
        """The outcome for people."""
        tally = self.tally
        killed = Counter(kill.what for kill in self.kills)
        told = [
            f"seed {self.seed}; {len(tally.answered)} events, {len(tally.twice)} of them sent "
            f"twice, answered in {tally.seconds:.1f} s; {self.seconds:.1f} s in all",
            f"killed {len(self.kills)} times: {_counts(killed)}; started {self.starts} times",
            f"answers: {_counts(tally.statuses)}",
            *([f"broken: {_counts(tally.broken)}"] if tally.broken else []),
            f"longest answer {tally.slowest:.2f} s; longest time without one {tally.gap:.2f} s; "
            f"last delivery {self.draining:.1f} s after the last answer; "
            f"log up to {self.wal / 1e6:.0f} MB",
        ]
        for name, found in self.findings.items():
            again = f" ({_counts(found.again)})" if found.again else ""
            told.append(
                f"sink {name}: {found.deliveries} deliveries, "
                f"{sum(found.again.values())} of them again after a kill{again}"
            )
        told.append(f"{len(self.faults)} faults")
        return told + self.faults[:40]


def campaign(
    folder: Path,
    *,
    events: int,
    kills: int = 0,
    seed: int | None = None,
    workers: int = 2,
    fail: float = 0.0,
    nodes: int = 500,
    lanes: int = 32,
    rate: float | None = None,
    routes: tuple[Route, ...] = ROUTES,
    limit: float = 900.0,
    store: Path | None = None,
    meanwhile: Callable[[Served, Traffic], None] | None = None,
) -> Outcome:
    """One run in an empty folder. `meanwhile` runs in a thread of its own during the traffic."""
    seed = secrets.randbelow(10**6) if seed is None else seed
    began = time.monotonic()
    print(f"seed {seed}", flush=True)
    with Served(folder, SECRET, routes, workers=workers, fail=fail, store=store) as served:
        traffic = Traffic(served.port, events, seed, nodes=nodes, lanes=lanes, rate=rate)
        outcome = Outcome(seed, traffic.tally)
        killer = Killer(served, kills, seed, lambda: traffic.done / events)
        other = threading.Thread(target=meanwhile, args=(served, traffic)) if meanwhile else None
        over = threading.Event()
        watching = threading.Thread(target=_watch_log, args=(served.store, outcome, over))
        for thread in (killer, watching, other):
            if thread is not None:
                thread.start()
        try:
            _send(traffic, limit, outcome)
        finally:
            traffic.over.set()
            killer.stopped.set()
            killer.join()
            if other is not None:
                other.join()
        outcome.kills = killer.kills
        if killer.missed:
            outcome.faults.append(f"not there to be killed: {_counts(killer.missed)}")
        last = time.monotonic()
        _settle(served, traffic.tally)
        over.set()
        watching.join()
        _end(served, outcome)
        outcome.starts = served.starts
    for route in routes:
        notes = witnesses.read(served.notes(route))
        found = verdict.judge(route, notes, traffic.tally.answered, outcome.kills)
        outcome.findings[route.name] = found
        outcome.faults += found.faults
        if notes:
            outcome.draining = max(outcome.draining, notes[-1].at - last)
    outcome.faults += traffic.tally.wrong
    outcome.faults += verdict.look_at_store(served.store, len(traffic.tally.answered))
    outcome.seconds = time.monotonic() - began
    return outcome


def _send(traffic: Traffic, limit: float, outcome: Outcome) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(limit):
            await traffic.run()

    try:
        asyncio.run(bounded())
    except TimeoutError:
        outcome.faults.append(f"{traffic.done} of {traffic.events} were taken in {limit:g} s")


def _settle(served: Served, tally: Tally) -> None:
    """Wait until every sink has everything, or nothing moves any more."""
    moved, sizes = time.monotonic(), [0]
    while time.monotonic() - moved < SETTLING:
        now = [
            served.notes(route).stat().st_size if served.notes(route).exists() else 0
            for route in served.routes
        ]
        if now != sizes:
            moved, sizes = time.monotonic(), now
        elif all(
            len({note.key for note in witnesses.read(served.notes(route))}) >= len(tally.answered)
            for route in served.routes
        ):
            return
        time.sleep(0.5)


def _end(served: Served, outcome: Outcome) -> None:
    """SIGTERM: everything ends by itself, and nothing is left behind."""
    status = served.stop()
    if status != 0:
        outcome.faults.append(f"ended with status {status}:\n{served.printed()}")
    end = time.monotonic() + 5.0
    while (left := served.processes()) and time.monotonic() < end:
        time.sleep(0.1)
    if left:
        outcome.faults.append(f"left behind: {left}")


def tailing(served: Served, traffic: Traffic) -> None:
    """`receiver events tail` beside everything else, until the traffic is over: it reads a lot."""
    while not traffic.over.is_set():
        with served.folder.joinpath("tail.txt").open("ab") as printed:
            tail = subprocess.Popen(
                [sys.executable, "-m", "receiver", "events", "tail"],
                cwd=served.folder,
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=printed,
            )
            while tail.poll() is None and not traffic.over.wait(0.2):
                continue
            tail.kill()
            tail.wait()


def _watch_log(store: Path, outcome: Outcome, over: threading.Event) -> None:
    log = store.with_name(store.name + "-wal")
    while not over.wait(0.05):
        with suppress(FileNotFoundError):  # before the first start, and after a whole end
            outcome.wal = max(outcome.wal, log.stat().st_size)
    if outcome.wal >= WAL_LIMIT:
        outcome.faults.append(f"the write-ahead log grew to {outcome.wal} bytes")


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{count} {what}" for what, count in sorted(counter.items())) or "nothing"


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; its exit status says whether there were faults."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--events", type=int, default=50_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--fail", type=float, default=0.0, help="share of calls that fail")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--limit", type=float, default=900.0, help="seconds for the traffic")
    parser.add_argument("--folder", type=Path, help="an empty or new one, which is kept")
    given = vars(parser.parse_args(arguments))
    folder = given.pop("folder")
    print(f"{platform.python_version()}, {os.cpu_count()} processors, {given}", flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        outcome = campaign(folder or Path(temporary) / "run", **given, meanwhile=tailing)
    print("\n".join(outcome.lines()), flush=True)
    return 1 if outcome.faults else 0


if __name__ == "__main__":
    sys.exit(main())
