"""A process's own index of the dedup keys that are in the store: which may be known, and where.

The store keeps dedup keys in the order they came, for writing a random key into a sorted table
costs a page of the log for nearly each event. So every process that appends holds this index, and
under the common lock it takes up what others have kept since. It says where a key may stand; what
stands there decides. For each key it holds 4 bytes, in tables that are at most half full: 4 MiB for
each half million; and 8 bytes for each number. A table goes with the last of its keys, so that a
million takes 8 to 12 MiB. Must not know: SQL, what a key is made of.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Sequence
from itertools import compress
from mmap import MAP_ANONYMOUS, MAP_PRIVATE, mmap

SLOTS = 1 << 20
"""Of a table, half of which may be taken: each table is another place to look for a key."""

_PRINT_BITS = 12
_PRINT = (1 << _PRINT_BITS) - 1
_PRINT_FROM = 20
"""A key's print is made of bits of its hash above those that choose its slot. One key of some
thousands is looked for in vain in the store, which costs less than twice the memory here."""


class _Table:
    """Open addressing: a slot holds which number is a key's, above its print, or 0."""

    __slots__ = ("_mask", "_numbers", "_slots", "used")

    def __init__(self, slots: int) -> None:
        # Zeros that the system gives when they are first looked at: to write them takes 5 ms.
        zeros = mmap(-1, 4 * slots, flags=MAP_PRIVATE | MAP_ANONYMOUS)
        self._slots = memoryview(zeros).cast("I")
        self._mask = slots - 1
        self._numbers = array("Q")
        """Fewer than 2**20, for each has a key at least."""
        self.used = 0

    @property
    def room(self) -> int:
        """How many more keys it takes."""
        return self._mask // 2 + 1 - self.used

    @property
    def last(self) -> int:
        """The highest number in it; 0: it is empty."""
        return self._numbers[-1] if self._numbers else 0

    def add(self, hashes: Sequence[int], number: int) -> None:
        """Put keys in, not more than there is room for."""
        self._numbers.append(number)
        slots, mask, which = self._slots, self._mask, len(self._numbers) << _PRINT_BITS
        for hashed in hashes:
            slot = hashed & mask
            while slots[slot]:
                slot = (slot + 1) & mask
            slots[slot] = which | hashed >> _PRINT_FROM & _PRINT
        self.used += len(hashes)

    def find(self, hashes: Sequence[int], found: set[int]) -> None:
        """Put the numbers under which any of some keys may be into `found`."""
        slots, mask = self._slots, self._mask
        # Where keys are new, half of the slots or more are empty.
        taken = map(slots.__getitem__, [hashed & mask for hashed in hashes])
        for hashed in compress(hashes, taken):
            slot = hashed & mask
            wanted = hashed >> _PRINT_FROM & _PRINT
            while entry := slots[slot]:
                if entry & _PRINT == wanted:
                    found.add(self._numbers[(entry >> _PRINT_BITS) - 1])
                slot = (slot + 1) & mask


class Recall:
    """The numbers of the keys of one length of time, found by a key's hash."""

    def __init__(self) -> None:
        self._tables: deque[_Table] = deque()

    def add(self, hashes: Sequence[int], number: int) -> None:
        """Keys that are kept under `number`; numbers grow."""
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
            table.find(hashes, found)
        return found

    def forget(self, number: int) -> None:
        """What is kept under lower numbers is gone from the store."""
        while len(self._tables) > 1 and self._tables[0].last < number:
            self._tables.popleft()

    def _another(self) -> _Table:
        table = _Table(SLOTS)
        self._tables.append(table)
        return table
