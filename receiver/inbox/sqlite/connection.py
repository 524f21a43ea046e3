"""Connections to the store's file: how they are opened, and what their errors mean.

Must not know: what is in the tables.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from receiver.errors import StoreError

SQLITE_VERSION = sqlite3.sqlite_version

BUSY_SECONDS = 2.0
"""How long a statement waits for a foreign program (a back-up, the sqlite3 shell). Our own writers
never meet here: they queue for the common lock before."""

_WORDS = {
    "SQLITE_FULL": "the disk is full",
    "SQLITE_READONLY": "it cannot be written",
    "SQLITE_CANTOPEN": "it cannot be opened",
    "SQLITE_PERM": "access is denied",
    "SQLITE_IOERR": "the disk reports an error, or is full",
    "SQLITE_BUSY": "another program keeps it locked",
    "SQLITE_LOCKED": "another program keeps it locked",
    "SQLITE_CORRUPT": "it is damaged; restore it from a back-up",
    "SQLITE_NOTADB": "it is not a store of Receiver",
}


def connect(path: Path, *, synchronous: str, create: bool) -> sqlite3.Connection:
    """A connection in autocommit mode, for one thread at a time. Raises sqlite3.Error."""
    mode = "rwc" if create else "rw"
    connection = sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?mode={mode}",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )
    try:
        for pragma in (
            f"synchronous = {synchronous}",
            "wal_autocheckpoint = 0",  # see Engine.tidy
            "cache_size = -16384",  # KiB; dedup keys fall all over their table
            "temp_store = MEMORY",
            "secure_delete = FAST",  # ON would write every page that is freed to the log
        ):
            connection.execute(f"PRAGMA {pragma}").close()
    except BaseException:
        connection.close()
        raise
    return connection


def wait_for(connection: sqlite3.Connection, seconds: float) -> None:
    """Have its statements wait so long for a foreign program, until told otherwise."""
    one(connection, f"PRAGMA busy_timeout = {round(seconds * 1000)}")


def identity(path: Path) -> tuple[int, int] | None:
    """Which file stands at `path`: device and inode; None where there is none."""
    try:
        found = os.stat(path)  # noqa: PTH116 (a third of the time of Path.stat, at every commit)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def explained(path: Path, error: Exception) -> StoreError:
    """What an error of sqlite3 or of the system means for the person who runs the store."""
    if isinstance(error, StoreError):
        return error
    name = getattr(error, "sqlite_errorname", "")
    words = next((text for code, text in _WORDS.items() if name.startswith(code)), "")
    if isinstance(error, OSError):
        words = error.strerror or ""
    elif isinstance(error, msgspec.MsgspecError):
        words = _WORDS["SQLITE_CORRUPT"]
    detail = f"{type(error).__name__}: {error}"
    return StoreError(f"the store {path}: {words + ' ' if words else ''}({detail})")


@contextmanager
def explaining(path: Path) -> Iterator[None]:
    """Turns errors of sqlite3, of the system and of what is kept into StoreError."""
    try:
        yield
    except (sqlite3.Error, OSError, msgspec.MsgspecError) as error:
        raise explained(path, error) from error


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """A write transaction, begun here or before: committed, rolled back on any error."""
    if not connection.in_transaction:
        connection.execute("BEGIN IMMEDIATE").close()
    try:
        yield
        connection.execute("COMMIT").close()
    except BaseException:
        if connection.in_transaction:
            connection.rollback()
        raise


def one(
    connection: sqlite3.Connection,
    sql: str,
    parameters: tuple[object, ...] | Mapping[str, object] = (),
) -> tuple[Any, ...] | None:
    """The first row of a query, which is then finished: no read transaction stays open."""
    with closing(connection.execute(sql, parameters)) as cursor:
        rows = cursor.fetchall()
    return rows[0] if rows else None


def number(connection: sqlite3.Connection, sql: str, parameters: tuple[object, ...] = ()) -> int:
    """The one number that a query answers."""
    row = one(connection, sql, parameters)
    return int(row[0]) if row else 0
