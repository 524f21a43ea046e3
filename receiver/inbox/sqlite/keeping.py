"""Keeping events: which are new, which were sent before, which go to quarantine.

Runs inside one of the writer's transactions, for all that queued up for it: a fixed number of
statements, whatever the number of events. Must not know: threads, files, when it is committed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from itertools import chain, islice, repeat
from typing import Any, Protocol

import msgspec

from receiver.inbox import Entry, Receipt, Status
from receiver.inbox.rules import conflict
from receiver.inbox.sqlite import bundles
from receiver.inbox.sqlite.duplicates import Duplicates, Known, keys_of
from receiver.inbox.sqlite.queries import SQL, insert
from receiver.inbox.sqlite.rows import micros, quarantined_row

DIGEST_BYTES = 16
"""Of a payload's SHA-256, by which it is told from another with its dedup key. An earlier Receiver
kept all 32, so those of a stored key are at least as many."""


class Batch(Protocol):
    """One call of `append`."""

    @property
    def entries(self) -> Sequence[Entry]: ...

    @property
    def cursor(self) -> tuple[str, str] | None: ...


class _Rows:
    """What a transaction adds, and what it knows of the keys that it meets."""

    __slots__ = ("accepted", "fresh", "known", "now", "quarantine")

    def __init__(self, known: dict[bytes, tuple[Known, int]]) -> None:
        self.known = known
        self.accepted: list[tuple[Entry, int]] = []
        """And when each came, in microseconds."""
        self.quarantine: list[tuple[Any, ...]] = []
        self.fresh: dict[int, list[Known]] = {}
        self.now = 0

    @property
    def new_keys(self) -> int:
        """How many keys nobody knew."""
        return sum(map(len, self.fresh.values()))


class Keeper:
    """Keeps batches; remembers dedup keys for `window` seconds, and `keys` of them, at most."""

    def __init__(self, window: float, keys: int) -> None:
        self._duplicates = Duplicates(round(window * 1_000_000), keys)

    def keep(
        self, connection: sqlite3.Connection, batches: Sequence[Batch]
    ) -> tuple[list[list[Receipt]], int]:
        """Write the batches, in order; receipts for each, and the newest position or 0.

        To be `committed` afterwards. Raises sqlite3.Error, and TypeError, ValueError or
        OverflowError for entries that no store could keep.
        """
        self._duplicates.begin(connection)
        entries = list(chain.from_iterable(batch.entries for batch in batches))
        keys = keys_of(entries)
        rows = _Rows(self._duplicates.known(connection, keys))
        receipts = iter(self._all_new(entries, keys, rows) or self._judged(entries, keys, rows))
        newest = bundles.add(connection, rows.accepted, self._duplicates.last_seq)
        insert(connection, "insert_quarantined", rows.quarantine)
        if rows.accepted or rows.new_keys:
            counted = {
                "events": len(rows.accepted),
                "dedup_keys": rows.new_keys,
                "last_dedup": self._duplicates.remember(connection, rows.fresh),
            }
            connection.execute(SQL["count"], counted).close()
            self._duplicates.trim(connection, rows.new_keys, rows.now)
        for batch in batches:
            if batch.cursor is not None:
                connection.execute(SQL["keep_cursor"], batch.cursor).close()
        each = [list(islice(receipts, len(batch.entries))) for batch in batches]
        return each, newest if rows.accepted else 0

    def committed(self) -> None:
        """What `keep` wrote is in the store."""
        self._duplicates.committed()

    def _all_new(
        self, entries: Sequence[Entry], keys: Sequence[bytes | None], rows: _Rows
    ) -> list[Receipt]:
        """As `_judged`, in a third of the time, where all are accepted; else nothing."""
        known = [key for key in keys if key is not None]
        if len(set(known)) < len(keys) or not rows.known.keys().isdisjoint(known):
            return []
        windows = {entry.dedup_window for entry in entries}
        if len(windows) != 1 or {entry.problems for entry in entries} != {()}:
            return []
        lasts, times = self._duplicates.lasts(*windows), _times(entries)
        ids = [entry.id for entry in entries]
        digests = [
            b"" if entry.dedup_body else sha256(entry.raw).digest()[:DIGEST_BYTES]
            for entry in entries
        ]
        rows.now = max(times)
        rows.fresh[lasts] = list(map(Known, known, digests, ids, times))
        rows.accepted = list(zip(entries, times, strict=True))
        return list(map(Receipt, repeat(Status.ACCEPTED), ids))

    def _judged(
        self, entries: Sequence[Entry], keys: Sequence[bytes | None], rows: _Rows
    ) -> list[Receipt]:
        """What becomes of some entries: a receipt for each, and what is to be written."""
        receipts: list[Receipt] = []
        known, accepted, took = rows.known, rows.accepted, Status.ACCEPTED
        window: int | None = -1
        lasts, fresh = 0, list[Known]()
        for entry, key, at in zip(entries, keys, _times(entries), strict=True):
            problems = entry.problems
            if key is not None:
                digest = b"" if entry.dedup_body else sha256(entry.raw).digest()[:DIGEST_BYTES]
                first = known.get(key)
                if first is None or at >= first[1]:
                    if entry.dedup_window != window:  # nearly all have the same
                        window = entry.dedup_window
                        lasts = self._duplicates.lasts(window)
                        fresh = rows.fresh.setdefault(lasts, [])
                    new = Known(key, digest, entry.id, at)
                    known[key] = new, at + lasts
                    fresh.append(new)
                    if at > rows.now:
                        rows.now = at
                elif first[0].digest.startswith(digest):
                    receipts.append(Receipt(Status.DUPLICATE, first[0].event_id))
                    continue
                else:
                    problems = (*problems, conflict(first[0].event_id))
            if problems:
                because = msgspec.json.encode(problems).decode()
                rows.quarantine.append(quarantined_row(entry, at, key, because))
                receipts.append(Receipt(Status.QUARANTINED, entry.id, problems))
            else:
                accepted.append((entry, at))
                receipts.append(Receipt(took, entry.id))
        return receipts


def _times(entries: Sequence[Entry]) -> list[int]:
    """When each came, in microseconds."""
    times: list[int] = []
    received_at: datetime | None = None
    at = 0
    for entry in entries:
        if entry.received_at is not received_at:  # those of one request, or turn, are the same
            received_at = entry.received_at
            at = micros(received_at)
        times.append(at)
    return times
