"""What an HTTP answer means for the event: delivered, try again, or never.

Must not know: how the request was sent. Time comes in as an argument.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from receiver import Reject, Retry

LONGEST_WAIT = 86_400.0
"""Seconds; a target that asks for more is asked again after this long."""
EXCERPT = 200
"""Characters of an answer that are kept to explain a refusal."""
TRANSIENT = frozenset({408, 425, 429})
"""The 4xx that speak of the moment and not of the request: timeout, too early, too many."""
HIDDEN = "[secret]"


def judge(
    status: int,
    *,
    retry_after: str | None,
    text: str,
    now: datetime,
) -> None:
    """Return when the event is delivered (2xx), raise Retry or Reject when it is not.

    `text` is the scrubbed opening of the answer; `retry_after` its Retry-After header, as sent.
    """
    if 200 <= status < 300:
        return
    said = f": {text}" if text else ""
    if status in TRANSIENT or status >= 500:
        raise Retry(f"answered {status}{said}", after=wait_seconds(retry_after, now=now))
    if 300 <= status < 400:
        raise Reject(f"answered {status}: redirects are not followed, set `url` to the new address")
    raise Reject(f"answered {status}{said}")


def wait_seconds(value: str | None, *, now: datetime) -> float | None:
    """Seconds that a Retry-After header asks for (RFC 9110, 10.2.3), from 0 to LONGEST_WAIT.

    Takes seconds or an HTTP date; None when there is no header, or one that is neither.
    """
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        # A number of many digits is no longer a number to wait for, and int() refuses it.
        seconds = float(value) if len(value) <= 15 else math.inf
    else:
        try:
            moment = parsedate_to_datetime(value)
        except (ValueError, OverflowError, IndexError, TypeError):
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        seconds = (moment - now).total_seconds()
    return min(max(seconds, 0.0), LONGEST_WAIT)


def excerpt(answer: bytes, secrets: Collection[str]) -> str:
    """The opening of an answer as one printable line without the secrets that it may echo."""
    text = answer.decode("utf-8", errors="replace")
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= EXCERPT else line[:EXCERPT] + "…"
