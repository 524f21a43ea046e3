"""When a platform sends an event again, as its documents say: a rule of the spec, as data.

Receiver answers by it and `receiver simulate` sends by it. Must not know: platforms, HTTP clients.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["taken", "again", "dropped"]
"""What a platform makes of an answer: it is done, it sends again, it gives the event up."""


@dataclass(frozen=True, slots=True)
class Statuses:
    """HTTP statuses: some by number, some by class (5 for 5xx)."""

    numbers: frozenset[int] = frozenset()
    classes: frozenset[int] = frozenset()
    every: bool = False

    def __contains__(self, status: int) -> bool:
        return self.every or status in self.numbers or status // 100 in self.classes


@dataclass(frozen=True, slots=True)
class Resending:
    """How one platform goes on after each answer."""

    taken: Statuses = Statuses(classes=frozenset({2}))
    again: Statuses = Statuses()
    """Beside those that are taken; every other one drops the event."""
    tries: int | None = 1
    """In all; None: until it is taken."""
    pause: float = 0.0
    """Seconds between two tries."""
    timeout: float = 10.0
    """Seconds that it waits for an answer; none in time is as a status of `again`."""
    in_turn: bool = False
    """Whether it sends nothing else before this is taken."""

    def verdict(self, status: int | None, tried: int) -> Verdict:
        """What becomes of an event after its `tried`th try was answered so; None: not at all."""
        if status is not None and status in self.taken:
            return "taken"
        more = self.tries is None or tried < self.tries
        if more and (status is None or status in self.again):
            return "again"
        return "dropped"


ONCE = Resending()
"""A platform that never sends again."""
