"""Dead letters that are tried again after all, or let go of.

Must not know: who asks, how a store keeps them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

Letter = tuple[str, int]
"""A route and a position: which dead letter."""


class Letters(Protocol):
    """The part of the store port about dead letters. Every method may raise StoreError."""

    async def requeue(self, letters: Sequence[Letter]) -> int:
        """Have the routes of these dead letters try them again; how many there were.

        They are dead letters no more. Each begins with attempt 1, before what is open of its node
        and came later; whoever dispatches its route takes it up by `take_up`.
        """

    async def discard(self, letters: Sequence[Letter]) -> int:
        """Let go of these dead letters; how many there were. The events stay."""

    async def take_up(self) -> list[str]:
        """Take up what was requeued for routes that are claimed from here.

        A route takes no more than it has room for; the rest waits. Returns those that took some.
        """
