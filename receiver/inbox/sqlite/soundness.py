"""Whether a store's file is sound, by SQLite's own check.

Must not know: what is in the tables.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from receiver.inbox.sqlite.connection import connect, explaining


def faults(path: Path) -> list[str]:
    """What is damaged in the store at `path`, which nobody else uses. Raises StoreError."""
    with (
        explaining(path),
        closing(connect(path, synchronous="NORMAL", create=False)) as connection,
        closing(connection.execute("PRAGMA integrity_check(20)")) as cursor,
    ):
        found = [str(row[0]) for row in cursor.fetchall()]
    return [] if found == ["ok"] else found
