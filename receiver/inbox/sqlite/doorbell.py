"""Waiting for new events, whichever process commits them.

Our own commits ring at once. Those of others are noticed by asking SQLite's `data_version` (a look
into shared memory, 4 µs) every few milliseconds, less often the longer nothing comes, by one task
for all who wait, only while they do.
Must not know: what the events are.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path

from receiver.errors import StoreError
from receiver.inbox.sqlite.connection import identity, one

STEPS = ((250, 0.004), (750, 0.008), (2000, 0.02))
"""For so many looks at which nothing has happened: seconds to the next look."""

IDLE_SECONDS = 0.05
"""After that, half a minute: whoever sends so rarely does not mind, and looks cost CPU."""


class Doorbell:
    """Knows the newest position; wakes who waits for a newer one.

    `connect` opens a connection to watch with, `look` reads the newest position; both may raise
    StoreError, which is passed on to all who wait.
    """

    def __init__(
        self,
        path: Path,
        connect: Callable[[], Awaitable[sqlite3.Connection]],
        look: Callable[[], Awaitable[int]],
    ) -> None:
        self._path = path
        self._connect = connect
        self._look = look
        self._newest = 0
        self._waiters: set[asyncio.Future[StoreError | None]] = set()
        self._watch: sqlite3.Connection | None = None
        self._version: object = None
        self._file: tuple[int, int] | None = None
        self._task: asyncio.Task[None] | None = None

    def ring(self, newest: int) -> None:
        """Events up to `newest` are committed."""
        if newest > self._newest:
            self._newest = newest
            self._wake(None)

    async def wait(self, after: int, seconds: float) -> int:
        """The newest position, as soon as it is above `after`, at the latest after `seconds`."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        if self._newest <= after:
            self.ring(await self._look())
        while self._newest <= after and (left := end - loop.time()) > 0:
            waiter: asyncio.Future[StoreError | None] = loop.create_future()
            self._waiters.add(waiter)
            if self._task is None or self._task.done():
                self._task = loop.create_task(self._poll())
            try:
                await asyncio.wait([waiter], timeout=left)
                if waiter.done() and (error := waiter.result()):
                    raise error
            finally:
                self._waiters.discard(waiter)
        return self._newest

    def close(self) -> None:
        """Stop watching; who still waits gets StoreError."""
        if self._task is not None:
            self._task.cancel()
        self._wake(StoreError("the inbox is closed"))
        self._unwatch()

    async def _poll(self) -> None:
        quiet = 0
        while self._waiters:
            try:
                quiet += 1
                if await self._changed():
                    quiet = 0
                    self.ring(await self._look())
            except StoreError as error:
                self._unwatch()
                self._wake(error)
            await asyncio.sleep(pause(quiet))

    async def _changed(self) -> bool:
        if self._watch is not None and identity(self._path) != self._file:
            self._unwatch()
        if self._watch is None:
            self._file, self._version = identity(self._path), None
            self._watch = await self._connect()
        try:
            version = one(self._watch, "PRAGMA data_version")
        except sqlite3.Error as error:
            raise StoreError(f"the store cannot be watched ({error})") from error
        changed, self._version = version != self._version, version
        return changed

    def _wake(self, error: StoreError | None) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(error)

    def _unwatch(self) -> None:
        if self._watch is not None:
            watch, self._watch = self._watch, None
            watch.close()


def pause(quiet: int) -> float:
    """Seconds to the next look after so many at which nothing had happened."""
    return next((seconds for looks, seconds in STEPS if quiet < looks), IDLE_SECONDS)
