"""What an opened store consists of in one process, and the way of work from the loop to the disk.

Must not know: what the work is for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from sqlite3 import Connection
from threading import get_ident
from time import monotonic
from typing import Any, TypeVar

from receiver.errors import StoreError
from receiver.gathering import Gathering
from receiver.inbox.sqlite import views
from receiver.inbox.sqlite.connection import connect, explaining
from receiver.inbox.sqlite.doorbell import Doorbell
from receiver.inbox.sqlite.forked import forks
from receiver.inbox.sqlite.logfile import checkpoint, log_bytes, log_used, renew
from receiver.inbox.sqlite.readers import Readers
from receiver.inbox.sqlite.storefile import StoreFile
from receiver.inbox.sqlite.tidying import turn
from receiver.inbox.sqlite.writer import Bare, OnCommit, Transaction, Writer, resolve
from receiver.receipt import Declined

T = TypeVar("T")

QUEUE = 10_000
"""Pieces of work that may wait for the writer; beyond that, StoreError at once."""

WAIT_FOR = 32
"""Weight of work that is committed though more may be coming: requests were gathered before."""

TIDY_LOG_BYTES = 16 * 1024 * 1024
"""Bytes of the write-ahead log that count from which it is copied into the file."""

LOOK_SECONDS = 0.1


class Engine:
    """The writer, the readers and the doorbell of one process."""

    def __init__(
        self, path: Path, synchronous: str, work: Transaction, on_commit: OnCommit
    ) -> None:
        self.path = path
        self._forks = forks()
        self._writer = Writer(StoreFile(path, synchronous), work, on_commit)
        self._readers = Readers(path)
        watch = partial(connect, path, synchronous="NORMAL", create=False)
        self.doorbell = Doorbell(
            path,
            lambda: self._readers.run(lambda _: watch()),
            lambda: self._readers.run(views.last_seq),
        )
        self._ready = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = 0
        """In which `_loop` runs."""
        self._tick: list[Any] = []
        self._weight = 0
        """Of what is in `_tick`."""
        self._gathering = Gathering(WAIT_FOR)
        self._look_at = 0.0
        self._tidying: asyncio.Task[None] | None = None

    @property
    def elsewhere(self) -> bool:
        """Whether another process opened it."""
        return self._forks != forks()

    async def ready(self) -> None:
        """Have the store opened, and made if there is none."""
        if not self._ready:
            await self.do(Bare(_nothing))
            self._ready = True

    async def read(self, read: Callable[[Connection], T]) -> T:
        """What `read` returns, called in a worker thread with a connection."""
        await self.ready()
        return await self._readers.run(read)

    async def do(self, work: Any) -> Any:
        """The outcome of a piece of work for the writer."""
        return await self.begin(work)

    def begin(self, work: Any) -> asyncio.Future[Any]:
        """As `do`, to be awaited without a coroutine in between."""
        future = work.future = self._running_loop().create_future()
        self.send(work)
        return future

    def send(self, work: Any) -> None:
        """Have the writer do it, handed over with all else of this turn of the event loop."""
        if self.congested:
            raise StoreError(f"the store {self.path} does not keep up")
        loop = self._running_loop()
        if not self._tick:
            loop.call_soon(self._end_of_turn)
        self._tick.append(work)
        self._weight += work.weight

    def do_now(self, work: Any) -> Any | Declined:
        """The outcome of a piece of work, done before this returns, without any waiting.

        It is declined where it would take long, or other work waits for the end of this turn.
        Raises StoreError.
        """
        if self._tick:
            return Declined.UNFIT
        outcomes = self._writer.do_at_once([work], wait=0.0)
        if isinstance(outcomes, Declined):
            return outcomes
        self._look_at_log()
        [(_, result, error)] = outcomes
        if error is not None:
            raise error
        return result

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        """The loop that runs here; `get_running_loop` makes a call of the system each time."""
        loop = self._loop
        if loop is not None and self._thread == get_ident() and loop.is_running():
            return loop
        self._hand_over()
        self._loop, self._thread = asyncio.get_running_loop(), get_ident()
        return self._loop

    @property
    def congested(self) -> bool:
        """Whether more waits for the writer than may."""
        return self._writer.backlog >= QUEUE

    async def close(self) -> None:
        """Finish what was sent, then let go of everything."""
        self.doorbell.close()
        self._hand_over()
        if self._tidying is not None:
            await asyncio.wait([self._tidying])
        thread = self._writer.stop()
        if thread is not None:
            await asyncio.to_thread(thread.join)
        await asyncio.to_thread(self._readers.close)

    def _end_of_turn(self) -> None:
        """Commit, unless there may be more in the next turn: the loop reads nothing meanwhile."""
        if self._gathering.goes_on(self._weight, monotonic()):
            self._running_loop().call_soon(self._end_of_turn)
            return
        self._weight = 0
        works, self._tick = self._tick, []
        if works:
            outcomes = self._writer.do_at_once(works)
            if isinstance(outcomes, Declined):
                self._writer.put(works)
            else:
                resolve(outcomes)
        self._look_at_log()

    def _look_at_log(self) -> None:
        """Have the log copied into the file when it is long, as nobody else may be doing it."""
        now = monotonic()
        if now < self._look_at:
            return
        self._look_at = now + LOOK_SECONDS
        resting = self._tidying is None or self._tidying.done()
        with suppress(OSError):  # what was committed stays so; the next commit meets the fault, too
            if resting and log_bytes(self.path) > TIDY_LOG_BYTES:
                self._tidying = asyncio.ensure_future(self._tidy_in_passing())

    async def tidy(self) -> None:
        """Copy what is in the write-ahead log into the file, in nobody's way.

        That takes tens of milliseconds for a long log, so a reader's thread does it while commits
        go on; the lock is held for the last few pages only, after which the log begins anew.
        """
        if self._tidying is not None:  # ours, begun in passing, which has the turn
            await asyncio.wait([self._tidying])
        await self._tidy()

    async def _tidy(self) -> None:
        with explaining(self.path):
            if log_used(self.path) > TIDY_LOG_BYTES:
                await self._renew()

    async def _renew(self) -> None:
        with turn(self.path) as mine:
            if mine is None:
                return
            if mine.finished:
                mine.begin()
                await self.read(checkpoint)
            if await self.do(Bare(partial(renew, path=self.path))):
                mine.end()

    async def _tidy_in_passing(self) -> None:
        with suppress(StoreError):  # the next commit meets the same fault, and tells who waits
            await self._tidy()

    def _hand_over(self) -> None:
        if self._tick:
            works, self._tick, self._weight = self._tick, [], 0
            self._writer.put(works)


def _nothing(connection: Connection) -> None:
    """Being asked opened the store."""
