"""A route's ledger beside the store: loading it, feeding it with events, saving what it says.

The event loop claims and gives verdicts, the writer's thread saves; a lock that is held for
microseconds stands between them. Must not know: who claims, or when anything is committed.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from receiver.errors import StoreError
from receiver.inbox import Claim, Failure, Head, Match, RouteStart
from receiver.inbox.facts import Closing, Passage, Regime
from receiver.inbox.passing import Passing
from receiver.inbox.rules import LONGEST_TEXT, lane, timed
from receiver.inbox.sqlite import facts
from receiver.inbox.sqlite.connection import one
from receiver.inbox.sqlite.queries import SQL
from receiver.inbox.sqlite.rows import exception_row, exceptional, failed, micros, wordless
from receiver.ledger import Ledger
from receiver.redaction import plain
from receiver.turns import Delta, Exceptional, Turn


@dataclass(frozen=True, slots=True)
class Asked:
    """What a claim asks for; see Inbox.claim."""

    n: int
    now: datetime
    match: Match
    regime: Regime
    run: int
    fresh: bool


class Route:
    """One route, as the process that dispatches it holds it."""

    replay = False
    """Whether it is a replay's place instead (receiver.inbox.sqlite.replays)."""
    move = "move_route"
    """The statement that keeps its position."""

    def __init__(self, name: str, ledger: Ledger) -> None:
        self.name = name
        self.buries_for = name
        """Whose the dead letters are."""
        self.claiming = asyncio.Lock()
        self.owes = False
        """Whether a verdict could not be saved."""
        self._ledger = ledger
        self._lock = threading.Lock()
        self._heads: deque[Head] = deque()
        self._read_to = ledger.scanned
        self._passing = Passing(name, ledger.position)
        self._attempts: list[tuple[Any, ...]] = []
        self._dead: list[tuple[Any, ...]] = []
        self._dropped: dict[int, Closing] = {}

    def reshape(self, start: RouteStart) -> None:
        """Take up changed settings."""
        with self._lock:
            self._ledger.reshape(ordered=start.ordered, max_exceptions=start.max_exceptions)

    def due(self, asked: Asked) -> list[Turn]:
        """Claim events that were taken in before."""
        with self._lock:
            return self._ledger.claim(asked.n, asked.now, asked.run)

    def advance(self, turns: list[Turn], asked: Asked) -> None:
        """Fill `turns` with events whose heads were fed, skipping what is not wanted."""
        n, match = asked.n, asked.match
        ledger, heads = self._ledger, self._heads
        with self._lock:
            self._passing.decide(ledger.scanned, asked.regime)
            while heads and len(turns) < n and ledger.room:
                head = heads[0]
                if match(head):
                    turn = ledger.take(head.seq, lane(head.source, head.node))
                    if turn is not None:
                        turns.append(turn)
                else:
                    ledger.skip(head.seq)
                heads.popleft()

    @property
    def hungry(self) -> bool:
        """Whether heads are to be fed before it can advance."""
        return not self._heads

    @property
    def dry(self) -> bool:
        """Whether there are no more heads for it."""
        return False

    @property
    def room(self) -> int:
        """How many more exceptions it takes."""
        return self._ledger.room

    @property
    def position(self) -> int:
        """How far it is, as saved."""
        return self._ledger.position

    @property
    def read_to(self) -> int:
        """The position up to which heads were fed."""
        return self._read_to

    def feed(self, heads: Sequence[Head]) -> None:
        """The next heads, in order."""
        self._heads.extend(heads)
        if heads:
            self._read_to = heads[-1].seq

    def reopen(self, letters: Sequence[Exceptional]) -> None:
        """Take in again what was given up."""
        with self._lock:
            reopened = [letter.seq for letter in letters if self._ledger.reopen(letter)]
            self._passing.reopened.update(reopened)

    def hand_back(self, turns: Sequence[Turn]) -> None:
        """Undo claims that nobody got."""
        with self._lock:
            self._ledger.hand_back([turn.seq for turn in turns])

    def give_back(self, seqs: Sequence[int]) -> None:
        """Undo claims that were got, and not acted on."""
        with self._lock:
            self._ledger.hand_back(seqs)

    def release(self) -> None:
        """Undo every claim."""
        with self._lock:
            self._ledger.release()

    def close(self, seqs: Sequence[int]) -> None:
        """Delivered, or no longer there."""
        with self._lock:
            for seq in seqs:
                self._ledger.close(seq)

    def defer(self, claim: Claim, seq: int, until: datetime, failure: Failure) -> None:
        """To be claimed again from `until` on."""
        attempt = (seq, self.name, claim.attempt, micros(timed(until)), *failed(failure))
        with self._lock:
            if self._ledger.defer(seq, until=until, failed_at=failure.at):
                self._attempts.append(attempt)

    def bury(self, claim: Claim, seq: int, failure: Failure, at: datetime) -> None:
        """Given up."""
        why, when = failed(failure), micros(timed(at))
        with self._lock:
            if self._ledger.close(seq):
                self._attempts.append((seq, self.name, claim.attempt, None, *why))
                self._dead.append((seq, self.buries_for, claim.attempt, when, *why))

    def drop(self, seq: int, why: str, at: datetime) -> None:
        """Not to be delivered after all."""
        micros(timed(at))
        with self._lock:
            if self._ledger.close(seq):
                said = plain(why, LONGEST_TEXT)
                self._dropped[seq] = Closing(
                    route=self.name, seq=seq, at=at, kind="dropped", why=said
                )

    def forget_words(self) -> None:
        """Keep of the verdicts that are not saved only what became of the events."""
        with self._lock:
            self._attempts = []
            self._dead = [wordless(row) for row in self._dead]

    def next_due(self) -> datetime | None:
        """See Ledger.next_due."""
        with self._lock:
            return self._ledger.next_due()

    @property
    def behind(self) -> bool:
        """Whether it has looked at events after its saved position."""
        return self._ledger.scanned > self._ledger.position

    @property
    def unsaved(self) -> bool:
        """Whether there is anything to save."""
        with self._lock:
            return self._ledger.delta() is not None

    def save(self, connection: sqlite3.Connection) -> _Saved:
        """Write what has changed, in the open transaction; to be `confirmed` once committed."""
        with self._lock:
            delta = self._ledger.delta()
            attempts, dead = list(self._attempts), list(self._dead)
            dropped = list(self._dropped.values())
            passages, closings = self._passed(delta, datetime.now(UTC))
        if delta is not None:
            connection.execute(SQL[self.move], (delta.position, self.name)).close()
            if delta.keep:
                rows = [exception_row(self.name, kept) for kept in delta.keep]
                connection.executemany(SQL["keep_exception"], rows).close()
            if delta.forget:
                gone = [(self.name, seq) for seq in delta.forget]
                connection.executemany(SQL["forget_exception"], gone).close()
        if attempts:
            connection.executemany(SQL["insert_attempt"], attempts).close()
        if dead:
            connection.executemany(SQL["insert_dead"], dead).close()
        facts.keep(connection, passages, closings + dropped)
        return _Saved(delta, attempts, dead, passages, dropped)

    def _passed(self, delta: Delta | None, now: datetime) -> tuple[list[Passage], list[Closing]]:
        """What is to be kept of the positions and the exceptions that are done with."""
        if delta is None:
            return [], []
        buried = {row[0] for row in self._dead}
        closings = [
            Closing(route=self.name, seq=seq, at=now, kind="dead" if seq in buried else "delivered")
            for seq in delta.forget
            if self._passing.late(seq)
        ]
        return self._passing.passages(delta.position, now), closings

    def confirmed(self, saved: _Saved) -> None:
        """What `save` wrote is committed."""
        with self._lock:
            if saved.delta is not None:
                self._ledger.saved(saved.delta)
            self._attempts = _without(self._attempts, saved.attempts)
            self._dead = _without(self._dead, saved.dead)
            self._passing.saved(saved.passages)
            for ended in saved.dropped:
                self._dropped.pop(ended.seq, None)


