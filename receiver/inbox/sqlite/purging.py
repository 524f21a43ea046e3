"""Deleting what the limits let go, one short step at a time.

A reader looks for what is next; the writer asks the same again in its transaction and deletes a
stretch of rows, without waiting for the disk. What was found needed or too young is not looked at
again before the next round. Must not know: who asks for a step, or how often.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from time import perf_counter
from typing import Literal

import msgspec

from receiver.inbox.retention import Limits, Purged
from receiver.inbox.sqlite import bundles
from receiver.inbox.sqlite.connection import number, one, transaction
from receiver.inbox.sqlite.engine import Engine
from receiver.inbox.sqlite.queries import SQL
from receiver.inbox.sqlite.room import bytes_in_use
from receiver.inbox.sqlite.rows import micros
from receiver.inbox.sqlite.writer import Bare

FEWEST_ROWS, MOST_ROWS = 16, 256
STEP_BYTES = 4 * 1024 * 1024
"""Of payloads in one step: large ones take long, too."""

SHORT_SECONDS, LONG_SECONDS = 0.002, 0.006
"""How long a step may hold up other writers: outside of this, the next takes more or fewer rows."""

ROW_BYTES = 256
"""About what a row takes besides its payload."""

ENOUGH = 0.9
"""Of the hard limit: what force leaves, so that it is not asked for again at once."""

_ANY_TIME = 2**63 - 1

Kind = Literal["dead", "quarantined", "events"]
KINDS: tuple[Kind, ...] = ("dead", "quarantined", "events")
_LOOK: dict[Kind, str] = {
    "dead": SQL["next_dead"],
    "quarantined": SQL["next_quarantined"],
    "events": SQL["next_events"],
}
_PURGE = {
    "dead": SQL["purge_dead"],
    "quarantined": SQL["purge_quarantined"],
}

_Row = tuple[int, int, int, int, int]
"""Position, whether old enough, bytes, whether needed, and the bundle, which goes as a whole."""

_NEXT = msgspec.json.Decoder(list[_Row])
_SEQS = msgspec.json.Decoder(list[int])


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Rows of one kind after a position, up to another, of which some may be deleted."""

    kind: Kind
    after: int
    until: int
    before: int
    """Only what is from before this, in microseconds."""
    forced: bool = False


