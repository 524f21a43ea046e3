"""Which of many similar messages to say: the first ones, then one at a time with a count.

Must not know: what is said, or where.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

S = TypeVar("S", bound=Hashable)

MOST_SUBJECTS = 1_000
"""Subjects that are told apart; there are as many as there are kinds of messages, a few dozen."""


@dataclass(slots=True)
class _Subject:
    left: float
    """How many may be said at once; grows with time, up to `burst`."""
    at: float
    """When `left` was worked out."""
    unsaid: int = 0


class Sampler(Generic[S]):
    """Lets `burst` messages on a subject pass, and then one every `seconds`."""

    def __init__(self, burst: int, seconds: float) -> None:
        self._burst = burst
        self._seconds = seconds
        self._subjects: dict[S, _Subject] = {}

    def admit(self, subject: S, now: float) -> int | None:
        """None: do not say it. Else: say it, and how many before it were not said.

        `now` in seconds, by any clock that does not go back.
        """
        known = self._subjects.get(subject)
        if known is None:
            if len(self._subjects) >= MOST_SUBJECTS:
                self._subjects.clear()
            known = self._subjects[subject] = _Subject(float(self._burst), now)
        known.left = min(self._burst, known.left + (now - known.at) / self._seconds)
        known.at = now
        if known.left < 1.0:
            known.unsaid += 1
            return None
        known.left -= 1.0
        unsaid, known.unsaid = known.unsaid, 0
        return unsaid

    def unsaid(self) -> Iterator[tuple[S, int]]:
        """How many were not said since the last time, by subject; then they count as said."""
        for subject, known in self._subjects.items():
            if known.unsaid:
                count, known.unsaid = known.unsaid, 0
                yield subject, count
