"""What writes the store in a process: group commit under the common lock.

Whatever has queued up when the writer is free becomes one transaction with one fsync. Small groups
are done on the event loop, at the end of a turn of it, which waits a moment for the commit of
another process; what is large or may take long, and everything while others take long or the disk
is slow, is done by one thread. Every writer in every process takes the same `flock` first, for
which the thread sleeps in the kernel, in a fair queue. A failed transaction is a StoreError for all
who were part of it; then the connection is opened anew, to work again as soon as its disk does.
Must not know: what is written.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from itertools import chain
from queue import Empty, SimpleQueue
from time import monotonic, perf_counter
from typing import Any, ClassVar, Protocol

from receiver.errors import StoreError, UnkeepableError
from receiver.inbox.sqlite.connection import explained, transaction
from receiver.inbox.sqlite.storefile import SOON_SECONDS, StoreFile
from receiver.receipt import Declined

GROUP = 2_000
"""Pieces of work that one transaction takes, at most: more would make the first wait too long."""


class Work(Protocol):
    """A piece of work; many of them share a transaction."""

    future: asyncio.Future[Any] | None
    """Told the outcome, on its own loop; None: nobody wants to know."""
    optional: ClassVar[bool]
    """Whether it is left undone when its future was cancelled before it was begun."""

    @property
    def weight(self) -> int:
        """About how many rows it writes; what takes long for another reason is HEAVY."""


HEAVY = 1 << 30
"""The weight of work that the event loop never does itself."""

AT_ONCE = 256
"""Weight of a group that the event loop may do itself: two or three milliseconds' work."""

SLOW_SECONDS = 0.01
RECOVERY = 10
"""After a commit on the event loop that took longer than SLOW_SECONDS, the thread does them for so
many times as long: a slow disk holds up the loop for a small part of the time only."""

HUNG_SECONDS = 0.5
WARY_SECONDS = 600.0
"""A disk that has held up the loop for HUNG_SECONDS is not trusted for so long: it will again, and
while it holds the loop nobody is told that it does."""


class Transaction(Protocol):
    """What one transaction does for several pieces of work of the store's own kinds."""

    newest: int
    """The newest position that was committed."""
    events: int
    """How many events the last `run` took."""

    def run(self, connection: sqlite3.Connection, works: Sequence[Any]) -> list[Any]:
        """Do the works within the open transaction; the outcome of each."""

    def committed(self, works: Sequence[Any]) -> None:
        """They are durable."""


Alone = Callable[[], AbstractContextManager[None]]
"""The common lock, to be held while in the block."""

Outcome = tuple[asyncio.Future[Any] | None, Any, StoreError | None]
"""Who wants to know what became of a piece of work, its result, and why it has none."""

OnCommit = Callable[[float, int], None]
"""Is told, in the thread that did it, of each commit of events: the seconds it took (the wait for
the common lock included), and how many events. It must be quick and raise nothing."""


def unmeasured(seconds: float, events: int) -> None:
    """The measurer that does not look."""


@dataclass(slots=True)
class Bare:
    """Work outside any transaction, but under the lock (a checkpoint)."""

    do: Callable[[sqlite3.Connection], Any]
    future: asyncio.Future[Any] | None = None
    optional: ClassVar[bool] = True

    @property
    def weight(self) -> int:
        return HEAVY

    def run(self, connection: sqlite3.Connection) -> list[Any]:
        return [self.do(connection)]


