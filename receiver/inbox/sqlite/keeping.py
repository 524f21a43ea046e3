"""Keeping events: which are new, which were sent before, which go to quarantine.

Runs inside one of the writer's transactions, for all that queued up for it: a fixed number of
statements, whatever the number of events. Must not know: threads, files, when it is committed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import chain
from typing import Any

import msgspec

from receiver.inbox import Entry, Receipt, Status
from receiver.inbox.rules import conflict
from receiver.inbox.sqlite.connection import one
from receiver.inbox.sqlite.queries import SQL, repeated
from receiver.inbox.sqlite.rows import envelope, micros

LONGEST_GROUP = 128
"""Rows that one statement takes; below it, powers of two, so that few statements are compiled."""

TRIM_EVERY = 256
"""New dedup keys after which the old ones are looked at."""

TRIM_ROWS = 1024
"""Dedup keys forgotten in one step, at most."""

TRIM_STEPS = 4
_FOR_EVER = 2**63 - 1

_KNOWN = msgspec.json.Decoder(list[tuple[str, str, str, int, int]])


@dataclass(frozen=True, slots=True)
class Batch:
    """One call of `append`."""

    entries: Sequence[Entry]
    cursor: tuple[str, str] | None = None


@dataclass(slots=True)
class _Known:
    """What is remembered of a dedup key; times in microseconds."""

    event_id: str
    digest: bytes
    kept_at: int
    lasts: int


@dataclass(slots=True)
class _Rows:
    """What a transaction adds."""

    events: list[tuple[Any, ...]] = field(default_factory=list)
    quarantine: list[tuple[Any, ...]] = field(default_factory=list)
    dedup: dict[bytes, tuple[Any, ...]] = field(default_factory=dict)
    new_keys: int = 0
    now: int = 0


class Keeper:
    """Keeps batches; remembers dedup keys for `window` seconds, and `keys` of them, at most."""

    def __init__(self, window: float, keys: int) -> None:
        self._window = round(window * 1_000_000)
        self._keys = keys
        self._trim_every = max(1, min(TRIM_EVERY, keys // 8))
        self._since_trim = 0

    def keep(
        self, connection: sqlite3.Connection, batches: Sequence[Batch]
    ) -> tuple[list[list[Receipt]], int]:
        """Write the batches, in order; receipts for each, and the newest position or 0.

        Raises sqlite3.Error, and TypeError, ValueError or OverflowError for entries that no store
        could keep.
        """
        keys = [[_key(entry) for entry in batch.entries] for batch in batches]
        known = _remembered(connection, [key for key in chain(*keys) if key is not None])
        rows = _Rows()
        receipts = [
            [
                self._judge(entry, key, known, rows)
                for entry, key in zip(batch.entries, of, strict=True)
            ]
            for batch, of in zip(batches, keys, strict=True)
        ]
        newest = _insert(connection, "insert_event", rows.events)
        _insert(connection, "insert_quarantined", rows.quarantine)
        _insert(connection, "remember", list(rows.dedup.values()))
        if rows.events or rows.new_keys:
            connection.execute(SQL["count"], (len(rows.events), rows.new_keys)).close()
        for batch in batches:
            if batch.cursor is not None:
                connection.execute(SQL["keep_cursor"], batch.cursor).close()
        self._since_trim += rows.new_keys
        if self._since_trim >= self._trim_every:
            self._since_trim = 0
            self._trim(connection, rows.now)
        return receipts, newest

    def _judge(
        self, entry: Entry, key: bytes | None, known: dict[bytes, _Known], rows: _Rows
    ) -> Receipt:
        at = micros(entry.received_at)
        problems = entry.problems
        if key is not None:
            digest = blake2b(entry.raw, digest_size=16).digest()
            first = known.get(key)
            if first is not None and at < first.kept_at + first.lasts:
                if first.digest == digest:
                    return Receipt(Status.DUPLICATE, first.event_id)
                problems = (*problems, conflict(first.event_id))
            else:
                lasts = self._lasts(entry.dedup_window)
                known[key] = _Known(entry.id, digest, at, lasts)
                rows.new_keys += first is None
                rows.now = max(rows.now, at)
                rows.dedup[key] = (key, entry.id, digest, at, lasts)
        row = envelope(entry, at)
        if problems:
            because = msgspec.json.encode(problems).decode()
            rows.quarantine.append((*row, key, because, entry.raw))
            return Receipt(Status.QUARANTINED, entry.id, problems)
        rows.events.append((*row, entry.raw))
        return Receipt(Status.ACCEPTED, entry.id)

    def _lasts(self, window: int | None) -> int:
        return self._window if window is None else min(self._window, window * 1_000_000)

    def _trim(self, connection: sqlite3.Connection, now: int) -> None:
        """Forget some keys that have run out and, beyond the bound, some of the oldest."""
        gone = 0
        for lasts, kept_at in oldest_keys(connection):
            if kept_at + lasts <= now:
                gone += _forget(connection, lasts, now - lasts, TRIM_ROWS)
        tally = one(connection, SQL["tally"])
        beyond = tally[1] - gone - self._keys if tally else 0
        for _ in range(TRIM_STEPS):
            lengths = oldest_keys(connection)
            if beyond <= 0 or not lengths:
                break
            lasts, _ = min(lengths, key=lambda row: row[1])
            until = min((at for other, at in lengths if other != lasts), default=_FOR_EVER)
            forgotten = _forget(connection, lasts, until, min(beyond, TRIM_ROWS))
            gone += forgotten
            beyond -= forgotten
        if gone:
            connection.execute(SQL["count"], (0, -gone)).close()


def oldest_keys(connection: sqlite3.Connection) -> list[tuple[int, int]]:
    """For each length of time that keys are kept: it, and when its oldest key was kept."""
    with closing(connection.execute(SQL["oldest_keys"])) as cursor:
        return cursor.fetchall()


def _forget(connection: sqlite3.Connection, lasts: int, until: int, limit: int) -> int:
    with closing(connection.execute(SQL["forget_keys"], (lasts, until, limit))) as cursor:
        return cursor.rowcount


def _key(entry: Entry) -> bytes | None:
    if entry.dedup_key is None:
        return None
    return blake2b(entry.source.encode() + b"\0" + entry.dedup_key, digest_size=16).digest()


def _remembered(connection: sqlite3.Connection, keys: list[bytes]) -> dict[bytes, _Known]:
    known: dict[bytes, _Known] = {}
    for some in _groups(keys):
        row = one(connection, repeated("remembered", len(some)), tuple(some))
        if row is None or row[0] == "[]":
            continue
        for key, event_id, digest, kept_at, lasts in _KNOWN.decode(row[0]):
            known[bytes.fromhex(key)] = _Known(event_id, bytes.fromhex(digest), kept_at, lasts)
    return known


def _insert(connection: sqlite3.Connection, name: str, rows: list[tuple[Any, ...]]) -> int:
    """Run an insertion for all rows; the rowid of the last one, 0 where there is none."""
    last = 0
    for some in _groups(rows):
        values = some[0] if len(some) == 1 else list(chain.from_iterable(some))
        with closing(connection.execute(repeated(name, len(some)), values)) as cursor:
            last = cursor.lastrowid or 0
    return last


def _groups(items: Iterable[Any]) -> Iterable[list[Any]]:
    """The items in lists of `LONGEST_GROUP`, then of ever smaller powers of two."""
    rest = list(items)
    start, size = 0, LONGEST_GROUP
    while start < len(rest):
        while size > len(rest) - start:
            size //= 2
        yield rest[start : start + size]
        start += size
