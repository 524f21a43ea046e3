"""Writers under load are killed, again and again; then everything acknowledged is looked for.

That proves what a crash of processes cannot take. What a power cut takes is the disk's word, so its
fsync is measured, too, and doubted where it is too fast. Must not know: how it is told.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from secrets import SystemRandom

from receiver.errors import ReceiverError, StoreError
from receiver.inbox import Query
from receiver.inbox.sqlite import open_store
from receiver.inbox.sqlite.soundness import faults
from receiver.receipt import Status
from receiver.selftest import disk
from receiver.selftest.disk import Flushes

LIVES = (0.02, 0.6)
"""Seconds that a writer lives after its first acknowledgement."""

STARTING = 30.0
TELL_SECONDS = 1.0
MOST_EVENTS = 200_000
"""Of each writer: what the test takes of the disk is bounded."""

NEEDED_BYTES = 512 * 1024 * 1024
_PAGE = 5_000
_CHANCE = SystemRandom()


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of it."""

    folder: str
    durability: str
    seconds: float
    kills: int
    acknowledged: int
    recovered: int
    """Committed before a kill though the acknowledgement was never seen; found when sent again."""
    lost: tuple[str, ...]
    """Acknowledged, and not there afterwards."""
    duplicated: tuple[str, ...]
    """There more than once."""
    damage: tuple[str, ...]
    """What SQLite found wrong with the file, and writers that failed."""
    file_system: str | None
    flushes: Flushes
    doubts: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether everything was kept, once."""
        return not (self.lost or self.duplicated or self.damage)


@dataclass
class _Writer:
    """One writer over all its lives."""

    number: int
    acknowledged: dict[int, str] = field(default_factory=dict)
    recovered: int = 0
    below: int = 0
    """Every number below this is acknowledged."""
    kills: int = 0
    failures: list[str] = field(default_factory=list)
    process: subprocess.Popen[bytes] | None = None

    def heard(self, line: bytes) -> None:
        """Take down an acknowledgement; the last line of a life may be cut off."""
        parts = line.decode("ascii", "replace").split()
        if len(parts) != 3 or not line.endswith(b"\n"):
            return
        number = int(parts[0])
        self.acknowledged[number] = parts[1]
        self.recovered += parts[2] == Status.DUPLICATE
        while self.below in self.acknowledged:
            self.below += 1

    def before(self) -> bytes:
        """What it is told about its earlier lives."""
        more = [number for number in self.acknowledged if number >= self.below]
        return json.dumps([self.below, more]).encode() + b"\n"


def run(
    folder: Path,
    *,
    durability: str,
    seconds: float,
    writers: int,
    progress: Callable[[str], None],
) -> Result:
    """Test the disk of `folder`, in a new folder inside of it that is removed in the end.

    Raises ReceiverError where there is no room for it, or the folder cannot be used.
    """
    began = time.monotonic()
    try:
        free = shutil.disk_usage(folder).free
        if free < NEEDED_BYTES:
            raise ReceiverError(
                f"{folder} has {free >> 20} MiB left; the test takes up to {NEEDED_BYTES >> 20}"
            )
        inside = Path(tempfile.mkdtemp(prefix="selftest-", dir=folder))
    except OSError as error:
        raise ReceiverError(f"cannot test in {folder}: {error.strerror}") from None
    try:
        measured = disk.flushes(inside)
        system = disk.file_system(inside)
        progress(f"fsync: median {disk.micros(measured.median)}, p99 {disk.micros(measured.p99)}")
        path = inside / "inbox.db"
        found = [_Writer(number) for number in range(writers)]
        _kill_for(seconds, path, durability, found, progress)
        lost, duplicated, damage = asyncio.run(_audit(path, found))
        return Result(
            folder=str(folder),
            durability=durability,
            seconds=round(time.monotonic() - began, 1),
            kills=sum(writer.kills for writer in found),
            acknowledged=sum(len(writer.acknowledged) for writer in found),
            recovered=sum(writer.recovered for writer in found),
            lost=tuple(lost),
            duplicated=tuple(duplicated),
            damage=(*damage, *(why for writer in found for why in writer.failures)),
            file_system=system,
            flushes=measured,
            doubts=tuple(disk.doubts(measured, system)),
        )
    finally:
        shutil.rmtree(inside, ignore_errors=True)


def _kill_for(
    seconds: float,
    path: Path,
    durability: str,
    writers: list[_Writer],
    progress: Callable[[str], None],
) -> None:
    """Let each writer live and die in a thread of its own, until the time is over."""
    end = time.monotonic() + seconds
    over = threading.Event()
    threads = [
        threading.Thread(target=_live, args=(writer, path, durability, end, over))
        for writer in writers
    ]
    for thread in threads:
        thread.start()
    try:
        while any(thread.is_alive() for thread in threads):
            until = time.monotonic() + TELL_SECONDS
            for thread in threads:
                thread.join(max(0.0, until - time.monotonic()))
            acknowledged = sum(len(writer.acknowledged) for writer in writers)
            kills = sum(writer.kills for writer in writers)
            progress(f"{acknowledged} events acknowledged, {kills} kills")
    finally:
        over.set()
        for writer in writers:
            if writer.process is not None and writer.process.poll() is None:
                writer.process.kill()
        for thread in threads:
            thread.join()


def _live(writer: _Writer, path: Path, durability: str, end: float, over: threading.Event) -> None:
    while time.monotonic() < end and not over.is_set() and not writer.failures:
        _one_life(writer, path, durability, over, _CHANCE.uniform(*LIVES))


def _one_life(
    writer: _Writer, path: Path, durability: str, over: threading.Event, span: float
) -> None:
    """Start it, let it write, kill it, and read what it had acknowledged up to then."""
    command = [sys.executable, "-m", "receiver.selftest.writer", str(path), durability]
    process = writer.process = subprocess.Popen(  # noqa: S603 (ourselves)
        [*command, str(writer.number), str(MOST_EVENTS)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    starting = threading.Timer(STARTING, process.kill)
    starting.start()
    with process:
        process.stdin.write(writer.before())
        process.stdin.close()
        first = process.stdout.readline()
        starting.cancel()
        writer.heard(first)
        killing = threading.Timer(span, process.kill)
        if first:
            killing.start()
        for line in process.stdout:
            writer.heard(line)
        killing.cancel()
        said = process.stderr.read().decode("utf-8", "replace").strip()
    if process.returncode == -signal.SIGKILL and first:
        writer.kills += 1
    elif process.returncode != 0 and not over.is_set():
        last = said.rpartition("\n")[2] or f"exit status {process.returncode}"
        writer.failures.append(f"a writer failed: {last}")
    elif process.returncode == 0:
        over.set()  # it has written all that it may: the disk is quick


async def _audit(path: Path, writers: list[_Writer]) -> tuple[list[str], list[str], list[str]]:
    """What is lost, what is there twice, what is damaged; opening the store recovers it."""
    try:
        kept, twice = await _kept(path)
        damage = faults(path)
    except StoreError as error:
        return [], [], [str(error)]
    lost = [
        f"{writer.number}.{number}"
        for writer in writers
        for number, event_id in writer.acknowledged.items()
        if kept.get(f"{writer.number}.{number}") != event_id
    ]
    return lost, twice, damage


async def _kept(path: Path) -> tuple[dict[str, str], list[str]]:
    """The id of every key in the store, and the keys that are there more than once."""
    inbox = open_store(path)
    kept: dict[str, str] = {}
    counts: Counter[str] = Counter()
    after = 0
    try:
        while events := await inbox.read(Query(after=after, limit=_PAGE)):
            for event in events:
                kept[str(event.key)] = event.id
                counts[str(event.key)] += 1
                after = event.seq or after
    finally:
        await inbox.close()
    return kept, [key for key, times in counts.items() if times > 1]