class Writer:
    """Owns the write connection and the thread; opens both when first asked to."""

    def __init__(
        self, file: StoreFile, work: Transaction, on_commit: OnCommit = unmeasured
    ) -> None:
        self._file = file
        self._work = work
        self._on_commit = on_commit
        self._queue: SimpleQueue[list[Any] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._given = 0  # counted by the event loop
        self._done = 0  # counted by the thread
        self._thread_until = 0.0

    def do_at_once(self, works: list[Any], wait: float = SOON_SECONDS) -> list[Outcome] | Declined:
        """Do a small group here and now, on the event loop, if that is quick; what became of it.

        Handing work to the thread and back makes both wait for the interpreter's lock many times,
        which costs more than a commit. Nothing is done when the thread is at work, another process
        writes for longer than `wait`, or the disk was slow just now.
        """
        asked = perf_counter()
        later = self._given != self._done or monotonic() < self._thread_until
        if later or sum([work.weight for work in works]) > AT_ONCE:
            return Declined.UNFIT
        if not self._file.begin_at_once(wait):
            if wait:  # once: the thread waits now
                self._thread_until = monotonic() + SOON_SECONDS
            return Declined.UNFIT if wait else Declined.BUSY
        began = monotonic()
        outcomes = self._commit([w for w in works if not _left(w)], self._file.holding, asked)
        ended = monotonic()
        if ended - began > SLOW_SECONDS:
            wary = WARY_SECONDS if ended - began > HUNG_SECONDS else 0.0
            self._thread_until = ended + max(RECOVERY * (ended - began), wary)
        return outcomes

    def put(self, works: list[Any]) -> None:
        """Hand over work; each piece's future is told its outcome. Called on the event loop."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._live, name="inbox-writer", daemon=True)
            self._thread.start()
        self._given += len(works)
        self._queue.put(works)

    @property
    def backlog(self) -> int:
        """How many pieces of work are not done yet."""
        return self._given - self._done

    def stop(self) -> threading.Thread | None:
        """Have the thread end after the work that it was given; returns it, to be joined."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._queue.put(None)
        return thread

    # What is below runs in the thread; `_commit` on the event loop, too, while the thread is idle.

    def _live(self) -> None:
        while self._turn():
            continue
        self._file.close()

    def _turn(self) -> bool:
        """Do what is queued; whether to go on. Nothing of it is held while there is no more."""
        works, going_on = self._next()
        outcomes = self._do(works)
        self._done += len(works)  # who is told may ask the event loop next
        _tell(outcomes)
        return going_on

    def _next(self) -> tuple[list[Any], bool]:
        """All that is queued, as soon as there is something, and whether to go on afterwards."""
        works: list[Any] = []
        more = self._queue.get()
        while more is not None:
            works.extend(more)
            if len(works) >= GROUP:
                return works, True
            try:
                more = self._queue.get_nowait()
            except Empty:
                return works, True
        return works, False

    def _do(self, works: list[Any]) -> list[Outcome]:
        works = [work for work in works if not _left(work)]
        bare = [work for work in works if isinstance(work, Bare)]
        grouped = [work for work in works if not isinstance(work, Bare)]
        outcomes = self._commit(grouped, self._file.locked, perf_counter()) if grouped else []
        for work in bare:
            outcomes += self._attempt([work], work.run, self._file.locked)
        return outcomes

    def _commit(self, works: list[Any], alone: Alone, asked: float) -> list[Outcome]:
        """Do works in one transaction; if one of them cannot be done at all, each in its own.

        `asked`: since when it waits for the lock, by `perf_counter`.
        """
        events = 0

        def run(connection: sqlite3.Connection) -> list[Any]:
            nonlocal events
            with transaction(connection):
                results = self._work.run(connection, works)
            events = self._work.events
            self._work.committed(works)
            self._file.last_seq = max(self._file.last_seq, self._work.newest)
            return results

        try:
            outcomes = self._attempt(works, run, alone)
        except _OneOfMany:
            locked = self._file.locked  # the lock was let go
            each = [self._commit([work], locked, perf_counter()) for work in works]
            return list(chain.from_iterable(each))
        if events:
            self._on_commit(perf_counter() - asked, events)
        return outcomes

    def _attempt(
        self, works: list[Any], run: Callable[[sqlite3.Connection], list[Any]], alone: Alone
    ) -> list[Outcome]:
        """Run under the lock on a good connection; nothing that happens there ends the thread.

        Raises _OneOfMany when one of several works is itself at fault, not the store.
        """
        try:
            with alone():
                connection = self._file.connected()
                results = run(connection)
                self._file.bound_log(connection)
            return _outcomes(works, results)
        except FAULTS_OF_WORK as error:
            if len(works) > 1:
                raise _OneOfMany from error
            return _outcomes(works, error=UnkeepableError(f"this cannot be kept: {error!r}"))
        except Exception as error:
            self._file.let_go()
            return _outcomes(works, error=explained(self._file.path, error))


class _OneOfMany(Exception):
    """One of several works in a transaction is at fault."""


FAULTS_OF_WORK = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
    TypeError,
    AttributeError,
    ValueError,
    OverflowError,
)
"""What no other store could do either: a value of a wrong type, an event id that is taken."""


def _left(work: Work) -> bool:
    """Whether nobody wants it done any more."""
    return work.optional and work.future is not None and work.future.cancelled()


def _outcomes(
    works: Iterable[Any], results: Sequence[Any] | None = None, *, error: StoreError | None = None
) -> list[Outcome]:
    found = results if results is not None else [None for _ in works]
    return [(work.future, result, error) for work, result in zip(works, found, strict=True)]


def _tell(outcomes: list[Outcome]) -> None:
    """Wake each loop once, for all of its futures."""
    loops = {future.get_loop() for future, _, _ in outcomes if future is not None}
    for loop in loops:
        mine = [each for each in outcomes if each[0] is not None and each[0].get_loop() is loop]
        with suppress(RuntimeError):  # the loop is closed: nobody waits there any more
            loop.call_soon_threadsafe(resolve, mine)


def resolve(outcomes: list[Outcome]) -> None:
    """Tell those who want to know, on the event loop of their futures."""
    for future, result, error in outcomes:
        if future is None or future.done():
            continue
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)
