"""The store's file as the process's writer holds it: under the common lock, and always the same.

Must not know: what is written, or that there are threads.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from receiver.errors import StoreError
from receiver.inbox.sqlite.connection import BUSY_SECONDS, connect, identity, number, one
from receiver.inbox.sqlite.migrate import bring_up
from receiver.inbox.sqlite.queries import SQL

LOG_BYTES = 64 * 1024 * 1024
"""Size of the write-ahead log from which a commit empties it, should nobody else have done so."""

LOOK_SECONDS = 0.25
BE_PATIENT = f"PRAGMA busy_timeout = {round(BUSY_SECONDS * 1000)}"
TRUNCATE_SECONDS = 0.25
"""How long emptying the log waits for readers."""


class StoreFile:
    """The write connection and the lock file; each is opened when first needed."""

    def __init__(self, path: Path, synchronous: str) -> None:
        self.path = path
        self.last_seq = 0
        """The newest position known to be committed: no good copy of the store lies behind it."""
        self._synchronous = synchronous
        self._connection: sqlite3.Connection | None = None
        self._lock: int | None = None
        self._file: tuple[int, int] | None = None
        self._store_id: str | None = None
        self._looked_at = 0.0

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Alone among all writers of all processes; waits in the kernel, in turn."""
        if self._lock is None:
            if self._file is None:
                self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = _open_private(f"{self.path}.lock")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        with self.holding():
            yield

    def begin_at_once(self) -> bool:
        """Take the lock and begin a transaction, if nobody else writes and the store is open.

        The lock is to be let go by `holding`.
        """
        if self._lock is None or self._connection is None or identity(self.path) != self._file:
            return False
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        try:
            one(self._connection, "PRAGMA busy_timeout = 0")
            one(self._connection, "BEGIN IMMEDIATE")
        except sqlite3.Error:  # a foreign program writes, or the disk has a fault
            fcntl.flock(self._lock, fcntl.LOCK_UN)
            return False
        finally:
            one(self._connection, BE_PATIENT)
        return True

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Let go of the lock, which is taken, after the block."""
        assert self._lock is not None
        try:
            yield
        finally:
            fcntl.flock(self._lock, fcntl.LOCK_UN)

    def connected(self) -> sqlite3.Connection:
        """The connection, to the same store as ever. Raises StoreError, sqlite3.Error, OSError."""
        found = identity(self.path)
        if self._connection is not None and found == self._file:
            return self._connection
        self.let_go()
        if self._file is not None and found != self._file:
            what = "gone: put it back" if found is None else "another file now: put it back"
            raise StoreError(f"the store {self.path} is {what}, or restart Receiver to begin anew")
        if found is None:
            os.close(_open_private(self.path))
        connection = connect(self.path, synchronous=self._synchronous, create=self._file is None)
        try:
            self._recognise(connection)
        except BaseException:
            connection.close()
            raise
        self._connection, self._file = connection, identity(self.path)
        return connection

    def _recognise(self, connection: sqlite3.Connection) -> None:
        """Routes' places are in memory: with another store under them, events would be lost."""
        store_id = bring_up(connection)
        last_seq = number(connection, SQL["last_seq"])
        if self._store_id is not None and (store_id != self._store_id or last_seq < self.last_seq):
            raise StoreError(
                f"another store, or an older copy, was put at {self.path}: restart Receiver"
            )
        self._store_id, self.last_seq = store_id, last_seq

    def bound_log(self, connection: sqlite3.Connection) -> None:
        """Empty the log if it has grown long, a few times a second at most."""
        now = time.monotonic()
        if now - self._looked_at < LOOK_SECONDS:
            return
        self._looked_at = now
        if log_bytes(self.path) > LOG_BYTES:
            # What was committed stays committed; a disk that is full fails the next commit, too.
            with suppress(sqlite3.Error):
                truncate(connection)

    def let_go(self) -> None:
        """Close the connection; the next `connected` opens another."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.close()

    def close(self) -> None:
        """Let go of the lock file, too."""
        self.let_go()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def checkpoint(connection: sqlite3.Connection) -> None:
    """Copy what it can of the write-ahead log into the file, in nobody's way."""
    one(connection, "PRAGMA wal_checkpoint(PASSIVE)")


def _open_private(path: Path | str) -> int:
    """An open file; one that is made is its owner's alone, and so are the logs SQLite puts by."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def truncate(connection: sqlite3.Connection) -> bool:
    """Copy the write-ahead log into the file and empty it, unless a reader takes too long.

    To be called under the lock. Returns whether it is empty now.
    """
    one(connection, f"PRAGMA busy_timeout = {round(TRUNCATE_SECONDS * 1000)}")
    try:
        told = one(connection, "PRAGMA wal_checkpoint(TRUNCATE)")
        return told is not None and told[0] == 0
    finally:
        one(connection, BE_PATIENT)


def log_bytes(path: Path) -> int:
    """The size of the write-ahead log."""
    try:
        return os.stat(f"{path}-wal").st_size  # noqa: PTH116 (looked at while others wait)
    except FileNotFoundError:
        return 0
