"""Dedup keys in the store: which are remembered, by which event, and for how long.

They are written in the order they come, in rows of many; `Recall` says in which row a key may be.
All of it runs in one of the writer's transactions, under the common lock.
Must not know: what becomes of a duplicate, threads, when it is committed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from functools import lru_cache
from hashlib import blake2b
from itertools import takewhile
from typing import Any, NamedTuple

import msgspec

from receiver.inbox import Entry
from receiver.inbox.sqlite.connection import one
from receiver.inbox.sqlite.queries import SQL, insert
from receiver.inbox.sqlite.recall import Recall

KEYS_PER_ROW = 128
TRIM_EVERY = 256
"""New dedup keys after which the old ones are looked at."""

TRIM_ROWS = 64
"""Rows of keys forgotten in one step, at most."""

TRIM_STEPS = 4
_LONGEST_KEY = 64
_FOR_EVER = 2**63 - 1


class Known(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What is remembered of a dedup key; times in microseconds."""

    key: bytes
    digest: bytes
    event_id: str
    kept_at: int


class KeyRow(NamedTuple):
    """New keys as a row of `dedup`; times in microseconds."""

    hashes: list[int]
    first_at: int
    last_at: int
    keys: bytes


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Known]).decode


def keys_of(entries: Iterable[Entry]) -> list[bytes | None]:
    """What tells each entry's dedup key from every other one's of every source."""
    keys: list[bytes | None] = []
    source, named = "", _named("")
    for entry in entries:
        key = entry.dedup_key
        if key is not None:
            if len(key) > _LONGEST_KEY:
                key = blake2b(key).digest() + b"\0"  # longer than any key that is kept as it is
            if entry.source != source:
                source, named = entry.source, _named(entry.source)
            key = named + key
        keys.append(key)
    return keys


def rows(new: Sequence[Known]) -> list[KeyRow]:
    """New keys as rows, in order."""
    made: list[KeyRow] = []
    for start in range(0, len(new), KEYS_PER_ROW):
        some = new[start : start + KEYS_PER_ROW]
        times = [known.kept_at for known in some]
        hashes = [hash(known.key) for known in some]
        made.append(KeyRow(hashes, min(times), max(times), _encode(some)))
    return made


@lru_cache(maxsize=256)
def _named(source: str) -> bytes:
    return source.encode() + b"\0"


