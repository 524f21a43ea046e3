"""One SQLite file that rows are added to, all or nothing, from any thread.

Must not know: events, hooks, settings.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from receiver import Retry
from receiver_sqlite.tables import CREATE, INSERT, Row

LOCK_SECONDS = 5.0
"""How long another writer is waited for, in this process or another."""

REASONS = {
    sqlite3.SQLITE_BUSY: "is locked by another process",
    sqlite3.SQLITE_LOCKED: "is locked by another process",
    sqlite3.SQLITE_FULL: "cannot grow: the disk is full",
    sqlite3.SQLITE_READONLY: "is read-only",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened: its folder must be there, and ours to write",
    sqlite3.SQLITE_IOERR: "cannot be read or written",
    sqlite3.SQLITE_CORRUPT: "is damaged",
    sqlite3.SQLITE_NOTADB: "is not a SQLite database",
}


class Database:
    """The file's one connection; opened when needed, and anew after a failure.

    Every failure is a Retry that says what is wrong: each of them can be put right from outside.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        # A hook past its deadline is abandoned with its thread, which may still hold the lock.
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._tables: set[str] = set()

    def open(self) -> None:
        """Open the file, or make it. Raises Retry when that cannot be done."""
        self.insert({})

    def insert(self, rows: Mapping[str, Sequence[Row]]) -> None:
        """Add rows to tables in one transaction, on disk when this returns; ids there are skipped.

        Raises Retry, and then nothing was added.
        """
        if not self._lock.acquire(timeout=LOCK_SECONDS):
            raise Retry(f"{self.path}: an earlier write has not come to its end")
        try:
            self._write(self._connected(), rows)
        except sqlite3.Error as error:
            self._disconnect()
            raise Retry(self._reason(error)) from error
        finally:
            self._lock.release()

    def close(self) -> None:
        """Let go of the file; it is opened again by the next write."""
        with self._lock:
            self._disconnect()

    def _write(self, connection: sqlite3.Connection, rows: Mapping[str, Sequence[Row]]) -> None:
        connection.execute("BEGIN IMMEDIATE")
        for table in rows.keys() - self._tables:
            connection.execute(CREATE.format(table=table))
        for table, of_table in rows.items():
            connection.executemany(INSERT.format(table=table), of_table)
        connection.execute("COMMIT")
        self._tables |= rows.keys()

    def _connected(self) -> sqlite3.Connection:
        # A file that was moved away or deleted would go on to take our rows, unseen.
        if self._connection is not None and self._file and self._file == self._identity():
            return self._connection
        self._disconnect()
        with suppress(OSError):  # SQLite says better why a file cannot be made
            self.path.touch(0o600)  # for its owner alone; the logs that SQLite puts by are, too
        connection = sqlite3.connect(
            self.path, timeout=LOCK_SECONDS, isolation_level=None, check_same_thread=False
        )
        self._connection = connection
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        self._file = self._identity()
        return connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        self._tables.clear()
        if connection is not None:
            # Closing rolls back what was begun; a broken file may not even let itself be closed.
            with suppress(sqlite3.Error):
                connection.close()

    def _identity(self) -> tuple[int, int] | None:
        """Which file the path names now; None when there is none."""
        try:
            status = self.path.stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino

    def _reason(self, error: sqlite3.Error) -> str:
        code = getattr(error, "sqlite_errorcode", None)
        # The lowest byte is the kind of error, the rest its variant (sqlite.org/rescode.html).
        known = None if code is None else REASONS.get(code & 0xFF)
        return f"{self.path} {known} ({error})" if known else f"{self.path}: {error}"
