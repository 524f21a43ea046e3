"""A Receiver sink that keeps events in a SQLite file, one table per source, each event once.

Must not know: anything of Receiver but its public names.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

from pydantic import Field

from receiver import Event, Reject, Sink, hookimpl
from receiver_sqlite.database import Database
from receiver_sqlite.tables import ONE_TABLE, Row, name_of, row

__all__ = ["Sqlite"]
__version__ = "0.1.0"


class Sqlite(Sink):
    """Keep events in a SQLite file, one table per source, each event once."""

    class Settings(Sink.Settings):
        """Which file, and how it is laid out."""

        path: Path = Field(
            description="The SQLite file; it and its folder are made where there are none."
        )
        per_source: bool = Field(
            default=True,
            description=f"A table for each source, named like it; false: one, `{ONE_TABLE}`.",
        )

    settings: Settings

    def open(self) -> None:
        """Open the file, or make it. Raises OSError or Retry where that cannot be done."""
        self.settings.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._database = Database(self.settings.path)
        self._database.open()

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    @hookimpl
    def on_batch(self, events: list[Event[Any]]) -> list[bool | Exception | None]:
        """Add the events in one transaction; those that are there already change nothing."""
        rows: defaultdict[str, list[Row]] = defaultdict(list)
        outcomes: list[bool | Exception | None] = []
        for event in events:
            try:
                rows[self._table(event)].append(row(event))
                outcomes.append(True)
            except UnicodeDecodeError:
                outcomes.append(Reject("the payload is not UTF-8"))
        self._database.insert(rows)
        return outcomes

    def _table(self, event: Event[Any]) -> str:
        return name_of(event.source) if self.settings.per_source else ONE_TABLE
