"""How many connections each of several workers has in use, so that none has them all.

Workers that accept from one socket do not share its connections: whoever wakes first takes all that
wait, so the first worker up takes what was opened before the others were, and connections that are
kept alive stay where they are. So each worker writes down how many of its own are in use, in memory
that all of them see; who has more than its part asks for the rest to come again (its answers say
`Connection: close`), and then an idle worker is quicker to accept than a busy one.
Must not know: how a connection is read, processes.
"""

from __future__ import annotations

import mmap

SEATS = 1024
"""Workers of one listener, those that are just ending included; any more do not take part."""

_LEEWAY = 8
"""A worker may have this part (one eighth) more than the average: what is in use changes anyway."""


class Board:
    """Made before the workers are forked; `seat` is called in the process that forks them."""

    def __init__(self) -> None:
        self._counts = memoryview(mmap.mmap(-1, 4 * SEATS)).cast("I")
        """Of each seat: 0 while nobody serves there, else the connections in use and one."""
        self._free = list(range(SEATS))

    def seat(self) -> Seat | None:
        """A place for one more worker; None when there are too many."""
        return Seat(self._counts, self._free.pop(0), self._free) if self._free else None


class Seat:
    """One worker's place. It takes part from the first `surplus` until `rise`."""

    def __init__(self, counts: memoryview, number: int, free: list[int]) -> None:
        self._counts = counts
        self._number = number
        self._free = free
        self._taken = True
        self._risen = False

    def surplus(self, in_use: int) -> int:
        """Write down how many connections are in use here; how many of them are too many."""
        if self._risen:
            return 0
        self._counts[self._number] = 1 + in_use
        taken = [count - 1 for count in self._counts if count]
        part = -(-sum(taken) // len(taken))
        return in_use - part if in_use > part + part // _LEEWAY else 0

    def rise(self) -> None:
        """Serve no more: what is in use here is nobody's measure."""
        self._risen = True
        self._counts[self._number] = 0

    def clear(self) -> None:
        """The worker has ended: let another have the seat. Called where `seat` was."""
        self.rise()
        if self._taken:
            self._taken = False
            self._free.append(self._number)
