"""When to stop waiting for more of what came in one turn of an event loop.

Many things done together cost little more than one, and what one turn of the loop brings is often
followed by more in the next. Must not know: what is gathered.
"""

from __future__ import annotations

SECONDS = 0.001
"""After so long no further turn is waited for: where turns are long, so would the wait be."""


class Gathering:
    """Says at the end of each turn whether to wait for another."""

    __slots__ = ("_enough", "_size", "_until")

    def __init__(self, enough: int) -> None:
        """`enough`: how many are not worth waiting for more."""
        self._enough = enough
        self._size = 0
        self._until = 0.0

    def goes_on(self, size: int, now: float) -> bool:
        """Whether this turn has brought more, of `size` in all, so that the next may, too.

        After False it begins anew. `now` is in seconds, of a clock that only goes forward.
        """
        if self._size == 0:
            self._until = now + SECONDS
        if self._size < size < self._enough and now < self._until:
            self._size = size
            return True
        self._size = 0
        return False
