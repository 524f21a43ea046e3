"""What events add to the store if all of them are new, made ready before anybody knows.

Most are, and what depends on them alone need not wait for the writer, nor be done under the common
lock. Must not know: which keys are remembered, positions, threads.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from hashlib import sha256
from itertools import repeat
from typing import cast

import msgspec

from receiver.inbox import Batch, Entry, Receipt, Status
from receiver.inbox.sqlite import bundles, duplicates
from receiver.inbox.sqlite.duplicates import KeyRow, Known
from receiver.inbox.sqlite.rows import micros
from receiver.inbox.sqlite.writer import FAULTS_OF_WORK

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


class DraftedBatch(Batch):
    """A batch of which each part is drafted when it comes, so that the writer finds it ready.

    A small batch is not: the writer drafts it with others. Nor is one of which there is more to be
    said: the writer says what becomes of each event, and of a batch that no store could keep.
    """

    def __init__(self, append: Callable[[DraftedBatch], Awaitable[list[Receipt]]]) -> None:
        super().__init__(append)
        self.drafts: list[Draft] = []
        """Of all that it was given, or none."""
        self._small: list[Entry] = []
        """What came first, for as long as that is little."""
        self._plain = False

    def add(self, entries: Sequence[Entry]) -> None:
        super().add(entries)
        if self._plain or not entries:
            return
        part, self._small = [*self._small, *entries], []
        if not self.drafts and _is_little(part):
            self._small = part
        elif one := _drafted(part):
            self.drafts.append(one)
        else:
            self.drafts, self._plain = [], True


def _is_little(entries: Sequence[Entry]) -> bool:
    """Whether it leaves room in a bundle."""
    few = len(entries) < bundles.MOST
    return few and sum([len(entry.raw) for entry in entries]) < bundles.MOST_BYTES


def _drafted(entries: Sequence[Entry]) -> Draft | None:
    """As `draft`; None, too, where an entry is at fault: the writer meets that, and tells of it."""
    try:
        keys = duplicates.keys_of(entries)
        return None if None in keys else draft(entries, cast(list[bytes], keys))
    except FAULTS_OF_WORK:
        return None


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
