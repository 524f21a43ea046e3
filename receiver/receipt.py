"""What became of one event that somebody sent us.

Must not know: how it was kept, or how the answer is written on the wire.
"""

from __future__ import annotations

from enum import Enum, StrEnum

import msgspec


class Status(StrEnum):
    """What became of an event; the words of the public reply."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    QUARANTINED = "quarantined"


class Receipt(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The answer to one event. A duplicate carries the id of the event that came first."""

    status: Status
    id: str
    problems: tuple[str, ...] = ()


class Declined(Enum):
    """Why nothing was done at once, and what to do."""

    BUSY = "another process is writing: ask again soon"
    UNFIT = "it would take long: have it done"
