"""How events lie in tables: their names, their columns, their versions, their rows.

Must not know: connections.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Any

from psycopg import sql

from receiver import Event

VERSIONS = "receiver_tables"
"""The table that says of which version each of our tables is."""
LONGEST = 63
"""Bytes of a name; PostgreSQL cuts off what is beyond."""

CREATE_VERSIONS = """
CREATE TABLE IF NOT EXISTS {versions} (
    name    text    PRIMARY KEY,
    version integer NOT NULL
)
"""

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE IF NOT EXISTS {table} (
        id          text        PRIMARY KEY,  -- Receiver's id: the same in every attempt
        seq         bigint      NOT NULL,     -- position in Receiver's inbox
        source      text        NOT NULL,
        type        text        NOT NULL,
        key         text,                     -- the sender's own id
        time        timestamptz NOT NULL,     -- when it happened
        received_at timestamptz NOT NULL,     -- when Receiver took it
        node        text,
        "user"      text,
        data        jsonb       NOT NULL      -- the payload
    )
    """,
    "CREATE INDEX IF NOT EXISTS {index} ON {table} (node, time)",
)
"""What makes version 1 of a table, then version 2 of version 1, and so on; never edited."""

COLUMNS: tuple[tuple[str, str], ...] = (
    ("id", "text"),
    ("seq", "bigint"),
    ("source", "text"),
    ("type", "text"),
    ("key", "text"),
    ("time", "timestamptz"),
    ("received_at", "timestamptz"),
    ("node", "text"),
    ("user", "text"),
    ("data", "jsonb"),
)
"""Names and types, in the order of a row."""

Row = tuple[Any, ...]


def name_of(source: str, table: str) -> str:
    """The table of one source: of small letters, digits and `_`, at most LONGEST bytes."""
    name = f"{table}_{re.sub(r'[^a-z0-9_]', '_', source.lower())}"
    if len(name) <= LONGEST:
        return name
    return f"{name[: LONGEST - 9]}_{hashlib.sha256(source.encode()).hexdigest()[:8]}"


def row(event: Event[Any]) -> Row:
    """One event as it is kept. Raises UnicodeDecodeError when its payload is not UTF-8."""
    return (
        event.id,
        event.seq,
        event.source,
        event.type,
        event.key,
        event.time,
        event.received_at,
        event.node,
        event.user,
        event.raw.decode("utf-8"),
    )


def upsert(schema: str, table: str) -> sql.Composed:
    """The statement that takes a list for each column; a row that is there is written anew."""
    names = [sql.Identifier(name) for name, _ in COLUMNS]
    lists = [sql.SQL("%s::{}[]").format(sql.SQL(kind)) for _, kind in COLUMNS]
    changes = [sql.SQL("{0} = excluded.{0}").format(name) for name in names[1:]]
    return sql.SQL(
        "INSERT INTO {table} ({names}) SELECT * FROM unnest({lists})"
        " ON CONFLICT (id) DO UPDATE SET {changes}"
    ).format(
        table=sql.Identifier(schema, table),
        names=sql.SQL(", ").join(names),
        lists=sql.SQL(", ").join(lists),
        changes=sql.SQL(", ").join(changes),
    )


def columns(rows: Sequence[Row]) -> list[list[Any]]:
    """Rows as a list for each column; of several with the same id, the last."""
    unique = {each[0]: each for each in rows}
    return [list(column) for column in zip(*unique.values(), strict=True)]
