"""What calls came to, as a sink's process tells it: never a secret, never more than is of use.

Must not know: sockets, whose call it was.
"""

from __future__ import annotations

from typing import Any

from receiver.dispatch.outcome import (
    LONGEST_MESSAGE,
    LONGEST_TRACEBACK,
    Raised,
    seconds,
    shown,
    spoken,
    traced,
)
from receiver.errors import Reject, Retry
from receiver.isolation.frames import Report
from receiver.redaction import Redaction


def told(result: Any, redaction: Redaction, *, most: int = 0) -> Report:
    """What a hook returned, or a Raised, as a report.

    A list is told item by item where it has at most `most`, else in a few words.
    """
    if isinstance(result, Raised):
        return _raised(result.error, result.overdue, redaction)
    if result is None or result is True or result is False:
        return Report("value", result)
    if isinstance(result, list | tuple) and len(result) <= most:
        return Report("list", items=[_item(item, redaction) for item in result])
    if isinstance(result, list | tuple) and most:
        return Report("other", text=f"{len(result)} outcomes")
    return Report("other", text=redaction.text(shown(result)))


def _item(item: Any, redaction: Redaction) -> Report:
    if isinstance(item, BaseException):
        return _raised(item, False, redaction)
    return told(item, redaction)


def _raised(error: BaseException, overdue: bool, redaction: Redaction) -> Report:
    kind = "error"
    if isinstance(error, Reject | Retry):
        kind = "reject" if isinstance(error, Reject) else "retry"
    return Report(
        kind,
        text=redaction.text(spoken(error))[:LONGEST_MESSAGE],
        name=type(error).__name__,
        trace="" if kind != "error" else redaction.text(traced(error))[-LONGEST_TRACEBACK:],
        after=seconds(error.after) if isinstance(error, Retry) else None,
        overdue=overdue,
    )
