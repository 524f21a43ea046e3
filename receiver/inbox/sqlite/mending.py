"""What an operator sets right in the store's file: dead letters, the quarantine.

Each change is a transaction of its own, under the common lock: any number of processes may ask for
the same, and one that is killed has done all of it or nothing. Must not know: who asks.
"""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial

import msgspec

from receiver.inbox.letters import Letter
from receiver.inbox.readmission import Rejudged
from receiver.inbox.rules import lane
from receiver.inbox.sqlite import bundles, views
from receiver.inbox.sqlite.claims import Claims
from receiver.inbox.sqlite.connection import one, transaction
from receiver.inbox.sqlite.engine import Engine
from receiver.inbox.sqlite.heads import heads_at
from receiver.inbox.sqlite.queries import SQL
from receiver.inbox.sqlite.routes import Route
from receiver.inbox.sqlite.writer import Bare
from receiver.turns import Exceptional


class Mending(ABC):
    """The parts `Letters` and `Readmission` of the inbox; see there for what each method does."""

    @abstractmethod
    def _running(self) -> Engine: ...

    @abstractmethod
    def _dispatching(self) -> Claims: ...

    async def requeue(self, letters: Sequence[Letter]) -> int:
        """See receiver.inbox.letters."""
        return int(await self._running().do(Bare(partial(_change, "requeue", letters))))

    async def discard(self, letters: Sequence[Letter]) -> int:
        """See receiver.inbox.letters."""
        return int(await self._running().do(Bare(partial(_change, "discard", letters))))

    async def take_up(self) -> list[str]:
        """See receiver.inbox.letters."""
        engine, taken = self._running(), []
        for name in await engine.read(_requeued_routes):
            route = self._dispatching().held(name)
            if route is not None and await _take_up(engine, route):
                taken.append(name)
        return taken

    async def readmit(self, rejudged: Sequence[Rejudged]) -> list[int | None]:
        """See receiver.inbox.readmission."""
        engine = self._running()
        seqs: list[int | None] = await engine.do(Bare(partial(_readmit, rejudged)))
        newest = max((seq for seq in seqs if seq is not None), default=0)
        if newest:
            engine.doorbell.ring(newest)
        return seqs


def _change(name: str, letters: Sequence[Letter], connection: sqlite3.Connection) -> int:
    """Run a statement over dead letters; how many it found."""
    with transaction(connection):
        told = msgspec.json.encode(letters).decode()
        with closing(connection.execute(SQL[name], (told,))) as cursor:
            return cursor.rowcount


def _requeued_routes(connection: sqlite3.Connection) -> list[str]:
    with closing(connection.execute(SQL["requeued_routes"])) as cursor:
        return [row[0] for row in cursor.fetchall()]


async def _take_up(engine: Engine, route: Route) -> bool:
    """Make exceptions of a route's requeued letters, as many as it has room for."""
    letters = await engine.read(partial(_requeued, route.name, route.room))
    # What the route has not passed yet comes anyway; an exception would make it come twice.
    passed = [letter for letter in letters if letter.seq <= route.position]
    if letters:
        await engine.do(Bare(partial(_reopen, route.name, letters, passed)))
        route.reopen(passed)
    return bool(letters)


def _requeued(name: str, limit: int, connection: sqlite3.Connection) -> list[Exceptional]:
    """With the lane of each; that of an event that is deleted is nobody's."""
    with closing(connection.execute(SQL["requeued"], (name, limit))) as cursor:
        seqs = [row[0] for row in cursor.fetchall()]
    found = heads_at(connection, seqs)
    lanes = {seq: lane(head.source, head.node) for seq, head in found.items()}
    return [Exceptional(seq, lanes.get(seq)) for seq in seqs]


def _reopen(
    name: str,
    letters: Sequence[Exceptional],
    passed: Sequence[Exceptional],
    connection: sqlite3.Connection,
) -> None:
    with transaction(connection):
        kept = [(name, letter.seq, letter.lane) for letter in passed]
        connection.executemany(SQL["reopen"], kept).close()
        connection.executemany(SQL["unbury"], [(name, letter.seq) for letter in letters]).close()


def _readmit(rejudged: Sequence[Rejudged], connection: sqlite3.Connection) -> list[int | None]:
    with transaction(connection):
        return [_readmit_one(each, connection) for each in rejudged]


def _readmit_one(each: Rejudged, connection: sqlite3.Connection) -> int | None:
    if each.problems:
        because = msgspec.json.encode(each.problems).decode()
        connection.execute(SQL["restate"], (because, each.id)).close()
        return None
    place = one(connection, SQL["place_of"], (each.id,))
    if place is None:
        return None
    [kept] = views.quarantined_at(connection, [place[0]])
    judged = replace(
        kept, type=each.type, key=each.key, time=each.time, node=each.node, user=each.user
    )
    seq = views.last_seq(connection) + 1
    bundles.release(connection, judged, seq)
    connection.execute(SQL["count_released"], (seq,)).close()
    connection.execute(SQL["leave_quarantine"], (each.id,)).close()
    return seq