@dataclass(frozen=True, slots=True)
class _Saved:
    """What one `save` wrote."""

    delta: Delta | None
    attempts: list[tuple[Any, ...]]
    dead: list[tuple[Any, ...]]
    passages: list[Passage]
    dropped: list[Closing]


def _without(rows: list[tuple[Any, ...]], written: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Rows that were not written; rows may have been forgotten since."""
    gone = {id(row) for row in written}
    return [row for row in rows if id(row) not in gone]


@dataclass(slots=True, eq=False)
class Saving:
    """Work for the writer: save a route."""

    route: Route
    future: asyncio.Future[Any] | None = None
    optional: ClassVar[bool] = False

    @property
    def weight(self) -> int:
        return 1


def load(connection: sqlite3.Connection, start: RouteStart) -> Route:
    """A route as the store has it. Raises StoreError when it is not registered."""
    with _snapshot(connection):
        row = one(connection, SQL["route_position"], (start.route,))
        with closing(connection.execute(SQL["exceptions"], (start.route,))) as cursor:
            rows = cursor.fetchall()
    if row is None:
        raise StoreError(f"route {start.route!r} is not registered with the inbox")
    ledger = Ledger(
        row[0],
        [exceptional(row) for row in rows],
        ordered=start.ordered,
        max_exceptions=start.max_exceptions,
    )
    return Route(start.route, ledger)


@contextmanager
def _snapshot(connection: sqlite3.Connection) -> Iterator[None]:
    """Reads that must fit together, in one short transaction."""
    connection.execute("BEGIN").close()
    try:
        yield
    finally:
        connection.execute("COMMIT").close()
