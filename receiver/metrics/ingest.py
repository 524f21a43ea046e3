"""What a process that takes in requests counts: plain numbers, handed on once a second.

A count costs a fraction of a microsecond where it happens; adding it to the file that the
exposition reads would cost ten times as much. A process that is killed takes the counts of its
last second with it. Must not know: how requests are judged or answered.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Hashable, Mapping
from pathlib import Path
from typing import Any

from prometheus_client import Counter, Histogram

from receiver.contract import Contract, Operation
from receiver.metrics import files
from receiver.metrics.definition import (
    COMMIT_SIZE,
    COMMIT_TIME,
    EVENTS,
    REFUSED,
    STRANGERS,
    Definition,
)
from receiver.receipt import Status
from receiver.replies import (
    HeadersTooLarge,
    Outcome,
    Refused,
    Taken,
    TooLarge,
    TooSlow,
    Unavailable,
)

FLUSH_SECONDS = 1.0
RETRY_SECONDS = 10.0
"""After its file could not be made, as on a full disk; counting goes on meanwhile."""

OTHER = "other"
UNPROVED = ("missing", "doubled", "malformed", "mismatch", "stale", "not-configured", "not-allowed")
"""The words of SignatureError that end in a refusal."""
_REASONS: dict[type, str] = {
    TooLarge: "too-large",
    TooSlow: "too-slow",
    HeadersTooLarge: "headers-too-large",
    Unavailable: "unavailable",
}
REASONS = (*UNPROVED, *_REASONS.values(), OTHER)
STATUSES = (400, 404, 405, 408, 413, 414, 431, 500, 503)
"""What requests that are about no event are answered with."""

Observer = Callable[[Operation, Outcome, str], None]
"""See receiver.intake.Observer."""

_log = logging.getLogger("receiver.metrics")


def _unobserved(operation: Operation, outcome: Outcome, detail: str) -> None:
    """The observer that does not look."""


def reason(outcome: Outcome) -> str:
    """One of REASONS for what is not `Taken`."""
    if isinstance(outcome, Refused):
        return outcome.reason if outcome.reason in UNPROVED else OTHER
    return _REASONS.get(type(outcome), OTHER)


class Ingest:
    """Counts what happens to requests in this process; nothing is opened before it counts.

    `folder` is that of all processes of this receiver (files.folder_of). `notable` is told of the
    requests that were refused or of which an event went to quarantine, after they are counted.
    """

    def __init__(
        self, contract: Contract, folder: Path, *, notable: Observer = _unobserved
    ) -> None:
        self._folder = folder
        self._notable = notable
        self._taken = {source: dict.fromkeys(Status, 0) for source in contract.sources}
        self._refused = {source: dict.fromkeys(REASONS, 0) for source in contract.sources}
        self._strangers: dict[int | str, int] = dict.fromkeys((*STATUSES, OTHER), 0)
        self._waiting = False
        self._books: _Books | None = None
        self._opening = threading.Lock()
        self._open_from = 0.0

    # On the event loop, for every request.

    def observe(self, operation: Operation, outcome: Outcome, detail: str = "") -> None:
        """The observer of the intake, and of what stands before it."""
        if type(outcome) is Taken:
            counts = self._taken[operation.source]
            statuses = [receipt.status for receipt in outcome.receipts]
            for status in counts:
                counts[status] += statuses.count(status)
            notable = Status.QUARANTINED in statuses
        else:
            self._refused[operation.source][reason(outcome)] += 1
            notable = True
        if not self._waiting:
            self._wait()
        if notable:
            self._notable(operation, outcome, detail)

    def stranger(self, status: int, _method: str = "", _path: str = "") -> None:
        """Count a request that was about no event; what it asked for makes no series."""
        self._strangers[status if status in self._strangers else OTHER] += 1
        if not self._waiting:
            self._wait()

    def _wait(self) -> None:
        self._waiting = True
        asyncio.get_running_loop().call_later(FLUSH_SECONDS, self._due)

    def _due(self) -> None:
        self._waiting = False
        self.flush()
        if self._books is None:
            self._wait()

    # In the thread that writes the inbox, for every commit.

    def committed(self, seconds: float, events: int) -> None:
        """What the inbox tells (receiver.inbox.sqlite.open_store, `on_commit`)."""
        books = self._open()
        if books is not None:
            books.seconds.observe(seconds)
            books.events.observe(events)

    # Once a second, and at the end.

    def flush(self) -> None:
        """Hand on what was counted; to be called when the process stops, too."""
        books = self._open()
        if books is not None:
            books.taken.add_up(self._taken)
            books.refused.add_up(self._refused)
            books.strangers.add_up({"": self._strangers})

    def _open(self) -> _Books | None:
        """The files, made when they are first needed: in the process that counts."""
        if self._books is None and time.monotonic() >= self._open_from:
            with self._opening:
                if self._books is None:
                    self._books = self._opened()
        return self._books

    def _opened(self) -> _Books | None:
        try:
            files.use(self._folder)
            files.allocate(self._folder, self._series)
            return _Books(self._taken, self._refused, {"": self._strangers})
        except OSError as error:
            if not self._open_from:
                _log.warning("metrics cannot be kept in %s: %s", self._folder, error)
            self._open_from = time.monotonic() + RETRY_SECONDS
            return None

    @property
    def _series(self) -> int:
        lines = sum(map(len, self._taken.values())) + sum(map(len, self._refused.values()))
        return lines + len(self._strangers)


Numbers = Mapping[str, Mapping[Any, int]]


class _Book:
    """One counter in the file, and how far it has been written."""

    def __init__(self, definition: Definition, numbers: Numbers) -> None:
        counter = Counter(definition.family, definition.help, definition.labels, registry=None)
        self._lines: dict[tuple[str, Hashable], tuple[Any, int]] = {}
        for first, counts in numbers.items():
            for second in counts:
                labels = (first, second) if len(definition.labels) == 2 else (second,)
                self._lines[first, second] = (counter.labels(*map(str, labels)), 0)

    def add_up(self, numbers: Numbers) -> None:
        """Write by how much each number has grown."""
        for (first, second), (line, written) in self._lines.items():
            now = numbers[first][second]
            if now != written:
                line.inc(now - written)
                self._lines[first, second] = (line, now)


class _Books:
    """The counts of this process in its files."""

    def __init__(self, taken: Numbers, refused: Numbers, strangers: Numbers) -> None:
        self.taken = _Book(EVENTS, taken)
        self.refused = _Book(REFUSED, refused)
        self.strangers = _Book(STRANGERS, strangers)
        self.seconds = _histogram(COMMIT_TIME)
        self.events = _histogram(COMMIT_SIZE)


def _histogram(of: Definition) -> Histogram:
    return Histogram(of.name, of.help, of.labels, buckets=of.buckets, registry=None)
