"""The second store port: what is decided while Receiver runs, and who decided it.

Routes made by the API, filters, users and tokens are records: a kind, a name and a JSON body. A
change of several records is made whole or not at all, and is written to the audit trail in the same
transaction. Must not know: what the records mean, HTTP.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from receiver.errors import ReceiverError

__all__ = ["Audited", "Change", "ConflictError", "Record", "Registry", "Shown"]

AUDIT_ROWS = 100_000
"""The trail keeps so many entries; the oldest go first."""

Shown = Callable[[str, bytes], bytes]
"""What the trail may show of a record of a kind: its body without secrets."""


class ConflictError(ReceiverError):
    """A record is not what the change was made for: somebody else changed it in between."""


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that was decided."""

    kind: str
    name: str
    version: int
    """Grows with every change of any record; a record that is made again gets a new one."""
    body: bytes
    """JSON."""


@dataclass(frozen=True, slots=True)
class Change:
    """One record to put or, with no body, to remove."""

    kind: str
    name: str
    body: bytes | None
    expect: int | None = None
    """The version that it must have now; 0: it must not exist; None: whatever it is."""


@dataclass(frozen=True, slots=True)
class Audited:
    """One change as the trail keeps it."""

    number: int
    at: datetime
    who: str
    """A user, or `receiver` at a command line: the name of its system user in brackets."""
    action: str
    """What was done in words: `create route`, `set filter`."""
    kind: str
    name: str
    before: bytes | None
    """JSON without secrets; None: it did not exist."""
    after: bytes | None
    """JSON without secrets; None: it exists no more."""


class Registry(Protocol):
    """The port. Every method may raise StoreError; none blocks the event loop."""

    async def revision(self) -> int:
        """A number that grows with every change: cheap to ask, to know when to read again."""

    async def records(self, kind: str) -> list[Record]:
        """All records of a kind, by name."""

    async def record(self, kind: str, name: str) -> Record | None:
        """One record."""

    async def change(
        self, changes: Sequence[Change], *, who: str, action: str, at: datetime, shown: Shown
    ) -> int:
        """Make all changes or none; the revision afterwards.

        Raises ConflictError where a record does not have the version that is expected.
        """

    async def audit(
        self, *, before: int | None = None, name: str | None = None, limit: int = 100
    ) -> list[Audited]:
        """The trail, newest first: entries numbered below `before`, of the record `name`."""
