"""A process's own index of the dedup keys that are in the store: which may be known, and where.

The store keeps dedup keys in the order they came, for writing a random key into a sorted table
costs a page of the log for nearly each event. So every process that appends holds this index, and
under the common lock it takes up what others have kept since. It says where a key may stand; what
stands there decides. For each key it holds 8 bytes, in tables that are at most half full: 1 MiB for
the first 65,536 keys, 8 for each half million after them. A table goes with the last of its keys,
so that a million takes 17 to 24 MiB. Must not know: SQL, what a key is made of.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import compress
from mmap import MAP_ANONYMOUS, MAP_PRIVATE, mmap

FIRST = 1 << 17
"""Slots of the first table; half of those of a table may be taken."""

LATER = 1 << 20
"""Slots of the others: each table is another place to look for a key."""

_PRINT_BITS = 24
_PRINT = (1 << _PRINT_BITS) - 1
_PRINT_FROM = 20
"""A key's print is made of bits of its hash above those that choose its slot."""


class _Table:
    """Open addressing: a slot holds a key's number above its print, or 0."""

    __slots__ = ("last", "mask", "slots", "used")

    def __init__(self, slots: int) -> None:
        # Zeros that the system gives when they are first looked at: to write them takes 5 ms.
        zeros = mmap(-1, 8 * slots, flags=MAP_PRIVATE | MAP_ANONYMOUS)
        self.slots = memoryview(zeros).cast("Q")
        self.mask = slots - 1
        self.used = 0
        self.last = 0
        """The highest number in it."""

    @property
    def room(self) -> int:
        """How many more keys it takes."""
        return self.mask // 2 + 1 - self.used

    def add(self, hashes: Sequence[int], number: int) -> None:
        """Put keys in, not more than there is room for."""
        slots, mask, base = self.slots, self.mask, number << _PRINT_BITS
        for hashed in hashes:
            slot = hashed & mask
            while slots[slot]:
                slot = (slot + 1) & mask
            slots[slot] = base | (hashed >> _PRINT_FROM) & _PRINT
        self.used += len(hashes)
        self.last = number


class Recall:
    """The numbers of the keys of one length of time, found by a key's hash."""

    def __init__(self) -> None:
        self._tables: deque[_Table] = deque()

    def add(self, hashes: Sequence[int], number: int) -> None:
        """Keys that are kept under `number`; numbers grow, and are from 1 to 2**40."""
        table = self._tables[-1] if self._tables else self._another()
        start = 0
        while start < len(hashes):
            if not table.room:
                table = self._another()
            some = hashes[start : start + table.room]
            table.add(some, number)
            start += len(some)

    def find(self, hashes: Sequence[int]) -> set[int]:
        """The numbers under which any of some keys may be kept."""
        found: set[int] = set()
        for table in self._tables:
            slots, mask = table.slots, table.mask
            # Nearly all slots are empty where keys are new.
            first = map(slots.__getitem__, [hashed & mask for hashed in hashes])
            for hashed in compress(hashes, first):
                slot = hashed & mask
                wanted = (hashed >> _PRINT_FROM) & _PRINT
                while entry := slots[slot]:
                    if entry & _PRINT == wanted:
                        found.add(entry >> _PRINT_BITS)
                    slot = (slot + 1) & mask
        return found

    def forget(self, number: int) -> None:
        """What is kept under lower numbers is gone from the store."""
        while len(self._tables) > 1 and self._tables[0].last < number:
            self._tables.popleft()

    def _another(self) -> _Table:
        table = _Table(LATER if self._tables else FIRST)
        self._tables.append(table)
        return table
