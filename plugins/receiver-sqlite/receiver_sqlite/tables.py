"""The tables that events are kept in: their names, their columns, one row of an event.

Must not know: when they are written, who asks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from receiver import Event

ONE_TABLE = "events"
"""Where every source's events go when there is not a table per source."""

CREATE = """
CREATE TABLE IF NOT EXISTS "{table}" (
    seq         INTEGER NOT NULL,  -- position in Receiver's inbox
    id          TEXT    NOT NULL PRIMARY KEY,  -- Receiver's id: the same in every attempt
    source      TEXT    NOT NULL,
    type        TEXT    NOT NULL,
    key         TEXT,              -- the sender's own id
    time        TEXT    NOT NULL,  -- when it happened: RFC 3339, UTC, microseconds
    received_at TEXT    NOT NULL,  -- when Receiver took it, likewise
    node        TEXT,
    user        TEXT,
    data        TEXT    NOT NULL   -- the payload, as the platform sent it
)
"""

# A delivery that is repeated finds its row there and changes nothing.
INSERT = """
INSERT INTO "{table}" (seq, id, source, type, key, time, received_at, node, user, data)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO NOTHING
"""

Row = Sequence[Any]


def name_of(source: str) -> str:
    """The table of a source: its name, with `_` for what is not a lower-case letter, digit or `_`.

    Names that SQLite keeps for itself and those that begin with a digit get a leading `_`.
    """
    name = re.sub(r"[^a-z0-9_]", "_", source.lower())
    return f"_{name}" if not name or name[0].isdigit() or name.startswith("sqlite_") else name


def row(event: Event[Any]) -> Row:
    """One event as it is kept. Raises UnicodeDecodeError when its payload is not UTF-8."""
    return (
        event.seq,
        event.id,
        event.source,
        event.type,
        event.key,
        moment(event.time),
        moment(event.received_at),
        event.node,
        event.user,
        event.raw.decode("utf-8"),
    )


def moment(time: datetime) -> str:
    """RFC 3339 of one width, so that text order is the order of time."""
    return time.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
