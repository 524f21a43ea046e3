"""A process's own index of the dedup keys that are in the store: which may be known, and where.

The store keeps dedup keys in the order they came, for writing a random key into a sorted table
costs a page of the log for nearly each event. So every process that appends holds this index, and
under the common lock it takes up what others have kept since. It says where a key may stand; what
stands there decides. For each key it holds 8 bytes, in tables that are at most half full: 2 MiB for
every 131,072 keys, 18 MiB for a million. Must not know: SQL, what a key is made of.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Iterable

SLOTS = 1 << 18
FULL = SLOTS // 2
"""Keys in one table, at most."""

_MASK = SLOTS - 1
_PRINT_BITS = 24
_PRINT = (1 << _PRINT_BITS) - 1
_PRINT_FROM = 18
"""A key's print is made of bits of its hash above those that choose its slot."""

_EMPTY = bytes(8 * SLOTS)


class _Table:
    """Open addressing: a slot holds a key's number above its print, or 0."""

    __slots__ = ("last", "slots", "used")

    def __init__(self) -> None:
        self.slots = array("Q", _EMPTY)
        self.used = 0
        self.last = 0
        """The highest number in it."""


class Recall:
    """The numbers of the keys of one length of time, found by a key's hash."""

    def __init__(self) -> None:
        self._tables: deque[_Table] = deque()

    def add(self, hashes: Iterable[int], number: int) -> None:
        """Keys that are kept under `number`; numbers grow, and are from 1 to 2**40."""
        table = self._tables[-1] if self._tables else self._another()
        slots, used = table.slots, table.used
        table.last = number
        for hashed in hashes:
            if used >= FULL:
                table.used = used
                table = self._another()
                slots, used = table.slots, 0
                table.last = number
            slot = hashed & _MASK
            while slots[slot]:
                slot = (slot + 1) & _MASK
            slots[slot] = number << _PRINT_BITS | (hashed >> _PRINT_FROM) & _PRINT
            used += 1
        table.used = used

    def find(self, hashes: Iterable[int]) -> set[int]:
        """The numbers under which any of some keys may be kept."""
        found: set[int] = set()
        tables = [table.slots for table in self._tables]
        for hashed in hashes:
            first = hashed & _MASK
            for slots in tables:
                if not slots[first]:
                    continue
                wanted = (hashed >> _PRINT_FROM) & _PRINT
                slot = first
                while entry := slots[slot]:
                    if entry & _PRINT == wanted:
                        found.add(entry >> _PRINT_BITS)
                    slot = (slot + 1) & _MASK
        return found

    def forget(self, number: int) -> None:
        """What is kept under lower numbers is gone from the store."""
        while len(self._tables) > 1 and self._tables[0].last < number:
            self._tables.popleft()

    def _another(self) -> _Table:
        table = _Table()
        self._tables.append(table)
        return table
