"""What events add to the store if all of them are new, made ready before anybody knows.

Most are, and what depends on them alone need not wait for the writer, nor be done under the common
lock. Must not know: which keys are remembered, positions, threads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from itertools import repeat

import msgspec

from receiver.inbox import Entry, Receipt, Status
from receiver.inbox.sqlite import bundles, duplicates
from receiver.inbox.sqlite.duplicates import KeyRow, Known
from receiver.inbox.sqlite.rows import micros
from receiver.strictjson import slices

DIGEST_BYTES = 16
"""Of a payload's SHA-256, by which it is told from another with its dedup key. An earlier Receiver
kept all 32, so those of a stored key are at least as many."""


class Draft(msgspec.Struct, frozen=True):
    """Some events that are accepted if none of their keys is remembered."""

    receipts: list[Receipt]
    """Of each, in order."""
    bundles: list[bundles.Row]
    keys: list[bytes]
    """Of each event one, and no two alike."""
    key_rows: list[KeyRow]
    window: int | None
    """Of every key: seconds that it is remembered; None: the store's own window."""
    latest: int
    """When the last of them came, in microseconds."""


def draft(entries: Sequence[Entry], found: Sequence[bytes | None]) -> Draft | None:
    """The draft of some events, given their keys; None where there is more to be said of one.

    Raises TypeError, ValueError or OverflowError for events that no store could keep.
    """
    keys = [key for key in found if key is not None]
    windows = {entry.dedup_window for entry in entries}
    if len(windows) != 1 or len(set(keys)) < len(entries):
        return None
    if {entry.problems for entry in entries} != {()}:
        return None
    at, ids = times(entries), [entry.id for entry in entries]
    return Draft(
        receipts=list(map(Receipt, repeat(Status.ACCEPTED), ids)),
        bundles=bundles.rows(list(zip(entries, at, strict=True))),
        keys=keys,
        key_rows=duplicates.rows(list(map(Known, keys, map(digest, entries), ids, at))),
        window=windows.pop(),
        latest=max(at),
    )


async def drafted(entries: Sequence[Entry]) -> list[Draft]:
    """The drafts of a large batch, in order, made while others on the loop get their turn.

    None of a small batch, which is drafted with others; nor where a draft is None or fails: the
    writer says of which event, and what becomes of it.
    """
    drafts: list[Draft] = []
    if len(entries) < bundles.MOST:
        return drafts
    for some in slices([entry.raw for entry in entries]):
        if drafts:
            await asyncio.sleep(0)
        try:
            one = draft(entries[some], duplicates.keys_of(entries[some]))
        except Exception:
            return []
        if one is None:
            return []
        drafts.append(one)
    return drafts


def digest(entry: Entry) -> bytes:
    """What tells its payload from another with its dedup key; empty where the key does."""
    return b"" if entry.dedup_body else sha256(entry.raw).digest()[:DIGEST_BYTES]


def times(entries: Sequence[Entry]) -> list[int]:
    """When each came, in microseconds. Raises TypeError for a time without a zone."""
    found: list[int] = []
    received_at: datetime | None = None
    at = 0
    for entry in entries:
        if entry.received_at is not received_at:  # those of one request, or turn, are the same
            received_at = entry.received_at
            at = micros(received_at)
        found.append(at)
    return found
