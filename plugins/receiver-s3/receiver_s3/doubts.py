"""Events whose object may have been kept, though the answer that says so was lost.

Must not know: S3, how an object is looked for.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

MOST = 100_000
"""Events that are remembered; of one that is forgotten, a line may come twice."""


class Doubts:
    """By the id of each such event, the key of its object."""

    def __init__(self) -> None:
        self._keys: OrderedDict[str, str] = OrderedDict()

    def raise_about(self, key: str, ids: Iterable[str]) -> None:
        """Nobody knows whether these events are under this key."""
        self._keys.update(dict.fromkeys(ids, key))
        while len(self._keys) > MOST:
            self._keys.popitem(last=False)

    def of(self, ids: Iterable[str]) -> dict[str, set[str]]:
        """The keys that are in doubt, each with those of these events that may be under it."""
        found: dict[str, set[str]] = {}
        for id in ids:
            if id in self._keys:
                found.setdefault(self._keys[id], set()).add(id)
        return found

    def settle(self, ids: Iterable[str]) -> None:
        """It is known now what became of these events."""
        for id in ids:
            self._keys.pop(id, None)
