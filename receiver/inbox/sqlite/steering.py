"""Routes' flows, names and removals, as rows.

Must not know: who delivers, threads.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from contextlib import closing
from datetime import datetime

import msgspec

from receiver.inbox.sqlite.connection import transaction
from receiver.inbox.sqlite.queries import SQL
from receiver.inbox.sqlite.rows import micros, moment
from receiver.inbox.steering import Flow, RouteFlow

SOME = 2_000
"""Rows that are forgotten at once: as short for other writers as a commit."""


def steer(connection: sqlite3.Connection, route: str, flow: Flow, at: datetime) -> bool:
    """See Steering.steer."""
    with transaction(connection):
        return _changed(connection, SQL["steer"], (flow, micros(at), route))


def flows(connection: sqlite3.Connection) -> list[RouteFlow]:
    """See Steering.flows."""
    with closing(connection.execute(SQL["flows"])) as cursor:
        return [
            RouteFlow(
                route=route,
                flow=flow,
                since=None if since is None else moment(since),
                removed_at=None if removed is None else moment(removed),
            )
            for route, flow, since, removed in cursor.fetchall()
        ]


def rename(connection: sqlite3.Connection, old: str, new: str) -> bool:
    """See Steering.rename."""
    with transaction(connection):
        if not _changed(connection, SQL["rename_route"], {"old": old, "new": new}):
            return False
        for table, _ in _tables(connection):
            # The names of tables and columns are those of our own schema.
            statement = f"UPDATE {table} SET route = ? WHERE route = ?"  # noqa: S608
            connection.execute(statement, (new, old)).close()
    return True


def mark(
    connection: sqlite3.Connection, live: Collection[str], at: datetime, before: datetime | None
) -> list[str]:
    """Mark as removed what is not live; the routes that were removed before a time."""
    names = msgspec.json.encode(sorted(live)).decode()
    with transaction(connection):
        connection.execute(SQL["mark_removed"], (micros(at), names)).close()
        connection.execute(SQL["mark_live"], (names,)).close()
    if before is None:
        return []
    with closing(connection.execute(SQL["removed_before"], (micros(before),))) as cursor:
        return [route for (route,) in cursor.fetchall()]


def forget(connection: sqlite3.Connection, route: str) -> bool:
    """Forget some of what is kept of a removed route, itself at last; whether there is more."""
    with transaction(connection):
        for table, key in _tables(connection):
            columns = ", ".join(key)
            some = f"SELECT {columns} FROM {table} WHERE route = ? LIMIT {SOME}"  # noqa: S608
            statement = f"DELETE FROM {table} WHERE ({columns}) IN ({some})"  # noqa: S608
            if _changed(connection, statement, (route,)):
                return True
        connection.execute(SQL["forget_route"], (route,)).close()
    return False


def _tables(connection: sqlite3.Connection) -> list[tuple[str, list[str]]]:
    """Every table besides `routes` that says something of a route, and its primary key."""
    with closing(connection.execute(SQL["tables_of_routes"])) as cursor:
        return [(table, key.split(",")) for table, key in cursor.fetchall()]


def _changed(
    connection: sqlite3.Connection, statement: str, values: tuple[object, ...] | dict[str, object]
) -> bool:
    with closing(connection.execute(statement, values)) as cursor:
        return cursor.rowcount > 0
