"""What is kept in memory of deliveries that are over.

Must not know: who claims, what a regime says.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from receiver.inbox.facts import Closing, Definition, Passage
from receiver.inbox.passing import Passing
from receiver.ledger import Ledger
from receiver.turns import Delta


class Annal:
    """Of one route."""

    def __init__(self, route: str, position: int) -> None:
        self.passing = Passing(route, position)
        self.closings: dict[int, Closing] = {}
        self._route = route
        self._passages: dict[int, Passage] = {}

    def save(self, ledger: Ledger, *, buried: int | None = None) -> None:
        """Have what the ledger says hold, and keep what is to be known of it later."""
        delta = ledger.delta()
        if delta is None:
            return
        now = datetime.now(UTC)
        self._close(delta, now, buried)
        found = self.passing.passages(delta.position, now)
        self._passages.update((passage.first, passage) for passage in found)
        self.passing.saved(found)
        ledger.saved(delta)

    def _close(self, delta: Delta, now: datetime, buried: int | None) -> None:
        for seq in delta.forget:
            known = self.closings.get(seq)
            if self.passing.late(seq) and (known is None or known.kind != "dropped"):
                self.closings[seq] = Closing(
                    route=self._route,
                    seq=seq,
                    at=now,
                    kind="dead" if seq == buried else "delivered",
                )

    def rename(self, route: str) -> None:
        """The route is called so from now on."""
        self._route = route
        self._passages = {f: replace(p, route=route) for f, p in self._passages.items()}
        self.closings = {seq: replace(c, route=route) for seq, c in self.closings.items()}
        self.passing.rename(route)

    def holds(self, seq: int) -> Passage | None:
        """The passage that holds a position."""
        begun = max((first for first in self._passages if first <= seq), default=None)
        found = None if begun is None else self._passages[begun]
        return found if found is not None and found.last >= seq else None

    def forget(self, before: int) -> None:
        """Forget what was kept of the positions before one."""
        self._passages = {f: p for f, p in self._passages.items() if p.last >= before}
        self.closings = {seq: c for seq, c in self.closings.items() if seq >= before}


class Definitions:
    """Every version of what routes and filters are."""

    def __init__(self) -> None:
        self._rows: list[Definition] = []

    def define(self, kind: str, name: str, text: str, at: datetime) -> int:
        """See Facts.define."""
        same = self.of(kind, name)
        if same and same[-1].text == text:
            return same[-1].version
        version = len(self._rows) + 1
        self._rows.append(Definition(version=version, kind=kind, name=name, since=at, text=text))
        return version

    def of(self, kind: str | None, name: str | None) -> list[Definition]:
        """See Facts.definitions."""
        return [row for row in self._rows if kind in (None, row.kind) and name in (None, row.name)]
