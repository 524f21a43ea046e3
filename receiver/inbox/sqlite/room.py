"""Whether the store may take events in: below its hard limit, it may.

Looked at a few times a second, so the limit is passed by what comes in meanwhile.
Must not know: who deletes, what the events are.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic

from receiver.errors import StoreError
from receiver.inbox.rules import at_hard_limit
from receiver.inbox.sqlite.connection import number
from receiver.inbox.sqlite.logfile import log_bytes

LOOK_SECONDS = 0.1

Read = Callable[[Callable[[sqlite3.Connection], int]], Awaitable[int]]


class Room:
    """The room below a limit of bytes in use; None: without end."""

    def __init__(self, path: Path, limit: int | None) -> None:
        self._path = path
        self._limit = limit
        self._full = False
        self._look_at = 0.0
        self._asking: asyncio.Task[None] | None = None

    def check(self, read: Read) -> None:
        """Raise StoreError while there is no room; on the event loop, before each append.

        `read` reads from the store. The file's size answers for nearly all stores; one whose file
        is large is asked how much of it is in use.
        """
        if self._limit is None:
            return
        now = monotonic()
        if now >= self._look_at:
            self._look_at = now + LOOK_SECONDS
            if self._size() < self._limit:
                self._full = False
            elif self._asking is None or self._asking.done():
                self._asking = asyncio.ensure_future(self._ask(read))
        if self._full:
            raise StoreError(at_hard_limit(f"the store {self._path}", self._limit))

    async def close(self) -> None:
        """Ask no more."""
        if self._asking is not None and not self._asking.done():
            await asyncio.wait([self._asking])

    def _size(self) -> int:
        try:
            size = os.stat(self._path).st_size  # noqa: PTH116 (looked at while others wait)
        except FileNotFoundError:
            return 0
        return size + log_bytes(self._path)

    async def _ask(self, read: Read) -> None:
        with suppress(StoreError):  # the append itself meets the same fault, and tells who waits
            self._full = await read(bytes_in_use) >= (self._limit or 0)


def bytes_in_use(connection: sqlite3.Connection) -> int:
    """The size of the store without its log and what deletions have left free."""
    pages = number(connection, "PRAGMA page_count") - number(connection, "PRAGMA freelist_count")
    return pages * number(connection, "PRAGMA page_size")
