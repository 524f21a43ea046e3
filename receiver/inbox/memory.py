"""The inbox in memory: the smallest store that keeps the port's promises, for tests and trials.

It forgets everything with its process; all else is as on disk, the same `Ledger` included.
Must not know: files, SQL, threads.
"""

from __future__ import annotations

import asyncio
import hashlib
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice

from receiver.errors import StoreError
from receiver.inbox import (
    Attempt,
    Claim,
    DeadLetter,
    Entry,
    Failure,
    Figures,
    Head,
    Match,
    Query,
    Receipt,
    RoutePlace,
    RouteStart,
    Standing,
    Status,
    Stored,
    Traits,
)
from receiver.inbox.rules import conflict, keepable, lane, place, selects, standing, stored, timed
from receiver.ledger import Ledger, Turn


@dataclass(slots=True)
class _Remembered:
    """What is known of a dedup key."""

    id: str
    digest: bytes
    kept_at: datetime
    window: float


@dataclass(slots=True)
class _Route:
    ledger: Ledger
    dead: dict[int, DeadLetter] = field(default_factory=dict)
    attempts: list[Attempt] = field(default_factory=list)


class MemoryInbox:
    """`receiver.inbox.Inbox` in memory, for one event loop; see there for what each method does."""

    def __init__(self, *, dedup_window: float = 86_400.0, dedup_keys: int = 100_000) -> None:
        self._traits = Traits(durability="memory", dedup_window=dedup_window, dedup_keys=dedup_keys)
        self._events: list[Stored] = []
        self._quarantine: list[Stored] = []
        self._keys: OrderedDict[tuple[str, bytes], _Remembered] = OrderedDict()
        self._cursors: dict[str, str] = {}
        self._routes: dict[str, _Route] = {}
        self._waiters: list[asyncio.Future[None]] = []
        self._closed = False

    @property
    def traits(self) -> Traits:
        return self._traits

    async def append(
        self, batch: Sequence[Entry], cursor: tuple[str, str] | None = None
    ) -> list[Receipt]:
        self._must_be_open()
        receipts = [self._keep(entry) for entry in batch]
        if cursor is not None:
            self._cursors[cursor[0]] = cursor[1]
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        return receipts

    def _keep(self, entry: Entry) -> Receipt:
        problems = entry.problems
        known = self._remember(entry)
        if known is not None and known.digest == hashlib.sha256(entry.raw).digest():
            return Receipt(Status.DUPLICATE, known.id)
        if known is not None:
            problems = (*problems, conflict(known.id))
        if problems:
            self._quarantine.append(stored(entry, seq=None, problems=problems))
            return Receipt(Status.QUARANTINED, entry.id, problems)
        self._events.append(stored(entry, seq=len(self._events) + 1))
        return Receipt(Status.ACCEPTED, entry.id)

    def _remember(self, entry: Entry) -> _Remembered | None:
        """What is known of the entry's dedup key; if nothing is, it is the entry's from now on."""
        if entry.dedup_key is None:
            return None
        key = (entry.source, entry.dedup_key)
        known = self._keys.get(key)
        if known is not None:
            if entry.received_at < known.kept_at + timedelta(seconds=known.window):
                return known
            del self._keys[key]
        longest = self._traits.dedup_window
        window = longest if entry.dedup_window is None else min(longest, entry.dedup_window)
        digest = hashlib.sha256(entry.raw).digest()
        self._keys[key] = _Remembered(entry.id, digest, entry.received_at, window)
        if len(self._keys) > self._traits.dedup_keys:
            self._keys.popitem(last=False)
        return None

    async def cursor(self, name: str) -> str | None:
        self._must_be_open()
        return self._cursors.get(name)

    async def register(self, routes: Sequence[RouteStart]) -> list[RoutePlace]:
        self._must_be_open()
        new_store = not self._routes
        for start in routes:
            if start.route not in self._routes:
                beginning = 0 if new_store else self._beginning(start)
                self._routes[start.route] = _Route(Ledger(beginning))
            ledger = self._routes[start.route].ledger
            ledger.reshape(ordered=start.ordered, max_exceptions=start.max_exceptions)
        return [self._place(start.route) for start in routes]

    def _beginning(self, start: RouteStart) -> int:
        if start.start == "beginning":
            return 0
        if start.start == "end":
            return len(self._events)
        since = start.start
        younger = (event.seq for event in self._events if event.received_at >= since)
        return next((seq - 1 for seq in younger if seq is not None), len(self._events))

    async def claim(self, route: str, n: int, *, now: datetime, match: Match) -> list[Claim]:
        self._must_be_open()
        ledger = self._route(route).ledger
        turns = ledger.claim(n, now)
        try:
            self._advance(ledger, turns, n, match)
        except BaseException:
            ledger.hand_back([turn.seq for turn in turns])
            raise
        self._save(ledger)
        found = ((turn, self._events[turn.seq - 1]) for turn in turns)
        return [Claim(route, event, turn.attempt, turn.first_failed_at) for turn, event in found]

    def _advance(self, ledger: Ledger, turns: list[Turn], n: int, match: Match) -> None:
        for event in islice(self._events, ledger.scanned, None):
            if len(turns) >= n or not ledger.room or event.seq is None:
                break
            head = Head(event.seq, event.source, event.type, event.node, event.user)
            if not match(head):
                ledger.skip(head.seq)
            elif turn := ledger.take(head.seq, lane(head.source, head.node)):
                turns.append(turn)

    async def release(self, route: str) -> None:
        self._must_be_open()
        self._route(route).ledger.release()

    async def settle(self, claims: Sequence[Claim]) -> None:
        self._must_be_open()
        for claim in claims:
            ledger = self._route(claim.route).ledger
            ledger.close(_seq(claim.event))
            self._save(ledger)

    async def defer(self, claim: Claim, *, until: datetime, failure: Failure) -> None:
        self._must_be_open()
        route, seq = self._route(claim.route), _seq(claim.event)
        failure = keepable(failure)
        if route.ledger.defer(seq, until=timed(until), failed_at=failure.at):
            route.attempts.append(Attempt(claim.route, seq, claim.attempt, failure, until))
            self._save(route.ledger)

    async def bury(self, claim: Claim, *, failure: Failure, at: datetime) -> None:
        self._must_be_open()
        route, seq = self._route(claim.route), _seq(claim.event)
        failure, at = keepable(failure), timed(at)
        if route.ledger.close(seq):
            route.attempts.append(Attempt(claim.route, seq, claim.attempt, failure, None))
            route.dead[seq] = DeadLetter(
                route=claim.route,
                event=claim.event,
                attempts=claim.attempt,
                buried_at=at,
                failure=failure,
            )
            self._save(route.ledger)

    async def next_due(self, route: str) -> datetime | None:
        self._must_be_open()
        return self._route(route).ledger.next_due()

    def _save(self, ledger: Ledger) -> None:
        if delta := ledger.delta():
            ledger.saved(delta)

    async def wait(self, after: int, seconds: float) -> int:
        self._must_be_open()
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while len(self._events) <= after and not self._closed and loop.time() < end:
            self._waiters.append(waiter := loop.create_future())
            try:
                await asyncio.wait([waiter], timeout=end - loop.time())
            finally:
                self._waiters.remove(waiter)
        self._must_be_open()
        return len(self._events)

    async def read(self, query: Query) -> list[Stored]:
        self._must_be_open()
        kept = self._events if query.state == "accepted" else self._quarantine
        rows = kept[query.after or 0 :]
        if query.newest_first:
            rows.reverse()
        return list(islice(filter(selects(query), rows), max(0, query.limit)))

    async def dead_letters(
        self, *, route: str | None = None, after: int | None = None, limit: int = 100
    ) -> list[DeadLetter]:
        self._must_be_open()
        names = sorted(self._routes if route is None else self._routes.keys() & {route})
        letters = sorted(
            (seq, name, letter)
            for name in names
            for seq, letter in self._routes[name].dead.items()
            if seq > (after or 0)
        )
        positions = [seq for seq, _, _ in letters]
        end = bisect_left(positions, positions[limit - 1] + 1) if limit <= len(positions) else None
        return [letter for _, _, letter in letters[:end]]

    async def attempts(self, event_id: str) -> list[Attempt]:
        self._must_be_open()
        seqs = {event.seq for event in self._events if event.id == event_id}
        every = (attempt for route in self._routes.values() for attempt in route.attempts)
        return sorted((a for a in every if a.seq in seqs), key=lambda a: a.failure.at)

    async def places(self) -> list[RoutePlace]:
        self._must_be_open()
        return [self._place(name) for name in sorted(self._routes)]

    async def standings(self, seq: int) -> list[Standing]:
        self._must_be_open()
        routes = sorted(self._routes.items())
        return [standing(name, kept.ledger, seq, dead=seq in kept.dead) for name, kept in routes]

    async def figures(self) -> Figures:
        self._must_be_open()
        return Figures(
            events=len(self._events),
            last_seq=len(self._events),
            quarantined=len(self._quarantine),
            dead=sum(len(route.dead) for route in self._routes.values()),
            dedup_keys=len(self._keys),
            dedup_since=min((known.kept_at for known in self._keys.values()), default=None),
            bytes_used=sum(len(row.raw) for row in (*self._events, *self._quarantine)),
            schema_version=0,
            places=tuple(await self.places()),
        )

    async def upkeep(self) -> None:
        self._must_be_open()

    async def close(self) -> None:
        self._closed = True
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    def _must_be_open(self) -> None:
        if self._closed:
            raise StoreError("the inbox is closed")

    def _route(self, name: str) -> _Route:
        try:
            return self._routes[name]
        except KeyError:
            raise StoreError(f"route {name!r} is not registered with the inbox") from None

    def _place(self, name: str) -> RoutePlace:
        route = self._routes[name]
        return place(name, route.ledger, last_seq=len(self._events), dead=len(route.dead))


def _seq(event: Stored) -> int:
    if event.seq is None:
        raise StoreError(f"event {event.id} is in quarantine: no route can have claimed it")
    return event.seq
