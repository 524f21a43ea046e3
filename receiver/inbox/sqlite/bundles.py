"""Accepted events as the store keeps them: some of one transaction in each row, a bundle.

A row of its own for each event takes more time than all else about keeping it. So what was kept
together stands together: `heads` says all of a bundle's events but their payloads, which stand one
after another in `bodies`. Some of a bundle can be deleted: then what is left of it is written anew.
Must not know: dedup keys, routes, who reads.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from functools import lru_cache
from itertools import groupby
from typing import Any

import msgspec

from receiver.inbox import Entry, Stored
from receiver.inbox.sqlite.connection import one
from receiver.inbox.sqlite.queries import SQL, insert
from receiver.inbox.sqlite.rows import micros, moment

MOST = 64
"""Events of a bundle: whoever reads one of them reads all their heads."""

MOST_BYTES = 64 * 1024
"""Of payloads in a bundle of several events."""

PREFIX = 8
"""First characters that the ids of a bundle have in common: of a UUIDv7, 65 seconds of its time. An
id is looked for in the bundles of its prefix (`places_of_ids` in search.sql)."""

Kept = tuple[Entry | Stored, int]
"""An event, and when it came, in microseconds."""

Row = tuple[int, int, str, str, str, bytes]
"""What `insert_bundle` takes of a bundle, after the position of its last event."""


class _Head(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What `heads` says of an event; what routes choose by stands first.

    Texts are not checked when they are read: one event that is odd must not hold up a route.
    """

    source: Any
    type: Any
    node: Any
    user: Any
    id: Any
    key: Any
    time: datetime
    received_at: int
    """In microseconds, as in all else of the store: it is compared."""
    operation: Any
    secret: Any
    trace: Any
    start: int
    """Where its payload begins in `bodies`."""
    size: int


_received = lru_cache(maxsize=256)(moment)
"""What came together came at the same time."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(list[_Head]).decode
_split = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_one = msgspec.json.Decoder(_Head).decode


def rows(accepted: Sequence[Kept]) -> list[Row]:
    """Events as rows, in order. Raises TypeError for a time without a zone."""
    made: list[Row] = []
    for start in range(0, len(accepted), MOST):
        some = accepted[start : start + MOST]
        row = amount, _, oldest, newest, _, bodies = _row(some)
        if oldest[:PREFIX] == newest[:PREFIX] and (amount == 1 or len(bodies) <= MOST_BYTES):
            made.append(row)
        else:
            made += map(_row, _apart(some))
    return made


def add(connection: sqlite3.Connection, made: Sequence[Row], last: int) -> int:
    """Write rows, in order, after the position `last`; the position of the last event."""
    placed: list[tuple[Any, ...]] = []
    for row in made:
        last += row[0]
        placed.append((last, *row))
    insert(connection, "insert_bundle", placed)
    return last


def _apart(some: Sequence[Kept]) -> Iterator[list[Kept]]:
    """Events as bundles that are neither too large nor of several prefixes, in order."""
    for _, alike in groupby(some, lambda kept: kept[0].id[:PREFIX]):
        bundle: list[Kept] = []
        size = 0
        for kept in alike:
            size += len(kept[0].raw)
            if bundle and size > MOST_BYTES:
                yield bundle
                bundle, size = [], len(kept[0].raw)
            bundle.append(kept)
        yield bundle


def _row(bundle: Sequence[Kept], released: int = 0) -> Row:
    ids = [entry.id for entry, _ in bundle]
    heads: list[tuple[Any, ...]] = []
    bodies: list[bytes] = []
    start = 0
    for entry, at in bundle:
        raw = entry.raw
        size = len(raw)
        heads.append(
            (
                entry.source,
                entry.type,
                entry.node,
                entry.user,
                entry.id,
                entry.key,
                entry.time if entry.time.tzinfo is UTC else _utc(entry.time),
                at,
                entry.operation,
                entry.secret,
                entry.trace,
                start,
                size,
            )
        )
        bodies.append(raw)
        start += size
    told = _encode(heads).decode()
    return len(bundle), released, min(ids), max(ids), told, b"".join(bodies)


def release(connection: sqlite3.Connection, event: Stored, last: int) -> None:
    """Write an event that was in quarantine, at the position `last`."""
    row = _row([(event, micros(event.received_at))], released=1)
    connection.execute(SQL["insert_bundle"], (last, *row)).close()


def at(connection: sqlite3.Connection, seqs: Sequence[int]) -> list[Stored]:
    """The events at some positions, oldest first; those that are deleted are left out."""
    wanted = set(seqs)
    listed = msgspec.json.encode(seqs).decode()
    found: list[Stored] = []
    with closing(connection.execute(SQL["bundles_at"], (listed,))) as cursor:
        for last, released, heads, bodies in cursor:  # one at a time: each may be another large one
            kept = _split(heads)
            found += [
                _stored(seq, _decode_one(head), bodies, released=bool(released))
                for seq, head in enumerate(kept, last - len(kept) + 1)
                if seq in wanted
            ]
    return found


def _utc(time: datetime) -> datetime:
    """The same time, or the nearest that UTC has. Raises TypeError for one without a zone."""
    return moment(micros(time))


def _stored(seq: int, head: _Head, bodies: bytes, *, released: bool) -> Stored:
    return Stored(
        seq=seq,
        id=head.id,
        source=head.source,
        type=head.type,
        key=head.key,
        time=head.time,
        received_at=_received(head.received_at),
        node=head.node,
        user=head.user,
        raw=bodies[head.start : head.start + head.size],
        operation=head.operation,
        secret=head.secret,
        trace=head.trace,
        released=released,
    )


def delete(connection: sqlite3.Connection, seqs: Sequence[int]) -> None:
    """Delete the events at some positions, given in order."""
    if not seqs:
        return
    gone = set(seqs)
    between = {"after": seqs[0] - 1, "until": seqs[-1]}
    with closing(connection.execute(SQL["bundles_between"], between)) as cursor:
        bundles = cursor.fetchall()
    touched: list[int] = []
    remains: list[tuple[Any, ...]] = []
    for last, amount in bundles:
        first = last - amount + 1
        left = [index for index in range(amount) if first + index not in gone]
        if len(left) < amount:
            touched.append(last)
            if left:
                remains += _remains(connection, last, left)
    listed = msgspec.json.encode(touched).decode()
    connection.execute(SQL["delete_bundles"], (listed,)).close()
    insert(connection, "insert_bundle", remains)


def _remains(
    connection: sqlite3.Connection, last: int, left: Sequence[int]
) -> Iterator[tuple[Any, ...]]:
    """Rows of what is left of a bundle, by their indexes: one for each run of positions."""
    row = one(connection, SQL["bundles_at"], (f"[{last}]",))
    assert row is not None, "it was there in this transaction"
    _, released, heads, bodies = row
    kept = _decode(heads)
    first = last - len(kept) + 1
    for _, run in groupby(enumerate(left), lambda pair: pair[1] - pair[0]):
        indexes = [index for _, index in run]
        some = kept[indexes[0] : indexes[-1] + 1]
        begin, end = some[0].start, some[-1].start + some[-1].size
        moved = [msgspec.structs.replace(head, start=head.start - begin) for head in some]
        ids = [head.id for head in some]
        yield (
            first + indexes[-1],
            len(some),
            released,
            min(ids),
            max(ids),
            _encode(moved).decode(),
            bodies[begin:end],
        )
