"""Times as a person types them: `2026-01-31`, `2026-01-31T08:00Z`, or `10m`: ten minutes ago.

Must not know: what the time is for.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from receiver.errors import ReceiverError

_AGO = re.compile(r"(\d{1,9})([smhdw])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def read(text: str | None, now: datetime) -> datetime | None:
    """The time meant by `text` in UTC (no zone: UTC); ReceiverError when it is not understood."""
    if text is None:
        return None
    ago = _AGO.fullmatch(text)
    try:
        if ago:
            return now - timedelta(seconds=int(ago[1]) * _UNITS[ago[2]])
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise ReceiverError(
            f"{text!r} is no time; write 2026-01-31T08:00Z, or 10m for ten minutes ago"
        ) from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
