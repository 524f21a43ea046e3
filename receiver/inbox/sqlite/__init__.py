"""The inbox in one SQLite file, for any number of processes on one machine.

Appends and verdicts go to the process's one writer thread (`writer`), reads to worker threads
(`readers`); the event loop only hands over and is woken once for each transaction. The file must
be on a local disk: the common lock and SQLite's shared memory do not work over a network.
Must not know: HTTP, sinks, what an event means.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Literal

from receiver.errors import StoreError
from receiver.inbox import (
    Attempt,
    Batch,
    Claim,
    DeadLetter,
    Entry,
    Failure,
    Figures,
    Match,
    Query,
    Receipt,
    RoutePlace,
    RouteStart,
    Standing,
    Stored,
    Traits,
)
from receiver.inbox.facts import UNKNOWN, Closing, Definition, Passage, Regime
from receiver.inbox.retention import Limits, Purged
from receiver.inbox.sqlite import facts, search, views
from receiver.inbox.sqlite.claims import Claims
from receiver.inbox.sqlite.drafts import DraftedBatch
from receiver.inbox.sqlite.engine import Engine
from receiver.inbox.sqlite.group import Appending, Group
from receiver.inbox.sqlite.helm import Helm
from receiver.inbox.sqlite.keeping import Keeper
from receiver.inbox.sqlite.logfile import log_bytes
from receiver.inbox.sqlite.mending import Mending
from receiver.inbox.sqlite.migrate import SCHEMA
from receiver.inbox.sqlite.purging import Purging
from receiver.inbox.sqlite.registry import SqliteRegistry
from receiver.inbox.sqlite.replays import Replaying
from receiver.inbox.sqlite.room import Room
from receiver.inbox.sqlite.routes import Asked
from receiver.inbox.sqlite.rows import moment
from receiver.inbox.sqlite.writer import Bare, OnCommit, unmeasured
from receiver.receipt import Declined

DEDUP_WINDOW = 7 * 86_400.0
DEDUP_KEYS = 1_000_000


def open_store(
    path: Path | str,
    *,
    durability: Literal["strict", "relaxed"] = "strict",
    dedup_window: float = DEDUP_WINDOW,
    dedup_keys: int = DEDUP_KEYS,
    hard_limit: int | None = None,
    on_commit: OnCommit = unmeasured,
) -> SqliteInbox:
    """The inbox at `path`; it is opened, and made if there is none, by its first use.

    `strict`: an event is on the disk before its sender is answered. `relaxed`: a power cut (not a
    crash of a process) may take the last moments. `dedup_window` in seconds. With so many bytes as
    `hard_limit` in use, `append` raises StoreError. `on_commit` is told, in the thread that writes,
    how long a commit of events took and of how many.
    """
    traits = Traits(durability=durability, dedup_window=dedup_window, dedup_keys=dedup_keys)
    return SqliteInbox(Path(path), traits, hard_limit, on_commit)


class SqliteInbox(Replaying, Helm, Mending):
    """`receiver.inbox.Inbox` in a file; see there for what each method does."""

    def __init__(
        self, path: Path, traits: Traits, hard_limit: int | None, on_commit: OnCommit
    ) -> None:
        self._path = path
        self._traits = traits
        self._on_commit = on_commit
        self._engine: Engine | None = None
        self._claims: Claims | None = None
        self._purging: Purging | None = None
        self._room = Room(path, hard_limit)
        self._closed = False
        self.registry = SqliteRegistry(self._running)
        """What is decided while Receiver runs (receiver.inbox.registry)."""

    @property
    def traits(self) -> Traits:
        return self._traits

    async def open(self) -> None:
        """Open the store now, for who wants to know at start whether it can be."""
        await self._running().ready()

    async def append(
        self, batch: Sequence[Entry], cursor: tuple[str, str] | None = None
    ) -> list[Receipt]:
        return await self._append(Appending(batch, cursor))

    def batch(self) -> Batch:
        return DraftedBatch(self._append_drafted)

    async def _append_drafted(self, batch: DraftedBatch) -> list[Receipt]:
        return await self._append(Appending(batch.entries, None, batch.drafts))

    async def _append(self, work: Appending) -> list[Receipt]:
        engine = self._running()
        self._room.check(engine.read)
        receipts: list[Receipt]
        receipts, newest = await engine.begin(work)
        engine.doorbell.ring(newest)
        return receipts

    def append_at_once(self, batch: Sequence[Entry]) -> list[Receipt] | Declined:
        engine = self._running()
        self._room.check(engine.read)
        done = engine.do_now(Appending(batch, None))
        if isinstance(done, Declined):
            return done
        receipts: list[Receipt]
        receipts, newest = done
        engine.doorbell.ring(newest)
        return receipts

    async def cursor(self, name: str) -> str | None:
        return await self._running().read(partial(views.cursor_of, name=name))

    async def register(self, routes: Sequence[RouteStart]) -> list[RoutePlace]:
        await self._dispatching().register(routes)
        places = {place.route: place for place in await self.places()}
        return [places[start.route] for start in routes]

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
        asked = Asked(n, now, match, regime, run, fresh)
        return await self._dispatching().claim(route, asked)

    async def release(self, route: str, claims: Sequence[Claim] | None = None) -> None:
        await self._dispatching().release(route, claims)

    async def settle(self, claims: Sequence[Claim]) -> None:
        await self._dispatching().settle(claims)

    async def defer(self, claim: Claim, *, until: datetime, failure: Failure) -> None:
        await self._dispatching().defer(claim, until, failure)

    async def bury(self, claim: Claim, *, failure: Failure, at: datetime) -> None:
        await self._dispatching().bury(claim, failure, at)

    async def drop(self, claim: Claim, *, why: str, at: datetime) -> None:
        await self._dispatching().drop(claim, why, at)

    async def define(self, kind: str, name: str, text: str, *, at: datetime) -> int:
        work = partial(facts.define, kind=kind, name=name, text=text, at=at)
        version: int = await self._running().do(Bare(work))
        return version

    async def definitions(
        self, *, kind: str | None = None, name: str | None = None
    ) -> list[Definition]:
        return await self._running().read(partial(facts.definitions, kind=kind, name=name))

    async def passages(self, seq: int) -> list[Passage]:
        await self._save_passed()
        return await self._running().read(partial(facts.passages, seq=seq))

    async def closings(self, seq: int) -> list[Closing]:
        return await self._running().read(partial(facts.closings, seq=seq))

    async def next_due(self, route: str) -> datetime | None:
        return await self._dispatching().next_due(route)

    async def wait(self, after: int, seconds: float) -> int:
        engine = self._running()
        await engine.ready()
        return await engine.doorbell.wait(after, seconds)

    async def read(self, query: Query) -> list[Stored]:
        engine = self._running()
        found: list[Stored] = []
        for stretch in await engine.read(partial(search.stretches, query=query)):
            left = query.limit - len(found)
            if left <= 0:
                break
            page = partial(search.page, query=query, stretch=stretch, limit=left)
            found += await engine.read(page)
        return found

    async def dead_letters(
        self, *, route: str | None = None, after: int | None = None, limit: int = 100
    ) -> list[DeadLetter]:
        read = partial(views.dead_letters, route=route, after=after or 0, limit=limit)
        return await self._running().read(read)

    async def attempts(self, event_id: str) -> list[Attempt]:
        return await self._running().read(partial(views.attempts, event_id=event_id))

    async def places(self) -> list[RoutePlace]:
        await self._save_passed()
        return await self._running().read(views.places)

    async def standings(self, seq: int) -> list[Standing]:
        await self._save_passed()
        return await self._running().read(partial(views.standings, seq=seq))

    async def _save_passed(self) -> None:
        with suppress(StoreError):  # what cannot be written can still be looked at
            await self._dispatching().save()

    async def figures(self) -> Figures:
        places = await self.places()
        counts = await self._running().read(views.counts)
        return Figures(
            events=counts.events,
            last_seq=counts.last_seq,
            quarantined=counts.quarantined,
            dead=counts.dead,
            dedup_keys=counts.dedup_keys,
            dedup_since=None if counts.oldest_key is None else moment(counts.oldest_key),
            bytes_used=counts.file_bytes + log_bytes(self._path),
            bytes_free=counts.free_bytes,
            oldest_event=None if counts.oldest_event is None else moment(counts.oldest_event),
            schema_version=SCHEMA.version,
            places=tuple(places),
        )

    async def upkeep(self) -> None:
        await self._running().tidy()

    async def purge(self, limits: Limits, *, now: datetime) -> Purged:
        engine = self._running()
        if self._purging is None:
            self._purging = Purging(engine)
        if self._purging.resting:
            await self._save_passed()
        return await self._purging.step(limits, now)

    async def close(self) -> None:
        engine, self._engine = self._engine, None
        claims, self._claims = self._claims, None
        if not self._closed and engine is not None and not engine.elsewhere:
            self._closed = True
            if claims is not None:
                with suppress(StoreError):  # what is not saved is passed once more, no more
                    await claims.save()
                claims.close()
            await self._room.close()
            await engine.close()
        self._closed = True

    def _running(self) -> Engine:
        if self._closed:
            raise StoreError("the inbox is closed")
        if self._engine is None:
            synchronous = "FULL" if self._traits.durability == "strict" else "NORMAL"
            group = Group(Keeper(self._traits.dedup_window, self._traits.dedup_keys))
            self._engine = Engine(self._path, synchronous, group, self._on_commit)
        elif self._engine.elsewhere:
            raise StoreError("the inbox was opened before this process was forked: open its own")
        return self._engine

    def _dispatching(self) -> Claims:
        engine = self._running()
        if self._claims is None:
            self._claims = Claims(engine)
        return self._claims
