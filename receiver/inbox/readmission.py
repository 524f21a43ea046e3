"""Quarantined events on their way into the inbox, once the spec knows them.

Must not know: how they were judged, how a store keeps them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejudged:
    """A quarantined event as it is by the present spec."""

    id: str
    type: str
    key: str | None
    time: datetime
    node: str | None
    user: str | None
    problems: tuple[str, ...] = ()
    """What is still wrong with it; empty: nothing, it is to be released."""


class Readmission(Protocol):
    """The part of the store port about leaving quarantine. May raise StoreError."""

    async def readmit(self, rejudged: Sequence[Rejudged]) -> list[int | None]:
        """Append what has no problems, and keep the problems of the rest; all or nothing.

        An event keeps its id, its bytes and when it was received, gets the next position, and is
        marked released. Returns the position of each; None for what stays, and for what is no
        longer in quarantine: however often and by however many it is asked for, it is appended
        once.
        """
