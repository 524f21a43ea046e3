"""The inbox in memory: the smallest store that keeps the port's promises, for tests and trials.

It forgets everything with its process; all else is as on disk, the same `Ledger` included.
Must not know: files, SQL, threads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from receiver.errors import StoreError
from receiver.inbox import (
    Attempt,
    Batch,
    Claim,
    DeadLetter,
    Declined,
    Entry,
    Failure,
    Figures,
    Head,
    Match,
    Receipt,
    RoutePlace,
    RouteStart,
    Status,
    Stored,
    Traits,
)
from receiver.inbox.again import Again
from receiver.inbox.annals import Annal, Definitions
from receiver.inbox.desk import Desk
from receiver.inbox.facts import UNKNOWN, Regime
from receiver.inbox.helm import Helm
from receiver.inbox.history import History
from receiver.inbox.recollection import Recollection, digest
from receiver.inbox.retention import Limits, Purged
from receiver.inbox.rules import at_hard_limit, conflict, keepable, lane, place, stored, timed
from receiver.inbox.shelf import Records, Shelf, purge
from receiver.ledger import Ledger
from receiver.turns import Turn


class MemoryInbox(Again, Desk, Helm, History):
    """`receiver.inbox.Inbox` in memory, for one event loop; see there for what each method does."""

    def __init__(
        self,
        *,
        dedup_window: float = 86_400.0,
        dedup_keys: int = 100_000,
        hard_limit: int | None = None,
    ) -> None:
        self._traits = Traits(durability="memory", dedup_window=dedup_window, dedup_keys=dedup_keys)
        self._events = Shelf()
        self._quarantine = Shelf()
        self._hard_limit = hard_limit
        self._keys = Recollection(dedup_window, dedup_keys)
        self._cursors: dict[str, str] = {}
        self._routes: dict[str, Records] = {}
        self._definitions = Definitions()
        self._replays = {}
        self._again = {}
        self._waiters: list[asyncio.Future[None]] = []
        self._closed = False

    @property
    def traits(self) -> Traits:
        return self._traits

    async def append(
        self, batch: Sequence[Entry], cursor: tuple[str, str] | None = None
    ) -> list[Receipt]:
        self._must_be_open()
        if self._hard_limit is not None and self._bytes >= self._hard_limit:
            raise StoreError(at_hard_limit("the store in memory", self._hard_limit))
        receipts = [self._keep(entry) for entry in batch]
        if cursor is not None:
            self._cursors[cursor[0]] = cursor[1]
        self._ring()
        return receipts

    def _ring(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    def _keep(self, entry: Entry) -> Receipt:
        problems = entry.problems
        known = self._keys.recall(entry)
        if known is not None and known.digest == digest(entry):
            return Receipt(Status.DUPLICATE, known.id)
        if known is not None:
            problems = (*problems, conflict(known.id))
        if problems:
            kept = stored(entry, seq=None, problems=problems)
            self._quarantine.add(replace(kept, place=self._quarantine.last + 1))
            return Receipt(Status.QUARANTINED, entry.id, problems)
        self._events.add(stored(entry, seq=self._events.last + 1))
        return Receipt(Status.ACCEPTED, entry.id)

    def batch(self) -> Batch:
        return Batch(lambda batch: self.append(batch.entries))

    def append_at_once(self, batch: Sequence[Entry]) -> list[Receipt] | Declined:
        return Declined.UNFIT  # `append` waits for nothing

    async def cursor(self, name: str) -> str | None:
        self._must_be_open()
        return self._cursors.get(name)

    async def register(self, routes: Sequence[RouteStart]) -> list[RoutePlace]:
        self._must_be_open()
        new_store = not self._routes
        for start in routes:
            if start.route not in self._routes:
                beginning = 0 if new_store else self._beginning(start)
                annal = Annal(start.route, beginning)
                self._routes[start.route] = Records(Ledger(beginning), annal)
            self._routes[start.route].removed_at = None
            ledger = self._routes[start.route].ledger
            ledger.reshape(ordered=start.ordered, max_exceptions=start.max_exceptions)
        return [self._place(start.route) for start in routes]

    def _beginning(self, start: RouteStart) -> int:
        if start.start == "beginning":
            return 0
        if start.start == "end":
            return self._events.last
        since = start.start
        younger = (seq for seq, event in self._events.after(0) if event.received_at >= since)
        return next((seq - 1 for seq in younger), self._events.last)

    async def claim(
        self,
        route: str,
        n: int,
        *,
        now: datetime,
        match: Match,
        regime: Regime = UNKNOWN,
        run: int = 1,
        fresh: bool = True,
    ) -> list[Claim]:
        self._must_be_open()
        records = self._route(route)
        ledger = records.ledger
        turns = ledger.claim(n, now, run)
        records.annal.passing.decide(ledger.scanned, regime)
        try:
            if fresh:
                self._advance(ledger, turns, n, match, self._end(route))
        except BaseException:
            ledger.hand_back([turn.seq for turn in turns])
            raise
        found = [(turn, self._events.get(turn.seq)) for turn in turns]
        for turn, event in found:
            if event is None:  # deleted by force: passed like a delivered event
                ledger.close(turn.seq)
        records.annal.save(ledger)
        return [
            Claim(route, event, turn.attempt, turn.first_failed_at, route in self._again)
            for turn, event in found
            if event is not None
        ]

    def _advance(
        self, ledger: Ledger, turns: list[Turn], n: int, match: Match, end: int | None
    ) -> None:
        for seq, event in self._events.after(ledger.scanned):
            if len(turns) >= n or not ledger.room or (end is not None and seq > end):
                break
            head = Head(seq, event.source, event.type, event.node, event.user)
            if not match(head):
                ledger.skip(head.seq)
            elif turn := ledger.take(head.seq, lane(head.source, head.node)):
                turns.append(turn)

    async def release(self, route: str, claims: Sequence[Claim] | None = None) -> None:
        self._must_be_open()
        found = self._again.get(route) or self._routes.get(route)
        if found is None:
            return
        ledger = found.ledger
        if claims is None:
            ledger.release()
        else:
            ledger.hand_back([_seq(claim.event) for claim in claims])

    async def settle(self, claims: Sequence[Claim]) -> None:
        self._must_be_open()
        for claim in claims:
            route = self._route(claim.route)
            route.ledger.close(_seq(claim.event))
            route.annal.save(route.ledger)

    async def defer(self, claim: Claim, *, until: datetime, failure: Failure) -> None:
        self._must_be_open()
        route, seq = self._route(claim.route), _seq(claim.event)
        failure = keepable(failure)
        if route.ledger.defer(seq, until=timed(until), failed_at=failure.at):
            attempt = Attempt(claim.route, seq, claim.attempt, failure, until)
            self._route(self._owner(claim.route)).attempts.append(attempt)
            route.annal.save(route.ledger)

    async def bury(self, claim: Claim, *, failure: Failure, at: datetime) -> None:
        self._must_be_open()
        route, seq = self._route(claim.route), _seq(claim.event)
        failure, at = keepable(failure), timed(at)
        if route.ledger.close(seq):
            owner = self._owner(claim.route)
            attempt = Attempt(claim.route, seq, claim.attempt, failure, None)
            self._route(owner).attempts.append(attempt)
            self._route(owner).dead[seq] = DeadLetter(
                route=owner,
                event=claim.event,
                attempts=claim.attempt,
                buried_at=at,
                failure=failure,
            )
            route.annal.save(route.ledger, buried=seq)

    async def next_due(self, route: str) -> datetime | None:
        self._must_be_open()
        return self._route(route).ledger.next_due()

    async def wait(self, after: int, seconds: float) -> int:
        self._must_be_open()
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while self._events.last <= after and not self._closed and loop.time() < end:
            self._waiters.append(waiter := loop.create_future())
            try:
                await asyncio.wait([waiter], timeout=end - loop.time())
            finally:
                self._waiters.remove(waiter)
        self._must_be_open()
        return self._events.last

    async def figures(self) -> Figures:
        self._must_be_open()
        return Figures(
            events=len(self._events),
            last_seq=self._events.last,
            quarantined=len(self._quarantine),
            dead=sum(len(route.dead) for route in self._routes.values()),
            dedup_keys=len(self._keys),
            dedup_since=self._keys.oldest,
            bytes_used=self._bytes,
            bytes_free=0,
            schema_version=0,
            places=tuple(await self.places()),
            oldest_event=next((event.received_at for _, event in self._events.after(0)), None),
        )

    async def purge(self, limits: Limits, *, now: datetime) -> Purged:
        self._must_be_open()
        places = [*self._routes.values(), *self._replaying()]
        return purge(limits, now, self._events, self._quarantine, places)

    @property
    def _bytes(self) -> int:
        return self._events.bytes + self._quarantine.bytes

    async def upkeep(self) -> None:
        self._must_be_open()

    async def close(self) -> None:
        self._closed = True
        self._ring()

    def _must_be_open(self) -> None:
        if self._closed:
            raise StoreError("the inbox is closed")

    def _route(self, name: str) -> Records:
        try:
            return self._again.get(name) or self._routes[name]
        except KeyError:
            raise StoreError(f"route {name!r} is not registered with the inbox") from None

    def _place(self, name: str) -> RoutePlace:
        route = self._routes[name]
        return place(
            name,
            route.ledger,
            last_seq=self._events.last,
            dead=len(route.dead),
            again=len(route.again),
        )


def _seq(event: Stored) -> int:
    if event.seq is None:
        raise StoreError(f"event {event.id} is in quarantine: no route can have claimed it")
    return event.seq
