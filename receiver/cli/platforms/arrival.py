"""Sees an event arrive in the inbox that a platform was asked to send.

Must not know: how it was asked, which platform it is.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from receiver.cli import opening

if TYPE_CHECKING:
    from receiver.settings import Configuration

LOOK_SECONDS = 0.25
AGAIN_SECONDS = 1.5
"""After which it is asked for again: the first may have come before its secret was in use."""


def pinged(
    found: Configuration, source: str, type: str, ask: Callable[[], None], seconds: float
) -> bool:
    """Whether an event of a type that `ask` has sent is here, within some seconds."""
    before = _newest(found, source, type)
    end = time.monotonic() + seconds
    ask()
    again = time.monotonic() + AGAIN_SECONDS
    while time.monotonic() < end:
        if _newest(found, source, type) != before:
            return True
        if time.monotonic() >= again:
            ask()
            again = time.monotonic() + AGAIN_SECONDS
        time.sleep(LOOK_SECONDS)
    return False


def _newest(found: Configuration, source: str, type: str) -> str | None:
    """The id of the newest event of a type."""
    from receiver.inbox import Query
    from receiver.patterns import literal

    if not found.store_path.exists():
        return None
    query = Query(sources=(source,), types=(literal(type),), newest_first=True, limit=1)
    stored = opening.with_inbox(found, lambda inbox: inbox.read(query))
    return stored[0].id if stored else None
