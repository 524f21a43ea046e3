"""Replays in the store's file: each with a position and exceptions of its own.

Must not know: who asks for them, who delivers.
"""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from functools import partial
from typing import Any

import msgspec

from receiver.errors import StoreError
from receiver.inbox import Head, Query, RouteStart
from receiver.inbox.facts import Closing, Passage
from receiver.inbox.replays import Replay, ReplayState, key
from receiver.inbox.sqlite.claims import Claims
from receiver.inbox.sqlite.connection import number as count
from receiver.inbox.sqlite.connection import one, transaction
from receiver.inbox.sqlite.engine import Engine
from receiver.inbox.sqlite.queries import SQL
from receiver.inbox.sqlite.routes import Route
from receiver.inbox.sqlite.rows import exceptional, micros, moment
from receiver.inbox.sqlite.writer import Bare
from receiver.ledger import Ledger
from receiver.turns import Delta

_QUERY = msgspec.json.Decoder(Query)


class Replaying(ABC):
    """The part `Replays` of the inbox; see there for what each method does."""

    @abstractmethod
    def _running(self) -> Engine: ...

    @abstractmethod
    def _dispatching(self) -> Claims: ...

    async def ask_replay(
        self, route: str, query: Query, *, low: int, high: int, at: datetime
    ) -> int:
        """See receiver.inbox.replays."""
        told = msgspec.json.encode(query).decode()
        row = (route, told, low, high, low, micros(at))
        return int(await self._running().do(Bare(partial(_ask, row))))

    async def replays(self, *, unfinished: bool = False) -> list[Replay]:
        """See receiver.inbox.replays."""
        return await self._running().read(partial(_replays, unfinished))

    async def turn_replay(self, number: int, state: ReplayState, *, at: datetime) -> bool:
        """See receiver.inbox.replays."""
        values = {"number": number, "state": state, "at": micros(at)}
        return bool(await self._running().do(Bare(partial(_turn, values))))

    async def attend(self, replay: Replay, *, ordered: bool, max_exceptions: int) -> None:
        """See receiver.inbox.replays."""
        start = RouteStart(route=replay.key, ordered=ordered, max_exceptions=max_exceptions)
        claims = self._dispatching()
        if claims.held(replay.key) is None:
            claims.hold(await self._running().read(partial(_load, replay, start)))
        await claims.release(replay.key, None)

    async def part(self, replay: Replay) -> None:
        """See receiver.inbox.replays."""
        await self._dispatching().leave(replay.key)
        await self._running().do(Bare(partial(_tidy, replay)))

    async def replayed(self, replay: Replay) -> bool:
        """See receiver.inbox.replays."""
        route = self._dispatching().held(replay.key)
        return isinstance(route, Place) and route.over

    async def tell_replay(self, number: int, *, delivered: int, failed: int, dead: int) -> None:
        """See receiver.inbox.replays."""
        await self._running().do(Bare(partial(_tell, (delivered, failed, dead, number))))


class Place(Route):
    """The place of a replay: like that of a route, but it has an end."""

    replay = True
    move = "move_replay"

    def __init__(self, replay: Replay, ledger: Ledger) -> None:
        super().__init__(replay.key, ledger)
        self.buries_for = replay.route
        self._until = replay.high
        self._dry = ledger.position >= replay.high

    @property
    def dry(self) -> bool:
        return self._dry

    @property
    def over(self) -> bool:
        """Whether every event is done with, and that is kept."""
        return self._dry and self.hungry and not self._ledger.open and not self.unsaved

    def feed(self, heads: Sequence[Head]) -> None:
        self._dry = not heads or heads[-1].seq >= self._until
        super().feed([head for head in heads if head.seq <= self._until])

    def _passed(self, delta: Delta | None, now: datetime) -> tuple[list[Passage], list[Closing]]:
        # The range of a replay is kept with the replay; what its route has passed stays as it was.
        return [], []


def _ask(row: tuple[Any, ...], connection: sqlite3.Connection) -> int:
    with (
        transaction(connection),
        closing(connection.execute(SQL["insert_replay"], row)) as cursor,
    ):
        return cursor.lastrowid or 0


def _replays(unfinished: bool, connection: sqlite3.Connection) -> list[Replay]:
    with closing(connection.execute(SQL["replays"], (unfinished,))) as cursor:
        return [_replay(row) for row in cursor.fetchall()]


def _replay(row: tuple[Any, ...]) -> Replay:
    return Replay(
        number=row[0],
        route=row[1],
        query=_QUERY.decode(row[2]),
        low=row[3],
        high=row[4],
        asked_at=moment(row[5]),
        state=row[6],
        ended_at=None if row[7] is None else moment(row[7]),
        position=row[8],
        waiting=row[9],
        delivered=row[10],
        failed=row[11],
        dead=row[12],
    )


def _turn(values: dict[str, Any], connection: sqlite3.Connection) -> bool:
    with transaction(connection):
        with closing(connection.execute(SQL["turn_replay"], values)) as cursor:
            turned = cursor.rowcount == 1
        if values["state"] in ("cancelled", "done"):
            connection.execute(SQL["forget_replay"], (key(values["number"]),)).close()
    return turned


def _tidy(replay: Replay, connection: sqlite3.Connection) -> None:
    """Forget the exceptions that were written after the replay was over."""
    with transaction(connection):
        connection.execute(SQL["forget_if_over"], (replay.key, replay.number)).close()


def _load(replay: Replay, start: RouteStart, connection: sqlite3.Connection) -> Route:
    # Nobody else changes them: whoever delivers holds the lease.
    if one(connection, SQL["replay_position"], (replay.number,)) is None:
        raise StoreError(f"there is no replay {replay.number}")
    position = count(connection, SQL["replay_position"], (replay.number,))
    with closing(connection.execute(SQL["replay_exceptions"], (replay.key,))) as cursor:
        rows = cursor.fetchall()
    ledger = Ledger(
        position,
        [exceptional(row) for row in rows],
        ordered=start.ordered,
        max_exceptions=start.max_exceptions,
    )
    return Place(replay, ledger)


def _tell(row: tuple[Any, ...], connection: sqlite3.Connection) -> None:
    with transaction(connection):
        connection.execute(SQL["tell_replay"], row).close()
