"""What one transaction of the writer does: events of every caller, routes of every verdict.

Must not know: threads, locks, when it is committed.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from receiver.inbox import Entry
from receiver.inbox.sqlite import registering
from receiver.inbox.sqlite.drafts import Draft
from receiver.inbox.sqlite.keeping import Keeper
from receiver.inbox.sqlite.registering import Registering
from receiver.inbox.sqlite.routes import Route, Saving


@dataclass(slots=True, eq=False)
class Appending:
    """Work for the writer: keep a batch. Its outcome is (receipts, newest position)."""

    entries: Sequence[Entry]
    cursor: tuple[str, str] | None
    drafts: Sequence[Draft] = ()
    future: asyncio.Future[Any] | None = None
    optional: ClassVar[bool] = True

    @property
    def weight(self) -> int:
        return len(self.entries)


class Group:
    """Does any number of works with as few statements as there are kinds of them."""

    def __init__(self, keeper: Keeper) -> None:
        self.newest = 0
        self.events = 0
        """How many the last transaction took, duplicates and quarantined ones included."""
        self._keeper = keeper
        self._written = 0
        self._kept = False
        self._saved: list[tuple[Route, Any]] = []

    def run(self, connection: sqlite3.Connection, works: Sequence[Any]) -> list[Any]:
        """Do the works in the open transaction; the outcome of each, in order."""
        self._written, self._saved, self._kept, self.events = 0, [], False, 0
        outcomes: dict[int, Any] = {}
        appending = [work for work in works if isinstance(work, Appending)]
        if appending:
            self._kept = True
            receipts, self._written = self._keeper.keep(connection, appending)
            self.events = sum(map(len, receipts))
            for work, mine in zip(appending, receipts, strict=True):
                outcomes[id(work)] = (mine, self._written)
        for work in works:
            if isinstance(work, Registering):
                registering.register(connection, work.starts, work.beginnings)
        for route in {work.route: None for work in works if isinstance(work, Saving)}:
            self._saved.append((route, route.save(connection)))
        return [outcomes.get(id(work)) for work in works]

    def committed(self, works: Sequence[Any]) -> None:
        """What `run` did last is durable."""
        self.newest = max(self.newest, self._written)
        if self._kept:
            self._keeper.committed()
        for route, saved in self._saved:
            route.confirmed(saved)
        self._saved = []