class Duplicates:
    """What this process knows of the dedup keys in the store, and how it keeps new ones."""

    def __init__(self, window: int, keys: int) -> None:
        self._window = window
        self._keys = keys
        self._trim_every = max(1, min(TRIM_EVERY, keys // 8))
        self._since_trim = 0
        self._recalls: dict[int, Recall] = {}
        self._number = 0
        """The last number that this process has taken up."""
        self._count = 0
        """How many keys the store holds, by the transaction that is open."""
        self.last_seq = 0
        """The position that was given last, by the transaction that is open."""
        self._writing: list[tuple[int, int, list[int]]] = []
        self._forgetting: list[tuple[int, int]] = []

    def begin(self, connection: sqlite3.Connection) -> None:
        """Take up what other processes have kept since; every transaction begins with it."""
        self._writing, self._forgetting = [], []
        tally = one(connection, SQL["tally"]) or (0, 0, 0, 0)
        self._count, self.last_seq = tally[1], tally[3]
        if tally[2] == self._number:
            return
        for lasts in _lengths(connection):
            recall = self._recalls.setdefault(lasts, Recall())
            number = self._number
            while rows := _all(connection, "remembered_since", (lasts, number)):
                for number, keys in rows:
                    recall.add([hash(known.key) for known in _decode(keys)], number)
        self._number = tally[2]

    def known(
        self, connection: sqlite3.Connection, hashes: Sequence[int]
    ) -> dict[bytes, tuple[Known, int]]:
        """What is remembered of the keys with some hashes, and until when, and of some others."""
        found: dict[bytes, tuple[Known, int]] = {}
        for lasts, recall in self._recalls.items():
            numbers = recall.find(hashes)
            if not numbers:
                continue
            listed = msgspec.json.encode(sorted(numbers)).decode()
            for (kept,) in _all(connection, "remembered", (lasts, listed)):
                for known in _decode(kept):
                    until = known.kept_at + lasts
                    if known.key not in found or found[known.key][1] < until:
                        found[known.key] = known, until
        return found

    def lasts(self, window: int | None) -> int:
        """How long a key with this window (in seconds) is remembered, in microseconds."""
        return self._window if window is None else min(self._window, window * 1_000_000)

    def remember(self, connection: sqlite3.Connection, fresh: dict[int, list[KeyRow]]) -> int:
        """Write new keys, by how long they last; returns the last number given."""
        number = self._number
        rows: list[tuple[Any, ...]] = []
        for lasts, some in fresh.items():
            for hashes, first_at, last_at, keys in some:
                number += 1
                self._writing.append((lasts, number, hashes))
                rows.append((lasts, number, len(hashes), first_at, last_at, keys))
        insert(connection, "remember", rows)
        return number

    def committed(self) -> None:
        """What was written is in the store: others may take it up, and so does this process.

        What was forgotten is gone from it.
        """
        for lasts, number, hashes in self._writing:
            self._recalls.setdefault(lasts, Recall()).add(hashes, number)
            self._number = number
        for lasts, number in self._forgetting:
            if lasts in self._recalls:
                self._recalls[lasts].forget(number)
        self._writing, self._forgetting = [], []

    def trim(self, connection: sqlite3.Connection, new: int, now: int) -> None:
        """Now and then forget keys that have run out and, beyond the bound, the oldest ones."""
        self._since_trim += new
        if self._since_trim < self._trim_every:
            return
        self._since_trim = gone = 0
        lengths = _lengths(connection)
        for lasts in lengths:
            if all(row.last_at + lasts > now for row in _oldest(connection, lasts, 1)):
                continue  # each row that is looked at is another page
            rows = _oldest(connection, lasts, TRIM_ROWS)
            # Times need not grow with the numbers, and all up to the last of these will go.
            over = takewhile(lambda row: row.last_at + row.lasts <= now, rows)
            gone += self._forget(connection, list(over))
        beyond = self._count + new - gone - self._keys
        for _ in range(TRIM_STEPS):
            if beyond <= 0:
                break
            heads = sorted(head[0] for lasts in lengths if (head := _oldest(connection, lasts, 1)))
            if not heads:
                break
            others = heads[1].first_at if len(heads) > 1 else _FOR_EVER
            rows = []
            for row in _oldest(connection, heads[0].lasts, TRIM_ROWS):
                if beyond <= 0 or row.first_at > others:
                    break
                rows.append(row)
                beyond -= row.amount
            gone += self._forget(connection, rows)
        if gone:
            connection.execute(SQL["uncount"], (gone,)).close()

    def _forget(self, connection: sqlite3.Connection, rows: list[_Row]) -> int:
        """Forget the oldest rows of one length; how many keys were in them."""
        if not rows:
            return 0
        lasts, number = rows[-1].lasts, rows[-1].number
        connection.execute(SQL["forget_keys"], (lasts, number)).close()
        self._forgetting.append((lasts, number))
        return sum(row.amount for row in rows)


class _Row(NamedTuple):
    """A row of `dedup`, without its keys; the one that is older comes first."""

    first_at: int
    last_at: int
    lasts: int
    number: int
    amount: int


def oldest_key(connection: sqlite3.Connection) -> int | None:
    """When the oldest key that is still remembered was kept."""
    heads = [_oldest(connection, lasts, 1) for lasts in _lengths(connection)]
    return min((head[0].first_at for head in heads if head), default=None)


def _oldest(connection: sqlite3.Connection, lasts: int, limit: int) -> list[_Row]:
    return [_Row(*row) for row in _all(connection, "oldest_keys", (lasts, limit))]


def _lengths(connection: sqlite3.Connection) -> list[int]:
    """Each length of time that keys in the store are kept."""
    return [row[0] for row in _all(connection, "lengths", ())]


def _all(connection: sqlite3.Connection, name: str, values: Sequence[Any]) -> list[Any]:
    with closing(connection.execute(SQL[name], values)) as cursor:
        return cursor.fetchall()
