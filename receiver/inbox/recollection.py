"""Dedup keys in memory: which are remembered, by which event, and for how long.

Must not know: what becomes of a duplicate.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from receiver.inbox import Entry


@dataclass(slots=True)
class Remembered:
    """What is known of a dedup key."""

    id: str
    digest: bytes
    kept_at: datetime
    window: float


class Recollection:
    """The keys of the last `window` seconds, `keys` of them at most."""

    def __init__(self, window: float, keys: int) -> None:
        self._window = window
        self._most = keys
        self._keys: OrderedDict[tuple[str, bytes], Remembered] = OrderedDict()

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def oldest(self) -> datetime | None:
        """When the oldest key was kept."""
        return min((known.kept_at for known in self._keys.values()), default=None)

    def recall(self, entry: Entry) -> Remembered | None:
        """What is known of the entry's dedup key; if nothing is, it is the entry's from now on."""
        if entry.dedup_key is None:
            return None
        key = (entry.source, entry.dedup_key)
        known = self._keys.get(key)
        if known is not None:
            if entry.received_at < known.kept_at + timedelta(seconds=known.window):
                return known
            del self._keys[key]
        asked = entry.dedup_window
        window = self._window if asked is None else min(self._window, asked)
        self._keys[key] = Remembered(entry.id, digest(entry), entry.received_at, window)
        if len(self._keys) > self._most:
            self._keys.popitem(last=False)
        return None


def digest(entry: Entry) -> bytes:
    """What tells a payload from another one."""
    return hashlib.sha256(entry.raw).digest()
