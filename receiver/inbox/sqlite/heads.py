"""What routes choose by, of the next events.

Must not know: what a route makes of them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

import msgspec

from receiver.inbox import Head
from receiver.inbox.sqlite.connection import one
from receiver.inbox.sqlite.queries import SQL

PAGE = 1_000
"""Heads that are read at once, at most: what the event loop looks at in a millisecond or two."""

FEW = 200
"""Positions looked up at once: each may be in another bundle, which is read whole."""


class _Beginning(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The first of what a bundle says of each of its events (bundles.py)."""

    source: Any
    type: Any
    node: Any
    user: Any


_BUNDLES = msgspec.json.Decoder(list[tuple[int, list[_Beginning]]])
"""Of each bundle the position before it, and its events."""


def heads(connection: sqlite3.Connection, after: int, limit: int) -> list[Head]:
    """What routes choose by, of the next events: `limit` of them at most, or those of a bundle."""
    row = one(connection, SQL["heads"], {"after": after, "limit": limit})
    return [head for head in _read(row) if head.seq > after]


def heads_at(connection: sqlite3.Connection, seqs: Sequence[int]) -> dict[int, Head]:
    """The same of the events at some positions; those that are deleted are left out."""
    found: dict[int, Head] = {}
    for start in range(0, len(seqs), FEW):
        some = seqs[start : start + FEW]
        row = one(connection, SQL["heads_at"], (msgspec.json.encode(some).decode(),))
        wanted = set(some)
        found |= {head.seq: head for head in _read(row) if head.seq in wanted}
    return found


def _read(row: tuple[str] | None) -> list[Head]:
    assert row is not None, "an aggregate of nothing is a row, too"
    return [
        Head(seq, event.source, event.type, event.node, event.user)
        for before, events in _BUNDLES.decode(row[0])
        for seq, event in enumerate(events, before + 1)
    ]
