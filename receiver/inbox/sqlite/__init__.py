"""The inbox in one SQLite file, for any number of processes on one machine.

Appends and verdicts go to the process's one writer thread (`writer`), reads to worker threads
(`readers`); the event loop only hands over and is woken once for each transaction. The file must
be on a local disk: the common lock and SQLite's shared memory do not work over a network.
Must not know: HTTP, sinks, what an event means.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal

from receiver.errors import StoreError
from receiver.inbox import (
    Attempt,
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
    Stored,
    Traits,
)
from receiver.inbox.sqlite import routes, views
from receiver.inbox.sqlite.connection import connect, one
from receiver.inbox.sqlite.doorbell import Doorbell
from receiver.inbox.sqlite.group import Appending, Group
from receiver.inbox.sqlite.keeping import Batch, Keeper
from receiver.inbox.sqlite.migrate import SCHEMA
from receiver.inbox.sqlite.readers import Readers
from receiver.inbox.sqlite.routes import Registering, Route, Saving
from receiver.inbox.sqlite.rows import micros, moment
from receiver.inbox.sqlite.writer import Bare, Writer, log_bytes, truncate

DEDUP_WINDOW = 7 * 86_400.0
DEDUP_KEYS = 1_000_000
QUEUE = 10_000
"""Pieces of work that may wait for the writer; beyond that, StoreError at once."""

SAVE_SKIPS_SECONDS = 0.2
"""How long a route may have passed events it does not want before that is saved."""

TIDY_LOG_BYTES = 16 * 1024 * 1024
"""Size of the write-ahead log from which `upkeep` empties it."""


def open_store(
    path: Path | str,
    *,
    durability: Literal["strict", "relaxed"] = "strict",
    dedup_window: float = DEDUP_WINDOW,
    dedup_keys: int = DEDUP_KEYS,
) -> SqliteInbox:
    """The inbox at `path`; it is opened, and made if there is none, by its first use.

    `strict`: an event is on the disk before its sender is answered. `relaxed`: a power cut (not a
    crash of a process) may take the last moments. `dedup_window` in seconds.
    """
    traits = Traits(durability=durability, dedup_window=dedup_window, dedup_keys=dedup_keys)
    return SqliteInbox(Path(path), traits)


@dataclass(slots=True)
class _Opened:
    """What is there from the first use on, in one process."""

    pid: int
    writer: Writer
    readers: Readers
    doorbell: Doorbell
    ready: bool = False
    loop: asyncio.AbstractEventLoop | None = None
    tick: list[Any] = field(default_factory=list)
    """Work of this turn of the event loop, to be handed over at its end."""
    save_skips: asyncio.TimerHandle | None = None


class SqliteInbox:
    """`receiver.inbox.Inbox` in a file; see there for what each method does."""

    def __init__(self, path: Path, traits: Traits) -> None:
        self._path = path
        self._traits = traits
        self._opened: _Opened | None = None
        self._closed = False
        self._routes: dict[str, Route] = {}
        self._starts: dict[str, RouteStart] = {}
        self._loading = asyncio.Lock()

    @property
    def traits(self) -> Traits:
        return self._traits

    async def open(self) -> None:
        """Open the store now, for who wants to know at start whether it can be."""
        await self._ready()

    async def append(
        self, batch: Sequence[Entry], cursor: tuple[str, str] | None = None
    ) -> list[Receipt]:
        future = asyncio.get_running_loop().create_future()
        opened = self._send(Appending(Batch(batch, cursor), future))
        receipts, newest = await future
        opened.doorbell.ring(newest)
        opened.ready = True
        return receipts  # type: ignore[no-any-return]  # the writer's outcomes are untyped

    async def cursor(self, name: str) -> str | None:
        return await (await self._ready()).readers.run(partial(views.cursor_of, name=name))

    async def register(self, starts: Sequence[RouteStart]) -> list[RoutePlace]:
        opened = await self._ready()
        beginnings = {
            start.route: await self._position_at(opened, start.start)
            for start in starts
            if isinstance(start.start, datetime)
        }
        await self._do(Registering(starts, beginnings))
        for start in starts:
            self._starts[start.route] = start
            if start.route in self._routes:
                self._routes[start.route].reshape(start)
        places = {place.route: place for place in await self.places()}
        return [places[start.route] for start in starts]

    async def claim(self, route: str, n: int, *, now: datetime, match: Match) -> list[Claim]:
        opened = await self._ready()
        holder = await self._route(opened, route)
        async with holder.claiming:
            if holder.owes:
                await self._save(holder)
            turns = holder.due(n, now)
            try:
                await self._advance(opened, holder, turns, n, match)
                seqs = [turn.seq for turn in turns]
                events = (
                    await opened.readers.run(partial(views.events_at, seqs=seqs)) if seqs else []
                )
            except BaseException:
                holder.hand_back(turns)
                raise
        by_seq = {event.seq: event for event in events}
        gone = [turn.seq for turn in turns if turn.seq not in by_seq]
        if gone:  # deleted by force: nothing is left that could be delivered
            holder.settle(gone)
        self._save_skips_soon(opened, holder)
        return [
            Claim(route, by_seq[turn.seq], turn.attempt, turn.first_failed_at)
            for turn in turns
            if turn.seq in by_seq
        ]

    async def _advance(
        self, opened: _Opened, holder: Route, turns: list[Any], n: int, match: Match
    ) -> None:
        page = min(routes.PAGE, max(64, 2 * n))
        while len(turns) < n and not holder.full:
            if holder.hungry:
                read = partial(routes.heads, after=holder.read_to, limit=page)
                holder.feed(await opened.readers.run(read))
                if holder.hungry:
                    return
                page = min(routes.PAGE, 4 * page)
                self._save_skips_soon(opened, holder)
            holder.advance(turns, n, match)

    async def settle(self, claims: Sequence[Claim]) -> None:
        opened = self._running()
        by_route: dict[str, list[int]] = {}
        for claim in claims:
            by_route.setdefault(claim.route, []).append(_seq(claim))
        holders = []
        for name, seqs in by_route.items():
            holders.append(await self._route(opened, name))
            holders[-1].settle(seqs)
        for holder in holders:
            await self._save(holder)

    async def defer(self, claim: Claim, *, until: datetime, failure: Failure) -> None:
        holder = await self._route(self._running(), claim.route)
        holder.defer(claim, _seq(claim), until, failure)
        await self._save(holder)

    async def bury(self, claim: Claim, *, failure: Failure, at: datetime) -> None:
        holder = await self._route(self._running(), claim.route)
        holder.bury(claim, _seq(claim), failure, at)
        await self._save(holder)

    async def next_due(self, route: str) -> datetime | None:
        return (await self._route(await self._ready(), route)).next_due()

    async def wait(self, after: int, seconds: float) -> int:
        return await (await self._ready()).doorbell.wait(after, seconds)

    async def read(self, query: Query) -> list[Stored]:
        readers = (await self._ready()).readers
        found: list[Stored] = []
        for stretch in await readers.run(partial(views.stretches, query=query)):
            left = query.limit - len(found)
            if left <= 0:
                break
            found += await readers.run(
                partial(views.page, query=query, stretch=stretch, limit=left)
            )
        return found

    async def dead_letters(
        self, *, route: str | None = None, after: int | None = None, limit: int = 100
    ) -> list[DeadLetter]:
        read = partial(views.dead_letters, route=route, after=after or 0, limit=limit)
        return await (await self._ready()).readers.run(read)

    async def attempts(self, event_id: str) -> list[Attempt]:
        return await (await self._ready()).readers.run(partial(views.attempts, event_id=event_id))

    async def places(self) -> list[RoutePlace]:
        opened = await self._ready()
        with suppress(StoreError):  # what cannot be written can still be looked at
            await self._save_skips()
        return await opened.readers.run(views.places)

    async def figures(self) -> Figures:
        places = await self.places()
        counts = await self._running().readers.run(views.counts)
        return Figures(
            events=counts.events,
            last_seq=counts.last_seq,
            quarantined=counts.quarantined,
            dead=counts.dead,
            dedup_keys=counts.dedup_keys,
            dedup_since=None if counts.oldest_key is None else moment(counts.oldest_key),
            bytes_used=self._path.stat().st_size + log_bytes(self._path),
            schema_version=SCHEMA.version,
            places=tuple(places),
        )

    async def upkeep(self) -> None:
        opened = await self._ready()
        await opened.readers.run(checkpoint)
        if log_bytes(self._path) > TIDY_LOG_BYTES:
            await self._do(Bare(truncate))

    async def close(self) -> None:
        opened, self._opened = self._opened, None
        if self._closed or opened is None or opened.pid != os.getpid():
            self._closed = True
            return
        self._opened = opened
        with suppress(StoreError):  # what is not saved is only passed once more
            await self._save_skips()
        self._closed, self._opened = True, None
        if opened.save_skips is not None:
            opened.save_skips.cancel()
        opened.doorbell.close()
        _hand_over(opened)
        thread = opened.writer.stop()
        if thread is not None:
            await asyncio.to_thread(thread.join)
        await asyncio.to_thread(opened.readers.close)

    def _running(self) -> _Opened:
        opened = self._opened
        if opened is None:
            if self._closed:
                raise StoreError("the inbox is closed")
            synchronous = "FULL" if self._traits.durability == "strict" else "NORMAL"
            keeper = Keeper(self._traits.dedup_window, self._traits.dedup_keys)
            readers = Readers(self._path)
            watch = partial(connect, self._path, synchronous="NORMAL", create=False)
            opened = self._opened = _Opened(
                os.getpid(),
                Writer(self._path, synchronous, Group(keeper)),
                readers,
                Doorbell(
                    self._path,
                    lambda: readers.run(lambda _: watch()),
                    lambda: readers.run(views.last_seq),
                ),
            )
        elif opened.pid != os.getpid():
            raise StoreError("the inbox was opened before this process was forked: open its own")
        return opened

    async def _ready(self) -> _Opened:
        opened = self._running()
        if not opened.ready:
            await self._do(Bare(_nothing))
            opened.ready = True
        return opened

    def _send(self, work: Any) -> _Opened:
        """Have the writer do it, with all else of this turn of the loop."""
        opened = self._running()
        if opened.writer.backlog >= QUEUE:
            raise StoreError(f"the store {self._path} does not keep up")
        loop = asyncio.get_running_loop()
        if opened.loop is not loop:
            _hand_over(opened)
            opened.loop = loop
        if not opened.tick:
            loop.call_soon(_hand_over, opened)
        opened.tick.append(work)
        return opened

    async def _do(self, work: Any) -> Any:
        work.future = asyncio.get_running_loop().create_future()
        self._send(work)
        return await work.future

    async def _route(self, opened: _Opened, name: str) -> Route:
        if name not in self._routes:
            async with self._loading:
                if name not in self._routes:
                    start = self._starts.get(name) or RouteStart(route=name)
                    load = partial(routes.load, start=start)
                    self._routes[name] = await opened.readers.run(load)
        return self._routes[name]

    async def _save(self, route: Route) -> None:
        try:
            await self._do(Saving(route))
        except BaseException:
            route.owes = True
            raise
        route.owes = False

    def _save_skips_soon(self, opened: _Opened, route: Route) -> None:
        if opened.save_skips is None and route.behind:
            loop = asyncio.get_running_loop()
            opened.save_skips = loop.call_later(SAVE_SKIPS_SECONDS, self._start_saving, opened)

    def _start_saving(self, opened: _Opened) -> None:
        opened.save_skips = None
        for route in self._routes.values():
            if route.unsaved and opened.writer.backlog < QUEUE:
                self._send(Saving(route))

    async def _save_skips(self) -> None:
        behind = [route for route in self._routes.values() if route.unsaved]
        for save in [asyncio.ensure_future(self._save(route)) for route in behind]:
            await save

    async def _position_at(self, opened: _Opened, since: datetime) -> int:
        """The position before the first event that was received at or after a time."""
        after = 0
        while True:
            read = partial(views.first_since, after=after, at=micros(since))
            first, end = await opened.readers.run(read)
            if first is not None:
                return first - 1
            if end == after:
                return end
            after = end


def _hand_over(opened: _Opened) -> None:
    if opened.tick:
        works, opened.tick = opened.tick, []
        opened.writer.put(works)


def checkpoint(connection: sqlite3.Connection) -> None:
    """Copy what it can of the write-ahead log into the file, in nobody's way."""
    one(connection, "PRAGMA wal_checkpoint(PASSIVE)")


def _nothing(connection: sqlite3.Connection) -> None:
    """Being asked opened the store."""


def _seq(claim: Claim) -> int:
    if claim.event.seq is None:
        raise StoreError(f"event {claim.event.id} is in quarantine: no route can have claimed it")
    return claim.event.seq
