"""A batch of events that is made some of them at a time, and appended as a whole.

Must not know: how a store keeps events.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from receiver.inbox import Entry, Receipt


class Batch:
    """Events on their way into an inbox; a store's own kind prepares what it is given."""

    def __init__(self, append: Callable[[Any], Awaitable[list[Receipt]]]) -> None:
        """`append` is given the batch, which must not be in it: that would be a circle."""
        self.entries: list[Entry] = []
        """What it was given, in order."""
        self._append = append

    def add(self, entries: Sequence[Entry]) -> None:
        """Take some events more."""
        self.entries += entries

    async def append(self) -> list[Receipt]:
        """Keep them all: as `Inbox.append`, of one batch."""
        return await self._append(self)
