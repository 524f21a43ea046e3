"""Records and their audit trail in the store's file.

Must not know: what the records mean.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime
from functools import partial
from typing import Any

from receiver.inbox.registry import AUDIT_ROWS, Audited, Change, ConflictError, Record, Shown
from receiver.inbox.sqlite.connection import number, one, transaction
from receiver.inbox.sqlite.engine import Engine
from receiver.inbox.sqlite.queries import SQL
from receiver.inbox.sqlite.rows import micros, moment
from receiver.inbox.sqlite.writer import Bare


class SqliteRegistry:
    """`receiver.inbox.registry.Registry` beside the events; see there for what each method does."""

    def __init__(self, running: Callable[[], Engine]) -> None:
        """`running` gives the engine of the store, or raises StoreError once it is closed."""
        self._running = running

    async def revision(self) -> int:
        return await self._running().read(_revision)

    async def records(self, kind: str) -> list[Record]:
        return await self._running().read(partial(_records, kind=kind))

    async def record(self, kind: str, name: str) -> Record | None:
        return await self._running().read(partial(_record, kind=kind, name=name))

    async def change(
        self, changes: Sequence[Change], *, who: str, action: str, at: datetime, shown: Shown
    ) -> int:
        work = partial(
            _change, changes=list(changes), who=who, action=action, at=micros(at), shown=shown
        )
        outcome = await self._running().do(Bare(work))
        if isinstance(outcome, ConflictError):
            raise outcome
        revision: int = outcome
        return revision

    async def audit(
        self, *, before: int | None = None, name: str | None = None, limit: int = 100
    ) -> list[Audited]:
        return await self._running().read(
            partial(_audit, before=before or 1 << 62, name=name, limit=limit)
        )


def _revision(connection: sqlite3.Connection) -> int:
    return number(connection, SQL["revision"])


def _records(connection: sqlite3.Connection, kind: str) -> list[Record]:
    with closing(connection.execute(SQL["records"], (kind,))) as cursor:
        return [Record(kind, row[0], row[1], row[2]) for row in cursor.fetchall()]


def _record(connection: sqlite3.Connection, kind: str, name: str) -> Record | None:
    row = one(connection, SQL["record"], (kind, name))
    return None if row is None else Record(kind, name, row[0], row[1])


def _change(
    connection: sqlite3.Connection,
    changes: list[Change],
    who: str,
    action: str,
    at: int,
    shown: Shown,
) -> int | ConflictError:
    try:
        with transaction(connection):
            for change in changes:
                _put(connection, change, (at, who, action), shown)
            connection.execute(SQL["trim_audit"], (AUDIT_ROWS,)).close()
            return number(connection, SQL["revision"])
    except ConflictError as conflict:  # no fault of the store: its connection stays
        return conflict


def _put(
    connection: sqlite3.Connection, change: Change, told: tuple[Any, ...], shown: Shown
) -> None:
    now = _record(connection, change.kind, change.name)
    version = 0 if now is None else now.version
    if change.expect is not None and change.expect != version:
        raise ConflictError(_difference(change, version))
    before = None if now is None else shown(change.kind, now.body)
    after = None if change.body is None else shown(change.kind, change.body)
    row = (*told, change.kind, change.name, before, after)
    with closing(connection.execute(SQL["insert_audit"], row)) as cursor:
        newest = cursor.lastrowid
    if change.body is None:
        connection.execute(SQL["delete_record"], (change.kind, change.name)).close()
    else:
        values = (change.kind, change.name, newest, change.body)
        connection.execute(SQL["put_record"], values).close()


def _difference(change: Change, version: int) -> str:
    what = f"{change.kind} {change.name!r}"
    if not version:
        return f"there is no {what} any more"
    if not change.expect:
        return f"there is a {what} already"
    return f"{what} was changed by somebody else meanwhile; look at it and change it again"


def _audit(
    connection: sqlite3.Connection, before: int, name: str | None, limit: int
) -> list[Audited]:
    with closing(connection.execute(SQL["audit"], (before, name, name, limit))) as cursor:
        return [Audited(row[0], moment(row[1]), *row[2:]) for row in cursor.fetchall()]