class Purging:
    """Walks through what is kept, a round at a time; remembers where it is."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._rows = 128
        self._walking: list[Kind] = []
        self._after = 0
        self._forcing = False

    @property
    def resting(self) -> bool:
        """Whether the next step begins a round."""
        return not self._walking

    async def step(self, limits: Limits, now: datetime) -> Purged:
        """See Retention.purge."""
        used = await self._engine.read(bytes_in_use)
        excess = 0 if limits.soft is None else max(0, used - limits.soft)
        if self._must_force(limits, used) and limits.hard is not None:
            wanted = min(used - int(limits.hard * ENOUGH), STEP_BYTES)
            found = await self._engine.read(partial(_oldest, limit=self._rows, wanted=wanted))
            if found is not None:
                return replace(await self._delete(found), more=True, pressing=True, used=used)
        if not self._walking:
            self._walking, self._after = list(KINDS), 0
        while self._walking:
            kind = self._walking[0]
            before = _ANY_TIME if excess and kind == "events" else _before(limits, kind, now)
            stretch = await self._next(kind, before, excess)
            if stretch is None:
                del self._walking[0]
                self._after = 0
                continue
            self._after = stretch.until
            purged = await self._delete(stretch)
            return replace(purged, more=True, pressing=excess > 0, used=used)
        return Purged(used=used)

    def _must_force(self, limits: Limits, used: int) -> bool:
        """Whether events go that routes need: from the hard limit on, until a tenth is free."""
        if limits.hard is None or not limits.force:
            return False
        self._forcing = used >= limits.hard * (ENOUGH if self._forcing else 1.0)
        return self._forcing

    async def _next(self, kind: Kind, before: int | None, excess: int) -> _Stretch | None:
        """The next rows of which some may go; None when the walk through this kind has ended."""
        if before is None:
            return None
        while True:
            look = partial(_look, kind=kind, after=self._after, before=before, limit=self._rows)
            rows = await self._engine.read(look)
            if not any(row[1] for row in rows):
                return None
            rows = _enough(rows, min(excess, STEP_BYTES) if before == _ANY_TIME else STEP_BYTES)
            until = rows[-1][0]
            if any(old and not needed for _, old, _, needed, _ in rows):
                return _Stretch(kind, self._after, until, before)
            self._after = until

    async def _delete(self, stretch: _Stretch) -> Purged:
        purged: Purged = await self._engine.do(Bare(partial(_delete, stretch=stretch)))
        if purged.held > LONG_SECONDS:
            self._rows = max(FEWEST_ROWS, self._rows // 2)
        elif purged.held < SHORT_SECONDS:
            self._rows = min(MOST_ROWS, self._rows * 2)
        return purged


def _before(limits: Limits, kind: Kind, now: datetime) -> int | None:
    """From before when what is of a kind may go; None: not by its age."""
    ages: dict[Kind, timedelta | None] = {
        "dead": limits.dead,
        "quarantined": limits.quarantine,
        "events": limits.events,
    }
    age = ages[kind]
    if age is None:
        return None
    try:
        return micros(now - age)
    except OverflowError:  # older than anything can be
        return None


def _look(
    connection: sqlite3.Connection, kind: Kind, after: int, before: int, limit: int
) -> list[_Row]:
    """The next rows of a kind: `limit` of them, or those of one bundle."""
    values = {"after": after, "before": before, "limit": limit}
    if kind == "events":
        floor = one(connection, SQL["floor"])
        values["floor"] = _ANY_TIME if floor is None or floor[0] is None else floor[0]
    return _rows(connection, kind, values)


def _rows(connection: sqlite3.Connection, kind: Kind, values: dict[str, int]) -> list[_Row]:
    with closing(connection.execute(_LOOK[kind], values)) as cursor:
        return _NEXT.decode(cursor.fetchone()[0])


def _enough(rows: list[_Row], wanted: int) -> list[_Row]:
    """The first rows that free so many bytes, in whole bundles, one at least."""
    total = 0
    until = 0
    for _, _, size, needed, bundle in rows:
        if until and total >= wanted and bundle != until:
            break
        total += 0 if needed else size + ROW_BYTES
        until = bundle
    return [row for row in rows if row[4] <= until]


def _oldest(connection: sqlite3.Connection, limit: int, wanted: int) -> _Stretch | None:
    """The oldest events, whoever needs them; where there are none, the oldest of the quarantine."""
    kinds: tuple[Kind, ...] = ("events", "quarantined")
    for kind in kinds:
        values = {"after": 0, "before": _ANY_TIME, "limit": limit, "floor": _ANY_TIME}
        rows = _rows(connection, kind, values)
        if rows:
            whole = [(at, old, size, 0, bundle) for at, old, size, _, bundle in rows]
            return _Stretch(kind, 0, _enough(whole, wanted)[-1][0], _ANY_TIME, forced=True)
    return None


def _delete(connection: sqlite3.Connection, stretch: _Stretch) -> Purged:
    """Delete a stretch; under the common lock, with a transaction of its own."""
    began = perf_counter()
    values = {"after": stretch.after, "until": stretch.until, "before": stretch.before}
    by_force = stretch.forced and stretch.kind == "events"
    with _unhurried(connection), transaction(connection):
        if stretch.kind == "events":
            gone = _delete_events(connection, values, by_force=by_force)
        else:
            gone = _run(connection, _PURGE[stretch.kind], values)
        if stretch.kind == "events" and gone:
            connection.execute(SQL["uncount_events"], (gone,)).close()
            _run(connection, SQL["purge_attempts"], values)
            _run(connection, SQL["purge_closings"], values)
            _run(connection, SQL["purge_passages"], {})
        if by_force:
            _run(connection, SQL["purge_dead_of_gone"], values)
    held = perf_counter() - began
    forced = gone if stretch.forced else 0
    if stretch.kind == "events":
        return Purged(events=gone, forced=forced, held=held)
    if stretch.kind == "quarantined":
        return Purged(quarantined=gone, forced=forced, held=held)
    return Purged(dead=gone, held=held)


def _delete_events(
    connection: sqlite3.Connection, values: dict[str, int], *, by_force: bool
) -> int:
    row = one(connection, SQL["gone_events_by_force" if by_force else "gone_events"], values)
    seqs = _SEQS.decode(row[0]) if row else []
    bundles.delete(connection, seqs)
    return len(seqs)


def _run(connection: sqlite3.Connection, statement: str, values: dict[str, int]) -> int:
    with closing(connection.execute(statement, values)) as cursor:
        return cursor.rowcount


@contextmanager
def _unhurried(connection: sqlite3.Connection) -> Iterator[None]:
    """Transactions that are on the disk with the next one: a deletion may be taken back."""
    usual = number(connection, "PRAGMA synchronous")
    connection.execute("PRAGMA synchronous = NORMAL").close()
    try:
        yield
    finally:
        connection.execute(f"PRAGMA synchronous = {usual}").close()
