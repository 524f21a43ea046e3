"""How routes are steered, of the inbox in memory.

Must not know: who delivers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from receiver.inbox.shelf import Records
from receiver.inbox.steering import Flow, RouteFlow


class Helm(ABC):
    """The part `receiver.inbox.steering.Steering`; see there for what each method does."""

    _routes: dict[str, Records]

    @abstractmethod
    def _must_be_open(self) -> None: ...

    async def steer(self, route: str, flow: Flow, *, at: datetime) -> bool:
        self._must_be_open()
        records = self._routes.get(route)
        if records is not None:
            records.flow, records.flow_at = flow, at
        return records is not None

    async def flows(self) -> list[RouteFlow]:
        self._must_be_open()
        return [
            RouteFlow(
                route=name,
                flow=records.flow,
                since=records.flow_at,
                removed_at=records.removed_at,
            )
            for name, records in sorted(self._routes.items())
        ]

    async def rename(self, old: str, new: str) -> bool:
        self._must_be_open()
        if old not in self._routes or new in self._routes:
            return False
        records = self._routes[new] = self._routes.pop(old)
        records.removed_at = None
        records.annal.rename(new)
        records.attempts[:] = [replace(attempt, route=new) for attempt in records.attempts]
        for letters in (records.dead, records.again):
            letters.update((seq, replace(letter, route=new)) for seq, letter in letters.items())
        return True

    async def retire(
        self, live: Collection[str], *, at: datetime, keep: timedelta | None
    ) -> list[str]:
        self._must_be_open()
        for name, records in self._routes.items():
            if name in live:
                records.removed_at = None
            elif records.removed_at is None:
                records.removed_at = at
        gone = [
            name
            for name, records in sorted(self._routes.items())
            if keep is not None and records.removed_at and records.removed_at <= at - keep
        ]
        for name in gone:
            del self._routes[name]
        return gone
