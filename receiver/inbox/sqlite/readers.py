"""Read connections, in worker threads: no read ever blocks the event loop or outlives its call.

Must not know: what is read.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from receiver.errors import StoreError
from receiver.inbox.sqlite.connection import connect, explaining, identity

T = TypeVar("T")

THREADS = 3


class Readers:
    """A few threads, and the connections that are idle between their reads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="inbox-reader")
        self._idle: list[sqlite3.Connection] = []
        self._file: tuple[int, int] | None = None
        self._closed = False

    async def run(self, read: Callable[[sqlite3.Connection], T]) -> T:
        """What `read` returns, called in a thread. Raises StoreError."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._call, read)

    def _call(self, read: Callable[[sqlite3.Connection], T]) -> T:
        with explaining(self._path):
            connection = self._borrow()
            try:
                result = read(connection)
                if connection.in_transaction:
                    connection.rollback()
            except BaseException:
                connection.close()
                raise
            if self._closed:
                connection.close()
            else:
                self._idle.append(connection)
            return result

    def _borrow(self) -> sqlite3.Connection:
        found = identity(self._path)
        if found is None:
            raise StoreError(f"the store {self._path} is gone")
        if self._file is None:
            self._file = found
        elif found != self._file:
            raise StoreError(f"the store {self._path} is another file now: restart Receiver")
        if self._idle:
            return self._idle.pop()
        return connect(self._path, synchronous="NORMAL", create=False)

    def close(self) -> None:
        """Let the reads that run finish, then close every connection. Blocks for that long."""
        self._closed = True
        self._threads.shutdown(wait=True, cancel_futures=True)
        while self._idle:
            self._idle.pop().close()
