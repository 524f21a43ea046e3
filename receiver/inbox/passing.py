"""Cuts what a route passes into the ranges that are kept of it.

Must not know: how they are kept, what a regime says.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from receiver.inbox.facts import Passage, Regime

LENGTHENED = timedelta(seconds=1)
"""A passage goes on for so long; then the next one begins, so that each tells its time."""


class Passing:
    """The passages of one route. What `passages` says counts once it is `saved`."""

    def __init__(self, route: str, position: int) -> None:
        self._route = route
        self._position = position
        self._last: Passage | None = None
        """What may be lengthened."""
        self._began: datetime | None = None
        self._marks: deque[tuple[int, Regime]] = deque()
        """From which position on which regime decided."""
        self.reopened: set[int] = set()
        """Positions that were passed, and were taken in again."""

    def rename(self, route: str) -> None:
        """The route is called so from now on."""
        self._route = route
        if self._last is not None:
            self._last = replace(self._last, route=route)

    def decide(self, after: int, regime: Regime) -> None:
        """`regime` decides on the positions after one, which none has decided on."""
        if not self._marks or self._marks[-1][1] != regime:
            self._marks.append((after + 1, regime))

    def passages(self, position: int, at: datetime) -> list[Passage]:
        """What is to be written when the route's position becomes `position`; changes nothing.

        One whose `first` is known already takes the place of that one.
        """
        first = self._position + 1
        found: list[Passage] = []
        last, began = self._last, self._began
        for start, end, regime in self._stretches(first, position):
            fresh = began is not None and timedelta() <= at - began < LENGTHENED
            if last is not None and fresh and last.regime == regime:
                start = last.first
                if found:
                    del found[-1]
            else:
                began = at
            last = Passage(route=self._route, first=start, last=end, at=at, regime=regime)
            found.append(last)
        return found

    def _stretches(self, first: int, last: int) -> Iterable[tuple[int, int, Regime]]:
        marks = [*self._marks] or [(first, Regime())]
        for number, (start, regime) in enumerate(marks):
            begin = first if number == 0 else max(first, start)
            end = last if number + 1 == len(marks) else min(last, marks[number + 1][0] - 1)
            if begin <= end:
                yield begin, end, regime

    def late(self, seq: int) -> bool:
        """Whether the end of an exception is not told by its passage, which is over."""
        if seq in self.reopened:
            return True
        return seq <= self._position and (self._last is None or seq < self._last.first)

    def saved(self, written: list[Passage]) -> None:
        """They are kept."""
        if not written:
            return
        newest = written[-1]
        if self._last is None or self._last.first != newest.first:
            self._began = newest.at
        self._last = newest
        self._position = newest.last
        while len(self._marks) > 1 and self._marks[1][0] <= newest.last + 1:
            self._marks.popleft()
