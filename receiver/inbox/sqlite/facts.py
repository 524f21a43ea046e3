"""What is kept of deliveries that are over, as rows.

Must not know: who passes what, threads.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime

from receiver.inbox.facts import Closing, Definition, Passage, Regime
from receiver.inbox.sqlite.connection import one, transaction
from receiver.inbox.sqlite.queries import SQL
from receiver.inbox.sqlite.rows import micros, moment


def keep(connection: sqlite3.Connection, passages: list[Passage], closings: list[Closing]) -> None:
    """Write what a route has passed, in the open transaction."""
    if passages:
        rows = [
            (p.route, p.first, p.last, micros(p.at), p.regime.version, p.regime.filters)
            for p in passages
        ]
        connection.executemany(SQL["keep_passage"], rows).close()
    if closings:
        ends = [(c.seq, c.route, micros(c.at), c.kind, c.why) for c in closings]
        connection.executemany(SQL["keep_closing"], ends).close()


def define(connection: sqlite3.Connection, kind: str, name: str, text: str, at: datetime) -> int:
    """See Facts.define; in a transaction of its own."""
    with transaction(connection):
        known = one(connection, SQL["newest_definition"], (kind, name))
        if known is not None and known[1] == text:
            return int(known[0])
        values = (kind, name, micros(at), text)
        with closing(connection.execute(SQL["insert_definition"], values)) as cursor:
            return cursor.lastrowid or 0


def definitions(
    connection: sqlite3.Connection, kind: str | None, name: str | None
) -> list[Definition]:
    """See Facts.definitions."""
    values = {"kind": kind, "name": name}
    with closing(connection.execute(SQL["definitions"], values)) as cursor:
        return [
            Definition(version=row[0], kind=row[1], name=row[2], since=moment(row[3]), text=row[4])
            for row in cursor.fetchall()
        ]


def passages(connection: sqlite3.Connection, seq: int) -> list[Passage]:
    """See Facts.passages."""
    with closing(connection.execute(SQL["passages"], {"seq": seq})) as cursor:
        return [
            Passage(
                route=route,
                first=first,
                last=last,
                at=moment(at),
                regime=Regime(version, filters),
            )
            for route, first, last, at, version, filters in cursor.fetchall()
        ]


def closings(connection: sqlite3.Connection, seq: int) -> list[Closing]:
    """See Facts.closings."""
    with closing(connection.execute(SQL["closings"], (seq,))) as cursor:
        return [
            Closing(route=route, seq=seq, at=moment(at), kind=kind, why=why)
            for route, seq, at, kind, why in cursor.fetchall()
        ]
