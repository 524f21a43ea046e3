"""The store's file as the process's writer holds it: under the common lock, and always the same.

Must not know: what is written, or that there are threads.
"""

from __future__ import annotations

import fcntl
import os
import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from receiver.errors import StoreError
from receiver.inbox.sqlite.connection import BUSY_SECONDS, connect, identity, number, wait_for
from receiver.inbox.sqlite.logfile import log_bytes, truncate
from receiver.inbox.sqlite.migrate import bring_up
from receiver.inbox.sqlite.queries import SQL
from receiver.inbox.sqlite.tidying import turn

LOG_BYTES = 64 * 1024 * 1024
"""Size of the write-ahead log from which a commit empties it, should nobody else have done so."""

LOOK_SECONDS = 0.25

SOON_SECONDS = 0.003
"""How long the event loop waits for the commit of another process: about as long as one takes."""

AGAIN_SECONDS = 0.00002


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
        self._patience = BUSY_SECONDS
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
            self._be_patient(BUSY_SECONDS)
            yield

    def begin_at_once(self, wait: float) -> bool:
        """Take the lock and begin a transaction, if the store is open and the lock is free so soon.

        The lock is to be let go by `holding`.
        """
        if self._lock is None or self._connection is None or not _taken_soon(self._lock, wait):
            return False
        begun = False
        # A foreign program may be writing, or the disk have a fault: the thread finds out which.
        with suppress(sqlite3.Error, OSError):
            if identity(self.path) == self._file:  # only now: the lock may have been waited for
                self._be_patient(0.0)
                self._connection.execute("BEGIN IMMEDIATE").close()
                begun = True
        if not begun:
            fcntl.flock(self._lock, fcntl.LOCK_UN)
        return begun

    def _be_patient(self, seconds: float) -> None:
        """Wait so long for a foreign program from now on. Raises sqlite3.Error."""
        if self._connection is not None and self._patience != seconds:
            wait_for(self._connection, seconds)
            self._patience = seconds

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
        if self._connection is not None and self._connection.in_transaction:
            return self._connection  # `begin_at_once` has looked
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
        self._patience = BUSY_SECONDS
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
        # What was committed stays committed; a disk that is full fails the next commit, too.
        with suppress(sqlite3.Error, OSError):
            if log_bytes(self.path) > LOG_BYTES:
                self._empty_log(connection)

    def _empty_log(self, connection: sqlite3.Connection) -> None:
        with turn(self.path) as mine:
            if mine is not None:
                mine.begin()
                if truncate(connection):
                    mine.end()

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


def _taken_soon(lock: int, wait: float) -> bool:
    """Whether the lock could be taken within so many seconds."""
    until = 0.0
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            now = time.monotonic()
            until = until or now + wait
            if now >= until:
                return False
            time.sleep(random.uniform(0, AGAIN_SECONDS))  # noqa: S311 (nothing secret)
        except OSError:
            return False
        else:
            return True


def _open_private(path: Path | str) -> int:
    """An open file; one that is made is its owner's alone, and so are the logs SQLite puts by."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
