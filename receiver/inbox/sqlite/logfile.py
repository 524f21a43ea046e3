"""The write-ahead log beside a store: how long it is, how much of it counts, how it is begun anew.

A log that is begun anew is written over from its start, and its file stays as long as it was: to
make a file longer costs the disk half as much again for each commit. What is left of the log before
is told by its salts (sqlite.org/fileformat2.html, section 4.1, "WAL File Format"). Nothing holds a
lock on this file, so that it may be opened and closed here (never do that with the others: it lets
go of SQLite's locks). Must not know: when it is time to.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from receiver.inbox.sqlite.connection import number, one, transaction, wait_for
from receiver.inbox.sqlite.queries import SQL

WAIT_SECONDS = 0.25
"""How long emptying the log waits for readers."""

KEPT_BYTES = 32 * 1024 * 1024
"""A log that is longer is cut."""

_HEADER = 32
_FRAME_HEADER = 24
_SALTS = slice(16, 24)
_FRAME_SALTS = 8


def log_bytes(path: Path) -> int:
    """The size of the log's file."""
    try:
        return os.stat(f"{path}-wal").st_size  # noqa: PTH116 (looked at while others wait)
    except FileNotFoundError:
        return 0


def log_used(path: Path) -> int:
    """The bytes of the log that count: those since it was begun. Raises OSError."""
    with _opened(path) as log:
        if log is None:
            return 0
        header = os.pread(log, _HEADER, 0)
        if len(header) < _HEADER:
            return 0
        frame = _FRAME_HEADER + int.from_bytes(header[8:12], "big")
        salts = header[_SALTS]
        low, high = 0, (os.fstat(log).st_size - _HEADER) // frame
        while low < high:
            middle = (low + high) // 2
            if os.pread(log, len(salts), _HEADER + middle * frame + _FRAME_SALTS) == salts:
                low = middle + 1
            else:
                high = middle
        return _HEADER + low * frame


def _salts(path: Path) -> bytes:
    """What tells the log from the one before it; nothing where there is none."""
    with _opened(path) as log:
        return b"" if log is None else os.pread(log, _HEADER, 0)[_SALTS]


@contextmanager
def _opened(path: Path) -> Iterator[int | None]:
    try:
        log = os.open(f"{path}-wal", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        yield None
        return
    try:
        yield log
    finally:
        os.close(log)


def checkpoint(connection: sqlite3.Connection) -> None:
    """Copy what it can of the log into the store, in nobody's way."""
    one(connection, "PRAGMA wal_checkpoint(PASSIVE)")


def truncate(connection: sqlite3.Connection) -> bool:
    """Copy the log into the store and cut it, unless a reader takes too long.

    To be called under the lock. Returns whether it is empty now.
    """
    return _copied(connection, "TRUNCATE")


def renew(connection: sqlite3.Connection, path: Path) -> bool:
    """Copy the log into the store and begin it anew, unless a reader takes too long.

    To be called under the lock, by who has the turn to tidy. Returns whether it is begun anew.
    """
    if log_bytes(path) > KEPT_BYTES:
        return truncate(connection)
    before = _salts(path)
    if not _copied(connection, "RESTART"):
        return False
    # A commit begins it anew: this one, so that none does while somebody copies (see `tidying`).
    with transaction(connection):
        connection.execute(SQL["begin_log"]).close()
    return _salts(path) != before


def _copied(connection: sqlite3.Connection, how: str) -> bool:
    before = number(connection, "PRAGMA busy_timeout") / 1000
    wait_for(connection, WAIT_SECONDS)
    try:
        told = one(connection, f"PRAGMA wal_checkpoint({how})")
        return told is not None and told[0] == 0
    finally:
        wait_for(connection, before)
