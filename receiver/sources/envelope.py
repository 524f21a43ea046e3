"""The port to what takes an event out of the envelope that a transport wraps around it.

Must not know: which transports do so, HTTP servers, the inbox.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

import msgspec

from receiver.keyring import SourceKeys
from receiver.locator import Headers
from receiver.replies import Outcome

__all__ = ["Opened", "Opener"]


class Opened(msgspec.Struct, frozen=True):
    """An authentic event, out of its envelope."""

    raw: bytes
    """The platform's own bytes."""
    envelope: Mapping[str, str]
    """What the envelope says of it, as far as it is proved; see receiver.locator.Envelope."""
    proof: str
    """What proved it, as `events show` tells it."""


class Opener(Protocol):
    """Opens what comes by one transport."""

    async def open(
        self, source: str, keys: SourceKeys | None, headers: Headers, body: bytes, now: datetime
    ) -> Opened | tuple[Outcome, str]:
        """The event in a request, or what becomes of the request and why."""
