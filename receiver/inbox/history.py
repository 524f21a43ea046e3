"""What the inbox in memory tells of deliveries that are over.

Must not know: who delivers, what a regime says.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime

from receiver.inbox import Claim
from receiver.inbox.annals import Definitions
from receiver.inbox.facts import Closing, Definition, Passage
from receiver.inbox.rules import LONGEST_TEXT, timed
from receiver.inbox.shelf import Records
from receiver.redaction import plain


class History(ABC):
    """The part `receiver.inbox.facts.Facts`; see there for what each method does."""

    _routes: Mapping[str, Records]
    _definitions: Definitions

    @abstractmethod
    def _must_be_open(self) -> None: ...

    @abstractmethod
    def _route(self, name: str) -> Records: ...

    async def drop(self, claim: Claim, *, why: str, at: datetime) -> None:
        self._must_be_open()
        route, seq = self._route(claim.route), claim.event.seq
        if seq is not None and route.ledger.close(seq):
            said = plain(why, LONGEST_TEXT)
            closing = Closing(route=claim.route, seq=seq, at=timed(at), kind="dropped", why=said)
            route.annal.closings[seq] = closing
            route.annal.save(route.ledger)

    async def define(self, kind: str, name: str, text: str, *, at: datetime) -> int:
        self._must_be_open()
        return self._definitions.define(kind, name, text, at)

    async def definitions(
        self, *, kind: str | None = None, name: str | None = None
    ) -> list[Definition]:
        self._must_be_open()
        return self._definitions.of(kind, name)

    async def passages(self, seq: int) -> list[Passage]:
        self._must_be_open()
        found = (records.annal.holds(seq) for _, records in sorted(self._routes.items()))
        return [passage for passage in found if passage is not None]

    async def closings(self, seq: int) -> list[Closing]:
        self._must_be_open()
        found = (records.annal.closings.get(seq) for _, records in sorted(self._routes.items()))
        return [closing for closing in found if closing is not None]
