"""What routes choose by, of the next events.

Must not know: what a route makes of them.
"""

from __future__ import annotations

import sqlite3

import msgspec

from receiver.inbox import Head
from receiver.inbox.sqlite.connection import one
from receiver.inbox.sqlite.queries import SQL

PAGE = 1_000
"""Heads that are read at once, at most: what the event loop looks at in a millisecond or two."""

_HEADS = msgspec.json.Decoder(list[tuple[int, str, str, str | None, str | None]])


def heads(connection: sqlite3.Connection, after: int, limit: int) -> list[Head]:
    """What routes choose by, of the next events."""
    row = one(connection, SQL["heads"], (after, limit))
    return [Head(*columns) for columns in _HEADS.decode(row[0])] if row else []
