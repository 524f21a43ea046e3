"""Keeping events: which are new, which were sent before, which go to quarantine.

Runs inside one of the writer's transactions, for all that queued up for it: a fixed number of
statements, whatever the number of events. Must not know: threads, files, when it is committed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from itertools import chain, groupby, islice
from typing import Any, Protocol

import msgspec

from receiver.inbox import Entry, Receipt, Status
from receiver.inbox.rules import conflict
from receiver.inbox.sqlite import bundles, duplicates
from receiver.inbox.sqlite.drafts import Draft, digest, draft, times
from receiver.inbox.sqlite.duplicates import Duplicates, KeyRow, Known, keys_of
from receiver.inbox.sqlite.queries import SQL, insert
from receiver.inbox.sqlite.rows import quarantined_row

Keys = Sequence[bytes | None]
"""Dedup keys of some events, as `keys_of` tells them."""


class Given(Protocol):
    """One call of `append`."""

    @property
    def entries(self) -> Sequence[Entry]: ...

    @property
    def cursor(self) -> tuple[str, str] | None: ...

    @property
    def drafts(self) -> Sequence[Draft]:
        """Of its entries, in order, if they were made before; else none."""


class _Additions(msgspec.Struct):
    """What a transaction adds, and what it says of each event."""

    receipts: list[Receipt]
    bundles: list[bundles.Row]
    key_rows: dict[int, list[KeyRow]]
    """By how long they last."""
    latest: int
    """When the last of the events came, in microseconds."""
    quarantine: list[tuple[Any, ...]] = []


class Keeper:
    """Keeps batches; remembers dedup keys for `window` seconds, and `keys` of them, at most."""

    def __init__(self, window: float, keys: int) -> None:
        self._duplicates = Duplicates(round(window * 1_000_000), keys)

    def keep(
        self, connection: sqlite3.Connection, batches: Sequence[Given]
    ) -> tuple[list[list[Receipt]], int]:
        """Write the batches, in order; receipts for each, and the newest position or 0.

        To be `committed` afterwards. Raises sqlite3.Error, and TypeError, ValueError or
        OverflowError for entries that no store could keep.
        """
        self._duplicates.begin(connection)
        last = self._duplicates.last_seq
        keys = list(chain.from_iterable(map(_keys_of, batches)))
        new = self._added(connection, batches, keys)
        newest = bundles.add(connection, new.bundles, last)
        insert(connection, "insert_quarantined", new.quarantine)
        if newest > last or new.key_rows:
            new_keys = sum(len(row.hashes) for rows in new.key_rows.values() for row in rows)
            counted = {
                "events": newest - last,
                "dedup_keys": new_keys,
                "last_dedup": self._duplicates.remember(connection, new.key_rows),
            }
            connection.execute(SQL["count"], counted).close()
            self._duplicates.trim(connection, new_keys, new.latest)
        for batch in batches:
            if batch.cursor is not None:
                connection.execute(SQL["keep_cursor"], batch.cursor).close()
        receipts = iter(new.receipts)
        each = [list(islice(receipts, len(batch.entries))) for batch in batches]
        return each, newest if newest > last else 0

    def committed(self) -> None:
        """What `keep` wrote is in the store."""
        self._duplicates.committed()

    def _added(
        self, connection: sqlite3.Connection, batches: Sequence[Given], keys: Keys
    ) -> _Additions:
        """What becomes of each event, given its key, and what is to be written."""
        entries = list(chain.from_iterable([batch.entries for batch in batches]))
        met = [key for key in keys if key is not None]
        known = self._duplicates.known(connection, list(map(hash, met)))
        distinct = set(met)
        # Fewer keys than events: one is met twice, or an event has none.
        if len(distinct) == len(entries) and distinct.isdisjoint(known):
            drafts = _drafts(batches, entries, met)
            if drafts is not None:
                return self._all_new(drafts)
        return self._judged(entries, keys, known)

    def _all_new(self, drafts: Sequence[Draft]) -> _Additions:
        """As `_judged`, in a third of the time, where every event is accepted."""
        key_rows: dict[int, list[KeyRow]] = {}
        for one in drafts:
            key_rows.setdefault(self._duplicates.lasts(one.window), []).extend(one.key_rows)
        return _Additions(
            receipts=list(chain.from_iterable([one.receipts for one in drafts])),
            bundles=list(chain.from_iterable([one.bundles for one in drafts])),
            key_rows=key_rows,
            latest=max(one.latest for one in drafts),
        )

    def _judged(
        self, entries: Sequence[Entry], keys: Keys, known: dict[bytes, tuple[Known, int]]
    ) -> _Additions:
        """What becomes of each event for itself; `known` is what is remembered of their keys."""
        receipts: list[Receipt] = []
        quarantine: list[tuple[Any, ...]] = []
        accepted: list[tuple[Entry, int]] = []
        fresh: dict[int, list[Known]] = {}
        latest = 0
        for entry, key, at in zip(entries, keys, times(entries), strict=True):
            problems = entry.problems
            if key is not None:
                told = digest(entry)
                first = known.get(key)
                if first is None or at >= first[1]:
                    lasts = self._duplicates.lasts(entry.dedup_window)
                    new = Known(key, told, entry.id, at)
                    known[key] = new, at + lasts
                    fresh.setdefault(lasts, []).append(new)
                    latest = max(latest, at)
                elif first[0].digest.startswith(told):
                    receipts.append(Receipt(Status.DUPLICATE, first[0].event_id))
                    continue
                else:
                    problems = (*problems, conflict(first[0].event_id))
            if problems:
                because = msgspec.json.encode(problems).decode()
                quarantine.append(quarantined_row(entry, at, key, because))
                receipts.append(Receipt(Status.QUARANTINED, entry.id, problems))
            else:
                accepted.append((entry, at))
                receipts.append(Receipt(Status.ACCEPTED, entry.id))
        key_rows = {lasts: duplicates.rows(some) for lasts, some in fresh.items()}
        return _Additions(receipts, bundles.rows(accepted), key_rows, latest, quarantine)


def _keys_of(batch: Given) -> Keys:
    """The keys of a batch's events, in order."""
    if batch.drafts:
        return list(chain.from_iterable([draft.keys for draft in batch.drafts]))
    return keys_of(batch.entries)


def _drafts(
    batches: Sequence[Given], entries: Sequence[Entry], keys: list[bytes]
) -> list[Draft] | None:
    """Drafts of all events of some batches, in order; None where one of them has none.

    Small batches are drafted together here.
    """
    drafts: list[Draft] = []
    start = 0
    for drafted, run in groupby(batches, lambda batch: bool(batch.drafts)):
        some = list(run)
        until = start + sum(len(batch.entries) for batch in some)
        if drafted:
            drafts += chain.from_iterable([batch.drafts for batch in some])
        elif together := draft(entries[start:until], keys[start:until]):
            drafts.append(together)
        else:
            return None
        start = until
    return drafts
