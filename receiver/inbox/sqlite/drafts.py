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
from receiver.inbox.sqlite.writer import FAULTS_OF_WORK
from receiver.strictjson import slices

DIGEST_BYTES = 16
"""Of a payload's SHA-256, by which it is told from another with its dedup key. An earlier Receiver
kept all 32, so those of a stored key are at least as many."""


class Draft(msgspec.Struct, frozen=True):
    """Some events that are accepted if none of their keys is remembered, or met twice."""

    receipts: list[Receipt]
    """Of each, in order."""
    bundles: list[bundles.Row]
    keys: list[bytes]
    """Of each event one."""
    key_rows: list[KeyRow]
    window: int | None
    """Of every key: seconds that it is remembered; None: the store's own window."""
    latest: int
    """When the last of them came, in microseconds."""


def draft(entries: Sequence[Entry], keys: list[bytes]) -> Draft | None:
    """The draft of some events and their keys; None where there is more to be said of one of them.

    Raises one of `FAULTS_OF_WORK` for events that no store could keep.
    """
    windows = {entry.dedup_window for entry in entries}
    if len(windows) != 1 or {entry.problems for entry in entries} != {()}:
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


class Drafting:
    """Drafts large batches on the event loop, one after another, a lot of each in a turn of it."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._turn = asyncio.Lock()

    async def drafts(self, entries: Sequence[Entry]) -> list[Draft]:
        """The drafts of a large batch, in order; none of a small one: those are drafted together.

        None, either, where more is to be said of an event: the writer says what becomes of it.
        """
        if len(entries) < bundles.MOST:
            return []
        async with self._mine():
            return await _drafts(entries)

    async def ended(self) -> None:
        """All batches that were given before have their drafts: that is a few turns' work."""
        async with self._mine():
            return

    def _mine(self) -> asyncio.Lock:
        """The lock, which is of one loop; nobody holds that of a loop that ran before."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._turn = loop, asyncio.Lock()
        return self._turn


async def _drafts(entries: Sequence[Entry]) -> list[Draft]:
    drafts: list[Draft] = []
    for some in slices([entry.raw for entry in entries]):
        if drafts:
            await asyncio.sleep(0)
        try:
            found = duplicates.keys_of(entries[some])
            keys = [key for key in found if key is not None]
            one = draft(entries[some], keys) if len(keys) == len(found) else None
        except FAULTS_OF_WORK:
            one = None
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
